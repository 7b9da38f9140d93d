import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.config.options import Address
from blynk_gateway.config.upstream.options import UpstreamTlsOptions
from blynk_gateway.upstream.route import Place, ServerDown
from blynk_gateway.upstream.routes import tls
from blynk_gateway.upstream.routes.tcp import dialing
from blynk_gateway.upstream.routes.tcp.dialing import dial, place_text
from tests.helpers.above import scripted, silence
from tests.helpers.authority import Authority, Identity
from tests.helpers.devices import Peer
from tests.helpers.processes import free_port


class Told(asyncio.Protocol):
    """Closes as soon as it is connected."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.version: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        found = transport.get_extra_info("ssl_object")
        self.version = None if found is None else found.version()
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


@asynccontextmanager
async def tls_server(identity: Identity) -> AsyncIterator[Address]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.cert, identity.key)
    async with scripted(silence, context) as server:
        yield server.address


async def trusting(authority: Authority) -> ssl.SSLContext:
    return await tls.context(UpstreamTlsOptions(authority.ca))


async def test_a_plain_connection_comes_about() -> None:
    async with scripted(silence) as server:
        told = Told()
        await dial(Place(*server.address), None, told)
        await told.closed.wait()
        assert told.version is None


async def test_a_server_with_a_certificate_of_our_authority_is_connected(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "home")
    async with tls_server(authority.issue("server", "localhost", "127.0.0.1")) as address:
        for host in ("localhost", "127.0.0.1"):
            told = Told()
            await dial(Place(host, address.port), await trusting(authority), told)
            await told.closed.wait()
            assert told.version in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize(
    ("signer", "hosts", "days", "kind"),
    [
        ("strangers", ("127.0.0.1",), 30, tls.CertificateUntrusted),
        ("home", ("elsewhere.example",), 30, tls.CertificateOfAnother),
        ("home", ("127.0.0.1",), -1, tls.CertificateExpired),
    ],
)
async def test_a_certificate_that_is_not_valid_is_refused_and_the_fault_named(
    tmp_path: Path, signer: str, hosts: tuple[str, ...], days: int, kind: type[ServerDown]
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("home", "strangers")}
    identity = authorities[signer].issue("server", *hosts, days=days)
    context = await trusting(authorities["home"])
    async with tls_server(identity) as address:
        with pytest.raises(kind, match=f"127.0.0.1:{address.port}"):
            await dial(Place(*address), context, Told())


async def test_a_server_without_tls_is_named(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await silence(peer)

    context = await trusting(Authority(tmp_path, "home"))
    async with scripted(script) as server:
        with pytest.raises(tls.TlsFailed):
            await dial(Place(*server.address), context, Told())


async def test_a_server_that_does_not_answer_our_hello_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = await trusting(Authority(tmp_path, "home"))
    async with scripted(silence) as server:
        monkeypatch.setattr(dialing, "HANDSHAKE_S", 0.05)
        with pytest.raises(tls.TlsFailed, match="no answer to our hello"):
            await dial(Place(*server.address), context, Told())
        monkeypatch.setattr(dialing, "HANDSHAKE_S", 5.0)
        monkeypatch.setattr(dialing, "CONNECT_S", 0.05)
        with pytest.raises(ServerDown, match="no answer; expected one"):
            await dial(Place(*server.address), context, Told())


@pytest.mark.parametrize("hosts", [("127.0.0.1",), ("127.0.0.1", "127.0.0.2")])
async def test_a_port_where_nothing_listens_is_named(
    hosts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()

    async def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

    # Of the errors of several addresses asyncio makes a text.
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    with pytest.raises(ServerDown, match=f"above.example:{port}: nothing listens there"):
        await dial(Place("above.example", port), None, Told())


@pytest.mark.parametrize("host", ["", "a" * 64 + ".example", ".example", "a..b"])
async def test_what_is_no_host_name_is_an_error_like_any_other(host: str, tmp_path: Path) -> None:
    for context in (None, await trusting(Authority(tmp_path, "home"))):
        with pytest.raises(ServerDown):
            await dial(Place(host, 1), context, Told())


async def test_a_name_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    with pytest.raises(tls.NameUnknown, match=r"nowhere\.invalid:443"):
        await dial(Place("nowhere.invalid", 443), None, Told())


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 113] x"), 111),
        (OSError("something else"), None),
        (ConnectionResetError(), None),
        (OSError(113, "No route to host"), 113),
    ],
)
def test_of_several_errors_the_first_is_told(found: OSError, told: int | None) -> None:
    assert dialing._single(found).errno == told


def test_places_read_as_people_write_them() -> None:
    assert place_text(Place("fra1.blynk.cloud", 443)) == "fra1.blynk.cloud:443"
    assert place_text(Place("::1", 80)) == "[::1]:80"
    assert "\n" not in place_text(Place("a\nb", 80))
