from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blynk_gateway.config import Options, as_yaml, effective, load, load_data_dir
from blynk_gateway.config.options import Address
from blynk_gateway.errors import ConfigError

BROKEN = Path(__file__).parents[2] / "data/configs"

WORDS = st.sampled_from(
    [
        *("gateway", "server", "devices", "templates", "datastreams", "links", "from", "to", "V1"),
        *("token", "listen", "tls", "cert", "quota", "burst", "type", "min", "default", "labels"),
        *(": ", "\n", "  ", "- ", "{", "}", "[", "]", ", ", "&a ", "*a", "<<", "? ", "!secret x"),
        *('"', "'", "|\n", "#", "---\n", "%YAML 1.1\n", "!!map ", "\t", "~", "\\U0010FFFF", "\0"),
        *(
            "gpio",
            "peripherals",
            "x",
            "relay",
            "servo",
            "mcp3008",
            "line",
            "pin",
            "pins",
            "D5",
            "A0",
        ),
        *("direct", "all", "analog", "range", "mode", "out", "every", "17"),
        *("mqtt", "bindings", "topic", "a/+/#", "{1}/V1", "both", "json", "a[0].b", "map", "scale"),
        *("device_api", "prefix", "dev/{token}", "home_assistant", "component", "cover", "none"),
        *("int", "enum", "5s", "12:30", "0012", "pi/V1", "0.0.0.0:80", "\x85", "\u2028", "\ufeff"),
    ]
)


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_broken_file_gets_exactly_the_complaints_beside_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(ConfigError) as caught:
        load(Path(path.name), {})
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text()


def test_no_file_is_the_defaults() -> None:
    assert load(None) == Options()


@pytest.mark.parametrize("text", ["", "# nothing\n", "server:\nlinks: []\ndevices: ~\n"])
def test_file_with_nothing_in_it_is_the_defaults(
    options_of: Callable[[str], Options], text: str
) -> None:
    assert options_of(text) == Options()


def test_anchors_and_merge_keys_work(options_of: Callable[[str], Options]) -> None:
    devices = options_of(
        "devices:\n  a: &base {token: x, stale_after: 5m, name: A}\n  b: {<<: *base, token: y}\n"
    ).devices
    assert [(d.token.reveal(), d.stale_after_ms, d.name) for d in devices.values()] == [
        ("x", 300_000, "A"),
        ("y", 300_000, "A"),
    ]


def test_file_with_warnings_is_used_and_they_come_in_its_order(
    options_of: Callable[[str], Options], tmp_path: Path
) -> None:
    options = options_of("gpio:\n  direct:\n    - 14\n    - 2\n")
    assert options.gpio.direct == (14, 2)
    assert [warning.partition(": warning: ")[0] for warning in options.warnings] == [
        f"{tmp_path}/gateway.yaml:3: gpio.direct",
        f"{tmp_path}/gateway.yaml:4: gpio.direct",
    ]


def test_warnings_of_a_faulty_file_wait_until_it_is_mended(
    faults_of: Callable[[str], list[str]],
) -> None:
    (fault,) = faults_of("gpio: {direct: [14], bogus: 1}")
    assert "bogus" in fault


def test_options_know_the_line_of_each_key(options_of: Callable[[str], Options]) -> None:
    options = options_of("\nserver:\n  listen:\n    - 127.0.0.1:80\n")
    assert options.server.listen == (Address("127.0.0.1", 80),)
    assert [
        options.places[key].line for key in ("server", "server.listen", "server.listen[0]")
    ] == [
        2,
        3,
        4,
    ]


def test_aliases_that_stand_for_billions_are_refused_at_once(
    options_of: Callable[[str], Options],
) -> None:
    labels = ", ".join(f"{number}: x" for number in range(200))
    streams = ", ".join(f"V{number}: *enum" for number in range(1, 256))
    copies = "".join(f"  t{number}: {{datastreams: *all}}\n" for number in range(900))
    with pytest.raises(ConfigError, match="found more than 50000 entries in all"):
        options_of(
            f"templates:\n  t:\n    datastreams: &all\n"
            f"      {{V0: &enum {{type: enum, labels: {{{labels}}}}}, {streams}}}\n{copies}"
        )


def test_endless_faults_are_cut(faults_of: Callable[[str], list[str]]) -> None:
    faults = faults_of("".join(f"key{number}:\n" for number in range(500)))
    assert len(faults) == 101
    assert faults[-1] == "gateway.yaml: more than 100 faults; correct those above first"


def loads_or_complains(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    faults: tuple[object, ...] = ()
    try:
        options = load(path, {})
    except ConfigError as error:
        faults = error.faults
    else:
        assert as_yaml(effective(options))
        return
    assert faults
    assert all(str(fault).startswith(f"{path}") for fault in faults)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_options_or_complaints(tmp_path: Path, content: bytes) -> None:
    loads_or_complains(tmp_path / "gateway.yaml", content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WORDS, max_size=40).map("".join))
def test_any_near_yaml_is_options_or_complaints(tmp_path: Path, text: str) -> None:
    loads_or_complains(tmp_path / "gateway.yaml", text.encode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data_dir: /d", "/d"),
        ("bogus: 1\nmqtt: {password: !secret none}\ndata_dir: d", "{here}/d"),
        ("data_dir: ~", None),
        ("", None),
        ("server: {}", None),
    ],
)
def test_data_directory_is_known_whatever_else_is_wrong(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    found = load_data_dir(path)
    assert found == (None if expected is None else Path(expected.format(here=tmp_path)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[", "cannot be read as YAML"),
        ("data_dir: []", ":1: data_dir: "),
        ("text", "found a text, expected"),
    ],
)
def test_data_directory_that_cannot_be_known_is_a_fault(
    tmp_path: Path, text: str, fault: str
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=fault):
        load_data_dir(path)
