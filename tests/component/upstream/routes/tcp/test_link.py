import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.errors import PeerError
from blynk_gateway.protocol import client
from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import ClientEvent, PinsWritten, ResponseReceived
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.upstream.route import Moved, Place, ServerDown, ServerRefused
from blynk_gateway.upstream.routes.tcp import link as link_module
from blynk_gateway.upstream.routes.tcp.dialing import dial
from blynk_gateway.upstream.routes.tcp.link import Link, NotBlynk
from tests.helpers.above import Script, reached, scripted, silence
from tests.helpers.authority import Authority
from tests.helpers.clock import FakeClock
from tests.helpers.devices import Peer
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import TOKEN, hardware, response, split_frames


@asynccontextmanager
async def linked(
    script: Script, clock: Clock | None = None, authority: Authority | None = None
) -> AsyncIterator[tuple[Link, list[ClientEvent]]]:
    """A connected link and what it hears after the login; over TLS if an authority is given."""
    heard: list[ClientEvent] = []
    context = trusting = None
    if authority is not None:
        identity = authority.issue("server", "127.0.0.1")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(identity.cert, identity.key)
        trusting = ssl.create_default_context(cafile=authority.ca)
    async with scripted(script, context) as server:
        place = Place(*server.address)
        link = Link(place, ClientConnection(TOKEN), clock or SystemClock(), heard.append)
        await dial(place, trusting, link)
        try:
            yield link, heard
        finally:
            await link.close()


async def end_of(link: Link) -> PeerError:
    ended: asyncio.Future[PeerError] = asyncio.get_running_loop().create_future()
    if link.error is None:
        link.on_end = ended.set_result
        async with asyncio.timeout(PATIENCE_S):
            return await ended
    return link.error


async def welcome(peer: Peer) -> None:
    """Take login and info."""
    for _ in range(2):
        peer.send(response((await peer.receive()).message_id))


async def welcome_and_listen(peer: Peer) -> None:
    await welcome(peer)
    await silence(peer)


