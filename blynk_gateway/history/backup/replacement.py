"""The way back of a backup: unpacked beside the data directory, checked, and swapped with it.

1. Nothing of the data directory is touched before all of the backup is found good and on disk.
2. The swap is one step of the file system: a power cut leaves the old directory or the new one.
   Where the file system has no such step (some network disks) there are two.
3. The old directory is kept under a name that says so from that step on; removing it is for people.
   A hidden directory is never more than a part of a backup: the next restore removes it.
"""

import ctypes
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from blynk_gateway.errors import HistoryError, SchemaTooNew
from blynk_gateway.history.backup.copying import check_database, skip_numbers, sync
from blynk_gateway.history.backup.file import BackupInvalid, Manifest, unpack
from blynk_gateway.history.backup.snapshots import DATABASE, ROOM_LEFT_BYTES
from blynk_gateway.history.file.lock import DirectoryLock
from blynk_gateway.history.file.migration import STEPS

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""Source: renameat2(2); since Linux 3.15 and glibc 2.28."""

_CONFIGURATION = ("*.yaml", "*.yml")


class RestoredBackup(NamedTuple):
    """What was done.

    Attributes:
        before: where the old data directory is now, None if there was none.
    """

    manifest: Manifest
    before: Path | None


def restore_backup(
    source: IO[bytes], data_dir: Path, now_ms: int, progress: Callable[[int], None]
) -> RestoredBackup:
    """Put the data of a backup in place of the data directory. Blocks.

    The user of the old directory has the new one too; as root the caller need not be that user.

    Args:
        progress: called with the bytes of `source` read so far.

    Raises:
        HistoryInUse: a gateway runs on the directory.
        BackupInvalid: the backup cannot be used. Nothing is changed; likewise with the others.
        SchemaTooNew: a later version made it.
        HistoryError: something cannot be read or written.
    """
    data_dir = data_dir.resolve()
    hidden = f".{data_dir.name}.restore-"
    staging = data_dir.with_name(f"{hidden}{secrets.token_hex(4)}")
    try:
        with _owned(data_dir):
            if data_dir.exists():
                # Nobody else restores now. What a crash left may take all the room there is.
                for leftover in data_dir.parent.glob(f"{hidden}*"):
                    shutil.rmtree(leftover, ignore_errors=True)
            try:
                staging.mkdir(mode=0o700)
                manifest = _fill(staging, source, data_dir.parent, progress)
                _take_over(data_dir, staging)
                before = _free_name(data_dir, now_ms)
                _swap(data_dir, staging, before)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
            sync(data_dir.parent)
            return RestoredBackup(manifest, before)
    except OSError as error:
        raise HistoryError(
            f"{error.filename or data_dir}: {error.strerror}; expected to replace {data_dir}: use"
            " sudo if its parent directory belongs to root, and give it room on one file system"
        ) from error


def _fill(
    staging: Path, source: IO[bytes], parent: Path, progress: Callable[[int], None]
) -> Manifest:
    def check(manifest: Manifest) -> None:
        if DATABASE not in (member.name for member in manifest.members):
            raise BackupInvalid(f"there is no {DATABASE} in it")
        if manifest.schema > len(STEPS):
            raise SchemaTooNew(
                f"the backup has schema version {manifest.schema}, made by version"
                f" {manifest.made_by}; expected at most {len(STEPS)}"
            )
        free, needed = shutil.disk_usage(parent).free, manifest.size_bytes + ROOM_LEFT_BYTES
        if free < needed:
            raise HistoryError(
                f"{parent}: {free // 1_000_000} MB are free; expected {needed // 1_000_000}"
            )

    manifest = unpack(source, staging, check=check, progress=progress)
    facts = check_database(staging / DATABASE)
    if (facts.schema, facts.instance_id) != (manifest.schema, manifest.instance_id):
        raise BackupInvalid(f"{DATABASE} is not the one that the manifest is of")
    skip_numbers(staging / DATABASE)
    return manifest


def _take_over(data_dir: Path, staging: Path) -> None:
    """Let the new directory have the old one's owner, and a configuration that was in it."""
    if data_dir.exists():
        for pattern in _CONFIGURATION:
            for path in data_dir.glob(pattern):
                shutil.copy2(path, staging / path.name)
    owner = (data_dir if data_dir.exists() else data_dir.parent).stat()
    for folder, _, files in os.walk(staging):
        for path in (Path(folder), *(Path(folder, file) for file in files)):
            if os.geteuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
            sync(path)


def _free_name(data_dir: Path, now_ms: int) -> Path | None:
    """What the old directory will be called, None if there is none."""
    if not data_dir.exists():
        return None
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    before = data_dir.with_name(f"{data_dir.name}.before-restore-{stamp}")
    if before.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(before))
    return before


def _swap(data_dir: Path, staging: Path, before: Path | None) -> None:
    """Put the new directory in place; the old one is at `before` then."""
    if before is None:
        staging.rename(data_dir)
        return
    # Under this name first, so that the old one has it from the exchange on, whatever comes.
    staging.rename(before)
    try:
        if _exchange(data_dir, before):
            return
    except OSError:
        before.rename(staging)
        raise
    before.rename(staging)
    data_dir.rename(before)
    try:
        staging.rename(data_dir)
    except OSError:
        before.rename(data_dir)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Swap two directories in one step; False where the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(code, os.strerror(code), str(one))


@contextmanager
def _owned(data_dir: Path) -> Iterator[None]:
    """Keep gateways off the directory, if there is one."""
    if not data_dir.exists():
        yield
        return
    path = data_dir / "lock"
    was_there = path.exists()
    lock = DirectoryLock(path)
    try:
        if not was_there and os.geteuid() == 0:
            # A lock of root's would keep the gateway itself off.
            owner = data_dir.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
        yield
    finally:
        lock.release()
