import asyncio
import errno
import os
import resource
import sys
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.file.lock import DirectoryLock, HistoryInUse
from tests.component.history.system import System

OPEN_ELSEWHERE = """
import sys
from pathlib import Path
from blynk_gateway.errors import GatewayError
from blynk_gateway.history.file.lock import DirectoryLock
try:
    DirectoryLock(Path(sys.argv[1]))
except GatewayError as error:
    print(error.code, error)
"""


async def test_other_process_is_told_who_has_it(tmp_path: Path) -> None:
    async with System(tmp_path):
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", OPEN_ELSEWHERE, tmp_path / "lock"),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await other.communicate()
    expected = f"history.in_use {tmp_path} is in use by process {os.getpid()}\n"
    assert output.decode() == expected


async def test_second_opener_leaves_the_first_alone(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        with pytest.raises(HistoryInUse):
            await System(tmp_path).journal.open()
        system.write("a", "V1", "1")
        await system.journal.flush()


def test_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    DirectoryLock(tmp_path / "lock").release()
    DirectoryLock(tmp_path / "lock").release()


def test_full_disk_does_not_keep_the_lock_from_its_owner(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        lock = DirectoryLock(tmp_path / "lock")
        with pytest.raises(HistoryInUse, match="in use by process unknown"):
            DirectoryLock(tmp_path / "lock")
        lock.release()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lock_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="No such file or directory; expected a file to write"):
        DirectoryLock(tmp_path / "missing" / "lock")


def test_directory_closed_to_the_service_is_told_with_what_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(
        HistoryError, match=r"Read-only file system; .* ReadWritePaths= in its unit"
    ):
        DirectoryLock(tmp_path / "lock")
