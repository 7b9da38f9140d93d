"""Direct pins of the Pi: `pi/D<n>` is GPIO line n, `pi/A<n>` channel n of the converter.

A line is claimed when it gets a mode: from the configuration, by `pm` or its first use, or from the
last run. Outputs then take the value they had; at a stop they go low before they are given up,
since whoever needs more than that makes the line a peripheral of type `output`.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from gpiozero import DigitalOutputDevice, PWMOutputDevice

from blynk_gateway.config.gpio.common import Pull, Range
from blynk_gateway.config.gpio.inputs import AdcOptions
from blynk_gateway.config.gpio.options import AnalogOptions
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.header import fixed_pull
from blynk_gateway.core.store import OWN_MAX_ANALOG, PinStore
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.inputs.adc import KINDS, Adc
from blynk_gateway.gpio.lines.edges import Edges, watch
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import number_text
from blynk_gateway.runtime.tasks import spawn

log = logging.getLogger(__name__)

PWM_HZ = 100
"""gpiozero's own choice, which software PWM keeps up with."""

_PULLS = {PinMode.IN: Pull.NONE, PinMode.PULL_UP: Pull.UP, PinMode.PULL_DOWN: Pull.DOWN}


class DirectLines:
    """Lines and channels that are in use.

    Args:
        store: knows every pin's mode.
        on_change: called when a fault came or went.

    Attributes:
        faults: why a pin that is in use does not work, by pin.
    """

    def __init__(
        self,
        host: Host,
        store: PinStore,
        analog: AnalogOptions | None,
        on_change: Callable[[], None],
    ) -> None:
        self.faults: dict[str, str] = {}
        self._host = host
        self._store = store
        self._analog = analog
        self._on_change = on_change
        self._uses: dict[str, _Use] = {}
        self._before: dict[str, PinValue] = {}
        """What a pin with a fault said before the first command that was not done."""
        self._ending: set[asyncio.Task[None]] = set()

    async def give_up(self, open_pins: frozenset[str], analog: AnalogOptions | None) -> None:
        """Give up what is open no more, has another mode now, or another converter.

        Any other pin is untouched.
        """
        is_same_analog, self._analog = analog == self._analog, analog
        modes = {state.pin: state.direct for state in self._store.pins(self._host.slug)}
        for pin, use in list(self._uses.items()):
            is_kept = is_same_analog or PIN_NAMES[pin] is not PinKind.ANALOG
            if not (is_kept and pin in open_pins and modes.get(pin) == use.mode):
                self._release(pin)
        self.faults = {pin: fault for pin, fault in self.faults.items() if pin in open_pins}
        await self._ended()

    def open(self, open_pins: frozenset[str]) -> None:
        """Claim those of these pins that have a mode and are not in use already."""
        for state in self._store.pins(self._host.slug):
            if state.direct is not None and state.pin in open_pins and state.pin not in self._uses:
                self._claim(state.pin, state.direct)

    def set_mode(self, pin: str, direct: DirectPin) -> None:
        """Use a pin in another way; an output takes the value the pin has, if it can."""
        use = self._uses.get(pin)
        if use is None or use.mode != direct:
            self._release(pin)
            self._claim(pin, direct)

    def command(self, change: PinChange) -> None:
        """Drive an output."""
        use = self._uses.get(change.pin)
        if use is None:
            # A fault kept it from being claimed: try again, now that somebody needs it.
            state = self._store.find(self._host.slug, change.pin)
            if state is not None and state.direct is not None:
                self._claim(change.pin, state.direct)
            if change.pin in self.faults:
                before = self._before.setdefault(change.pin, change.previous)
                if before:
                    self._host.report(change.pin, before, cause=change)
            return
        try:
            use.drive(change.value)
        except self._host.errors as error:
            self.failed(change.pin, error)
            with contextlib.suppress(*self._host.errors):
                self._host.report(change.pin, use.actual, cause=change)
            return
        self._works(change.pin)
        if self._host.has_reported_since(change):
            self._host.report(change.pin, use.actual, cause=change)

    async def read(self, pin: str) -> bool:
        """Have a pin's value in the store; one that has no mode is an input from now on.

        It gets no mode by that: its first command makes it an output nevertheless.

        Returns:
            False if it cannot be read.

        Raises:
            PinError: it is not open.
        """
        self._store.check_open(self._host.slug, pin)
        if pin not in self._uses:
            state = self._store.find(self._host.slug, pin)
            direct = None if state is None else state.direct
            self._claim(pin, direct)
        use = self._uses.get(pin)
        if use is None:
            return False
        try:
            value = await use.read()
        except self._host.errors as error:
            self.failed(pin, error)
            return False
        self._works(pin)
        if value != self._host.stored(pin):
            self._host.report(pin, value)
        return True

    def failed(self, pin: str, error: Exception) -> None:
        """Note that a pin does not work."""
        hint = error.hint if isinstance(error, HardwareError) else HardwareError.hint
        self.faults[pin] = f"{error}. {hint}"
        log.warning(
            "direct pin fault", extra={"device": self._host.slug, "pin": pin, "reason": error}
        )
        self._on_change()

    async def close(self) -> None:
        """Give everything up, outputs low. May be called twice."""
        for pin in list(self._uses):
            self._release(pin)
        await self._ended()

    async def _ended(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending)

    def _release(self, pin: str) -> None:
        use = self._uses.pop(pin, None)
        try:
            if use is not None:
                use.release()
        except self._host.errors as error:
            log.warning(
                "direct pin not given up",
                extra={"device": self._host.slug, "pin": pin, "reason": error},
            )

    def _claim(self, pin: str, mode: DirectPin | None) -> None:
        """Use a pin as its mode says; one without a mode is read."""
        direct = mode or DirectPin(_reading_mode(pin))
        line = int(pin[1:])
        use: _Use
        try:
            if PIN_NAMES[pin] is PinKind.ANALOG:
                use = _Channel(self._host, pin, line, self._analog, self._ending)
            elif direct.mode.is_input:
                use = _Input(self._host, pin, line, _PULLS[direct.mode])
            else:
                use = _Output(self._host, pin, line, is_pwm=direct.mode is PinMode.PWM)
        except self._host.errors as error:
            self.failed(pin, error)
            return
        use.mode = mode
        self._uses[pin] = use
        self._works(pin)

    def _works(self, pin: str) -> None:
        self._before.pop(pin, None)
        if self.faults.pop(pin, None) is not None:
            log.info("direct pin works again", extra={"device": self._host.slug, "pin": pin})
            self._on_change()


