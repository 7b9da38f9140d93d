"""Edges as the kernel tells them: no library, no thread, and no wake-up without an edge.

1. The time of an edge is the kernel's, taken as it happened.
2. While the loop is late the kernel keeps `KEPT` edges of a line and then gives up the oldest.
   Those that follow tell how many, so they are counted.
3. A pulse that is over before the kernel looks at the line is told as one edge, to the level that
   was there before, or as two of them. Levels take turns, so the edge between is counted too: of
   pulses that short a few are counted twice (measured: 2 to 5 % instead of 12 % lost).

Source: include/uapi/linux/gpio.h, version 2; `edge_irq_thread` in drivers/gpio/gpiolib-cdev.c.
"""

import asyncio
import logging
import os
import struct
from collections.abc import Callable

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.core.clock import Clock
from blynk_gateway.gpio.lines.chip import (
    FLAG_EDGE_FALLING,
    FLAG_EDGE_RISING,
    FLAG_INPUT,
    FLAG_NO_PULL,
    FLAG_PULL_DOWN,
    FLAG_PULL_UP,
    claim_line,
    read_held_level,
)
from blynk_gateway.gpio.lines.edge import Edge, Edges, WatchedLine

log = logging.getLogger(__name__)

KEPT = 1024
"""The most that the kernel keeps, 48 KiB: a fifth of a second at 5,000 edges a second."""

EVENT = struct.Struct("QIIII24x")
"""gpio_v2_line_event: ns since the machine started, kind, line, number among all lines of the
request, number among those of this line."""

RISING = 1

_PULL_FLAGS = {Pull.UP: FLAG_PULL_UP, Pull.DOWN: FLAG_PULL_DOWN, Pull.NONE: FLAG_NO_PULL}
_NUMBERS = 1 << 32


class KernelLine(WatchedLine):
    """A line that the kernel watches; made by `watch_kernel_line`.

    Args:
        held: descriptor of the claimed line.
        level: before the first edge.
    """

    def __init__(
        self, held: int, level: int, handler: Callable[[Edges], None], clock: Clock
    ) -> None:
        self._held: int | None = held
        self._last_level = level
        self._last_number = 0
        self._handler = handler
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(held, self._take)

    @property
    def level(self) -> int:
        """The electrical level at this moment, debounced."""
        if self._held is None:
            raise OSError("the line is closed")
        return read_held_level(self._held)

    def close(self) -> None:
        """Tell nothing more and give the line up."""
        held, self._held = self._held, None
        if held is not None:
            self._loop.remove_reader(held)
            os.close(held)

    def _take(self) -> None:
        assert self._held is not None, "nothing is read from a closed line"
        try:
            data = os.read(self._held, KEPT * EVENT.size)
        except BlockingIOError:
            return
        except OSError as error:
            # The chip is gone, and would wake the loop for ever.
            self._loop.remove_reader(self._held)
            log.error("gpio line is lost", extra={"error": str(error)})  # noqa: TRY400  it says all
            return
        self.deliver(data)

    def deliver(self, data: bytes) -> None:
        """Tell the events that the kernel gave."""
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        edges = []
        counts = [0, 0]
        lost = 0
        for ns, kind, _, _, number in EVENT.iter_unpack(data):
            level = 1 if kind == RISING else 0
            missing = (number - self._last_number - 1) % _NUMBERS
            # An odd number of edges lies between two of one level, else an even one.
            missing += (missing + (level == self._last_level)) % 2
            lost += missing
            # The first of them was the opposite of the one before.
            counts[1 - self._last_level] += (missing + 1) // 2
            counts[self._last_level] += missing // 2
            counts[level] += 1
            at_s = ns / 1e9
            edges.append(Edge(level, now_ms - round((now_s - at_s) * 1000), at_s, at_s))
            self._last_number, self._last_level = number, level
        if edges:
            falling, rising = counts
            self._handler(Edges(tuple(edges), rising, falling, lost))


def watch_kernel_line(
    chip: str,
    line: int,
    *,
    pull: Pull,
    debounce_ms: int,
    handler: Callable[[Edges], None],
    clock: Clock,
) -> KernelLine:
    """Claim an input line and have its edges told on the running loop.

    Args:
        chip: path of the chip.
        debounce_ms: a level counts once it lasted so long, 0 for at once.
        clock: the machine's, which the kernel's times are by.

    Raises:
        HardwareError, OSError: it is in use or cannot do what is asked; nothing is claimed.
    """
    flags = FLAG_INPUT | FLAG_EDGE_RISING | FLAG_EDGE_FALLING | _PULL_FLAGS[pull]
    held = claim_line(chip, line, flags, debounce_ms=debounce_ms, buffer=KEPT)
    try:
        level = read_held_level(held)
    except BaseException:
        os.close(held)
        raise
    return KernelLine(held, level, handler, clock)
