"""A simulated device: a real TCP client of our own protocol, with a model for its firmware."""

import asyncio
import logging
from math import inf

from blynk_gateway.core.clock import Clock
from blynk_gateway.demo.models import Model, Writes
from blynk_gateway.errors import RemoteProtocolError
from blynk_gateway.protocol.client import DEFAULT_INFO, ClientConnection
from blynk_gateway.protocol.events import (
    ClientEvent,
    LoggedIn,
    LoginRefused,
    PinsWritten,
    Redirected,
    TimedOut,
)

log = logging.getLogger(__name__)

REPORT_EVERY_S = 2.0
RECONNECT_AFTER_S = 2.0

_READ_BYTES = 4096


class SimulatedDevice:
    """Keeps one connection to a server and lets its model live.

    Attributes:
        logged_in: set as soon as a server took the token for the first time.
    """

    def __init__(self, model: Model, token: str, host: str, port: int, clock: Clock) -> None:
        self.logged_in = asyncio.Event()
        self._model = model
        self._token = token
        self._host = host
        self._port = port
        self._clock = clock
        self._connection = ClientConnection(token)
        self._stepped_at = clock.monotonic()

    async def run(self) -> None:
        """Connect, report and obey until cancelled; connect again whenever the server goes."""
        while True:
            try:
                await self._talk()
            except (OSError, RemoteProtocolError) as error:
                log.info("demo device lost its server", extra={"reason": error})
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _talk(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            self._connection = ClientConnection(
                self._token, {**DEFAULT_INFO, "dev": type(self._model).__name__}
            )
            self._connection.connect(self._clock.monotonic())
            is_going_on = True
            while is_going_on:
                now = self._clock.monotonic()
                writer.writelines(self._connection.data_to_send(now))
                await writer.drain()
                is_going_on = await self._turn(reader, now)
        finally:
            writer.close()

    async def _turn(self, reader: asyncio.StreamReader, now: float) -> bool:
        """Wait for bytes or the next deadline and act on it; False at the end."""
        report_at = self._stepped_at + REPORT_EVERY_S if self._connection.is_logged_in else inf
        deadline = min(report_at, self._connection.next_timeout(now) or inf)
        try:
            async with asyncio.timeout(max(0.0, deadline - now)):
                data = await reader.read(_READ_BYTES)
        except TimeoutError:
            now = self._clock.monotonic()
            events = self._connection.handle_timeout(now)
            if now >= report_at:
                self._step(now)
        else:
            if not data:
                return False
            events = self._connection.receive_data(data, self._clock.monotonic())
        return all(self._handle(event) for event in events)

    def _handle(self, event: ClientEvent) -> bool:
        match event:
            case LoggedIn():
                self.logged_in.set()
                self._connection.sync(self._model.synced_pins)
                self._step(self._clock.monotonic())
            case PinsWritten(writes):
                for pin, value, _ in writes:
                    self._report(self._model.written(pin, value))
            case LoginRefused() | TimedOut() | Redirected():
                log.info("demo device gives up a connection", extra={"reason": event})
                return False
            case _:
                pass
        return True

    def _step(self, now: float) -> None:
        self._report(self._model.step(now - self._stepped_at))
        self._stepped_at = now

    def _report(self, writes: Writes) -> None:
        for pin, value in writes:
            self._connection.write_pin(pin, value)
