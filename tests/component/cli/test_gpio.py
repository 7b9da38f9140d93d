import json
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

LONG = "GPIO17 is in use by 'other-program'; expected a line that nobody holds " * 2

STATE: dict[str, Any] = {
    "factory": "lgpio",
    "chip": "pinctrl-bcm2711",
    "fault": "",
    "open_pins": ["D5", "A0"],
    "peripherals": [
        {
            "name": "pump",
            "type": "relay",
            "pin": "pi/V1",
            "lines": [17],
            "fault": LONG,
            "commanded": ["blink", "200", "800", "5"],
            "actual": [],
        },
        {
            "name": "lamp",
            "type": "rgb",
            "pin": "pi/V2",
            "lines": [5, 6, 13],
            "fault": "",
            "commanded": ["1", "2", "3"],
            "actual": ["0"],
        },
    ],
}


def status(tmp_path: Path, state: dict[str, Any], *options: str) -> int:
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/gpio"] = (200, state)
        return main(["--data-dir", str(tmp_path), "gpio", "status", *options])


def test_status_shows_every_peripheral_and_each_fault_in_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(tmp_path, STATE) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:6] == [
        "Factory  lgpio (pinctrl-bcm2711)",
        "Direct   D5 A0",
        "",
        "NAME  TYPE   PIN    LINES   COMMANDED     ACTUAL  FAULT",
        'pump  relay  pi/V1  17      ["blink", "…          yes',
        'lamp  rgb    pi/V2  5,6,13  ["1", "2", …  0',
    ]
    assert "pump: GPIO17 is in use by" in lines[7]
    assert " ".join(" ".join(lines[7:]).split()) == f"pump: {LONG}".strip()


def test_status_without_a_back_end_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {
        "factory": "none",
        "chip": "",
        "fault": "lgpio is missing",
        "open_pins": [],
        "peripherals": [],
    }
    assert status(tmp_path, state) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Factory  none",
        "Fault    lgpio is missing",
        "Direct   none",
    ]


def test_status_as_json_is_the_gateways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(tmp_path, STATE, "--json") == 0
    assert json.loads(capsys.readouterr().out) == STATE


def config_txt(tmp_path: Path, text: str) -> int:
    config = tmp_path / "gateway.yaml"
    config.write_text(text)
    return main(["--config", str(config), "gpio", "config-txt"])


def test_config_txt_keeps_relays_quiet_without_a_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    relay = "pump: {type: relay, line: 17, pin: V1, active_high: false}"
    assert config_txt(tmp_path, f"gpio:\n  peripherals:\n    {relay}\n") == 0
    assert "gpio=17=op,dh" in capsys.readouterr().out.splitlines()


def test_config_txt_of_nothing_is_a_comment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config_txt(tmp_path, "") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("# Nothing")


def test_config_txt_of_a_faulty_configuration_is_78(tmp_path: Path) -> None:
    assert config_txt(tmp_path, "bogus: 1\n") == 78


def test_status_shows_the_fault_of_a_peripheral_with_a_long_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longest = {"name": "a" * 32, "type": "cpu_temperature", "pin": "shed/V255"}
    (pump, _) = STATE["peripherals"]
    one = {**pump, **longest, "lines": [17, 22, 23, 27, 24, 25], "actual": ["0"]}
    assert status(tmp_path, STATE | {"peripherals": [one]}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[3].endswith("FAULT")
    assert lines[4].endswith("0       yes")
