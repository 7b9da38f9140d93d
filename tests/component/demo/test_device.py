"""A simulated device against our own server side of the protocol, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.core.clock import SystemClock
from blynk_gateway.demo import device as device_module
from blynk_gateway.demo.device import SimulatedDevice
from blynk_gateway.demo.models import Workshop
from blynk_gateway.protocol.events import (
    LoginRequested,
    PinsWritten,
    ServerEvent,
    SyncRequested,
)
from blynk_gateway.protocol.server import ServerConnection
from tests.helpers.patience import PATIENCE_S

CLOCK = SystemClock()


class Server:
    """Accepts one connection after the other and keeps what devices say."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[ServerEvent] = asyncio.Queue()
        self.connection = ServerConnection(CLOCK.monotonic())
        self.status = 200
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connection = ServerConnection(CLOCK.monotonic())
        self._writer = writer
        while data := await reader.read(4096):
            for event in self.connection.receive_data(data, CLOCK.monotonic()):
                if isinstance(event, LoginRequested) and self.status == 200:
                    self.connection.accept_login(event.message_id, CLOCK.monotonic())
                elif isinstance(event, LoginRequested):
                    self.connection.refuse_login(event.message_id, self.status)
                self.events.put_nowait(event)
            self.flush()
        writer.close()

    def flush(self) -> None:
        assert self._writer is not None
        self._writer.writelines(self.connection.data_to_send(CLOCK.monotonic()))

    def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.close()

    async def writes(self) -> dict[str, tuple[str, ...]]:
        """The next writes, by pin."""
        while True:
            event = await self.events.get()
            if isinstance(event, PinsWritten):
                return {pin: value for pin, value, _ in event.writes}


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[SimulatedDevice]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    device = SimulatedDevice(Workshop(), "the-token", "127.0.0.1", port, CLOCK)
    async with listener, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(device.run(), name="device")
        yield device
        running.cancel()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "REPORT_EVERY_S", 0.05)
    monkeypatch.setattr(device_module, "RECONNECT_AFTER_S", 0.05)


async def test_it_logs_in_syncs_and_reports_again_and_again() -> None:
    server = Server()
    async with asyncio.timeout(PATIENCE_S), connected(server) as device:
        login = await server.events.get()
        assert isinstance(login, LoginRequested)
        assert login.token == "the-token"
        await device.logged_in.wait()
        while not isinstance(sync := await server.events.get(), SyncRequested):
            continue
        assert sync.pins == Workshop.synced_pins
        for _ in range(3):
            assert set(await server.writes()) == {"V0", "V1"}


async def test_a_command_takes_effect_at_once() -> None:
    server = Server()
    async with asyncio.timeout(PATIENCE_S), connected(server):
        await server.writes()
        server.connection.send_pin("V2", ("0",))
        server.flush()
        while (await server.writes()).get("V0") != ("0.4",):
            continue


@pytest.mark.parametrize("status", [200, 9])
async def test_it_comes_back_after_a_loss_and_after_a_refusal(status: int) -> None:
    server = Server()
    server.status = status
    async with asyncio.timeout(PATIENCE_S), connected(server) as device:
        assert isinstance(await server.events.get(), LoginRequested)
        if status == 200:
            await device.logged_in.wait()
            server.hang_up()
        server.status = 200
        while not isinstance(await server.events.get(), LoginRequested):
            continue
        await device.logged_in.wait()


async def test_a_server_that_breaks_the_protocol_is_left_and_tried_again() -> None:
    server = Server()
    connections: asyncio.Queue[None] = asyncio.Queue()

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.put_nowait(None)
        writer.write(b"\xff\x00\x01\x00\x00")
        await reader.read()
        writer.close()

    server.serve = garbage  # type: ignore[method-assign]
    async with asyncio.timeout(PATIENCE_S), connected(server):
        await connections.get()
        await connections.get()
