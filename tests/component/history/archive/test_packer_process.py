import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.archive import packer_process as module
from blynk_gateway.history.archive.chunk import decode
from blynk_gateway.history.archive.packer_process import NICE, PackerProcess
from blynk_gateway.history.archive.packing import OpenChunk, Wanted
from blynk_gateway.history.segments.segment import encode
from tests.component.history.system import until

POINTS = 100_000


@pytest.fixture
async def packer() -> AsyncIterator[PackerProcess]:
    one = await PackerProcess.start()
    yield one
    await one.end()


def segment(first: int, count: int, streams: int = 1) -> bytes:
    origin = Origin(OriginKind.DEVICE, "1")
    changes = [
        PinChange(seq, "a", "V1", (str(seq),), (), origin, Intent.REPORT, seq, None, 0)
        for seq in range(first, first + count)
    ]
    return encode(changes, [1 + seq % streams for seq in range(first, first + count)]).body


async def test_large_answers_to_large_requests_are_whole(packer: PackerProcess) -> None:
    bodies = [segment(first, 10_000, 3) for first in range(0, POINTS, 10_000)]
    await packer.add(bodies)
    streams = await packer.streams()
    assert [stream for stream, _ in streams] == [1, 2, 3]
    assert sum(count for _, count in streams) == POINTS
    statements = await packer.statements(Wanted(stream, True, None) for stream, _ in streams)
    sql, values = statements[0]
    assert sql.startswith("INSERT OR REPLACE INTO chunk")
    found = [value for body in values[5::6] for value in decode(body).values]
    assert sorted(int(value) for (value,) in found) == list(range(POINTS))


async def test_second_pass_grows_a_chunk_of_the_first(packer: PackerProcess) -> None:
    await packer.add([segment(0, 10)])
    await packer.streams()
    (_, (_, _, first_ms, last_ms, _, body)), *_ = await packer.statements([Wanted(1, True, None)])
    await packer.add([segment(10, 10)])
    await packer.streams()
    opened = OpenChunk(7, body, first_ms, last_ms)
    (_, (chunk_id, _, _, _, count, _)), *_ = await packer.statements([Wanted(1, True, opened)])
    assert (chunk_id, count) == (7, 20)


async def test_damage_goes_to_the_log(
    packer: PackerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    await packer.add([b"damaged"])
    assert await packer.streams() == []
    assert "points lost to the archive" in caplog.messages


async def test_it_is_nice(packer: PackerProcess) -> None:
    await packer.streams()
    nicest = 19
    expected = min(os.nice(0) + NICE, nicest)
    assert os.getpriority(os.PRIO_PROCESS, packer._process.pid) == expected


async def test_killed_one_is_an_error_that_says_so(
    packer: PackerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    packer._process.kill()
    with pytest.raises(HistoryError, match="ended with exit code -9"):
        await packer.streams()
    assert "archive packer failed" in caplog.messages


async def test_killed_while_it_is_sent_megabytes_is_an_error_too(packer: PackerProcess) -> None:
    os.kill(packer._process.pid, signal.SIGSTOP)
    adding = asyncio.ensure_future(packer.add([bytes(8_000_000)]))
    await asyncio.sleep(0)
    assert not adding.done()
    packer._process.kill()
    with pytest.raises(HistoryError, match="ended with exit code -9"):
        await adding


async def test_its_last_words_go_to_the_log(
    packer: PackerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(HistoryError, match="ended with exit code 1"):
        await packer.statements([Wanted(5, True, None)])
    (said,) = [record.said for record in caplog.records if hasattr(record, "said")]
    assert said.endswith("KeyError: 5")


async def test_silent_one_is_ended(packer: PackerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    os.kill(packer._process.pid, signal.SIGSTOP)
    with pytest.raises(HistoryError, match="did not answer"):
        await packer.streams()
    assert packer._process.returncode == -signal.SIGKILL


async def test_end_may_come_at_any_moment_and_twice() -> None:
    packer = await PackerProcess.start()
    bodies = [segment(first, 10_000) for first in range(0, POINTS, 10_000)]
    await packer.add(bodies)
    await packer.streams()
    asking = asyncio.ensure_future(packer.statements([Wanted(1, True, None)]))
    await asyncio.sleep(0.01)
    asking.cancel()
    await packer.end()
    await packer.end()
    assert packer._process.returncode == -signal.SIGKILL


async def test_cancelled_end_is_an_end_all_the_same() -> None:
    packer = await PackerProcess.start()
    ending = asyncio.ensure_future(packer.end())
    await asyncio.sleep(0)
    assert packer._process.returncode is None
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert packer._process.returncode == -signal.SIGKILL


async def test_no_room_for_a_process_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(HistoryError, match="cannot be started: No such file"):
        await PackerProcess.start()


async def test_environment_and_working_directory_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("struct.py", "marshal.py", "blynk_gateway.py"):
        (tmp_path / name).write_text("raise SystemExit(5)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    packer = await PackerProcess.start()
    assert await packer.streams() == []
    await packer.end()


_PARENT = """
import asyncio, sys
from blynk_gateway.history.archive.packer_process import PackerProcess

async def main():
    packer = await PackerProcess.start()
    await packer.streams()
    print(packer._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_none_is_left_when_the_gateway_is_killed() -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220 - it says one line and is killed
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent:
        pid = int(parent.stdout.readline())
        assert _is_running(pid)
        parent.kill()
    await until(lambda: not _is_running(pid))


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1]
    except FileNotFoundError:
        return False
    return not state.startswith("Z")