async def test_a_link_logs_in_and_hears_what_comes_after() -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        peer.send(hardware(b"vw\x001\x001", 7))
        frame = await peer.receive()
        peer.send(response(frame.message_id, 2))
        await silence(peer)

    async with linked(script) as (link, heard):
        await link.log_in()
        sent = link.client.write_pin("V5", ("1",))
        link.flush()
        await reached(lambda: len(heard) == 3)
        assert heard == [
            ResponseReceived(2, 200),
            PinsWritten([("V1", ("1",), 7)]),
            ResponseReceived(sent, 2),
        ]


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (response(1, Status.INVALID_TOKEN), ServerRefused, "does not know the token"),
        (response(1, 5), ServerDown, "refused the login by status 5"),
        (response(1, 777), ServerDown, "refused the login by status 777"),
        (encode_frame(Command.REDIRECT, 1, b"b.example\x0081"), Moved, "sends us to b.example:81"),
        (encode_frame(Command.REDIRECT, 1, b"b.example\x000"), ServerDown, "b.example:0"),
        (encode_frame(Command.REDIRECT, 1, b"b" * 254 + b"\x001"), ServerDown, "expected host"),
        (encode_frame(Command.REDIRECT, 1, b"\x001"), ServerDown, "broke the protocol: redirect"),
        (encode_frame(Command.REDIRECT, 1, b"b\x0070000"), ServerDown, "b:70000"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://login.example\r\n",
            NotBlynk,
            "'HTTP/1.1 302 Found.+Location: http",
        ),
        (b"<html>", NotBlynk, "expected a Blynk server"),
        (b"\x15\x03\x01\x00\x02\x02\x46", NotBlynk, "it speaks TLS"),
        (b"\xff\xff\xff\xff\xff", NotBlynk, "expected a Blynk server"),
        (response(9) + b"\xff" * 5, ServerDown, "broke the protocol: frame of type 255"),
        (b"", ServerDown, "closed the connection; expected an answer to the login"),
    ],
)
async def test_what_is_no_welcome_ends_the_login_and_is_named(
    data: bytes, kind: type[PeerError], text: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        peer.send(data)
        if data:
            await silence(peer)

    async with linked(script) as (link, _):
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(kind, match=text) as caught:
                await link.log_in()
        assert type(caught.value) is kind
        assert str(caught.value).startswith(f"{link.where}: ")
        assert TOKEN not in str(caught.value)
        assert link.redirected == (Place("b.example", 81) if kind is Moved else None)


async def test_a_server_that_takes_connections_and_says_nothing_is_given_up() -> None:
    clock = FakeClock()
    async with linked(silence, clock) as (link, _):
        clock.advance(5.9)
        link._on_timer()
        assert link.error is None
        clock.advance(0.2)
        link._on_timer()
        with pytest.raises(ServerDown, match="no answer to the login within 6 s"):
            await link.log_in()


async def test_a_link_that_went_silent_is_pinged_and_given_up_after_the_heartbeat() -> None:
    sent: list[bytes] = []

    async def script(peer: Peer) -> None:
        await welcome(peer)
        while data := await peer.reader.read(1000):
            sent.append(data)

    clock = FakeClock()
    async with linked(script, clock) as (link, _):
        await link.log_in()
        for _ in range(63):
            assert link.error is None
            clock.advance(1.0)
            link._on_timer()
        assert "silent for 63 s; expected a sign of life" in str(await end_of(link))
    await reached(lambda: sent)
    pings = split_frames(b"".join(sent))
    assert {one.command for one in pings} == {Command.PING}


async def test_the_timer_pings_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    is_pinged = asyncio.Event()

    async def script(peer: Peer) -> None:
        await welcome(peer)
        assert (await peer.receive()).command == Command.PING
        is_pinged.set()
        await silence(peer)

    # Pings as soon as it may: the least time between two is that for a login.
    monkeypatch.setattr(client, "PING_BEFORE_HEARTBEAT_S", 45.0)
    monkeypatch.setattr(client, "LOGIN_TIMEOUT_S", 2.0)
    async with linked(script) as (link, _):
        await link.log_in()
        async with asyncio.timeout(PATIENCE_S):
            await is_pinged.wait()


async def test_a_break_of_the_protocol_ends_the_link_after_what_came_before() -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        peer.send(hardware(b"vw\x001\x001") + b"\xff" * 5)
        await silence(peer)

    async with linked(script) as (link, heard):
        assert "it broke the protocol: frame of type 255" in str(await end_of(link))
        assert heard[-1] == PinsWritten([("V1", ("1",), 3)])


async def test_nothing_is_heard_after_the_end() -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        peer.send(hardware(b"vw\x001\x001") + hardware(b"vr\x001") + hardware(b"vw\x001\x002"))
        await silence(peer)

    async with linked(script) as (link, heard):

        def take(event: ClientEvent) -> None:
            heard.append(event)
            if isinstance(event, PinsWritten):
                link.end(ServerDown("enough"))

        link._take_event = take
        assert str(await end_of(link)) == "enough"
        assert [one for one in heard if isinstance(one, PinsWritten)] == [
            PinsWritten([("V1", ("1",), 3)])
        ]


async def test_a_server_that_makes_us_answer_and_does_not_read_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "MAX_UNSENT_BYTES", 64 * 1024)
    monkeypatch.setattr(link_module, "MESSAGES_BURST", 1_000_000)

    async def script(peer: Peer) -> None:
        little(peer.writer, socket.SO_RCVBUF)
        await welcome(peer)
        while True:
            peer.send(encode_frame(Command.PING, 1) * 1000)
            await peer.writer.drain()

    def little(end: asyncio.WriteTransport | asyncio.StreamWriter, which: int) -> None:
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, which, 4096)

    async with linked(script) as (link, _):
        assert link._transport is not None
        little(link._transport, socket.SO_SNDBUF)
        assert "it does not take what it is sent" in str(await end_of(link))


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_server_that_floods_is_read_no_faster_and_loses_nothing(
    is_tls: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(link_module, "MESSAGES_PER_SECOND", 10_000)
    monkeypatch.setattr(link_module, "MESSAGES_BURST", 100)
    count = 6000

    async def script(peer: Peer) -> None:
        await welcome(peer)
        for number in range(count):
            peer.send(hardware(b"vw\x001\0%d" % number, 3))
        await silence(peer)

    loop = asyncio.get_running_loop()
    authority = Authority(tmp_path, "home") if is_tls else None
    async with linked(script, authority=authority) as (link, heard):
        begin = loop.time()
        await reached(lambda: _values(heard)[-1:] == [str(count - 1)])
        assert loop.time() - begin > 0.3
        assert _values(heard) == [str(number) for number in range(count)]
        assert link.error is None


def _values(heard: list[ClientEvent]) -> list[str]:
    writes = (one.writes for one in heard if isinstance(one, PinsWritten))
    return [write[1][0] for run in writes for write in run]


async def test_a_reset_and_a_closed_connection_are_told() -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)

    async with linked(script) as (link, _):
        assert "it closed the connection; expected it to stay" in str(await end_of(link))

    async def reset(peer: Peer) -> None:
        await welcome(peer)
        peer.writer.transport.abort()

    async with linked(reset) as (link, _):
        assert isinstance(await end_of(link), ServerDown)


async def test_a_link_that_is_closed_before_it_is_connected_does_not_log_in() -> None:
    heard: list[bytes] = []

    async def script(peer: Peer) -> None:
        heard.append(await peer.reader.read(100))

    async with scripted(script) as server:
        place = Place(*server.address)
        link = Link(place, ClientConnection(TOKEN), SystemClock(), lambda event: None)
        await link.close()
        await dial(place, None, link)
        await link.close()
        await reached(lambda: heard)
        assert heard == [b""]


async def test_the_first_reason_stands() -> None:
    async with linked(welcome_and_listen) as (link, _):
        await link.log_in()
        link.end(ServerDown("first"))
        link.end(ServerDown("second"))
        await link.close()
        await link.close()
        assert str(link.error) == "first"
        link.flush()
