from pathlib import Path

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

ASKED = "POST /api/v1/settings/reload"


def test_the_running_gateway_applies_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[ASKED] = (200, "")
        assert main(["reload", "--data-dir", str(tmp_path)]) == 0
        assert [asked for asked, _ in control.requests] == [ASKED]
    assert capsys.readouterr().out == ""


def test_faults_of_the_file_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = {"code": "config.invalid", "message": "a.yaml:1: bogus: found", "hint": "Correct it."}
    with control_server(tmp_path) as control:
        control.answers[ASKED] = (422, {"error": error})
        assert main(["reload", "--data-dir", str(tmp_path)]) == 1
    assert "a.yaml:1: bogus: found\n  Correct it." in capsys.readouterr().err


def test_without_a_gateway_there_is_nothing_to_reload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reload", "--data-dir", str(tmp_path)]) == 1
    assert "no gateway listens" in capsys.readouterr().err