class _Use(ABC):
    """One pin in use; making it claims the line.

    Attributes:
        mode: for which it was made; None if the pin had none and was read nevertheless.
    """

    mode: DirectPin | None = None

    @property
    @abstractmethod
    def actual(self) -> PinValue:
        """The value it has now, `()` if that is not known yet."""

    @abstractmethod
    def drive(self, value: PinValue) -> None:
        """Have the line do this."""

    async def read(self) -> PinValue:
        """The value it has now, read if need be."""
        return self.actual

    @abstractmethod
    def release(self) -> None:
        """Give the line up."""


class _Output(_Use):
    def __init__(self, host: Host, pin: str, line: int, *, is_pwm: bool) -> None:
        self._full = OWN_MAX_ANALOG if is_pwm else 1
        stored = host.stored(pin)
        number = self._number(host.stored_for_mode(pin))
        factory = host.board.pin_factory
        if is_pwm:
            self._device: Any = PWMOutputDevice(
                pin=line, initial_value=number / self._full, frequency=PWM_HZ, pin_factory=factory
            )
        else:
            self._device = DigitalOutputDevice(
                pin=line, initial_value=bool(number), pin_factory=factory
            )
        if stored and stored != self.actual:
            # A value of the mode it had before.
            host.report(pin, self.actual)

    @property
    def actual(self) -> PinValue:
        return (str(round(float(self._device.value) * self._full)),)

    def drive(self, value: PinValue) -> None:
        self._device.value = self._number(value) / self._full

    def release(self) -> None:
        # Low first: closing makes it an input, whose pull decides.
        try:
            self._device.off()
        finally:
            self._device.close()

    def _number(self, value: PinValue) -> int:
        text = value[0] if len(value) == 1 else ""
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(OWN_MAX_ANALOG)):
            return 0
        return int(text) if int(text) <= self._full else 0


class _Reading(_Use):
    """What takes no commands."""

    def drive(self, value: PinValue) -> None:
        """Do nothing: the pin was an output when this was commanded, and is none any more."""


class _Input(_Reading):
    def __init__(self, host: Host, pin: str, line: int, pull: Pull) -> None:
        self._host = host
        self._pin = pin
        self._line = watch(
            host.board, line, pull=pull, debounce_ms=0, handler=self._tell, clock=host.clock
        )
        if self.actual != host.stored(pin):
            host.report(pin, self.actual)

    @property
    def actual(self) -> PinValue:
        return (str(self._line.level),)

    def release(self) -> None:
        self._line.close()

    def _tell(self, edges: Edges) -> None:
        for edge in edges.edges:
            self._host.report(self._pin, (str(edge.level),), edge.at_ms)


class _Channel(_Reading):
    def __init__(
        self,
        host: Host,
        pin: str,
        channel: int,
        analog: AnalogOptions | None,
        ending: set[asyncio.Task[None]],
    ) -> None:
        self._ending = ending
        if analog is None:
            raise HardwareError(f"{pin} has no converter; expected one in gpio.analog")
        self._adc = Adc(
            AdcOptions(
                name=pin,
                type=analog.type,
                pin=pin,
                channel=channel,
                device=analog.device,
                every_ms=analog.every_ms,
                deadband=analog.deadband,
                decimals=0,
                range=Range(0, KINDS[analog.type].full_scale),
            ),
            host,
        )
        self._adc.open(Opening.START)

    @property
    def actual(self) -> PinValue:
        return self._adc.actual

    async def read(self) -> PinValue:
        return (number_text(await self._adc.read(), 0),)

    def release(self) -> None:
        task = spawn(self._adc.close(), name="converter channel close")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _reading_mode(pin: str) -> PinMode:
    """The mode in which a line that has none can be read: with the pull that is soldered to it."""
    has_pull_up = PIN_NAMES[pin] is PinKind.DIGITAL and fixed_pull(int(pin[1:])) is not None
    return PinMode.PULL_UP if has_pull_up else PinMode.IN
