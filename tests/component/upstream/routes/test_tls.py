"""Certificates of servers above, and what is said where there is no connection."""

import asyncio
import errno
import gc
import socket
import ssl
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.config.upstream.options import UpstreamTlsOptions
from blynk_gateway.upstream.route import ServerDown
from blynk_gateway.upstream.routes.tls import (
    AuthorityUnusable,
    CertificateExpired,
    CertificateOfAnother,
    CertificateUntrusted,
    NameUnknown,
    TlsFailed,
    context,
    explained,
)
from tests.helpers.authority import Authority, Identity
from tests.helpers.patience import PATIENCE_S

PLACE = "blynk.cloud:443"


@asynccontextmanager
async def serving(identity: Identity | None) -> AsyncIterator[int]:
    """A server, with TLS if it has an identity; its port."""
    tls = None
    if identity is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(identity.cert, identity.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def connect(port: int, ca: Path, host: str = "localhost") -> bytes:
    """What the server said, or the fault as it is explained."""
    tls = await context(UpstreamTlsOptions(ca))
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=tls, server_hostname=host
        )
    except OSError as error:
        raise explained(error, PLACE) from None
    try:
        return await reader.readexactly(5)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_server_of_a_trusted_authority_is_believed(tmp_path: Path, host: str) -> None:
    ours = Authority(tmp_path, "ours")
    async with serving(ours.issue("cloud", "localhost", "127.0.0.1")) as port:
        assert await connect(port, ours.ca, host) == b"hello"


@pytest.mark.parametrize(
    ("trusted", "host", "days", "kind"),
    [
        ("others", "localhost", 30, CertificateUntrusted),
        ("ours", "other.test", 30, CertificateOfAnother),
        ("ours", "127.0.0.2", 30, CertificateOfAnother),
        ("ours", "localhost", -1, CertificateExpired),
    ],
)
async def test_certificate_that_will_not_do_is_refused_and_told_why(
    tmp_path: Path, trusted: str, host: str, days: int, kind: type[ServerDown]
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("ours", "others")}
    identity = authorities["ours"].issue("cloud", "localhost", days=days)
    async with serving(identity) as port:
        with pytest.raises(kind, match=f"^{PLACE}: its certificate will not do, "):
            await connect(port, authorities[trusted].ca, host)


async def test_server_without_tls_is_told(tmp_path: Path) -> None:
    async with serving(None) as port:
        with pytest.raises(TlsFailed, match="no TLS"):
            await connect(port, Authority(tmp_path, "ours").ca)


async def test_system_s_authorities_are_trusted_without_a_file() -> None:
    found = await context(UpstreamTlsOptions())
    assert found.verify_mode is ssl.CERT_REQUIRED
    assert found.check_hostname
    assert found.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_file_is_read_once_while_it_is_used_and_anew_when_it_changes(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    options = UpstreamTlsOptions(ours.ca)
    first = await context(options)
    assert await context(options) is first
    ours.ca.write_bytes(Authority(tmp_path, "others").ca.read_bytes())
    second = await context(options)
    assert second is not first
    assert len(second.get_ca_certs()) == 1
    assert second.get_ca_certs() != first.get_ca_certs()


async def test_nothing_is_kept_of_what_nobody_uses(tmp_path: Path) -> None:
    used = weakref.ref(await context(UpstreamTlsOptions(Authority(tmp_path, "ours").ca)))
    async with asyncio.timeout(PATIENCE_S):
        # The thread that made it lets go of it when it has other work.
        while used() is not None:
            await asyncio.to_thread(gc.collect)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
async def test_file_of_authorities_that_cannot_be_used(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AuthorityUnusable, match=f"`tls.ca` {path}"):
        await context(UpstreamTlsOptions(path))


@pytest.mark.parametrize(
    ("error", "kind", "found"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), NameUnknown, "its name has no address"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), ServerDown, "nothing listens there"),
        (OSError(errno.ENETUNREACH, "x"), ServerDown, "there is no way to it"),
        (OSError(errno.EHOSTUNREACH, "x"), ServerDown, "there is no way to it"),
        (TimeoutError(), ServerDown, "no answer"),
        (OSError(errno.ETIMEDOUT, "x"), ServerDown, "no answer"),
        (ConnectionResetError(), ServerDown, "it ended the connection"),
        (ConnectionResetError(errno.ECONNRESET, "x"), ServerDown, "it ended the connection"),
        (OSError(errno.EACCES, "x"), ServerDown, "permission denied"),
        (OSError("Multiple exceptions: a, b"), ServerDown, "Multiple exceptions: a, b"),
        (ValueError("secret in an address"), ServerDown, "it ended the connection"),
        (ssl.SSLError(), TlsFailed, "no TLS, it ended in between"),
    ],
)
def test_error_is_told_without_its_own_text(
    error: Exception, kind: type[ServerDown], found: str
) -> None:
    fault = explained(error, PLACE)
    assert type(fault) is kind
    assert str(fault).startswith(f"{PLACE}: {found}")
