"""Output lines that the kernel drives for us, for longer than this process lives.

1. A line keeps its level as long as anybody has its descriptor open. `runtime.descriptors` has a
   copy, and with it the service manager: a relay does not move while the gateway is away.
2. A line that was handed over is driven on by the same descriptor. It is never claimed anew, so
   there is no moment at which nobody holds it.
3. It is freed when its output is closed and the process goes on, and when something else is to use
   it. At the end of the process nothing is freed: a service that is stopped for good loses its
   descriptors, one that begins anew goes on with them.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Collection

from blynk_gateway.errors import HardwareError, LineUnavailable
from blynk_gateway.gpio.lines.chip import (
    claim_output,
    drive_held_level,
    read_held_level,
    read_lines,
)
from blynk_gateway.runtime.descriptors import LINE, Descriptors

log = logging.getLogger(__name__)

FREE_WITHIN_S = 0.5
"""How long to wait for the last copy of a descriptor to close: systemd closes in the background."""

LOOK_EVERY_S = 0.005


class HeldOutput:
    """One line, on or off; made by `HeldOutputs.claim`."""

    def __init__(self, outputs: "HeldOutputs", line: int, held: int, *, active_high: bool) -> None:
        self._outputs = outputs
        self._line = line
        self._held = held
        self._active_high = active_high

    def drive(self, fraction: float) -> None:
        """Have it on or off.

        Raises:
            OSError: it cannot be driven any more.
        """
        drive_held_level(self._held, int(bool(fraction) is self._active_high))

    @property
    def fraction(self) -> float:
        """1 for on, 0 for off, as the kernel sees the line."""
        return float(bool(read_held_level(self._held)) is self._active_high)

    def release(self) -> None:
        """Give it up; it is free after `HeldOutputs.free_released`. May be called twice."""
        self._outputs.give_back(self._line, is_wanted=False)

    def leave(self) -> None:
        """Forget it, driven as it is, until it is claimed again."""
        self._outputs.give_back(self._line, is_wanted=True)


class HeldOutputs:
    """All of them.

    Attributes:
        is_ending: whether the process ends, so that what is given up stays as it is.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self.is_ending = False
        self._descriptors = descriptors
        self._held: dict[int, int] = {}
        self._chip = ""
        self._in_use: set[int] = set()
        self._released: set[int] = set()
        for name, fd in descriptors.kept(LINE).items():
            number = name.removeprefix(LINE)
            # What is no line is forgotten with the lines that nobody wants.
            with contextlib.suppress(OSError):
                if number.isdecimal():
                    read_held_level(fd)
                    self._held[int(number)] = os.dup(fd)

    def claim(self, chip: str, line: int, *, active_high: bool, is_on: bool) -> HeldOutput:
        """Have a line be an output of this level, which it may be already.

        Args:
            chip: path of the chip.

        Raises:
            LineUnavailable: somebody holds it.
            HardwareError, OSError: it cannot be driven.
        """
        if line in self._in_use:
            raise LineUnavailable(f"GPIO{line} is in use by another output; expected a free line")
        level = int(is_on is active_high)
        held = self._held.get(line)
        if held is None:
            held = self._held[line] = claim_output(chip, line, level)
            self._descriptors.keep(f"{LINE}{line}", held)
        else:
            try:
                drive_held_level(held, level)
            except OSError:
                # Its chip is gone: what has come in its place is to be claimed anew.
                os.close(self._held.pop(line))
                raise
        self._chip = chip
        self._in_use.add(line)
        self._released.discard(line)
        return HeldOutput(self, line, held, active_high=active_high)

    def find_level(self, line: int) -> int | None:
        """The level of a line that is held, 0 or 1, None for one that is not.

        Raises:
            OSError: it cannot be read.
        """
        held = self._held.get(line)
        return None if held is None else read_held_level(held)

    def drive_unclaimed(self, line: int, *, is_on: bool, active_high: bool) -> None:
        """Drive a line that was handed over, if it was, although no output has it."""
        held = self._held.get(line)
        # One that cannot be driven does what it does.
        with contextlib.suppress(OSError):
            if held is not None:
                drive_held_level(held, int(is_on is active_high))

    def give_back(self, line: int, *, is_wanted: bool) -> None:
        """Nobody drives a line any more.

        Args:
            is_wanted: whether it shall stay as it is.
        """
        self._in_use.discard(line)
        if line in self._held and not (is_wanted or self.is_ending):
            self._released.add(line)

    async def free_released(self) -> None:
        """Have others find free what was given up."""
        while self._released:
            await self._free(self._released.pop())

    async def make_room(self, lines: Collection[int]) -> None:
        """Free those of these lines that were left as they were: something else is to use them."""
        for line in [line for line in lines if line in self._held and line not in self._in_use]:
            await self._free(line)

    async def free_all_but(self, lines: Collection[int], chip: str) -> None:
        """Free what was handed over, and no output drives any more.

        Args:
            chip: path of the chip; empty for none.
        """
        self._chip = chip
        for line in [line for line in self._held if line not in lines]:
            log.info("gpio line let go", extra={"line": line})
            await self._free(line)
        for name in self._descriptors.kept(LINE):
            if name.removeprefix(LINE) not in map(str, self._held):
                await self._descriptors.forget(name)

    async def _free(self, line: int) -> None:
        os.close(self._held.pop(line))
        await self._descriptors.forget(f"{LINE}{line}")
        with contextlib.suppress(TimeoutError, HardwareError):
            async with asyncio.timeout(FREE_WITHIN_S):
                while self._chip and read_lines(self._chip, [line])[0].is_used:  # noqa: ASYNC110  no event tells
                    await asyncio.sleep(LOOK_EVERY_S)
