"""Backups that are asked for over MQTT: files in the data directory, the latest few of them."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.ports import Backups
from blynk_gateway.mqtt.bridge.request import RequestRefused

DIRECTORY = "backups"

KEPT = 3
"""A backup can be as large as the database; who wants more of them copies them elsewhere."""

_PREFIX = "blynk-gateway-"
_SUFFIX = ".tar.gz"
_PART = ".part"


class BackupFiles:
    """The files in `backups`, of mode 0600, with the time in UTC in their names.

    Args:
        backups: makes their content.
    """

    def __init__(self, backups: Backups, data_dir: Path, clock: Clock) -> None:
        self._backups = backups
        self._directory = data_dir / DIRECTORY
        self._clock = clock

    async def make(self) -> dict[str, Any]:
        """Make one, and remove those before the latest `KEPT`.

        Returns:
            `path` and `bytes` of the file, which is on disk.

        Raises:
            HistoryError: there is too little room, or another one is being made.
            RequestRefused: the file cannot be written; none is left.
        """
        at = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        path = self._directory / f"{_PREFIX}{at:%Y%m%dT%H%M%SZ}{_SUFFIX}"
        part = path.with_name(path.name + _PART)
        with _explained(path):
            file = await asyncio.to_thread(self._create, part)
            try:
                async with aclosing(self._backups.backup()) as pieces:
                    async for piece in pieces:
                        await asyncio.to_thread(file.write, piece)
                size = await asyncio.to_thread(self._finish, file, part, path)
            except BaseException:
                await asyncio.shield(asyncio.to_thread(_discard, file, part))
                raise
        return {"path": str(path.absolute()), "bytes": size}

    def _create(self, part: Path) -> BinaryIO:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._directory.glob(f"{_PREFIX}*{_SUFFIX}{_PART}"):
            # Of a crash: requests come one at a time.
            leftover.unlink(missing_ok=True)
        return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def _finish(self, file: BinaryIO, part: Path, path: Path) -> int:
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
        file.close()
        part.rename(path)
        # By name: the clock of a Pi may be wrong, so the one just made is never among the old.
        others = sorted(self._directory.glob(f"{_PREFIX}*{_SUFFIX}"), reverse=True)
        for old in [one for one in others if one != path][KEPT - 1 :]:
            old.unlink(missing_ok=True)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return size


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RequestRefused(
            f"{path}: {error.strerror or error}; expected to write a backup there"
        ) from error


def _discard(file: BinaryIO, part: Path) -> None:
    # What is buffered may have no room.
    with suppress(OSError):
        file.close()
    part.unlink(missing_ok=True)
