"""All peripherals: those that work, and those that are tried again.

1. One entry of the configuration is one slot. A slot is opened, closed and opened again under one
   lock, so that a reload and a retry never meet.
2. A fault is tried again after 1 s, 2 s, … 60 s; a peripheral that worked for longer than the last
   wait begins at 1 s again.
3. A command for a slot with a fault is answered by the value before the fault: nothing happened.
4. All that shall close do so at once: one that is slow keeps no other from its safe level.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.ports import PeripheralState
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError, PinError
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.kinds import make_peripheral
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.gpio.safety import Safety
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0


class _Slot:
    """One entry of the configuration and what became of it.

    Attributes:
        opening: why it is opened next.
        peripheral: None while it is not open.
        broken: one that failed, or is to be closed, and is not closed yet.
        fault: why it failed, until it is known to work again; empty then.
        before: what its pin said when the fault came.
    """

    __slots__ = (
        "before",
        "broken",
        "fault",
        "opening",
        "options",
        "peripheral",
        "retry",
        "retry_s",
        "works_since_s",
    )

    def __init__(self, options: PeripheralOptions, opening: Opening) -> None:
        self.options = options
        self.opening = opening
        self.before: PinValue = ()
        self.peripheral: Peripheral[PeripheralOptions] | None = None
        self.broken: Peripheral[PeripheralOptions] | None = None
        self.fault = ""
        self.retry: asyncio.Task[None] | None = None
        self.retry_s = FIRST_RETRY_S
        self.works_since_s = 0.0


class Roster:
    """Opens, commands, retries and closes peripherals.

    Args:
        on_change: called when a fault came, changed or went.
    """

    def __init__(self, host: Host, safety: Safety, on_change: Callable[[], None]) -> None:
        self._host = host
        self._safety = safety
        self._on_change = on_change
        self._slots: dict[str, _Slot] = {}
        self._by_pin: dict[str, _Slot] = {}
        self._lock = asyncio.Lock()

    @property
    def faults(self) -> dict[str, str]:
        """Why each peripheral that does not work does not, by name."""
        return {name: slot.fault for name, slot in self._slots.items() if slot.fault}

    def states(self) -> Iterator[PeripheralState]:
        """Every peripheral at the moment."""
        for name, slot in self._slots.items():
            options = slot.options
            yield PeripheralState(
                name=name,
                type=options.type,
                pin=f"{self._host.slug}/{options.pin}",
                lines=tuple(line for _, line in options.lines()),
                fault=slot.fault,
                commanded=self._host.stored(options.pin),
                actual=() if slot.peripheral is None else slot.peripheral.actual,
            )

    async def apply(self, wanted: Mapping[str, PeripheralOptions], opening: Opening) -> None:
        """Have these peripherals and no others; what did not change is untouched."""
        async with self._lock:
            gone = [slot for name, slot in self._slots.items() if wanted.get(name) != slot.options]
            results = await asyncio.gather(*map(self._close, gone), return_exceptions=True)
            # Not before: what a stop finds half done it has to finish.
            for slot in gone:
                del self._slots[slot.options.name]
            for error in filter(None, results):
                raise error
            await self._host.held.make_room(
                {
                    line
                    for options in wanted.values()
                    if not isinstance(options, OutputOptions)
                    for _, line in options.lines()
                }
            )
            fresh = [
                _Slot(options, opening)
                for name, options in wanted.items()
                if name not in self._slots
            ]
            for slot in sorted(fresh, key=self._turn):
                self._slots[slot.options.name] = slot
                self._open(slot)
            # In the order of the file.
            self._slots = {name: self._slots[name] for name in wanted}
            self._by_pin = {slot.options.pin: slot for slot in self._slots.values()}
        self._on_change()

    def command(self, change: PinChange) -> None:
        """Have the peripheral of a pin do what a change asks for; other pins are nobody's."""
        slot = self._by_pin.get(change.pin)
        if slot is None:
            return
        if slot.peripheral is None:
            self._undo(change, slot.before)
            return
        try:
            slot.peripheral.command(change)
        except PinError as error:
            # The owner's own datastream lets more through than the hardware can do.
            log.warning("command refused", extra={"peripheral": slot.options.name, "reason": error})
            self._undo(change, slot.peripheral.actual)
        except self._host.errors as error:
            self.failed(slot.options.name, error)

    def failed(self, name: str, error: Exception) -> None:
        """Note a fault of a peripheral that worked; it is closed and tried again."""
        slot = self._slots.get(name)
        if slot is not None and slot.peripheral is not None:
            worked_s = self._host.clock.monotonic() - slot.works_since_s
            if worked_s > slot.retry_s:
                slot.retry_s = FIRST_RETRY_S
            slot.broken, slot.peripheral = slot.peripheral, None
            slot.opening = Opening.RETRY
            self._fault(slot, error)

    def proven(self, name: str) -> None:
        """Note that a peripheral that was opened works."""
        slot = self._slots.get(name)
        if slot is not None and slot.peripheral is not None and slot.fault:
            self._absolve(slot)
            self._on_change()

    def report(self) -> None:
        """Have every pin say what its peripheral does."""
        for slot in self._slots.values():
            if slot.peripheral is not None and slot.peripheral.actual:
                self._host.report(slot.options.pin, slot.peripheral.actual)

    def retry_now(self) -> None:
        """Try everything that has a fault at once: what it lacked may be there now."""
        for slot in self._slots.values():
            if slot.fault and slot.peripheral is None:
                self._retry_after(slot, 0.0)

    async def close(self) -> None:
        """Close everything. May be called twice."""
        await self.apply({}, Opening.START)

    def _turn(self, slot: _Slot) -> int:
        return make_peripheral(slot.options, self._host, self._safety).turn(slot.opening)

    def _open(self, slot: _Slot) -> None:
        peripheral = make_peripheral(slot.options, self._host, self._safety)
        try:
            peripheral.open(slot.opening)
        except self._host.errors as error:
            self._fault(slot, error)
            return
        slot.peripheral = peripheral
        slot.works_since_s = self._host.clock.monotonic()
        if peripheral.is_proven:
            self._absolve(slot)

    def _absolve(self, slot: _Slot) -> None:
        if slot.fault:
            log.info("peripheral works again", extra={"peripheral": slot.options.name})
        slot.fault = ""

    async def _close(self, slot: _Slot) -> None:
        if slot.retry is not None:
            await cancel(slot.retry)
            slot.retry = None
        if slot.peripheral is not None:
            slot.broken, slot.peripheral = slot.peripheral, None
        await self._shut(slot)

    async def _shut(self, slot: _Slot) -> None:
        if slot.broken is None:
            return
        try:
            await slot.broken.close()
        except self._host.errors as error:
            # Hardware that is gone cannot be left in a safe state.
            log.warning(
                "peripheral not closed cleanly",
                extra={"peripheral": slot.options.name, "reason": error},
            )
        slot.broken = None

    def _fault(self, slot: _Slot, error: Exception) -> None:
        text = f"{error}. {error.hint}" if isinstance(error, HardwareError) else _describe(error)
        level = logging.DEBUG if slot.fault == text else logging.WARNING
        log.log(level, "peripheral fault", extra={"peripheral": slot.options.name, "reason": text})
        if not slot.fault:
            slot.before = self._host.stored(slot.options.pin)
        slot.fault = text
        self._retry_after(slot, slot.retry_s)
        slot.retry_s = min(LAST_RETRY_S, slot.retry_s * 2)
        self._on_change()

    def _retry_after(self, slot: _Slot, seconds: float) -> None:
        if slot.retry is not None:
            slot.retry.cancel()
        slot.retry = spawn(self._try_again(slot, seconds), name=f"retry {slot.options.name}")

    async def _try_again(self, slot: _Slot, seconds: float) -> None:
        # Whoever cancels this closes it again: a close may be called twice.
        await self._shut(slot)
        await asyncio.sleep(seconds)
        async with self._lock:
            if self._slots.get(slot.options.name) is slot:
                slot.retry = None
                self._open(slot)
        self._on_change()

    def _undo(self, change: PinChange, true: PinValue) -> None:
        # What is true is not what the change replaced: that may have been refused as well.
        value = true or change.previous
        if value:
            self._host.report(change.pin, value, cause=change)


def _describe(error: Exception) -> str:
    text = str(error).strip("'\"") or type(error).__name__
    return f"{text}. {HardwareError.hint}"
