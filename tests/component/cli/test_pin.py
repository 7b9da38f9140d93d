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


def test_pin_set_sends_an_effect_as_it_is(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        control.answers["PUT /api/v1/pins/pi/V1"] = (200, PIN)
        assert run(tmp_path, "pin", "set", "pi/V1", "blink", "200", "800", "5") == 0
        assert control.requests[0][1] == {"value": ["blink", "200", "800", "5"]}


@pytest.mark.parametrize(
    ("mode", "every_ms", "line"),
    [
        ("in", 1000, "in every 1s"),
        ("pu", 1500, "pu every 1500ms"),
        ("pwm", None, "pwm"),
        (None, None, "none"),
    ],
)
def test_pin_mode_prints_what_a_pin_is_used_as(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mode: str | None,
    every_ms: int | None,
    line: str,
) -> None:
    pin: dict[str, object] = {"address": "a/D8", "pin": "D8", "mode": mode, "every_ms": every_ms}
    with control_server(tmp_path) as control:
        # Its own route would have the pin read, and so used.
        control.answers["GET /api/v1/devices/a/pins"] = (200, {"pins": [PIN, pin]})
        assert run(tmp_path, "pin", "mode", "A/d8") == 0
        assert capsys.readouterr().out == f"{line}\n"
        assert run(tmp_path, "pin", "mode", "a/D8", "--json") == 0
        told = {"address": "a/D8", "mode": mode, "every_ms": every_ms}
        assert json.loads(capsys.readouterr().out) == told


def test_pin_that_nobody_used_has_no_mode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/devices/a/pins"] = (200, {"pins": [PIN]})
        assert run(tmp_path, "pin", "mode", "a/D8") == 0
        assert capsys.readouterr().out == "none\n"


def test_pin_mode_sets_it_and_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = {"address": "a/A0", "mode": "in", "every_ms": 1000}
    with control_server(tmp_path) as control:
        control.answers["PUT /api/v1/pins/a/A0/mode"] = (200, pin)
        assert run(tmp_path, "pin", "mode", "a/A0", "in", "--every", "1s") == 0
        assert capsys.readouterr().out == ""
        assert run(tmp_path, "pin", "mode", "a/A0", "in", "--json") == 0
        assert json.loads(capsys.readouterr().out) == pin
        path = "PUT /api/v1/pins/a/A0/mode"
        assert control.requests == [
            (path, {"mode": "in", "every_ms": 1000}),
            (path, {"mode": "in", "every_ms": None}),
        ]


def test_an_interval_without_a_mode_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "pin", "mode", "a/A0", "--every", "1s") == 2
    assert "--every goes with a MODE" in capsys.readouterr().err
