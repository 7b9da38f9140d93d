import pytest

from blynk_gateway.api.v1.automations import MAX_LIMIT
from blynk_gateway.cli.automation_options import MAX_RUNS
from blynk_gateway.cli.parser import build_parser


def test_a_negative_value_is_no_option() -> None:
    arguments = build_parser().parse_args(["automation", "test", "x", "--value", "-5", "1"])
    assert arguments.value == ["-5", "1"]


def test_a_run_takes_no_value() -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["automation", "run", "x", "--value", "1"])


@pytest.mark.parametrize("text", ["0", "1001", "x", "-1", "1.5", "²", ""])
def test_a_limit_is_a_number_that_the_gateway_takes(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args(["automation", "runs", f"--limit={text}"])
    assert ending.value.code == 2
    assert "is no number from 1 to 1000" in capsys.readouterr().err


def test_the_limit_is_that_of_the_gateway() -> None:
    assert MAX_RUNS == MAX_LIMIT
    assert build_parser().parse_args(["automation", "runs", "--limit", "1000"]).limit == MAX_LIMIT


@pytest.mark.parametrize(
    "command", ["automation test", "automation runs", "webhook test", "notification test"]
)
def test_an_empty_name_is_bad_usage(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args([*command.split(), " "])
    assert ending.value.code == 2
    assert "found an empty name" in capsys.readouterr().err
