"""Asks other programs of the system, such as `systemctl`; none of them can hold a command up."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO

from blynk_gateway.errors import GatewayError

WITHIN_S = 10.0

MOST_BYTES = 4_000_000
"""That is taken of what a program prints; beyond, the end of it."""

_MOST_COMPLAINT = 10_000


class ProgramFailed(GatewayError):
    """Another program is not there, or did not do what it was asked."""

    code = "cli.program"
    hint = "Run it yourself, with sudo, to see what it says."


def output_of(command: Sequence[str], fine: Sequence[int] = (0,)) -> str:
    """What a program prints; whole lines of its end if it is too much.

    Args:
        command: the program, without a shell, and its arguments.
        fine: exit codes that are no failure.

    Raises:
        ProgramFailed: it is not there, takes too long, or fails.
    """
    if os.path.sep not in command[0] and shutil.which(command[0]) is None:
        raise ProgramFailed(f"there is no {command[0]} on this machine")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(  # noqa: S603  fixed programs, and no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
                timeout=WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ProgramFailed(f"{command[0]} did not end within {WITHIN_S:g} s") from None
        if done.returncode not in fine:
            raise ProgramFailed(f"{command[0]} ended with {done.returncode}: {_first_line(err)}")
        size = out.seek(0, os.SEEK_END)
        out.seek(max(0, size - MOST_BYTES))
        text = out.read().decode("utf-8", "replace")
    # What was cut may begin with half a line.
    return text if size <= MOST_BYTES else text.partition("\n")[2]


def _first_line(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read(_MOST_COMPLAINT).decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else "it does not say why"
