import json
import time
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

PATH = "/api/v1/notifications"
AT_MS = 1_700_000_000_000

PHONE: dict[str, Any] = {
    "name": "phone",
    "kind": "ntfy",
    "waiting": 0,
    "sent": 12,
    "failed": 1,
    "last_ms": AT_MS,
    "detail": "",
}


def notification(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "notification", *command])


def test_list_shows_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mail = PHONE | {"name": "mail", "kind": "mailto", "last_ms": None, "detail": "refused " * 20}
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"services": [PHONE, mail]})
        assert notification(tmp_path, "list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(AT_MS / 1000))
        assert [line.split() for line in lines[:3]] == [
            ["NAME", "KIND", "SENT", "FAILED", "WAITING", "LATEST"],
            ["phone", "ntfy", "12", "1", "0", *moment.split()],
            ["mail", "mailto", "12", "1", "0", "never"],
        ]
        assert " ".join(lines[4:]).split() == ["mail:", *["refused"] * 20]
        assert notification(tmp_path, "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == [PHONE, mail]


def test_list_without_a_service_says_where_to_put_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"services": []})
        assert notification(tmp_path, "list") == 0
    assert "`notifications:`" in capsys.readouterr().out


def test_test_tells_whether_it_was_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        asked = f"POST {PATH}/phone/test"
        control.answers[asked] = (200, {"ok": True, "fault": ""})
        assert notification(tmp_path, "test", "phone") == 0
        assert control.requests == [(asked, None)]
        assert "on its way" in capsys.readouterr().out
        control.answers[asked] = (200, {"ok": False, "fault": "the server refused it: 403"})
        assert notification(tmp_path, "test", "phone") == 1
        assert capsys.readouterr().out == "Not sent: the server refused it: 403\n"
        assert notification(tmp_path, "test", "phone", "--json") == 1
        assert json.loads(capsys.readouterr().out)["ok"] is False
