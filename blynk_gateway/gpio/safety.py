"""What keeps outputs from doing harm: a longest time on, and groups of which one is on at a time.

1. `max_on` counts from the moment an output went on, through effects, repeated commands, restarts,
   reloads and crashes, until it goes off.
2. In an interlock group one that is to go on has the others go off first, and then waits. Whatever
   comes last wins: who is told to go off forgets what it was about to do.
3. It knows nothing of hardware: outputs do what it asks them.
"""

import asyncio
import logging
from collections import defaultdict
from typing import Protocol

from blynk_gateway.config.gpio.common import DrivenOptions, Level
from blynk_gateway.config.gpio.outputs import EnergenieOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError, NotWritable
from blynk_gateway.gpio.memory import GpioMemory

log = logging.getLogger(__name__)


class Guarded(Protocol):
    """An output, as this module sees it."""

    @property
    def options(self) -> DrivenOptions:
        """What was configured."""

    @property
    def is_active(self) -> bool:
        """Whether it is on, runs an effect, or waits for going on."""

    def go_off(self, cause: PinChange | None) -> None:
        """Go off at once and report it; if that fails, the host learns of it."""


class Safety:
    """One for all outputs.

    Args:
        memory: remembers since when outputs are on.
    """

    def __init__(self, clock: Clock, memory: GpioMemory) -> None:
        self._clock = clock
        self._memory = memory
        self._groups: dict[str, dict[str, Guarded]] = defaultdict(dict)
        self._on: set[str] = set()
        self._left_on: list[DrivenOptions] = []
        self._off_at_s: dict[str, float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def join(self, output: Guarded) -> None:
        """An output is open from now on, and off until it says otherwise."""
        options = output.options
        self._left_on = [left for left in self._left_on if not _is_same(left, options)]
        if options.interlock is not None:
            self._groups[options.interlock][options.name] = output
            # Nobody knows for how long it has been off.
            self._off_at_s[options.name] = self._clock.monotonic()

    def part(self, output: Guarded, *, is_left_on: bool) -> None:
        """An output is closed; the time it was on counts on, for when it is opened again.

        Args:
            is_left_on: whether its line stays on nevertheless, or perhaps does.
        """
        options = output.options
        self._stop_timer(options.name)
        self._on.discard(options.name)
        if options.interlock is not None:
            self._groups[options.interlock].pop(options.name, None)
            if is_left_on:
                self._left_on.append(options)

    def is_taken(self, options: DrivenOptions) -> bool:
        """Whether another one of the group is on, or was left on."""
        return bool(self._left(options)) or any(one.is_active for one in self._others(options))

    def make_way(self, options: DrivenOptions, cause: PinChange | None) -> float:
        """Have the others of its group go off.

        Returns:
            For how many seconds it still has to wait before it goes on.

        Raises:
            NotWritable: another one was left on, and is not ours any more.
            HardwareError: another one did not go off.
        """
        if left := self._left(options):
            raise NotWritable(
                f"{', '.join(left)} of the same interlock {options.interlock!r} was left on;"
                f" expected it to be off, before {options.name} goes on"
            )
        others = self._others(options)
        for other in others:
            if other.is_active:
                other.go_off(cause)
            if other.is_active:
                raise HardwareError(
                    f"{other.options.name} did not go off; expected it to, before {options.name}"
                    f" of the same interlock {options.interlock!r} goes on"
                )
        latest_s = max((self._off_at_s[other.options.name] for other in others), default=None)
        if latest_s is None:
            return 0.0
        # Hardware that needs a pause needs it in both directions: the longest of the two counts.
        wait_ms = max(
            options.interlock_wait_ms, *(other.options.interlock_wait_ms for other in others)
        )
        return max(0.0, latest_s + wait_ms / 1000 - self._clock.monotonic())

    def is_over(self, options: DrivenOptions, level: Level, *, was_on: bool) -> bool:
        """Whether an output that is opened must stay off, as its longest time has passed.

        A time that passed unseen while the output was off has no say in `on`, which begins a new
        one; `last` stays off, as it would be now had nothing happened.

        Args:
            level: the policy by which it would be on.
            was_on: whether its line may have been on all the time.
        """
        if options.max_on_ms is None:
            self._memory.switched_off(options.name)
            return False
        on_for_ms = self._memory.on_for_ms(options.name)
        if on_for_ms is None or on_for_ms < options.max_on_ms:
            return False
        self._memory.switched_off(options.name)
        return level is not Level.ON or was_on

    def is_on(self, output: Guarded) -> None:
        """An output went on, or does something during which it is on now and then."""
        options = output.options
        self._on.add(options.name)
        if options.max_on_ms is None or options.name in self._timers:
            return
        self._memory.switched_on(options.name)
        left_ms = options.max_on_ms - (self._memory.on_for_ms(options.name) or 0)
        self._timers[options.name] = asyncio.get_running_loop().call_later(
            max(0, left_ms) / 1000, self._time_is_up, output
        )

    def is_off(self, output: Guarded) -> None:
        """An output went off for good, not as one half of a blink."""
        name = output.options.name
        self._stop_timer(name)
        self._memory.switched_off(name)
        if name in self._on:
            self._on.discard(name)
            self._off_at_s[name] = self._clock.monotonic()

    def effect_began(self, options: DrivenOptions, end: PinValue) -> None:
        """An output does something that ends at this value."""
        if Level.LAST in (options.on_start, options.on_crash):
            # Only there it matters, and is worth writes to an SD card.
            self._memory.effect_began(options.name, end)

    def effect_ended(self, options: DrivenOptions) -> None:
        """An output has a level that stays."""
        self._memory.effect_ended(options.name)

    def end_of_effect(self, options: DrivenOptions) -> PinValue | None:
        """The value at which an effect would have ended that was cut off; None if none was."""
        return self._memory.end_of_effect(options.name)

    def _left(self, options: DrivenOptions) -> list[str]:
        """Who else of its group was left on."""
        if options.interlock is None:
            return []
        return [
            one.name
            for one in self._left_on
            if one.interlock == options.interlock and not _is_same(one, options)
        ]

    def _others(self, options: DrivenOptions) -> list[Guarded]:
        if options.interlock is None:
            return []
        group = self._groups[options.interlock]
        return [one for name, one in group.items() if name != options.name]

    def _stop_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _time_is_up(self, output: Guarded) -> None:
        options = output.options
        del self._timers[options.name]
        log.warning(
            "output was on for its longest time",
            extra={"peripheral": options.name, "max_on_ms": options.max_on_ms},
        )
        output.go_off(None)


def _is_same(one: DrivenOptions, other: DrivenOptions) -> bool:
    """Whether both drive the same hardware; sockets share the lines of their board."""
    if one.name == other.name:
        return True
    lines = {line for _, line in one.lines()}
    is_shared = isinstance(one, EnergenieOptions)
    return not is_shared and any(line in lines for _, line in other.lines())
