import json
import socket
import time
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

DEVICE = {"slug": "green", "name": "Green house", "online": True, "stale": False}
STREAM = {"name": "Fan", "type": "int", "writable": True}


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "device", *command])


def test_next_step_by_sudo_is_by_sudo_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    with control_server(tmp_path) as control:
        control.answers["POST /api/v1/devices"] = (201, DEVICE | {"token": "abc"})
        assert run(tmp_path, "add", "Green house") == 0
    assert "Next    sudo blynk-gateway device sketch green > green.ino" in capsys.readouterr().out


def test_add_prints_slug_token_and_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    with control_server(tmp_path) as control:
        control.answers["POST /api/v1/devices"] = (201, DEVICE | {"token": "abc"})
        assert run(tmp_path, "add", "Green house", "--template", "climate") == 0
        assert control.requests == [
            ("POST /api/v1/devices", {"name": "Green house", "template": "climate"})
        ]
        assert capsys.readouterr().out.splitlines() == [
            "Device  green",
            "Token   abc",
            "Next    blynk-gateway device sketch green > green.ino",
        ]
        assert run(tmp_path, "add", "Green house", "--token", "abc", "--json") == 0
        assert control.requests[-1][1] == {"name": "Green house", "token": "abc"}
        assert json.loads(capsys.readouterr().out)["token"] == "abc"


@pytest.mark.parametrize(
    ("ago_s", "shown"),
    [
        (0, "now"),
        (90, "90 seconds ago"),
        (150, "2 minutes ago"),
        (3 * 3600, "3 hours ago"),
        (30 * 86400, "30 days ago"),
        (-5, "now"),
        (None, "never"),
    ],
)
def test_list_shows_when_a_device_was_last_heard_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ago_s: int | None, shown: str
) -> None:
    seen = 0 if ago_s is None else int((time.time() - ago_s) * 1000) - 200
    with control_server(tmp_path) as control:
        devices = [DEVICE | {"last_seen_ms": seen}]
        control.answers["GET /api/v1/devices"] = (200, {"devices": devices})
        assert run(tmp_path, "list") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["SLUG", "STATE", "LAST", "SEEN", "NAME"]
    assert line.split(maxsplit=2)[:2] == ["green", "online"]
    assert line.split(maxsplit=2)[2].split("  ")[0] == shown
    assert line.endswith("Green house")


@pytest.mark.parametrize(
    ("online", "stale", "state"),
    [(True, False, "online"), (True, True, "stale"), (False, True, "offline")],
)
def test_list_shows_the_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], online: bool, stale: bool, state: str
) -> None:
    device = DEVICE | {"online": online, "stale": stale, "last_seen_ms": 1}
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/devices"] = (200, {"devices": [device]})
        assert run(tmp_path, "list") == 0
        assert capsys.readouterr().out.splitlines()[1].split()[1] == state
        assert run(tmp_path, "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == [device]


def test_token_is_alone_on_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/devices/green/token"] = (200, {"slug": "green", "token": "t"})
        assert run(tmp_path, "token", "green") == 0
        assert capsys.readouterr().out == "t\n"
        assert run(tmp_path, "token", "green", "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"slug": "green", "token": "t"}


def test_a_slug_cannot_leave_its_place_in_the_path(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        assert run(tmp_path, "remove", "../api-tokens/x") == 1
        assert control.requests == [("DELETE /api/v1/devices/..%2Fapi-tokens%2Fx", None)]


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ('["0.0.0.0:8088"]', ":8088"),
        ('["10.1.2.3:81"]', '"10.1.2.3", 81'),
        ('["[::]:8080"]', ", 8080"),
    ],
)
def test_sketch_names_the_address_devices_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], listen: str, place: str
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(f"server: {{listen: {listen}}}\n")
    pins = [{"pin": "V3", "datastream": STREAM}, {"pin": "V4", "datastream": None}]
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/devices/green"] = (200, DEVICE)
        control.answers["GET /api/v1/devices/green/pins"] = (200, {"pins": pins})
        control.answers["GET /api/v1/devices/green/token"] = (200, {"slug": "green", "token": "t"})
        assert run(tmp_path, "sketch", "green", "--board", "esp32", "--config", str(config)) == 0
    text = capsys.readouterr().out
    assert place in text
    assert "0.0" not in text
    assert "BLYNK_WRITE(V3)" in text
    assert "V4" not in text
    assert 'char auth[] = "t";' in text


def test_sketch_without_a_network_gives_the_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.runtime.lan._SOMEWHERE", ("255.255.255.255", 9))
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/devices/green"] = (200, DEVICE)
        control.answers["GET /api/v1/devices/green/pins"] = (200, {"pins": []})
        control.answers["GET /api/v1/devices/green/token"] = (200, {"slug": "green", "token": "t"})
        assert run(tmp_path, "sketch", "green") == 0
    assert f'"{socket.gethostname()}.local", 8080' in capsys.readouterr().out


def test_sketch_needs_a_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("server: {listen: []}\n")
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/devices/green"] = (200, DEVICE)
        control.answers["GET /api/v1/devices/green/pins"] = (200, {"pins": []})
        control.answers["GET /api/v1/devices/green/token"] = (200, {"slug": "green", "token": "t"})
        assert run(tmp_path, "sketch", "green", "--config", str(config)) == 1
    assert "server.listen" in capsys.readouterr().err


def test_pair_shows_what_was_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = [{"token": "4ae3…", "peer": "192.168.1.7", "attempts": 3}]
    with control_server(tmp_path) as control:
        state = {"seconds_left": 90, "refused": refused}
        control.answers["POST /api/v1/pairing"] = (200, state)
        assert run(tmp_path, "pair", "--minutes", "1.5") == 0
        assert control.requests == [("POST /api/v1/pairing", {"minutes": 1.5})]
        out = capsys.readouterr().out
        assert out.startswith("Pairing is open for 1.5 minutes")
        assert "4ae3…  192.168.1.7  3" in out
        control.answers["POST /api/v1/pairing"] = (200, {"seconds_left": 60, "refused": []})
        assert run(tmp_path, "pair", "--minutes", "1") == 0
        assert capsys.readouterr().out.startswith("Pairing is open for 1 minute:")
        control.answers["POST /api/v1/pairing"] = (200, state)
        assert run(tmp_path, "pair", "--minutes", "0") == 0
        assert capsys.readouterr().out == "Pairing is closed.\n"
        assert run(tmp_path, "pair", "--json") == 0
        assert json.loads(capsys.readouterr().out) == state
