import json
import time
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

MADE = {
    "name": "script",
    "role": "operator",
    "created_ms": 1_700_000_000_000,
    "devices": ["greenhouse", "pi"],
}
PATH = "/api/v1/api-tokens"


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "api-token", *command])


def test_add_prints_the_token_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}"] = (201, MADE | {"token": "secret"})
        assert run(tmp_path, "add", "script") == 0
        assert control.requests == [(f"POST {PATH}", {"name": "script", "role": "viewer"})]
        assert capsys.readouterr() == ("secret\n", "")
        assert run(tmp_path, "add", "script", "--role", "admin", "--json") == 0
        assert control.requests[-1][1] == {"name": "script", "role": "admin"}
        assert json.loads(capsys.readouterr().out)["token"] == "secret"
        assert run(tmp_path, "add", "script", "--devices", "greenhouse,pi,") == 0
        assert control.requests[-1][1]["devices"] == ["greenhouse", "pi"]


def test_list_shows_date_role_name_and_devices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = MADE | {"name": "all", "devices": []}
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"api_tokens": [other, MADE]})
        assert run(tmp_path, "list") == 0
        date = time.strftime("%Y-%m-%d", time.localtime(1_700_000_000))
        assert capsys.readouterr().out.splitlines() == [
            "CREATED     ROLE      NAME    DEVICES",
            f"{date}  operator  all     all",
            f"{date}  operator  script  greenhouse, pi",
        ]
        assert run(tmp_path, "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == [other, MADE]


def test_remove_says_nothing_if_it_went_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"DELETE {PATH}/a%2Fb"] = (200, "")
        assert run(tmp_path, "remove", "a/b") == 0
        assert capsys.readouterr() == ("", "")
        assert run(tmp_path, "remove", "other") == 1
