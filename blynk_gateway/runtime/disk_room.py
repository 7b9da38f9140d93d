"""What the data take, and what is left on their disk."""

import shutil
from pathlib import Path
from typing import NamedTuple


class DiskRoom(NamedTuple):
    """In bytes.

    Attributes:
        data: files at the top of the data directory: the database and its log.
        free: what is left on the disk for this user.
        total: size of the disk.
    """

    data: int
    free: int
    total: int


def disk_room(data_dir: Path) -> DiskRoom:
    """Measure. A disk may take its time to answer: to be called in a thread.

    Raises:
        OSError: the directory cannot be looked at.
    """
    total, _, free = shutil.disk_usage(data_dir)
    return DiskRoom(sum(map(_size_bytes, data_dir.iterdir())), free, total)


def _size_bytes(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except FileNotFoundError:
        # The log of the database comes and goes.
        return 0
