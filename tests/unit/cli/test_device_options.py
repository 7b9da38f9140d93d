import pytest

from blynk_gateway.cli.parser import build_parser


@pytest.mark.parametrize("minutes", ["-1", "1441", "nan", "x"])
def test_pairing_takes_no_other_number_of_minutes(
    minutes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args(["device", "pair", f"--minutes={minutes}"])
    assert ending.value.code == 2
    assert "is no number of minutes from 0 to 1440" in capsys.readouterr().err
