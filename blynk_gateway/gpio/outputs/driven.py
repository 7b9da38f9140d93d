"""The life of everything that is driven: how it begins, obeys, fails and ends.

1. The first level that the hardware gets is the one it shall have: nothing is claimed at another.
2. A command replaces whatever was going on, an effect or the wait for an interlock.
3. The pin says what is so: a level that differs from what was commanded is reported, with the
   command as its cause. A drive that failed is reported as the level there truly is.
4. A stop has the `on_stop` level driven before the line is given up. A line that shall stay on, or
   as it is, is given up by the end of the process, if that: see `lines.held_outputs`.
5. An effect that was cut off, by whatever, is over: `last` is the level it would have ended at.

A kind of output says how its hardware is claimed, driven and given up, in methods with a leading
underscore; whatever else they do is here.
"""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from blynk_gateway.config.gpio.common import DrivenOptions, Level
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.effects import EFFECTS, Effect, EffectKind, find_effect, parse_effect
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError, InvalidValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.outputs.effect_runner import EffectRunner
from blynk_gateway.gpio.outputs.levels import Levels, levels_text
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.gpio.safety import Safety

log = logging.getLogger(__name__)

D_co = TypeVar("D_co", bound=DrivenOptions, covariant=True)


class DrivenPeripheral(Peripheral[D_co]):
    """One output.

    Attributes:
        off: the levels that are off.
        on: the levels that are full on, for `on_start: on` and for effects.
        effects: what else than levels it can be told.
    """

    off: Levels = (0.0,)
    on: Levels = (1.0,)
    effects: frozenset[EffectKind] = EFFECTS

    def __init__(self, options: D_co, host: Host, safety: Safety) -> None:
        super().__init__(options, host)
        self._safety = safety
        self._levels: Levels | None = None
        """What the hardware was driven to, None while it is closed."""
        self._last_on: Levels | None = None
        self._runner = EffectRunner(self._effect_step, self._effect_ended)
        self._effect_cause: PinChange | None = None
        self._waiting: asyncio.TimerHandle | None = None

    # What a kind of output says of its hardware. Errors are `HardwareError` or `host.errors`.

    @abstractmethod
    def _claim(self, levels: Levels) -> None:
        """Claim the hardware, its first level being this. After an error nothing is claimed."""

    @abstractmethod
    def _drive(self, levels: Levels) -> None:
        """Have the hardware do this."""

    @abstractmethod
    def _release(self) -> None:
        """Give the hardware up; it does nothing afterwards. It was driven to its last level."""

    @abstractmethod
    def _leave(self) -> None:
        """Forget the hardware so that it stays as it is, also when the process has ended."""

    @abstractmethod
    def _parse(self, value: PinValue) -> Levels:
        """The levels that a plain value stands for.

        Raises:
            InvalidValue: none.
        """

    def _present(self) -> Levels | None:
        """What the hardware does before it is claimed, for `keep`; None if that cannot be told."""
        return None

    def _read(self) -> Levels | None:
        """What the hardware says that it does; None if it cannot say."""
        return None

    def _text(self, levels: Levels) -> PinValue:
        """What the pin says for levels."""
        return levels_text(levels)

    def _faded(self, target: float) -> Levels:
        """The levels at the end of a fade to this number.

        Raises:
            InvalidValue: out of range.
        """
        return self._parse((repr(target),))

    def is_on(self, levels: Levels) -> bool:
        """Whether these levels count as on, for `max_on`, interlocks and `toggle`."""
        return levels != self.off

    # What the adapter and `Safety` use.

    @property
    def is_active(self) -> bool:
        """Whether it is on, runs an effect, or waits for going on."""
        if self._levels is None:
            return False
        return self._runner.is_running or self._waiting is not None or self.is_on(self._levels)

    @property
    def actual(self) -> PinValue:
        """What the hardware does, in the pin's own terms; `()` while it is closed."""
        levels = self._true_levels()
        return () if levels is None else self._text(levels)

    def open(self, opening: Opening) -> None:
        """Claim the hardware at the level that the options ask for, and report it if it is news.

        Raises:
            HardwareError, or one of `host.errors`: it cannot be used; nothing is claimed.
        """
        policy = self.options.on_start
        if opening is Opening.CRASH and self.options.on_crash is not None:
            policy = self.options.on_crash
        wanted = self._opening_levels(policy)
        first, wait_s = self._allowed(wanted, policy, opening)
        self._claim(first)
        self._levels = first
        self._safety.join(self)
        self._note(first)
        if wait_s:
            self._wait(wait_s, partial(self._settle, wanted, None, is_news=True))
        if first != self._stored():
            self.host.report(self.options.pin, self._text(first))

    def command(self, change: PinChange) -> None:
        """Do what a change of its pin asks for.

        Raises:
            InvalidValue: it cannot be understood; nothing was done.
            HardwareError, or one of `host.errors`: it was not done; the true level was reported.
        """
        if self._levels is None:
            raise HardwareError(f"{self.options.name} is closed; expected it to be in use")
        kind = find_effect(change.value)
        if kind is None:
            self._switch(self._parse(change.value), change)
        elif kind not in self.effects:
            raise InvalidValue(
                f"{self.options.pin} was given {kind};"
                f" expected {', '.join(sorted(self.effects)) or 'no effect'}, or a plain value"
            )
        else:
            self._start(parse_effect(change.value, kind), change)

    def go_off(self, cause: PinChange | None) -> None:
        """Go off at once and report it; if that fails, the host learns of it."""
        self._cancel()
        self._try(partial(self._settle, self.off, cause, is_news=True))

    async def close(self) -> None:
        """Drive the `on_stop` level and give the hardware up. May be called twice.

        Raises:
            HardwareError, or one of `host.errors`: the level could not be driven.
        """
        if self._levels is None:
            return
        self._cancel()
        level = self.options.on_stop
        if level is Level.ON and self._safety.is_taken(self.options):
            self._warn_of_interlock()
            level = Level.OFF
        try:
            if level is not Level.KEEP:
                self._put(self.on if level is Level.ON else self.off)
            if level is Level.ON:
                self._safety.is_on(self)
        finally:
            # Also one that could be neither driven nor given up.
            is_left_on = self.is_on(self._levels)
            self._levels = None
            try:
                if level is Level.OFF:
                    self._release()
                    is_left_on = False
                else:
                    self._leave()
            finally:
                self._safety.part(self, is_left_on=is_left_on)

    # How it begins.

    def _opening_levels(self, policy: Level) -> Levels:
        match policy:
            case Level.ON:
                return self.on
            case Level.LAST:
                end = self._safety.end_of_effect(self.options)
                return (self._stored() if end is None else self._find(end)) or self.off
            case Level.KEEP:
                return self._present() or self.off
            case _:
                return self.off

    def _allowed(self, wanted: Levels, policy: Level, opening: Opening) -> tuple[Levels, float]:
        """The levels to begin with, and after how many seconds the wanted ones may follow."""
        if not self.is_on(wanted):
            return wanted, 0.0
        stop = self.options.on_stop
        was_on = opening is not Opening.START or stop in (Level.ON, Level.KEEP)
        if self._safety.is_over(self.options, policy, was_on=was_on):
            return self.off, 0.0
        if self._safety.is_taken(self.options):
            self._warn_of_interlock()
            return self.off, 0.0
        wait_s = self._safety.make_way(self.options, None)
        return (self.off, wait_s) if wait_s else (wanted, 0.0)

    def _stored(self) -> Levels | None:
        """What the pin said last, None if that is no level."""
        return self._find(self.host.stored(self.options.pin))

    def _find(self, value: PinValue) -> Levels | None:
        try:
            return self._parse(value)
        except InvalidValue:
            return None

    # How it obeys.

    def _start(self, effect: Effect, change: PinChange) -> None:
        bright = self._last_on or self.on
        match effect.kind:
            case EffectKind.TOGGLE:
                self._switch(self.off if self.is_active else bright, change, is_news=True)
            case EffectKind.BLINK:
                begin = partial(
                    self._runner.blink, bright, self.off, effect.on_ms, effect.off_ms, effect.times
                )
                self._begin(begin, change)
            case EffectKind.PULSE:
                self._begin(partial(self._runner.pulse, bright, self.off, effect.on_ms), change)
            case EffectKind.FADE:
                self._fade(self._faded(effect.target), effect.on_ms, change)

    def _fade(self, target: Levels, duration_ms: int, change: PinChange) -> None:
        assert self._levels is not None, "closed outputs take no commands"
        if self.is_on(target) or self.is_on(self._levels):
            begin = partial(self._runner.fade, self._levels, target, duration_ms)
            self._begin(begin, change, target)
        else:
            self._switch(target, change, is_news=True)

    def _begin(
        self, begin: Callable[[], None], change: PinChange, target: Levels | None = None
    ) -> None:
        """Begin an effect, which ends off, a fade at its target."""

        def run() -> None:
            self._effect_cause = change
            self._safety.is_on(self)
            self._safety.effect_began(self.options, self._text(target or self.off))
            self._attempt(begin, change)
            self._tell(change)

        if target is not None and not self.is_on(target):
            self._cancel()
            run()
        else:
            self._after_interlock(run, change, is_news=True)

    def _switch(self, levels: Levels, change: PinChange, *, is_news: bool = False) -> None:
        settle = partial(self._settle, levels, change, is_news=is_news)
        if self.is_on(levels):
            self._after_interlock(settle, change, is_news=is_news)
        else:
            self._cancel()
            settle()

    def _after_interlock(
        self, action: Callable[[], None], change: PinChange, *, is_news: bool
    ) -> None:
        """Do what makes it on once the others of its group are off and the wait is over."""
        self._cancel()
        wait_s = 0.0

        def make_way() -> None:
            nonlocal wait_s
            wait_s = self._safety.make_way(self.options, change)

        self._attempt(make_way, change)
        if not wait_s:
            action()
            return
        self._wait(wait_s, action)
        if is_news:
            self._tell(change)

    def _wait(self, seconds: float, action: Callable[[], None]) -> None:
        self._waiting = asyncio.get_running_loop().call_later(seconds, self._waited, action)

    def _waited(self, action: Callable[[], None]) -> None:
        self._waiting = None
        self._try(action)

    def _settle(self, levels: Levels, cause: PinChange | None, *, is_news: bool = False) -> None:
        """Drive levels that stay.

        Args:
            is_news: whether the pin says something else.
        """
        self._attempt(partial(self._put, levels), cause)
        self._note(levels)
        if is_news or (cause is not None and self.host.has_reported_since(cause)):
            self._tell(cause)

    def _put(self, levels: Levels) -> None:
        self._drive(levels)
        self._levels = levels

    def _effect_step(self, levels: Levels) -> None:
        if self._runner.is_running:
            self._try(partial(self._attempt, partial(self._put, levels), self._effect_cause))
        else:
            # The first one: whoever asked is told of a failure.
            self._put(levels)

    def _effect_ended(self, levels: Levels) -> None:
        self._note(levels)
        self._tell(self._effect_cause)

    def _cancel(self) -> None:
        self._runner.cancel()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    # What it says.

    def _note(self, levels: Levels) -> None:
        self._safety.effect_ended(self.options)
        if self.is_on(levels):
            self._last_on = levels
            self._safety.is_on(self)
        else:
            self._safety.is_off(self)

    def _tell(self, cause: PinChange | None) -> None:
        if self._levels is not None:
            self.host.report(self.options.pin, self._text(self._levels), cause=cause)

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        return (HardwareError, *self.host.errors)

    def _attempt(self, action: Callable[[], None], cause: PinChange | None) -> None:
        """Do something with the hardware; if it fails, report the true level.

        Raises:
            HardwareError, or one of `host.errors`: what the action raised.
        """
        try:
            action()
        except self._errors:
            self._cancel()
            self._levels = self._true_levels()
            self._tell(cause)
            raise

    def _try(self, action: Callable[[], None]) -> None:
        """Do something that nobody waits for; if it fails, the host learns of it."""
        try:
            action()
        except self._errors as error:
            self.host.failed(self.options.name, error)

    def _true_levels(self) -> Levels | None:
        if self._levels is None:
            return None
        try:
            return self._read() or self._levels
        except self._errors:
            return self._levels

    def _warn_of_interlock(self) -> None:
        log.warning(
            "output stays off: another one of its interlock is on",
            extra={"peripheral": self.options.name, "interlock": self.options.interlock},
        )
