import pytest

from blynk_gateway.cli.parser import build_parser
from blynk_gateway.cli.pin_options import MODES
from blynk_gateway.core.direct import PinMode


def test_a_negative_value_is_no_option() -> None:
    arguments = build_parser().parse_args(["pin", "set", "a/V1", "-5", "-0.5"])
    assert arguments.value == ["-5", "-0.5"]


@pytest.mark.parametrize("text", ["1", "x", "-1s", ""])
def test_an_interval_is_a_duration(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args(["pin", "mode", "a/A0", "in", f"--every={text}"])
    assert ending.value.code == 2
    assert "is no duration such as 500ms, 1s or 5m" in capsys.readouterr().err


def test_modes_are_those_of_the_core() -> None:
    assert set(MODES) == set(PinMode)
