import json
import time
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import Control, control_server

PIN = {"pin": "V1", "address": "a/V1", "value": ["21.5"], "at_ms": 1000}


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), *command])


def test_without_a_gateway_a_pin_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "pin", "get", "a/V1") == 1
    err = capsys.readouterr().err
    assert "no gateway listens" in err
    assert "blynk-gateway run" in err


def test_a_wrong_address_is_found_without_a_gateway(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "pin", "get", "a/X1") == 1
    assert "'X1' is no pin" in capsys.readouterr().err


def test_pin_get_prints_the_value_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/pins/a/V1"] = (200, PIN)
        assert run(tmp_path, "pin", "get", "A/v1") == 0
        assert capsys.readouterr().out == "21.5\n"
        assert run(tmp_path, "pin", "get", "a/V1", "--json") == 0
        assert json.loads(capsys.readouterr().out) == PIN


def test_pin_set_sends_every_parameter_as_text(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        control.answers["PUT /api/v1/pins/a/V1"] = (200, PIN)
        assert run(tmp_path, "pin", "set", "a/V1", "-5", "007") == 0
        assert control.requests == [("PUT /api/v1/pins/a/V1", {"value": ["-5", "007"]})]


def watched(control: Control, query: str) -> None:
    change = {**PIN, "value": ["1", "2"]}
    lines = f"{json.dumps(PIN)}\n{json.dumps(change)}\n"
    control.answers[f"GET /api/v1/changes{query}"] = (200, lines)


def test_pin_watch_prints_a_line_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        watched(control, "?pins=a/V1,b/V2")
        assert run(tmp_path, "pin", "watch", "a/v1", "B/v2") == 1
    at = time.strftime("%H:%M:%S", time.localtime(1))
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [f"{at}  a/V1  21.5", f'{at}  a/V1  ["1", "2"]']
    assert "ended the connection" in captured.err


def test_pin_watch_without_addresses_watches_all_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        watched(control, "")
        assert run(tmp_path, "pin", "watch", "--json") == 1
    assert [json.loads(line)["value"] for line in capsys.readouterr().out.splitlines()] == [
        ["21.5"],
        ["1", "2"],
    ]
