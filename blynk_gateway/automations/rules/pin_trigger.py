"""Triggers of pins.

A restored value fires nothing, and neither does a point of the past: that is no `PinChange`.
"""

from typing import NamedTuple, Protocol

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.causes import of_pin, shown
from blynk_gateway.automations.rules.comparison import compiled, first_number, has_changed
from blynk_gateway.automations.rules.edge import Edge
from blynk_gateway.automations.rules.watcher import (
    CHAIN_ENDS_MS,
    Fire,
    Stateless,
    Touched,
    Watcher,
)
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import Op, PinTrigger
from blynk_gateway.config.scalars import format_duration
from blynk_gateway.core.change import OriginKind, PinChange
from blynk_gateway.core.json_text import Json
from blynk_gateway.runtime.parts import Parts

_RESTORE = OriginKind.RESTORE

_OUTSIDE = frozenset(
    {OriginKind.MQTT, OriginKind.BINDING, OriginKind.HTTP, OriginKind.API, OriginKind.UPSTREAM}
)
"""Who may bring back what a rule sent out."""


class Fires(NamedTuple):
    """Ways to run a rule: as always, and for what may be the end of a circle."""

    fire: Fire
    from_outside: Fire

    def by(self, change: PinChange) -> None:
        """Run it for a change."""
        fire = self.from_outside if change.origin.kind in _OUTSIDE else self.fire
        fire(of_pin(change))


class SeesPins(Protocol):
    """Looks at changes of one pin."""

    def see(self, change: PinChange, first: float | None) -> None:
        """Look at a change.

        Args:
            first: the first parameter of its value as a number, None if it is none.
        """


class PinWatcher(Watcher, SeesPins, Protocol):
    """A trigger of a pin."""

    @property
    def trigger(self) -> PinTrigger:
        """What it looks for."""


def pin_watcher(
    trigger: PinTrigger, fire: Fires, touched: Touched, parts: Parts, timers: Timers
) -> PinWatcher:
    """The watcher of a trigger."""
    match trigger.test.op:
        case Op.ANY:
            return EachWrite(trigger, fire)
        case Op.CHANGES:
            return EachChange(trigger, fire)
        case _:
            return PinEdge(trigger, fire, touched, parts, timers)


class EachWrite(Stateless):
    """Fires at each write."""

    __slots__ = ("_fire", "trigger")

    def __init__(self, trigger: PinTrigger, fire: Fires) -> None:
        self.trigger = trigger
        self._fire = fire.by

    def see(self, change: PinChange, first: float | None) -> None:  # noqa: ARG002  the signature of all of them
        """Fire."""
        if change.origin.kind is not _RESTORE:
            self._fire(change)


class EachChange(Stateless):
    """Fires at each write of another value."""

    __slots__ = ("_fire", "_parameter", "trigger")

    def __init__(self, trigger: PinTrigger, fire: Fires) -> None:
        self.trigger = trigger
        self._fire = fire.by
        self._parameter = trigger.test.parameter

    def see(self, change: PinChange, first: float | None) -> None:  # noqa: ARG002  the signature of all of them
        """Fire if the value is another one."""
        if (
            has_changed(change.value, change.previous, self._parameter)
            and change.origin.kind is not _RESTORE
        ):
            self._fire(change)


class PinEdge:
    """Fires when the value begins to pass the test, or has passed it for long enough."""

    __slots__ = (
        "_cause",
        "_edge",
        "_fire",
        "_fire_later",
        "_judge",
        "_store",
        "_touched",
        "trigger",
    )

    def __init__(
        self, trigger: PinTrigger, fire: Fires, touched: Touched, parts: Parts, timers: Timers
    ) -> None:
        self.trigger = trigger
        self._fire = fire.by
        self._fire_later = fire.fire
        self._touched = touched
        self._store = parts.store
        self._judge = compiled(trigger.test)
        self._edge = Edge(trigger.for_ms, self._held_long, timers, parts.clock)
        self._cause: PinChange | None = None

    def see(self, change: PinChange, first: float | None) -> None:
        """Look at a change."""
        edge = self._edge
        is_held = self._judge(change.value, first, edge.is_held)
        if is_held is None or is_held is edge.is_held:
            return
        if change.origin.kind is _RESTORE:
            edge.settle(is_held=is_held)
        elif edge.turn(is_held=is_held):
            self._fire(change)
        else:
            self._cause = change if is_held else None
        self._touched()

    def begin(self) -> None:
        """What stands now does not count."""
        self._edge.settle(is_held=self._stands(is_held=False) is True)

    def state(self) -> Json:
        """Whether the test is passed, and since when if that is waited for."""
        return self._edge.state()

    def restore(self, state: Json) -> None:
        """A value that came to pass the test without a record of it does not count."""
        self._edge.restore(state)
        is_held = self._stands(is_held=self._edge.is_held)
        if is_held is not None and is_held is not self._edge.is_held:
            self._edge.settle(is_held=is_held)

    def forget(self, device: str) -> None:
        """A pin that is gone passes nothing."""
        if device == self.trigger.pin.device:
            self._edge.settle(is_held=False)
            self._touched()

    def end(self) -> None:
        """Wait no longer."""
        self._edge.drop()

    def _stands(self, *, is_held: bool) -> bool | None:
        state = self._store.find(*self.trigger.pin)
        if state is None or not state.value:
            return None
        return self._judge(state.value, first_number(state.value), is_held)

    def _held_long(self) -> None:
        """The value that is told is the one that stands now, not the one that began it."""
        state = self._store.find(*self.trigger.pin)
        value = () if state is None else state.value
        pin = self.trigger.pin
        began = self._cause
        is_chain = began is not None and self.trigger.for_ms < CHAIN_ENDS_MS
        self._fire_later(
            Cause(
                text=f"{pin} = {shown(value)} for {format_duration(self.trigger.for_ms)}",
                at_ms=0 if state is None else state.at_ms,
                device=pin.device,
                pin=pin.pin,
                value=value,
                previous=() if began is None else began.previous,
                seq=None if began is None else began.seq,
                depth=began.depth if began is not None and is_chain else 0,
            )
        )
        self._touched()
