"""A push button: pressed, released, held, pressed twice."""

import asyncio
from enum import StrEnum

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.inputs import ButtonOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.inputs.debounce import SettledLine
from blynk_gateway.gpio.lines.edges import Edge
from blynk_gateway.gpio.peripheral import Opening, Peripheral


class Deed(StrEnum):
    """What was done to a button, as events tell it."""

    PRESS = "press"
    RELEASE = "release"
    HOLD = "hold"
    DOUBLE_PRESS = "double_press"


_VALUES = {Deed.RELEASE: "0", Deed.PRESS: "1", Deed.HOLD: "2", Deed.DOUBLE_PRESS: "3"}


class Button(Peripheral[ButtonOptions]):
    """Reports every deed as a value and an event.

    A press that was there when the button was opened is reported as a value but can neither become
    a hold nor the first of two: nobody knows when it began.
    """

    def __init__(self, options: ButtonOptions, host: Host) -> None:
        super().__init__(options, host)
        self._line: SettledLine | None = None
        self._value: PinValue = ()
        self._pressed: Edge | None = None
        """The press that may become a hold."""
        self._first: Edge | None = None
        """The press that may become the first of two."""
        self._hold_timer: asyncio.TimerHandle | None = None

    def open(self, opening: Opening) -> None:  # noqa: ARG002  a button does not care
        """Claim the line, and report its level if the pin's value is another."""
        options = self.options
        line = SettledLine(
            self.host,
            options.line,
            pull=options.pull,
            debounce_ms=options.debounce_ms,
            stable_ms=options.stable_ms,
            handler=self._changed,
        )
        self._line = line
        self._value = ("1",) if self._is_pressed(line.level) else ("0",)
        if self.host.stored(options.pin) != self._value:
            self.host.report(options.pin, self._value)

    async def close(self) -> None:
        """Give the line up."""
        self._let_go()
        self._first = None
        self._value = ()
        line, self._line = self._line, None
        if line is not None:
            line.close()

    @property
    def actual(self) -> PinValue:
        """The state as the pin has it; `()` while it is closed."""
        return self._value

    def _is_pressed(self, level: int) -> bool:
        return (level == (0 if self.options.pull is Pull.UP else 1)) != self.options.invert

    def _changed(self, edge: Edge) -> None:
        if self._is_pressed(edge.level):
            self._press(edge)
        else:
            self._release(edge)

    def _press(self, edge: Edge) -> None:
        double_ms = self.options.double_ms
        first, self._first = self._first, edge
        if double_ms is not None and first and edge.at_s - first.at_s <= double_ms / 1000:
            # A third press begins anew.
            self._first = None
            self._tell(Deed.DOUBLE_PRESS, edge.at_ms)
        else:
            self._tell(Deed.PRESS, edge.at_ms)
        hold_ms = self.options.hold_ms
        if hold_ms is not None:
            self._pressed = edge
            wait_s = edge.at_s + hold_ms / 1000 - self.host.clock.monotonic()
            loop = asyncio.get_running_loop()
            self._hold_timer = loop.call_later(max(0.0, wait_s), self._hold, edge, hold_ms)

    def _release(self, edge: Edge) -> None:
        pressed, hold_ms = self._pressed, self.options.hold_ms
        if pressed is not None and hold_ms is not None:
            # The loop was busy when the time was up.
            if edge.at_s - pressed.at_s >= hold_ms / 1000:
                self._hold(pressed, hold_ms)
            self._let_go()
        self._tell(Deed.RELEASE, edge.at_ms)

    def _hold(self, pressed: Edge, hold_ms: int) -> None:
        self._let_go()
        self._first = None
        self._tell(Deed.HOLD, pressed.at_ms + hold_ms)

    def _let_go(self) -> None:
        self._pressed = None
        if self._hold_timer is not None:
            self._hold_timer.cancel()
            self._hold_timer = None

    def _tell(self, deed: Deed, at_ms: int) -> None:
        self._value = (_VALUES[deed],)
        self.host.report(self.options.pin, self._value, at_ms)
        self.host.event(self.options.name, deed)
