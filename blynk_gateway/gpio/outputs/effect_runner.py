"""Runs blink, pulse and fade: one timer while an effect runs, none when it does not."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

from blynk_gateway.gpio.outputs.levels import Levels, between

FADE_STEP_S = 0.02
"""Between the steps of a fade: 50 a second look smooth."""

MAX_FADE_STEPS = 1000
"""A longer fade takes longer steps: finer ones than a thousandth are not to be seen."""


class EffectRunner:
    """One effect at a time; a new one replaces it.

    Args:
        drive: called for each level; it may cancel the effect.
        ended: called with the last level of an effect that came to its end.
    """

    def __init__(self, drive: Callable[[Levels], None], ended: Callable[[Levels], None]) -> None:
        self._drive = drive
        self._ended = ended
        self._steps: Iterator[tuple[float, Levels]] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._last: Levels = ()
        self._keeps_pace = False

    @property
    def is_running(self) -> bool:
        """Whether an effect is under way."""
        return self._timer is not None

    def blink(self, on: Levels, off: Levels, on_ms: int, off_ms: int, times: int) -> None:
        """Go on and off; after so many times (0 for ever) it stays off."""
        self._run(_blink(on, off, on_ms / 1000, off_ms / 1000, times))

    def pulse(self, on: Levels, off: Levels, on_ms: int) -> None:
        """Go on for so long, then off."""
        self._run(iter([(0.0, on), (on_ms / 1000, off)]))

    def fade(self, start: Levels, end: Levels, duration_ms: int) -> None:
        """Go evenly from one level to another."""
        self._run(_fade(start, end, duration_ms / 1000), keeps_pace=True)

    def cancel(self) -> None:
        """Stop where it is. May be called at any time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self, steps: Iterator[tuple[float, Levels]], *, keeps_pace: bool = False) -> None:
        self.cancel()
        self._steps = steps
        self._keeps_pace = keeps_pace
        # The first level comes before anything else runs: whoever asked learns of its failure.
        _, first = next(steps)
        self._last = first
        self._drive(first)
        self._plan(asyncio.get_running_loop().time())

    def _plan(self, from_s: float) -> None:
        step = next(self._steps, None)
        if step is None:
            self._timer = None
            self._ended(self._last)
            return
        after_s, levels = step
        due_s = from_s + after_s
        self._timer = asyncio.get_running_loop().call_at(due_s, self._step, due_s, levels)

    def _step(self, due_s: float, levels: Levels) -> None:
        timer = self._timer
        self._last = levels
        self._drive(levels)
        if self._timer is timer and timer is not None:
            # A relay that went on late stays on for its whole time; a fade catches up.
            self._plan(due_s if self._keeps_pace else asyncio.get_running_loop().time())


def _blink(
    on: Levels, off: Levels, on_s: float, off_s: float, times: int
) -> Iterator[tuple[float, Levels]]:
    for turn in range(times) if times else count():
        yield (off_s if turn else 0.0), on
        yield on_s, off


def _fade(start: Levels, end: Levels, duration_s: float) -> Iterator[tuple[float, Levels]]:
    steps = max(1, min(MAX_FADE_STEPS, round(duration_s / FADE_STEP_S)))
    yield 0.0, start
    for step in range(1, steps + 1):
        yield duration_s / steps, between(start, end, step / steps)
