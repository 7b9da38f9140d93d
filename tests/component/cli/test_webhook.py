import json
import time
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

PATH = "/api/v1/webhooks"
AT_MS = 1_700_000_000_000

LED: dict[str, Any] = {
    "name": "particle-led",
    "target": "POST https://api.particle.io/v1/devices/{device}/led",
    "off": False,
    "failures": 0,
    "waiting": 1,
    "sent": 41,
    "merged": 3,
    "last_ms": AT_MS,
    "last_result": "200 OK",
}
ANSWER = {
    "ok": True,
    "request": "POST https://api.particle.io/v1/devices/greenhouse/led",
    "status": 200,
    "result": "200 OK",
    "took_ms": 87,
    "body": '{"return_value":1}\x1b',
}


def webhook(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "webhook", *command])


def test_list_shows_what_failed_and_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = LED | {"name": "a", "failures": 1, "last_result": "500 Oops"}
    off = LED | {"name": "b", "failures": 10, "off": True, "last_ms": None}
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"webhooks": [LED, failing, off]})
        assert webhook(tmp_path, "list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(AT_MS / 1000))
        assert [" ".join(line.split()).partition(" POST")[0] for line in lines[:4]] == [
            "NAME STATE SENT WAITING LATEST TARGET",
            f"particle-led on 41 1 {moment}",
            f"a failing 41 1 {moment}",
            "b off 41 1 never",
        ]
        assert lines[4:] == [
            "",
            "a: failed once: 500 Oops",
            "",
            "b: failed 10 times in a row: 200 OK",
            "  Switch it on again: blynk-gateway webhook test b",
        ]
        assert webhook(tmp_path, "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == [LED, failing, off]


def test_list_without_a_webhook_says_where_to_put_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"webhooks": []})
        assert webhook(tmp_path, "list") == 0
    assert "`webhooks:`" in capsys.readouterr().out


def test_test_shows_request_and_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}/particle-led/test"] = (200, ANSWER)
        assert webhook(tmp_path, "test", "particle-led", "--value", "1") == 0
        assert control.requests == [(f"POST {PATH}/particle-led/test", {"value": ["1"]})]
        assert capsys.readouterr().out.splitlines() == [
            "Request  POST https://api.particle.io/v1/devices/greenhouse/led",
            "Answer   200 OK, after 87 ms",
            r'Body     {"return_value":1}\x1b',
        ]
        assert webhook(tmp_path, "test", "particle-led", "--json") == 0
        assert control.requests[-1][1] == {"value": None}
        assert json.loads(capsys.readouterr().out) == ANSWER


def test_failed_test_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ANSWER | {"ok": False, "status": None, "result": "no answer", "body": ""}
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}/a%20b/test"] = (200, answer)
        assert webhook(tmp_path, "test", "a b") == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["Answer   no answer, after 87 ms"]
