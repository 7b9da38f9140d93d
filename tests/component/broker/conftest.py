"""Brokers, real and made up, and connections to them that are closed behind each test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Protocol, Self

import pytest

from blynk_gateway.broker.connection import Connection, connect
from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import MqttOptions, ProtocolVersion
from blynk_gateway.core.clock import SystemClock
from tests.helpers.broker import Broker
from tests.helpers.patience import PATIENCE_S

WELCOME = {
    ProtocolVersion.V3_1_1: b"\x20\x02\x00\x00",
    ProtocolVersion.V5: b"\x20\x03\x00\x00\x00",
}

PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"


class Peer:
    """A broker whose every word is the test's.

    Args:
        answer: to the first that a client says.
        is_open: whether it stays after that.
        is_alive: whether it answers signs of life.

    Attributes:
        said: what the client has said after that.
        pings: how many signs of life were among it.
    """

    def __init__(self, answer: bytes, *, is_open: bool = True, is_alive: bool = True) -> None:
        self.said = bytearray()
        self.pings = 0
        self._answer = answer
        self._is_open = is_open
        self._is_alive = is_alive
        self._writers: list[asyncio.StreamWriter] = []
        self._handlers: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*filter(None, self._handlers))

    def say(self, data: bytes) -> None:
        """Send to the client that came last."""
        self._writers[-1].write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handlers.add(asyncio.current_task())
        self._writers.append(writer)
        await reader.read(1000)
        writer.write(self._answer)
        with contextlib.suppress(OSError):
            while self._is_open and (data := await reader.read(1000)):
                self.said += data
                if self._is_alive and PINGREQ in data:
                    self.pings += 1
                    writer.write(PINGRESP)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Open(Protocol):
    """Opens a connection; what comes goes to `heard`, options replace those of `MqttOptions`."""

    def __call__(
        self,
        port: int,
        heard: list[Message] | None = None,
        *,
        client_id: str = "",
        **options: Any,  # noqa: ANN401  of any type
    ) -> Awaitable[Connection]: ...


async def until(condition: Callable[[], object]) -> None:
    """Return as soon as the condition is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  any condition
            await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as one:
        yield one


@pytest.fixture(params=list(ProtocolVersion), ids=lambda version: f"mqtt {version}")
def protocol(request: pytest.FixtureRequest) -> ProtocolVersion:
    version: ProtocolVersion = request.param
    return version


@pytest.fixture
async def open_connection() -> AsyncIterator[Open]:
    opened: list[Connection] = []

    async def open_one(
        port: int,
        heard: list[Message] | None = None,
        *,
        client_id: str = "",
        **options: Any,  # noqa: ANN401  of any type
    ) -> Connection:
        heard = [] if heard is None else heard
        given: Callable[[str], Any] = options.pop
        connection = await connect(
            MqttOptions(host=given("host", "127.0.0.1"), port=port, **options),  # type: ignore[call-arg]
            client_id=client_id or f"test-{len(opened)}",
            will=None,
            clock=SystemClock(),
            on_messages=heard.extend,
        )
        opened.append(connection)
        return connection

    yield open_one
    await asyncio.gather(*(connection.close() for connection in opened))
