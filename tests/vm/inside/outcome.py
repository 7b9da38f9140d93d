"""What a scenario has to say: facts that it measured, or why it failed.

A line for the host begins with `MARK`, then a JSON object; everything else is for who looks into
the log.
"""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

POLL_S = 0.05

COMMAND_LIMIT_S = 900.0
"""Of one that hangs: apt alone takes minutes where the emulator shares its processor."""

MARK = "@@ "

_PORT_OF_THE_HOST = Path("/dev/virtio-ports/vm.status")


class Failed(Exception):
    """A promise that was not kept."""


@dataclass
class Facts:
    """What a scenario measured, in its order, for the table."""

    found: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: object, unit: str = "") -> None:
        """Add one; a number is rounded to what the emulated machine can tell."""
        text = f"{value:.2f}" if isinstance(value, float) else str(value)
        self.found[name] = f"{text} {unit}".strip()


Scenario = Callable[[Facts], None]
"""Adds what it measures; raises `Failed`. The first paragraph of its docstring is its promise."""


def refuse_outside() -> None:
    """Fail anywhere but in the guest of run-in-vm: a scenario sets the clock and fills the disk.

    Raises:
        Failed: this is some other machine.
    """
    expect(_PORT_OF_THE_HOST.exists(), "this runs in a guest of run-in-vm alone")


def tell(**facts: Any) -> None:  # noqa: ANN401  whatever JSON can say
    """Tell the host something."""
    print(MARK + json.dumps(facts), flush=True)


def promise_of(scenario: Scenario) -> str:
    """In one line."""
    return " ".join((scenario.__doc__ or "").split("\n\n")[0].split())


def expect(is_kept: object, promise: str) -> None:
    """Fail unless a promise is kept.

    Raises:
        Failed: with the promise.
    """
    if not is_kept:
        raise Failed(promise)


def equal(found: object, expected: object, what: str) -> None:
    """Fail unless something is as expected.

    Raises:
        Failed: with both.
    """
    if found != expected:
        raise Failed(f"{what}: found {found!r}, expected {expected!r}")


def within(limit_s: float, probe: Callable[[], T], what: str) -> T:
    """The first true answer of a probe.

    Raises:
        Failed: there was none in time; with what was awaited, and the last answer.
    """
    end = time.monotonic() + limit_s
    while True:
        began = time.monotonic()
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"not within {limit_s:g} s: {what} (last answer: {found!r})")
        # A process is dear here: whoever asks all the time slows down what it waits for.
        time.sleep(max(POLL_S, 5 * (time.monotonic() - began)))


def run(*command: str, limit_s: float = COMMAND_LIMIT_S, text: str | None = None) -> str:
    """Standard output of a command.

    Raises:
        Failed: it failed, or took too long; with what it printed.
    """
    code, out = attempt(*command, limit_s=limit_s, text=text)
    if code != 0:
        raise Failed(f"{' '.join(command)}: exit status {code}\n{out}")
    return out


def attempt(
    *command: str, limit_s: float = COMMAND_LIMIT_S, text: str | None = None
) -> tuple[int, str]:
    """Exit status of a command that may fail, and what it printed.

    Of one that went well it is standard output alone.

    Raises:
        Failed: it took too long.
    """
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)}: not done within {limit_s:g} s") from None
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr
