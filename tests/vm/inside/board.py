"""The simulated board from outside: wires, sensors, and a witness of what a line does."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.vm.inside.outcome import Failed, run

_LINES = Path("/run/pi-sim/gpio")


def level(line: int) -> int:
    """What the hardware at an output sees."""
    return int((_LINES / f"sim_gpio{line}/value").read_text())


def wire(line: int, to: int) -> None:
    """Put a level on an input, as a finger on a button does."""
    run("pi-board", "set", str(line), str(to))


def converter(*counts: int) -> None:
    """What the channels of the MCP3008 measure, 0 to 1023."""
    run("pi-board", "adc", "mcp3008", *map(str, counts))


def temperature(millidegrees: int) -> None:
    """What the DS18B20 measures."""
    run("pi-board", "temperature", str(millidegrees))


class Testimony(NamedTuple):
    """What a line did.

    Attributes:
        levels: those it had, one after the other; one alone if it never changed.
        free_ms: how long it was without anyone who holds it, each time.
    """

    levels: list[int]
    free_ms: list[float]

    def steadiness(self) -> str:
        """For the table: what became of the level, and how long nobody held the line."""
        moved = "unchanged" if len(self.levels) == 1 else "→".join(map(str, self.levels))
        if not self.free_ms:
            return f"{moved}, held throughout"
        return f"{moved}, free for {max(self.free_ms):.2f} ms"


class Witness:
    """Looks at an output while its context is open; see `witness.py`."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._process: subprocess.Popen[str] | None = None
        self._testimony: Testimony | None = None

    @property
    def testimony(self) -> Testimony:
        """When the context was left.

        Raises:
            Failed: it was not.
        """
        if self._testimony is None:
            raise Failed("the witness still looks")
        return self._testimony

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.vm.inside.witness", str(self._line)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        # It says when it looks.
        self._process.stdout.readline()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=20)
        if kind is None:
            self._testimony = Testimony(**json.loads(out))
