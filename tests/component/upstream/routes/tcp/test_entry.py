"""The way to the server that takes us."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from blynk_gateway.config.options import Address
from blynk_gateway.config.upstream import options
from blynk_gateway.config.upstream.options import UpstreamTlsOptions, Via
from blynk_gateway.errors import PeerError
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.upstream.route import Place, RouteSetup, ServerDown, ServerRefused
from blynk_gateway.upstream.routes import tls
from blynk_gateway.upstream.routes.tcp import entry
from blynk_gateway.upstream.routes.tcp.entry import Entry
from blynk_gateway.upstream.routes.tcp.link import NotBlynk
from tests.helpers.above import Ground, Script, ScriptedServer, scripted, silence
from tests.helpers.authority import Authority
from tests.helpers.devices import Peer
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import free_port
from tests.helpers.wire import response


async def entered(setup: RouteSetup) -> Place:
    """Where an entry leads; the link is closed again."""
    async with asyncio.timeout(PATIENCE_S):
        link = await Entry(setup, lambda event: None).open()
    await link.close()
    return link.place


async def fault(setup: RouteSetup) -> PeerError:
    with pytest.raises(PeerError) as caught:
        await entered(setup)
    return caught.value


async def taking(peer: Peer) -> None:
    peer.send(response((await peer.receive()).message_id))
    await silence(peer)


async def refusing(peer: Peer) -> None:
    peer.send(response((await peer.receive()).message_id, Status.INVALID_TOKEN))
    await silence(peer)


async def portal(peer: Peer) -> None:
    await peer.receive()
    peer.send(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")
    await silence(peer)


async def plain_text(peer: Peer) -> None:
    peer.send(b"220 mail.example ready\r\n")
    await silence(peer)


def sending_to(place: Callable[[], tuple[str, int]], *, after_login: bool = False) -> Script:
    """A script that sends a device elsewhere."""

    async def script(peer: Peer) -> None:
        login = await peer.receive()
        host, port = place()
        taken = response(login.message_id) if after_login else b""
        peer.send(taken + encode_frame(Command.REDIRECT, 1, f"{host}\0{port}".encode()))
        await silence(peer)

    return script


@asynccontextmanager
async def servers(*scripts: Script) -> AsyncIterator[list[ScriptedServer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(scripted(one)) for one in scripts]


def closed() -> Address:
    """Where nothing listens."""
    return Address("127.0.0.1", free_port())


async def test_a_server_that_takes_us_is_used_and_nothing_remembered() -> None:
    ground = Ground()
    async with scripted(taking) as server:
        assert await entered(ground.setup(server.address)) == Place(*server.address)
    assert ground.places == []


@pytest.mark.parametrize("after_login", [False, True])
async def test_a_redirect_is_followed_and_remembered(after_login: bool) -> None:
    ground = Ground()
    script = sending_to(lambda: second.address, after_login=after_login)
    async with servers(script, taking) as (first, second):
        assert await entered(ground.setup(first.address)) == Place(*second.address)
    assert ground.places == [Place(*second.address)]


async def test_five_redirects_are_followed_and_no_more() -> None:
    def hop(number: int) -> Script:
        return sending_to(lambda: chain[number + 1].address)

    chain: list[ScriptedServer] = []
    async with servers(*(hop(number) for number in range(6)), taking) as found:
        chain += found
        place = await entered(Ground().setup(chain[1].address))
        assert place == Place(*chain[6].address)
        error = await fault(Ground().setup(chain[0].address))
        assert "in a circle; expected a server that takes us after 5 redirects" in str(error)
        assert chain[6].accepted == 1


async def test_a_circle_is_left_when_it_closes() -> None:
    ground = Ground()
    there, back = sending_to(lambda: b.address), sending_to(lambda: a.address)
    async with servers(there, back, sending_to(lambda: c.address)) as (a, b, c):
        for server, rounds in ((a, 1), (c, 1)):
            error = await fault(ground.setup(server.address))
            assert type(error) is ServerDown
            assert "in a circle" in str(error)
            assert server.accepted == rounds
    assert ground.places == []


async def test_the_remembered_place_is_tried_first_and_kept() -> None:
    ground = Ground()
    async with servers(taking, taking) as (configured, remembered):
        setup = ground.setup(configured.address, remembered=Place(*remembered.address))
        assert await entered(setup) == Place(*remembered.address)
        assert configured.accepted == 0
    assert ground.places == []


@pytest.mark.parametrize("script", [refusing, portal, silence, None])
async def test_a_remembered_place_that_does_not_take_us_is_forgotten(
    script: Script | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "REMEMBERED_S", 0.05 if script is silence else 5.0)
    ground = Ground()
    async with servers(taking, script or taking) as (configured, other):
        place = Place(*(other.address if script else closed()))
        setup = ground.setup(configured.address, remembered=place)
        assert await entered(setup) == Place(*configured.address)
    assert ground.places == [None]


async def test_a_remembered_place_is_replaced_by_where_it_sends_us() -> None:
    ground = Ground()
    script = sending_to(lambda: new.address)
    async with servers(taking, script, taking) as (configured, old, new):
        setup = ground.setup(configured.address, remembered=Place(*old.address))
        assert await entered(setup) == Place(*new.address)
        assert configured.accepted == 0
    assert ground.places == [Place(*new.address)]


@pytest.mark.parametrize("script", [None, portal])
async def test_the_usual_ports_are_tried_in_turn(
    script: Script | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with servers(taking, script or taking) as (good, bad):
        first = bad.address.port if script else closed().port
        ports = (first, good.address.port)
        monkeypatch.setitem(options._PORTS, (Via.TCP, False), ports)
        setup = Ground().setup(good.address, any_port=True)
        assert await entered(setup) == Place(*good.address)


async def test_each_port_says_why_and_the_fault_that_tells_most_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scripted(portal) as server:
        ports = (closed().port, server.address.port)
        monkeypatch.setitem(options._PORTS, (Via.TCP, False), ports)
        error = await fault(Ground().setup(server.address, any_port=True))
        assert isinstance(error, NotBlynk)
        assert f"127.0.0.1:{ports[0]}: nothing listens there" in str(error)
        assert f"127.0.0.1:{ports[1]}: it said 'HTTP/1.1 302 Found" in str(error)


async def test_a_refused_token_is_final_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with servers(refusing, taking) as (refuses, takes):
        ports = (refuses.address.port, takes.address.port)
        monkeypatch.setitem(options._PORTS, (Via.TCP, False), ports)
        error = await fault(Ground().setup(refuses.address, any_port=True))
        assert isinstance(error, ServerRefused)
        assert takes.accepted == 0


async def test_a_name_without_an_address_is_looked_up_once_for_all_ports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    async def lookup(host: object, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    setup = Ground().setup(Address("nowhere.invalid", 1), any_port=True)
    assert isinstance(await fault(setup), tls.NameUnknown)
    assert asked == ["nowhere.invalid"]


async def test_the_whole_way_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "OPEN_S", 0.05)
    is_left = asyncio.Event()

    async def script(peer: Peer) -> None:
        await silence(peer)
        is_left.set()

    async with scripted(script) as server:
        error = await fault(Ground().setup(server.address))
        assert "no connection within 0.05 s" in str(error)
        async with asyncio.timeout(PATIENCE_S):
            await is_left.wait()


async def test_tls_is_never_left_by_a_redirect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "home")
    identity = authority.issue("server", "localhost", "127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.cert, identity.key)
    ground = Ground()
    # The Java server names its plain port even to those who came by TLS.
    script = sending_to(lambda: ("localhost", 80))
    async with scripted(script, context) as first, scripted(taking, context) as second:
        setup = ground.setup(first.address, ca=authority.ca, any_port=True)
        ports = (first.address.port, second.address.port)
        monkeypatch.setitem(options._PORTS, (Via.TCP, True), ports)
        place = Place("localhost", second.address.port)
        # At its first port it sends us there again: that is a circle but for the second.
        monkeypatch.setattr(first, "_script", once(script, portal))
        assert await entered(setup) == place
        assert ground.places == [place]
    async with scripted(plain_text) as plain:
        redirect = sending_to(lambda: plain.address)
        async with scripted(redirect, context) as first:
            error = await fault(ground.setup(first.address, ca=authority.ca))
            assert isinstance(error, tls.TlsFailed)


def once(script: Script, afterwards: Script) -> Script:
    """One script for the first connection, another for the others."""
    scripts = iter([script])

    def choose(peer: Peer) -> Awaitable[None]:
        return next(scripts, afterwards)(peer)

    return choose


async def test_an_authority_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    setup = Ground().setup(closed(), ca=tmp_path / "missing.pem")
    assert isinstance(await fault(setup), tls.AuthorityUnusable)
    assert setup.upstream.tls == UpstreamTlsOptions(tmp_path / "missing.pem")


@pytest.mark.parametrize(
    ("template_id", "heartbeat_ms", "told"),
    [
        (None, 45_000, {"h-beat": "45", "ver": "1.4.0", "buff-in": "4096"}),
        ("TMPLabcd", 5_000, {"h-beat": "10", "tmpl": "TMPLabcd", "fw-type": "TMPLabcd"}),
    ],
)
async def test_template_and_heartbeat_are_told_at_login(
    template_id: str | None, heartbeat_ms: int, told: dict[str, str]
) -> None:
    infos: list[dict[str, str]] = []
    is_told = asyncio.Event()

    async def script(peer: Peer) -> None:
        peer.send(response((await peer.receive()).message_id))
        parts = (await peer.receive()).body.decode().split("\0")
        infos.append(dict(zip(parts[::2], parts[1::2], strict=True)))
        is_told.set()
        await silence(peer)

    async with scripted(script) as server:
        setup = Ground().setup(server.address, heartbeat_ms=heartbeat_ms)
        setup = replace(setup, mapping=replace(setup.mapping, template_id=template_id))
        link = await Entry(setup, lambda event: None).open()
        async with asyncio.timeout(PATIENCE_S):
            await is_told.wait()
        await link.close()
    assert infos[0].items() >= told.items()
    assert ("tmpl" in infos[0]) == (template_id is not None)
