"""Which devices commands have added, for whoever has no running gateway to ask."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

DATABASE = "gateway.db"

BUSY_TIMEOUT_S = 5.0


def known_devices(data_dir: Path) -> frozenset[str] | None:
    """Slugs of the devices in the database; None if it cannot be read.

    Changes nothing, and leaves no file behind that the gateway could not open.
    """
    path = data_dir / DATABASE
    try:
        if not path.exists():
            return frozenset()
        uri = f"{path.absolute().as_uri()}?{_mode(path)}"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            return frozenset(slug for (slug,) in connection.execute("SELECT device FROM device"))
    except (OSError, sqlite3.Error):
        return None


def _mode(path: Path) -> str:
    """How to open the database.

    Reading it means making the files of its write-ahead log where they are not there. Those of
    another user, such as root, would lock the gateway out: then only the database itself is read.
    """
    is_ours = path.stat().st_uid == os.geteuid()
    has_log = all(Path(f"{path}{suffix}").exists() for suffix in ("-wal", "-shm"))
    return "mode=ro" if is_ours or has_log else "immutable=1"
