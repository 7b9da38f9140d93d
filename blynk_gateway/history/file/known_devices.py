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
        with closing(
            sqlite3.connect(read_only_uri(path), uri=True, timeout=BUSY_TIMEOUT_S)
        ) as connection:
            return frozenset(slug for (slug,) in connection.execute("SELECT device FROM device"))
    except (OSError, sqlite3.Error):
        return None


def read_only_uri(path: Path) -> str:
    """The database as a URI for `sqlite3.connect`, to be read and never written.

    Reading it means making the files of its write-ahead log where they are not there. Those of
    another user, such as root, would lock the gateway out: then only the database itself is read.

    Raises:
        OSError: it is not there, or may not be looked at.
    """
    is_ours = path.stat().st_uid == os.geteuid()
    has_log = all(Path(f"{path}{suffix}").exists() for suffix in ("-wal", "-shm"))
    mode = "mode=ro" if is_ours or has_log else "immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"
