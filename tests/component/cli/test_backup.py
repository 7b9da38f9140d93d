import asyncio
import io
import re
import shutil
import signal
import stat
import sys
from functools import partial
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from blynk_gateway.cli.backup import _PATH
from blynk_gateway.cli.client import CONTROL_SOCKET
from blynk_gateway.history.backup.backup import write_backup
from blynk_gateway.history.file.lock import DirectoryLock
from tests.component.history.system import System
from tests.helpers.control import control_server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def fill(data: Path) -> Path:
    async with System(data) as system:
        system.add("a")
        system.write("a", "V1", "1")
    return data


def run(data: Path, *arguments: str) -> int:
    return main([arguments[0], "--data-dir", str(data), *arguments[1:]])


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_backup_and_restore_without_a_gateway(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(data)
    file = tmp_path / "b.tar.gz"
    assert run(data, "backup", str(file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = capsys.readouterr()
    assert told.out == ""
    assert re.match(
        "no gateway runs; taking a snapshot of its data …\n[1-9][0-9]* kB written", told.err
    )
    assert run(data, "restore", str(file)) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith(f"{data} is as it was on 20")
    assert f"The old data are kept as {data}.before-restore-" in told.out
    assert " kB read" in told.err
    async with System(data) as system:
        assert system.values == {"a/V1": ("1",)}


async def test_running_gateway_makes_the_backup(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(data) as control:
        control.answers[f"GET {_PATH}"] = (200, "the backup")
        assert run(data, "backup", str(tmp_path / "b")) == 0
    assert (tmp_path / "b").read_text() == "the backup"
    assert [asked for asked, _ in control.requests] == [f"GET {_PATH}"]
    assert capsys.readouterr().err.startswith("the gateway takes a snapshot of its data …\n")


async def test_refusal_of_the_gateway_leaves_no_file(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_server(data) as control:
        error = {"code": "x", "message": "too little room", "hint": "Make some."}
        control.answers[f"GET {_PATH}"] = (503, {"error": error})
        assert run(data, "backup", str(tmp_path / "b")) == 1
    assert names(tmp_path) == ["data"]
    assert "too little room\n  Make some." in capsys.readouterr().err


async def test_directory_gets_a_file_with_a_plain_name(tmp_path: Path, data: Path) -> None:
    await fill(data)
    (tmp_path / "stick").mkdir()
    assert run(data, "backup", str(tmp_path / "stick")) == 0
    (name,) = names(tmp_path / "stick")
    assert name.startswith("blynk-gateway-20")
    assert name.endswith("Z.tar.gz")


async def test_directory_that_is_not_mounted_does_not_become_a_file(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(data)
    assert run(data, "backup", f"{tmp_path}/stick/") == 1
    assert f"{tmp_path}/stick/ is no directory; expected one" in capsys.readouterr().err
    assert names(tmp_path) == ["data"]


async def test_file_that_is_there_is_never_replaced(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(data)
    (tmp_path / "b").write_text("mine")
    assert run(data, "backup", str(tmp_path / "b")) == 1
    assert (tmp_path / "b").read_text() == "mine"
    assert "is there already; expected a new name" in capsys.readouterr().err


async def test_standard_streams_will_do(
    tmp_path: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    await fill(data)
    assert run(data, "backup", "-") == 0
    body = capfdbinary.readouterr().out
    shutil.rmtree(data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert run(data, "restore", "-", "--json") == 0
    assert b'"before": null' in capfdbinary.readouterr().out
    async with System(data) as system:
        assert system.values == {"a/V1": ("1",)}


async def test_restore_refuses_while_a_gateway_runs(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(data)
    (tmp_path / "b").write_bytes(b"".join(write_backup(data, 7)))
    lock = DirectoryLock(data / "lock")
    try:
        assert run(data, "restore", str(tmp_path / "b")) == 1
        assert run(data, "backup", str(tmp_path / "c")) == 1
    finally:
        lock.release()
    assert names(tmp_path) == ["b", "data"]
    assert capsys.readouterr().err.count("is in use by process") == 2


async def test_file_that_is_no_backup_changes_nothing(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(data)
    (tmp_path / "b").write_text("no backup")
    assert run(data, "restore", str(tmp_path / "b")) == 1
    assert "the file is no backup, or damaged" in capsys.readouterr().err
    assert run(data, "restore", str(tmp_path / "none")) == 1
    assert "No such file" in capsys.readouterr().err
    assert names(tmp_path) == ["b", "data"]


async def test_directory_without_data_is_explained(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "backup", str(tmp_path / "b")) == 1
    assert "expected a file to write" in capsys.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_backup_that_is_ended_leaves_no_part_of_a_file(
    tmp_path: Path, data: Path, number: signal.Signals
) -> None:
    await fill(data)
    has_begun = asyncio.Event()

    async def begin_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            await writer.drain()
            has_begun.set()
            await reader.read()
        writer.close()

    (tmp_path / "stick").mkdir()
    command = ("-m", "blynk_gateway", "--data-dir", str(data), "backup", str(tmp_path / "stick"))
    async with await asyncio.start_unix_server(begin_only, data / CONTROL_SOCKET):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stderr=asyncio.subprocess.DEVNULL,
            # Who runs the tests in the background of a shell has some of them ignored.
            preexec_fn=partial(signal.signal, number, signal.SIG_DFL),
        )
        async with asyncio.timeout(20):
            await has_begun.wait()
            (draft,) = names(tmp_path / "stick")
            process.send_signal(number)
            code = await process.wait()
    assert draft.startswith(".blynk-gateway-20")
    assert code == (130 if number == signal.SIGINT else -number)
    assert names(tmp_path / "stick") == []
