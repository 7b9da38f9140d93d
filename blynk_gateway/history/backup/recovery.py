"""The way back from a damaged database: a snapshot stands in for it, and what is lost is said.

1. The damaged file is kept, under another name.
2. The snapshot is copied, never moved: what was good once may be needed twice.
3. A crash in the middle does no harm: first the copy is whole and on disk, then the damaged file
   goes aside, then the copy takes its name. A start that finds a copy but no database does the
   rest.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.copying import check_database, skip_numbers, sync
from blynk_gateway.history.backup.snapshots import (
    GoodSnapshot,
    Snapshot,
    find_good_snapshot,
    list_snapshots,
    parse_snapshot,
)
from blynk_gateway.history.file.database import SIDE_FILES, move_aside


class Recovery(NamedTuple):
    """What became of a damaged database.

    Attributes:
        aside: what the damaged file is called now.
        snapshot: what stands in for it, None for nothing.
        lost_from_ms: what was recorded from here on is lost, None for from the beginning.
        lost_to_ms: to here; UTC ms.
    """

    aside: Path
    snapshot: Snapshot | None
    lost_from_ms: int | None
    lost_to_ms: int

    def __str__(self) -> str:
        """What happened, what was lost, and what can be done, for people."""
        kept = f"the damaged file is kept as {self.aside}"
        to = _shown(self.lost_to_ms)
        if self.snapshot is None:
            return (
                f"there was no good snapshot, so all history up to {to} is lost, with devices and"
                f" API tokens that were added by command: add them again; {kept}"
            )
        begin = "the first change" if self.lost_from_ms is None else _shown(self.lost_from_ms)
        return (
            f"the snapshot of {_shown(self.snapshot.taken_ms)} stands in for it; what was recorded"
            f" or added from {begin} to {to} is lost; {kept}"
        )


def recover(path: Path, now_ms: int, earlier: Recovery | None = None) -> Recovery:
    """Put the latest good snapshot in place of a damaged database. Blocks.

    Without one there is no file at `path` afterwards, and a new one is to be begun.

    Args:
        earlier: what this returned before, if what it put there could not be used either: an older
            snapshot is taken now.

    Raises:
        HistoryError: the directory does not let us, or has no room; nothing is changed, or else
            `recover_at_start` does the rest.
    """
    before = None
    if earlier is not None:
        before = earlier.snapshot.number if earlier.snapshot else 0
    good = find_good_snapshot(path.parent, before)
    draft = None if good is None else _draft_of(path, good.snapshot)
    if earlier is None:
        aside = move_aside(path, now_ms)
        lost_to_ms = min(_written_ms(aside), now_ms)
    else:
        aside, lost_to_ms = earlier.aside, earlier.lost_to_ms
        _remove(path, "", *SIDE_FILES)
    if good is None or draft is None:
        return Recovery(aside, None, None, lost_to_ms)
    return _put_in_place(draft, path, good, aside, lost_to_ms)


def recover_at_start(path: Path, now_ms: int) -> Recovery | None:
    """Do what has to be done before SQLite sees the database; None for nothing. Blocks.

    That is the rest of a `recover` that a crash ended, and the whole of it for a file without a
    byte: SQLite would take it for a new one, but where there are snapshots it was emptied.

    Raises:
        HistoryError: the directory does not let us; what is not done stays to be done.
    """
    if path.exists() and path.stat().st_size == 0 and list_snapshots(path.parent):
        return recover(path, now_ms)
    for draft in path.parent.glob(f"{path.name}.from-*.db"):
        asides = [
            one
            for one in path.parent.glob(f"{path.name}.damaged-*")
            if not one.name.endswith(SIDE_FILES)
        ]
        snapshot = parse_snapshot(draft, draft.name.removeprefix(f"{path.name}.from-"))
        if path.exists() or snapshot is None or not asides:
            # It ended before anything was moved; the draft may be a part of the snapshot.
            _remove(draft, "")
            continue
        aside = max(asides, key=lambda one: one.stat().st_mtime_ns)
        for suffix in SIDE_FILES:
            if not aside.with_name(aside.name + suffix).exists():
                _rename(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
        _remove(path, *SIDE_FILES)
        good = GoodSnapshot(snapshot, check_database(draft))
        return _put_in_place(draft, path, good, aside, min(_written_ms(aside), now_ms))
    return None


def _draft_of(path: Path, snapshot: Snapshot) -> Path:
    """A copy of a snapshot beside the database, on disk; its name says of which."""
    draft = path.with_name(f"{path.name}.from-{snapshot.path.name}")
    try:
        draft.unlink(missing_ok=True)
        with (
            snapshot.path.open("rb") as source,
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target,
        ):
            shutil.copyfileobj(source, target, 1024 * 1024)
        skip_numbers(draft)
        sync(draft)
        sync(draft.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise HistoryError(
            f"{path}: {error.strerror}; expected room for the snapshot {snapshot.path.name}"
        ) from error
    return draft


def _put_in_place(
    draft: Path, path: Path, good: GoodSnapshot, aside: Path, lost_to_ms: int
) -> Recovery:
    try:
        draft.replace(path)
        sync(path.parent)
    except OSError as error:
        raise HistoryError(
            f"{path}: {error.strerror}; expected to put {draft.name} in its place"
        ) from error
    last_ms = good.facts.last_ms
    # Devices may stamp their values a little ahead.
    lost_from_ms = None if last_ms is None else min(last_ms, good.snapshot.taken_ms)
    return Recovery(aside, good.snapshot, lost_from_ms, lost_to_ms)


def _rename(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}; expected to rename it") from error


def _remove(path: Path, *suffixes: str) -> None:
    try:
        for suffix in suffixes:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}; expected to remove it") from error


def _written_ms(path: Path) -> int:
    """When the database was last written to."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return max((one.stat().st_mtime_ns // 1_000_000 for one in files if one.exists()), default=0)


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
