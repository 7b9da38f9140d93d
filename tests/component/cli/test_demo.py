import pytest

from blynk_gateway.cli import main


def test_a_demo_takes_no_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", "x", "demo"]) == 2
    assert "a configuration of its own" in capsys.readouterr().err
    assert main(["demo", "--config", "x"]) == 2
