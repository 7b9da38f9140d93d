"""A file that a command makes: never in place of another, and never half under its own name."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from blynk_gateway.errors import GatewayError


class BadTarget(GatewayError):
    """A file cannot be made there."""

    code = "cli.target"
    hint = "Name a file that is not there yet, or a directory."


def new_path(name: str, stem: str, now_ms: int) -> Path:
    """The path a name stands for; in a directory one of `stem` and the time.

    Raises:
        BadTarget: it is there already, or its directory is not.
    """
    path = Path(name)
    if name.endswith("/") and not path.is_dir():
        raise BadTarget(f"{name} is no directory; expected one: is its disk there, and mounted?")
    if path.is_dir():
        path /= f"{stem}-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}.tar.gz"
    if path.exists():
        raise BadTarget(f"{path} is there already; expected a new name")
    return path


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file of mode 0600 to write; it has its name only once it is whole and on disk.

    Raises:
        BadTarget: there is one of that name meanwhile.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename this never replaces what came there meanwhile.
        _name_it(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _name_it(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        raise BadTarget(f"{path} is there already; expected a new name") from None
    except OSError:
        # A stick with FAT has no links.
        draft.rename(path)
