"""A directory of backups made by a timer: the latest few stay, and its disk keeps some room."""

import re
import shutil
from contextlib import suppress
from pathlib import Path

from blynk_gateway.cli.new_file import BadTarget

ROOM_LEFT_BYTES = 50_000_000
"""Nobody looks on while it fills: as much as the gateway itself leaves beside its snapshots."""

_NAME = re.compile(r"blynk-gateway-\d{8}T\d{6}Z\.tar\.gz")
_DRAFT = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]{{8}}")

_DRAFT_OLD_S = 86_400
"""A draft of this age is of a power cut; nobody writes on a backup for so long."""

_MEGABYTE = 1_000_000


class KeptBackups:
    """What is in the directory before a new backup comes. Removes drafts of a power cut.

    Args:
        name: of the directory.
        count: how many backups stay in it, the new one among them.

    Raises:
        BadTarget: it is none.
    """

    def __init__(self, name: str, count: int, now_ms: int) -> None:
        self._directory = Path(name)
        self._count = count
        if not self._directory.is_dir():
            raise BadTarget(f"{name} is no directory; expected one for --keep")
        paths = list(self._directory.iterdir())
        # By name and not by age, and the new one is not among them: a Pi's clock may be wrong.
        self._old = sorted(path for path in paths if _NAME.fullmatch(path.name))
        for path in paths:
            if _DRAFT.fullmatch(path.name):
                _remove_if_old(path, now_ms)

    def check_room(self, size: int) -> None:
        """Raises BadTarget if so many bytes more would fill the disk."""
        free = shutil.disk_usage(self._directory).free
        if free - size < ROOM_LEFT_BYTES:
            raise BadTarget(
                f"{self._directory}: {free // _MEGABYTE} MB are free; expected the backup to leave"
                f" {ROOM_LEFT_BYTES // _MEGABYTE}. Keep fewer of them, or on another disk"
            )

    def remove_old(self) -> None:
        """Make the directory as it is to be, now that the new one is whole."""
        for path in self._old[: max(0, len(self._old) + 1 - self._count)]:
            path.unlink(missing_ok=True)


def _remove_if_old(draft: Path, now_ms: int) -> None:
    with suppress(FileNotFoundError):
        if now_ms / 1000 - draft.stat().st_mtime > _DRAFT_OLD_S:
            draft.unlink()
