"""The proxy of the tests does each fault as it says, and nothing else."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from tests.helpers.fault_proxy import FaultProxy, Way, frames_of
from tests.helpers.patience import PATIENCE_S

PING = struct.pack(">BHH", 6, 1, 0)
WRITE = struct.pack(">BHH", 20, 2, 6) + b"vw\x001\x007"


class EchoServer:
    """Sends everything back, and keeps it."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.server: asyncio.Server | None = None
        self.port = 0
        self.open = 0

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                self.heard += data
                writer.write(data)
        self.open -= 1
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[EchoServer]:
    found = EchoServer()
    await found.start()
    assert found.server is not None
    async with found.server:
        yield found


@pytest.fixture
async def proxy(server: EchoServer) -> AsyncIterator[FaultProxy]:
    async with FaultProxy("127.0.0.1", server.port) as found:
        yield found


class Client:
    """The far end of the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[Client]:
    found = await connected(proxy)
    yield found
    found.writer.close()


async def connected(proxy: FaultProxy) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", proxy.port))


async def until_heard(server: EchoServer, data: bytes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while bytes(server.heard) != data:  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.002)


async def test_everything_is_carried_and_counted(proxy: FaultProxy, client: Client) -> None:
    data = bytes(range(256)) * 4096
    client.writer.write(data)
    assert await client.read(len(data)) == data
    assert proxy.total == {Way.UP: len(data), Way.DOWN: len(data)}
    assert proxy.accepted == len(proxy.links) == 1


async def test_end_of_one_side_reaches_the_other(
    proxy: FaultProxy, client: Client, server: EchoServer
) -> None:
    client.writer.write(b"last")
    client.writer.write_eof()
    assert await client.rest() == b"last"
    assert bytes(server.heard) == b"last"


async def test_cut_is_a_reset_or_a_polite_end(proxy: FaultProxy, client: Client) -> None:
    client.writer.write(b"x")
    await client.read(1)
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await client.rest()
    other = await connected(proxy)
    other.writer.write(b"y")
    await other.read(1)
    proxy.cut(is_polite=True)
    assert await other.rest() == b""
    other.writer.close()


async def test_stalled_way_carries_nothing_until_it_is_healed(
    proxy: FaultProxy, client: Client, server: EchoServer
) -> None:
    proxy.stall(Way.DOWN)
    client.writer.write(b"abc")
    await until_heard(server, b"abc")
    assert client.reader._buffer == b""  # type: ignore[attr-defined]
    proxy.stall(Way.UP)
    client.writer.write(b"def")
    await proxy.heal()
    assert await client.read(6) == b"abcdef"


async def test_lost_bytes_never_come_and_end_the_connection_at_last(
    proxy: FaultProxy, client: Client, server: EchoServer
) -> None:
    other = await connected(proxy)
    proxy.lose(Way.DOWN)
    client.writer.write(b"abc")
    await until_heard(server, b"abc")
    async with asyncio.timeout(PATIENCE_S):
        while not proxy.links[0].is_holed:  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.002)
    await proxy.heal()
    with pytest.raises(ConnectionResetError):
        await client.rest()
    other.writer.write(b"def")
    assert await other.read(3) == b"def"
    other.writer.close()


async def test_refused_and_silent_connections(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connected(proxy)
    await proxy.accept()
    proxy.be_silent()
    silent = await connected(proxy)
    silent.writer.write(b"abc")
    await proxy.heal()
    loud = await connected(proxy)
    loud.writer.write(b"def")
    assert await loud.read(3) == b"def"
    assert bytes(server.heard) == b"def"
    assert silent.reader._buffer == b""  # type: ignore[attr-defined]
    proxy.cut()
    for one in (silent, loud):
        with pytest.raises(ConnectionResetError):
            await one.rest()


async def test_edits_hit_the_next_chunk_alone(proxy: FaultProxy, client: Client) -> None:
    frames = PING + WRITE + b"\x14"
    cases: list[tuple[Callable[[], None], bytes, bytes]] = [
        (lambda: proxy.insert(Way.UP, b"??"), b"abcd", b"??abcd"),
        (lambda: proxy.insert(Way.DOWN, b"??"), b"abcd", b"??abcd"),
        (lambda: proxy.duplicate(Way.UP), b"abcd", b"abcabcd"),
        (lambda: proxy.duplicate_frames(Way.UP), frames, PING * 2 + WRITE * 2 + b"\x14" * 2),
    ]
    for fault, sent, heard in cases:
        fault()
        client.writer.write(sent)
        assert await client.read(len(heard)) == heard
        client.writer.write(b"abcd")
        assert await client.read(4) == b"abcd"


async def test_edit_lets_the_first_bytes_of_a_connection_be(
    proxy: FaultProxy, client: Client
) -> None:
    proxy.duplicate(Way.UP, beyond=6)
    for sent, heard in ((b"abcd", b"abcd"), (b"ef", b"ef"), (b"gh", b"ggh"), (b"ij", b"ij")):
        client.writer.write(sent)
        assert await client.read(len(heard)) == heard


async def test_truncated_chunk_is_the_last_one(
    proxy: FaultProxy, client: Client, server: EchoServer
) -> None:
    proxy.truncate(Way.UP)
    client.writer.write(b"abcd")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    await until_heard(server, b"ab")


async def test_delay_and_trickle_change_nothing_but_the_time(
    proxy: FaultProxy, client: Client
) -> None:
    loop = asyncio.get_running_loop()
    proxy.delay(0.05, Way.DOWN)
    proxy.trickle(500.0, Way.UP)
    began = loop.time()
    client.writer.write(b"0123456789")
    assert await client.read(10) == b"0123456789"
    assert loop.time() - began >= 0.05 + 2 * 7 / 500


@pytest.mark.parametrize("position", [0, 1, 3, 4])
async def test_hook_acts_after_just_so_many_bytes_and_once(
    proxy: FaultProxy, server: EchoServer, position: int
) -> None:
    heard: list[int] = []

    async def act() -> None:
        await asyncio.sleep(0)
        heard.append(proxy.links[-1].passed[Way.UP])
        proxy.cut()

    proxy.after_bytes(position, Way.UP, act)
    assert proxy.waiting_hooks == 1
    client = await connected(proxy)
    client.writer.write(b"abcd")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    assert heard == [position]
    await until_heard(server, b"abcd"[:position])
    assert proxy.waiting_hooks == 0
    again = await connected(proxy)
    again.writer.write(b"efgh")
    assert await again.read(4) == b"efgh"
    for one in (client, again):
        one.writer.close()


async def test_server_that_is_away_ends_the_connection(
    proxy: FaultProxy, server: EchoServer
) -> None:
    assert server.server is not None
    server.server.close()
    client = await connected(proxy)
    with pytest.raises(ConnectionResetError):
        await client.rest()


def test_frames_are_cut_at_their_ends() -> None:
    answer = struct.pack(">BHH", 0, 1, 200)
    assert frames_of(answer + WRITE + PING) == [answer, WRITE, PING]
    assert frames_of(WRITE[:-1]) == [WRITE[:-1]]
    assert frames_of(b"") == []
