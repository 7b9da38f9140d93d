"""One process at a time owns the data directory."""

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from blynk_gateway.errors import HistoryError


class HistoryInUse(HistoryError):
    """Another process owns the data directory."""

    code = "history.in_use"
    hint = "Stop the other gateway, or give this one another --data-dir."


class DirectoryLock:
    """Owns a directory from construction until `release` or the end of the process.

    Args:
        path: the lock file; it stays where it is, and names its latest owner.

    Raises:
        HistoryInUse: another process has it.
        HistoryError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            expected = "expected a file to write"
            if error.errno == errno.EROFS:
                expected += ". Of a service, ReadWritePaths= in its unit has to name the directory"
            raise HistoryError(f"{path}: {error.strerror}; {expected}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise HistoryInUse(f"{path.parent} is in use by process {owner}") from error
        # On a full disk it has no name in it, and holds all the same.
        with contextlib.suppress(OSError):
            os.truncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others have it."""
        os.close(self._file)
