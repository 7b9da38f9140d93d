import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from blynk_gateway.cli import client, main
from tests.helpers.control import control_server
from tests.helpers.patience import PATIENCE_S

PIN = {"pin": "V1", "address": "a/V1", "value": ["21.5"], "at_ms": 1000}


def run(data_dir: Path, *command: str) -> int:
    return main(["--data-dir", str(data_dir), *command])


def test_version_and_help_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["device", "add", "--help"]) == 0
    assert "blynk-gateway 0." in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], ["bogus"], ["device"], ["pin", "get"]])
def test_bad_usage_is_two(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_a_refusal_is_one_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"error": {"code": "x", "message": "a/V1 is read-only", "hint": "Change it."}}
    with control_server(tmp_path) as control:
        control.answers["PUT /api/v1/pins/a/V1"] = (403, error)
        assert run(tmp_path, "pin", "set", "a/V1", "1") == 1
    assert capsys.readouterr().err == "blynk-gateway: a/V1 is read-only\n  Change it.\n"


def test_a_file_that_cannot_be_used_is_one_line_not_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert run(blocked / "data", "device", "list") == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert str(blocked) in err


def test_a_later_database_is_78_for_the_daemon_which_is_not_to_be_started_again(
    tmp_path: Path,
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("server: {listen: ['127.0.0.1:0'], listen_tls: []}\n")
    database = sqlite3.connect(tmp_path / "gateway.db")
    database.execute("PRAGMA user_version = 99")
    database.execute("CREATE TABLE later (a)")
    database.commit()
    database.close()
    command = [sys.executable, "-m", "blynk_gateway", "run", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--config", str(config)], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 78
    assert "has schema version 99; expected at most" in done.stderr


def test_an_interrupt_is_130_and_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.ControlClient, "request", interrupt)
    assert run(tmp_path, "pin", "get", "a/V1") == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away_is_no_complaint(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /api/v1/changes"] = (200, (json.dumps(PIN) + "\n") * 20_000)
        command = [
            sys.executable,
            "-m",
            "blynk_gateway",
            "--data-dir",
            str(tmp_path),
            "pin",
            "watch",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline().endswith(b"a/V1  21.5\n")
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(PATIENCE_S) == 141


@pytest.mark.parametrize(
    ("redirection", "code", "complaint"),
    [(">/dev/full", 1, "blynk-gateway: No space left on device"), (">&-", 0, "")],
)
def test_an_output_that_takes_nothing_is_no_traceback(
    tmp_path: Path, redirection: str, code: int, complaint: str
) -> None:
    (tmp_path / "gateway.yaml").touch()
    command = f"exec {sys.executable} -m blynk_gateway check-config {redirection}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BLYNK_GATEWAY_CONFIG": str(tmp_path / "gateway.yaml")},
    )
    assert done.returncode == code
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == (2 if complaint else 0)


@pytest.mark.parametrize(
    "command",
    [
        "device list",
        "pin get a/V1",
        "pin mode a/D1",
        "history a/V1",
        "history a/V1 --format csv",
        "gpio status",
        "api-token list",
        "device pair",
    ],
)
def test_a_command_to_a_running_gateway_starts_fast(tmp_path: Path, command: str) -> None:
    """None of the server's libraries is imported by a command that only asks."""
    code = (
        "import sys; from blynk_gateway.cli import main; main(sys.argv[1:]);"
        "print(*{'aiohttp', 'aiosqlite', 'cryptography', 'gpiozero', 'pyarrow', 'segno'}"
        " & set(sys.modules))"
    )
    with control_server(tmp_path):
        command_line = [sys.executable, "-c", code, "--data-dir", str(tmp_path), *command.split()]
        done = subprocess.run(command_line, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
    assert "no answer to" in done.stderr
