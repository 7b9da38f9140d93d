"""Backups: one consistent state of everything but the configuration file, as one file.

The database is copied beside its writer (`copying.py`). Other files are linked: the gateway
replaces files as a whole and never writes into one, so that a link keeps the state of that moment.
From then on nothing that the gateway does can change what the backup has.
"""

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from blynk_gateway import __version__
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.copying import Stopped, check_database, copy_database
from blynk_gateway.history.backup.file import BackupInvalid, Manifest, check_name, measure, pack
from blynk_gateway.history.backup.on_demand import STAGING, clear_leftovers, discard
from blynk_gateway.history.backup.snapshots import DATABASE, ROOM_LEFT_BYTES

_LEFT_OUT = ("gateway.db", "snapshots", "backups", "lock", "control.sock", "lost+found")
"""Names in the data directory: the database goes by its copy, snapshots are of this machine,
backups would hold each other, and `lost+found`, where it is a disk of its own, is for root alone.
"""

_CONFIGURATION = (".yaml", ".yml")


class Staged(NamedTuple):
    """A state of the data, held still in a directory of its own."""

    directory: Path
    manifest: Manifest


def write_backup(
    data_dir: Path, now_ms: int, progress: Callable[[int], None] | None = None
) -> Iterator[bytes]:
    """The bytes of a backup of a data directory that no gateway uses, in pieces. Blocks.

    Args:
        progress: called with the bytes of the database copied so far.

    Raises:
        HistoryError: there is too little room, or something cannot be read.
    """
    staged = stage(data_dir, now_ms, progress=progress)
    try:
        yield from pack(staged.directory, staged.manifest)
    finally:
        discard(staged.directory)


def stage(
    data_dir: Path,
    now_ms: int,
    *,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
) -> Staged:
    """Hold a state of all data still, below the data directory. Blocks.

    Raises:
        Stopped: `stop` was set; nothing is left. Likewise with the other.
        HistoryError: there is too little room, or something cannot be read.
    """
    clear_leftovers(data_dir)
    source = data_dir / DATABASE
    directory = data_dir / f"{STAGING}{secrets.token_hex(4)}"

    def go_on() -> None:
        if stop is not None and stop.is_set():
            raise Stopped(f"{data_dir}: the backup was given up, as the gateway stops")

    try:
        _check_room(source)
        directory.mkdir(mode=0o700)
        try:
            copy_database(source, directory / DATABASE, stop=stop, progress=progress)
            facts = check_database(directory / DATABASE, stop=stop)
            names = [DATABASE, *_link_files(data_dir, directory)]
            members = tuple(measure(directory, name, go_on=go_on) for name in names)
        except BaseException:
            discard(directory)
            raise
    except OSError as error:
        raise HistoryError(
            f"{error.filename or data_dir}: {error.strerror}; expected to be able to use it"
        ) from error
    manifest = Manifest(__version__, facts.schema, facts.instance_id, now_ms, members)
    return Staged(directory, manifest)


def _check_room(source: Path) -> None:
    needed = source.stat().st_size + ROOM_LEFT_BYTES
    free = shutil.disk_usage(source.parent).free
    if free < needed:
        raise HistoryError(
            f"{source.parent}: {free // 1_000_000} MB are free; expected {needed // 1_000_000} to"
            " hold the database still while it is copied"
        )


def _link_files(data_dir: Path, directory: Path) -> list[str]:
    """Link every other file into the staging directory; returns their names, in order."""
    names = []
    for folder, folders, files in os.walk(data_dir, onerror=_not_listed):
        relative = Path(folder).relative_to(data_dir)
        is_top = relative == Path()
        folders[:] = sorted(one for one in folders if not (is_top and _is_left_out(one)))
        for file in sorted(files):
            path = Path(folder, file)
            if (is_top and _is_left_out(file)) or _is_draft(file) or not _is_plain(path):
                continue
            name = (relative / file).as_posix()
            try:
                check_name(name)
            except BackupInvalid:
                # Nothing of ours has such a name.
                continue
            target = directory / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _link(path, target):
                names.append(name)
    return names


def _not_listed(error: OSError) -> None:
    # What was removed meanwhile is not missed; what may not be read would be.
    if not isinstance(error, FileNotFoundError):
        raise error


def _is_left_out(name: str) -> bool:
    # A leading dot: what is being made, or what somebody else put there.
    return name.startswith((*_LEFT_OUT, ".")) or name.endswith(_CONFIGURATION)


def _is_draft(name: str) -> bool:
    return name.startswith(".") or name.endswith((".part", ".new"))


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _link(path: Path, target: Path) -> bool:
    """Whether the file was still there."""
    try:
        os.link(path, target, follow_symlinks=False)
    except FileNotFoundError:
        return False
    except OSError:
        # Some file systems have no links.
        try:
            shutil.copyfile(path, target, follow_symlinks=False)
        except FileNotFoundError:
            return False
    return True
