"""Values told again: `blynk/<device>/v5/get` has `blynk/<device>/v5` published, `…/get` the state.

The payload does not matter. A digital or analog pin is read first where its value may be old, as
over HTTP; if nothing answers, the last known value is told.
"""

import asyncio

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import Change
from blynk_gateway.core.reads import PinReads
from blynk_gateway.errors import GatewayError, PinError
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.listener import CommandListener
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.states.device_state import DeviceStates
from blynk_gateway.mqtt.states.pace import Pace
from blynk_gateway.mqtt.states.values import Values
from blynk_gateway.runtime.tasks import spawn

MAX_READS = 64
"""Pins that are read at the same time; of more the last known value is told."""


class GetCommands:
    """Feature: publishes what `…/get` asks for; of many questions for a pin at once, one."""

    def __init__(
        self,
        parts: MqttParts,
        complaints: Complaints,
        reads: PinReads,
        values: Values,
        states: DeviceStates,
    ) -> None:
        self._registry = parts.registry
        self._store = parts.store
        self._complaints = complaints
        self._reads = reads
        self._values = values
        self._states = states
        self._listener = CommandListener(parts, complaints, "get", self._want)
        self._wanted: dict[tuple[str, str], Message] = {}
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._reading: dict[tuple[str, str], asyncio.Task[None]] = {}

    def subscriptions(self) -> tuple[Subscription, ...]:
        """`…/get` of devices and pins."""
        return self._listener.subscriptions()

    async def connected(self, outlet: Outlet) -> None:
        """Answer from now on; what was asked before is told by the others just now."""
        self._listener.outlet = outlet
        if self._worker is None:
            self._worker = spawn(self._answer_all(outlet), name="mqtt get")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing to follow."""

    def disconnected(self) -> None:
        """Answer nothing more."""
        self._listener.outlet = None
        self._wanted.clear()
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        for task in self._reading.values():
            task.cancel()
        self._reading.clear()

    def _want(self, device: str, pin: str, message: Message) -> None:
        self._registry.get(device)
        if not pin:
            self._states.again(device)
        else:
            self._wanted[device, pin] = message
            self._wake.set()

    async def _answer_all(self, outlet: Outlet) -> None:
        pace = Pace(outlet)
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted, self._wanted = self._wanted, {}
            for (device, pin), message in wanted.items():
                self._answer(outlet, device, pin, message)
                await pace.step()

    def _answer(self, outlet: Outlet, device: str, pin: str, message: Message) -> None:
        if (device, pin) in self._reading:
            return
        if PIN_NAMES[pin] is PinKind.VIRTUAL or len(self._reading) >= MAX_READS:
            self._tell(outlet, device, pin, message)
            return
        reading = self._read(outlet, device, pin, message)
        self._reading[device, pin] = spawn(reading, name=f"mqtt get {device}/{pin}")

    async def _read(self, outlet: Outlet, device: str, pin: str, message: Message) -> None:
        try:
            await self._reads.ask(device, pin)
        except GatewayError as error:
            self._complaints.complain(outlet, device, message, error)
        else:
            self._tell(outlet, device, pin, message)
        finally:
            if self._reading.get((device, pin)) is asyncio.current_task():
                del self._reading[device, pin]

    def _tell(self, outlet: Outlet, device: str, pin: str, message: Message) -> None:
        try:
            state = self._store.get(device, pin)
            if not state.shown:
                raise PinError(f"{device}/{pin} has no value; expected it to be written first")
            self._values.publish(outlet, device, state)
        except GatewayError as error:
            self._complaints.complain(outlet, device, message, error)
