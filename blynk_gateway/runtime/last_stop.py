"""How the run before this one ended, by a small file in the data directory.

It says `running` while the daemon runs and `stopped` afterwards; whatever ends the daemon without
its consent leaves `running` behind.
"""

import json
import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

FILE = "last-stop.json"

_BOOT_ID = "proc/sys/kernel/random/boot_id"


class Ending(StrEnum):
    """How a run ended."""

    FIRST = "first"
    """There was none."""

    CLEAN = "clean"
    KILLED = "killed"
    """The daemon crashed or was killed; the machine went on."""

    POWER = "power"
    """The machine itself was reset, or lost its power."""

    UNKNOWN = "unknown"
    """The file is damaged."""


class LastStop(NamedTuple):
    """The run before.

    Attributes:
        version: which it was, empty if that is not known.
    """

    ending: Ending
    version: str = ""


class RunMarker:
    """Keeps the file. All of it takes a write to disk: to be called in a thread.

    Args:
        root: where `/proc` is.
    """

    def __init__(self, data_dir: Path, root: Path = Path("/")) -> None:
        self._path = data_dir / FILE
        self._root = root
        self._version = ""

    def begin(self, version: str) -> LastStop:
        """Say that a run has begun; returns what became of the one before."""
        found = self._find()
        self._version = version
        self._write("running")
        return found

    def end(self) -> None:
        """Say that the run ended as it should. Without `begin` nothing happens."""
        if self._version:
            self._write("stopped")

    def _find(self) -> LastStop:
        try:
            found = json.loads(self._path.read_text("ascii"))
            state, version, boot = (str(found[name]) for name in ("state", "version", "boot"))
        except FileNotFoundError:
            return LastStop(Ending.FIRST)
        except (OSError, ValueError, KeyError, TypeError):
            return LastStop(Ending.UNKNOWN)
        if state == "stopped":
            return LastStop(Ending.CLEAN, version)
        return LastStop(Ending.KILLED if boot == self._boot() else Ending.POWER, version)

    def _write(self, state: str) -> None:
        content = {"state": state, "version": self._version, "boot": self._boot()}
        beside = self._path.with_suffix(".new")
        try:
            with beside.open("w", encoding="ascii") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            # A full disk must not keep the gateway from running; that it is full is told elsewhere.
            log.warning("run not marked", extra={"path": self._path, "reason": error})

    def _boot(self) -> str:
        try:
            return (self._root / _BOOT_ID).read_text("ascii").strip()
        except (OSError, ValueError):
            return ""
