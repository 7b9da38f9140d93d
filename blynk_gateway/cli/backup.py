"""`backup` and `restore`: all data of a gateway as one file, and back."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from blynk_gateway.cli.access import data_dir_of, running
from blynk_gateway.cli.kept_backups import KeptBackups
from blynk_gateway.cli.new_file import BadTarget, new_file, new_path
from blynk_gateway.cli.output import print_json
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.history.backup.backup import write_backup
from blynk_gateway.history.backup.replacement import restore_backup
from blynk_gateway.history.file.lock import DirectoryLock

_PATH = "/api/v1/backup"

_STANDARD = "-"

_MEGABYTE = 1_000_000
_TELL_EVERY_BYTES = _MEGABYTE // 2

SNAPSHOT_WITHIN_S = 3600.0
"""A gigabyte takes some minutes from and to a slow card before the first byte comes."""


def backup(arguments: Namespace) -> int:
    """Write a backup, by the running gateway or, if there is none, from its data."""
    client = running(arguments)
    data_dir = data_dir_of(arguments)
    now_ms = SystemClock().now_ms()
    kept = KeptBackups(arguments.file, arguments.keep, now_ms) if arguments.keep else None
    with _target(arguments.file, now_ms) as file, _Progress() as progress:

        def write(piece: bytes) -> None:
            if kept:
                kept.check_room(len(piece))
            file.write(piece)
            progress.add("written", len(piece))

        if client.is_served:
            progress.say("the gateway takes a snapshot of its data")
            for piece in client.download(_PATH, SNAPSHOT_WITHIN_S):
                write(piece)
        else:
            progress.say("no gateway runs; taking a snapshot of its data")
            with _as_owner(data_dir):
                lock = DirectoryLock(data_dir / "lock")
                try:
                    for piece in write_backup(data_dir, now_ms):
                        write(piece)
                finally:
                    lock.release()
    if kept:
        kept.remove_old()
    return 0


def restore(arguments: Namespace) -> int:
    """Replace all data by those of a backup. The old ones are kept."""
    data_dir = data_dir_of(arguments)
    with _source(arguments.file) as file, _Progress() as progress:
        restored = restore_backup(file, data_dir, SystemClock().now_ms(), progress.read)
    manifest, before = restored
    if arguments.json:
        print_json(
            {
                "data_dir": str(data_dir),
                "before": None if before is None else str(before),
                "at_ms": manifest.at_ms,
                "instance_id": manifest.instance_id,
                "files": len(manifest.members),
                "bytes": manifest.size_bytes,
            }
        )
        return 0
    at = datetime.fromtimestamp(manifest.at_ms / 1000, UTC)
    size = _size(manifest.size_bytes)
    print(f"{data_dir} is as it was on {at:%Y-%m-%d %H:%M} UTC ({size}).")
    if before is not None:
        print(f"The old data are kept as {before}.")
        print("Remove that when all is well.")
    return 0


class _Progress:
    """Tells how far it is: on a terminal all the time on one line, else in few words."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._total = 0
        self._told = 0
        self._verb = ""

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._verb:
            sys.stderr.write(f"{self._line()}\n")

    def say(self, text: str) -> None:
        """Tell something of its own."""
        sys.stderr.write(f"{text} …\n")
        sys.stderr.flush()

    def add(self, verb: str, count: int) -> None:
        """So many bytes more."""
        self._verb = verb
        self._total += count
        if self._is_live and self._total - self._told >= _TELL_EVERY_BYTES:
            self._told = self._total
            sys.stderr.write(self._line())
            sys.stderr.flush()

    def read(self, total: int) -> None:
        """So many bytes of a backup were read in all."""
        self.add("read", total - self._total)

    def _line(self) -> str:
        start = "\r" if self._is_live else ""
        return f"{start}{_size(self._total)} {self._verb}"


def _size(count: int) -> str:
    # A backup of a young gateway is not "0.0 MB".
    if count < _MEGABYTE:
        return f"{count / 1000:.0f} kB"
    return f"{count / _MEGABYTE:.1f} MB"


@contextmanager
def _target(name: str, now_ms: int) -> Iterator[IO[bytes]]:
    """The file to write; it has its name only once it is whole and on disk."""
    if name == _STANDARD:
        if sys.stdout.isatty():
            raise BadTarget("standard output is a terminal; expected a file or a pipe")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with new_file(new_path(name, "blynk-gateway", now_ms)) as file:
        yield file


@contextmanager
def _source(name: str) -> Iterator[IO[bytes]]:
    if name == _STANDARD:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


@contextmanager
def _as_owner(data_dir: Path) -> Iterator[None]:
    """As root, act as the user the data belongs to: files of root would lock the gateway out."""
    if os.geteuid() != 0 or not data_dir.exists():
        yield
        return
    status, group = data_dir.stat(), os.getegid()
    os.setegid(status.st_gid)
    os.seteuid(status.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
