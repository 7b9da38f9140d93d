import getpass
import io
import json
import sys
import time
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from tests.helpers.control import control_server

ANN = {
    "name": "ann",
    "role": "operator",
    "created_ms": 1_700_000_000_000,
    "seen_ms": 0,
    "sessions": 0,
}
PATH = "/api/v1/users"


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), "user", *command])


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\r\nanother line\n"))


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at a terminal, the first password last."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    passwords: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda _: passwords.pop())
    return passwords


@pytest.mark.usefixtures("piped")
def test_add_reads_one_line_of_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}"] = (201, ANN)
        assert run(tmp_path, "add", "ann", "--role", "operator") == 0
        body = {"name": "ann", "role": "operator", "password": "correct horse"}
        assert control.requests == [(f"POST {PATH}", body)]
        assert capsys.readouterr() == ("", "")


def test_terminal_is_asked_twice_and_what_is_typed_must_agree(
    tmp_path: Path, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"POST {PATH}"] = (201, ANN)
        typed[:] = ["correct horse", "correct horse"]
        assert run(tmp_path, "add", "ann", "--json") == 0
        assert json.loads(capsys.readouterr().out) == ANN
        typed[:] = ["correct horse", "correct house"]
        assert run(tmp_path, "add", "ann") == 1
        assert "the two passwords differ" in capsys.readouterr().err
        (request,) = control.requests
        assert request[1] == {"name": "ann", "role": "viewer", "password": "correct horse"}


@pytest.mark.usefixtures("piped")
def test_passwd_sends_the_new_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"PUT {PATH}/a%2Fb"] = (200, ANN)
        assert run(tmp_path, "passwd", "a/b") == 0
        assert control.requests == [(f"PUT {PATH}/a%2Fb", {"password": "correct horse"})]
        assert capsys.readouterr() == ("", "")


def test_list_shows_last_login_sessions_role_and_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users = [ANN, ANN | {"name": "ben", "seen_ms": 1_700_000_000_000, "sessions": 2}]
    with control_server(tmp_path) as control:
        control.answers[f"GET {PATH}"] = (200, {"users": users})
        assert run(tmp_path, "list") == 0
        date = time.strftime("%Y-%m-%d", time.localtime(1_700_000_000))
        assert capsys.readouterr().out.splitlines() == [
            "LAST LOGIN  SESSIONS  ROLE      NAME",
            "never       0         operator  ann",
            f"{date}  2         operator  ben",
        ]
        assert run(tmp_path, "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == users


def test_remove_says_nothing_if_it_went_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(tmp_path) as control:
        control.answers[f"DELETE {PATH}/ann"] = (200, "")
        assert run(tmp_path, "remove", "ann") == 0
        assert capsys.readouterr() == ("", "")
        assert run(tmp_path, "remove", "other") == 1


def test_users_are_managed_whether_or_not_the_gateway_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLYNK_GATEWAY_CONFIG", "/dev/null")
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\nshort\nanother horse\n"))
    assert run(tmp_path, "add", "ann", "--role", "admin") == 0
    assert run(tmp_path, "passwd", "ann") == 1
    error = capsys.readouterr().err
    assert "body.password: expected 8 to 256 characters, found 5" in error
    assert run(tmp_path, "passwd", "ann") == 0
    assert run(tmp_path, "remove", "ann") == 1
    assert "last admin" in capsys.readouterr().err
    assert run(tmp_path, "list", "--json") == 0
    (user,) = json.loads(capsys.readouterr().out)
    assert (user["name"], user["role"]) == ("ann", "admin")
