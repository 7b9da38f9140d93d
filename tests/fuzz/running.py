"""What every fuzzer shares: the loop over inputs, the report of a find, and the command line.

`python -m tests.fuzz.fuzz_X --seconds 60 [--seed N]` runs until the time is over or the promise
breaks; the input that broke it is printed as hex, ready to become a file of the corpus and a test.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tests.helpers.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

TOO_SLOW_S = 5.0
"""No input may keep its target busy for so long: a hundred times what any of them takes."""

SHOWN_BYTES = 4096


class Target(Protocol):
    """What is under attack."""

    def make_input(self, rng: random.Random) -> bytes:
        """The next input."""

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Give it the input; an exception means that the promise broke."""


Opening: TypeAlias = "Callable[[], AbstractAsyncContextManager[Target]]"
"""Starts a target, and ends it."""


def fuzz(opening: Opening, seed: int, rounds: int | None = None, until: float | None = None) -> int:
    """Run `rounds` inputs, or until `until` on the monotonic clock; returns how many ran.

    Raises:
        AssertionError: the promise broke; the message holds seed, round and input.
    """
    return asyncio.run(_fuzz(opening, seed, rounds, until))


def main(description: str | None, opening: Opening) -> None:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = parser.parse_args()
    # Logging is part of what is attacked: every line is made, none is shown.
    logging.basicConfig(level=logging.DEBUG, handlers=[logging.NullHandler()])
    done = fuzz(opening, options.seed, until=time.monotonic() + options.seconds)
    print(f"{done} inputs, seed {options.seed}: no fault found")  # noqa: T201 - a script


async def _fuzz(opening: Opening, seed: int, rounds: int | None, until: float | None) -> int:
    rng = random.Random(seed)  # noqa: S311 - inputs must be repeatable, not secret
    done = 0
    async with opening() as target:
        with _Complaints() as complaints:
            while (rounds is None or done < rounds) and (until is None or time.monotonic() < until):
                data = target.make_input(rng)
                began, busy_from = time.monotonic(), time.process_time()
                try:
                    await target.check(data, rng)
                    took_s, busy_s = time.monotonic() - began, time.process_time() - busy_from
                    assert busy_s < TOO_SLOW_S, f"it took {busy_s:.1f} s of computing"
                    assert took_s < PATIENCE_S, f"it took {took_s:.1f} s"
                    complaints.check()
                except Exception as error:
                    shown = data[:SHOWN_BYTES].hex(" ")
                    msg = f"seed {seed}, round {done}, input {shown}"
                    raise AssertionError(msg) from error
                done += 1
    return done


class _Complaints(logging.Handler):
    """Errors and tracebacks in the log, and what the event loop was told of."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self._found: list[str] = []

    def __enter__(self) -> _Complaints:
        # Python keeps the text of each warning for ever: none may have a peer's bytes in it.
        warnings.simplefilter("error", append=True)
        logging.getLogger().addHandler(self)
        asyncio.get_running_loop().set_exception_handler(self._unhandled)
        sys.unraisablehook = self._unraisable
        return self

    def __exit__(self, *_: object) -> None:
        sys.unraisablehook = sys.__unraisablehook__
        asyncio.get_running_loop().set_exception_handler(None)
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it if it is a traceback or an error."""
        if record.levelno >= logging.ERROR or record.exc_info:
            self._found.append(logging.Formatter().format(record))

    def check(self) -> None:
        """Fail if something was complained of."""
        found, self._found = self._found, []
        assert not found, "\n".join(found)

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._found.append(str(context))

    def _unraisable(self, told: sys.UnraisableHookArgs) -> None:
        self._found.append(f"{told.err_msg}: {told.exc_value!r} in {told.object!r}")
