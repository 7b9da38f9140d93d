import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config.fault import MAX_FAULTS, Fault, Report, found, quoted
from blynk_gateway.errors import ConfigError


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("a.yaml", 3, "server.listen", "found x"), "a.yaml:3: server.listen: found x"),
        (Fault("a.yaml", 3, "", "found x"), "a.yaml:3: found x"),
        (Fault("a.yaml", 0, "", "cannot be read"), "a.yaml: cannot be read"),
        (
            Fault("a.yaml", 3, "gpio", "found x", is_warning=True),
            "a.yaml:3: gpio: warning: found x",
        ),
        (Fault("a.yaml", 3, "", "found x", is_warning=True), "a.yaml:3: warning: found x"),
    ],
)
def test_fault_says_where_then_what(fault: Fault, expected: str) -> None:
    assert str(fault) == expected


def test_faults_come_in_the_order_of_the_file() -> None:
    report = Report()
    report.add(Fault("a.yaml", 10, "", "second"))
    report.add(Fault("a.yaml", 9, "", "first"))
    assert str(report.error()) == "a.yaml:9: first\na.yaml:10: second"


def test_endless_faults_end_the_load() -> None:
    report = Report()
    for line in range(MAX_FAULTS):
        report.add(Fault("a.yaml", line + 1, "", "found x"))
    with pytest.raises(ConfigError) as caught:
        report.add(Fault("a.yaml", MAX_FAULTS + 1, "", "found x"))
    assert len(caught.value.faults) == MAX_FAULTS + 1
    assert str(caught.value.faults[-1]) == "a.yaml: more than 100 faults; correct those above first"


def test_warnings_are_no_faults_however_many() -> None:
    report = Report()
    for line in range(MAX_FAULTS + 1):
        report.add(Fault("a.yaml", line + 1, "", "found x", is_warning=True))
    assert report.faults == []
    assert len(report.warnings) == MAX_FAULTS + 1


def test_found_text_is_cut_and_cannot_steer_a_terminal() -> None:
    assert found("\x1b[31m\u202e") == r'"\x1b[31m\U0000202e"'
    assert found("x" * 41) == '"' + "x" * 40 + '"…'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_text_is_yaml_for_itself(text: str) -> None:
    node = yaml.compose(quoted(text))
    assert isinstance(node, yaml.ScalarNode)
    assert node.value == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tgram://123:token/99", '"tgram://…"'),
        ("https://maker.example.org/with/key/token", '"https://maker.example.org/…"'),
        ("https://user:token@example.org", '"https://…"'),
        ("mqtt://nas:1883", '"mqtt://nas:1883"'),
        ("://token", '"://token"'),
    ],
)
def test_url_is_not_told_where_it_may_have_a_token(text: str, shown: str) -> None:
    assert found(text) == shown
