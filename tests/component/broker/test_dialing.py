import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.broker import dialing
from blynk_gateway.broker.dialing import dial
from blynk_gateway.broker.faults import (
    BrokerDown,
    CertificateExpired,
    CertificateOfAnother,
    CertificateUntrusted,
    TlsFailed,
    TlsFilesUnusable,
)
from blynk_gateway.broker.message import Message
from blynk_gateway.broker.waker import Stopped, Waker
from blynk_gateway.config.mqtt.options import MqttOptions, MqttTlsOptions, ProtocolVersion
from blynk_gateway.errors import PeerError
from tests.component.broker.conftest import Open, until
from tests.helpers.authority import Authority, Identity
from tests.helpers.broker import Broker
from tests.helpers.processes import free_port


class TlsBroker(Broker):
    """A broker that speaks TLS only, with a certificate for `localhost`."""

    is_strict = False
    is_late = False

    def prepare(self) -> None:
        self.authority = Authority(self.directory, "ours")
        server = self.authority.issue("server", "localhost", days=-10 if self.is_late else 30)
        self._settings = [
            f"certfile {server.cert}",
            f"keyfile {server.key}",
            f"cafile {self.authority.ca}",
            f"require_certificate {str(self.is_strict).lower()}",
        ]
        super().prepare()


class StrictBroker(TlsBroker):
    """One that wants a certificate of clients too."""

    is_strict = True


class LateBroker(TlsBroker):
    """One whose certificate is not valid any more."""

    is_late = True


@pytest.fixture(scope="module")
def secure() -> Iterator[TlsBroker]:
    with TlsBroker() as one:
        yield one


@pytest.fixture
def waker() -> Iterator[Waker]:
    one = Waker()
    yield one
    one.close()


def tls_to(broker: TlsBroker, **tls: object) -> MqttOptions:
    options = MqttTlsOptions(**({"ca": broker.authority.ca} | tls))  # type: ignore[arg-type]
    return MqttOptions(host="localhost", port=broker.port, tls=options)


async def test_messages_go_through_tls_whole(
    secure: TlsBroker, protocol: ProtocolVersion, open_connection: Open
) -> None:
    options = tls_to(secure)
    heard = list[Message]()
    connection = await open_connection(
        secure.port, heard, host="localhost", tls=options.tls, protocol=protocol
    )
    await connection.subscribe([("secret", 0)])
    # More than a record of TLS, and than is read at once.
    count = 200
    for number in range(count):
        connection.publish("secret", str(number).rjust(5_000))
    await until(lambda: len(heard) == count)
    assert [int(message.payload) for message in heard] == list(range(count))


def test_versions_before_tls_1_2_are_not_spoken(secure: TlsBroker, waker: Waker) -> None:
    wire = dial(tls_to(secure), waker)
    assert wire.sock.version() in ("TLSv1.2", "TLSv1.3")  # type: ignore[attr-defined]
    assert wire.sock.context.minimum_version.name == "TLSv1_2"  # type: ignore[attr-defined]
    wire.shut()


def test_certificate_of_a_stranger_is_refused(
    secure: TlsBroker, waker: Waker, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    with pytest.raises(CertificateUntrusted, match=r"will not do, .*; expected one signed"):
        dial(tls_to(secure, ca=other.ca), waker)
    with pytest.raises(CertificateUntrusted):
        dial(tls_to(secure, ca=None), waker)


def test_certificate_of_another_host_is_refused(secure: TlsBroker, waker: Waker) -> None:
    options = tls_to(secure)
    with pytest.raises(CertificateOfAnother, match=r"127\.0\.0\.1"):
        dial(MqttOptions(host="127.0.0.1", port=secure.port, tls=options.tls), waker)


def test_certificate_that_is_over_is_refused(waker: Waker) -> None:
    with LateBroker() as broker, pytest.raises(CertificateExpired, match="expired"):
        dial(tls_to(broker), waker)


def test_insecure_takes_any_certificate(secure: TlsBroker, waker: Waker) -> None:
    tls = MqttTlsOptions(insecure=True)
    dial(MqttOptions(host="127.0.0.1", port=secure.port, tls=tls), waker).shut()


@pytest.fixture(scope="module")
def strict() -> Iterator[StrictBroker]:
    with StrictBroker() as one:
        yield one


class TestClientCertificate:
    @pytest.fixture
    def ours(self, strict: StrictBroker) -> Identity:
        return strict.authority.issue("client")

    async def test_of_ours_is_taken(
        self, strict: StrictBroker, ours: Identity, open_connection: Open
    ) -> None:
        tls = tls_to(strict, cert=ours.cert, key=ours.key).tls
        connection = await open_connection(strict.port, host="localhost", tls=tls)
        await connection.subscribe([("a", 0)])

    async def test_that_is_missing_says_so(
        self, strict: StrictBroker, open_connection: Open
    ) -> None:
        with pytest.raises(TlsFailed, match="certificate required") as caught:
            await open_connection(strict.port, host="localhost", tls=tls_to(strict).tls)
        assert "mqtt.tls.cert" in caught.value.hint

    def test_of_another_authority_is_not_taken_for_ours(
        self, strict: StrictBroker, ours: Identity, waker: Waker, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path, "other").issue("client")
        with pytest.raises(TlsFilesUnusable, match=r"`tls\.cert` .*key values mismatch"):
            dial(tls_to(strict, cert=ours.cert, key=other.key), waker)


@pytest.mark.parametrize("name", ["missing.pem", "text.pem"])
def test_files_that_cannot_be_used_are_named(waker: Waker, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    tls = MqttTlsOptions(ca=tmp_path / name)
    with pytest.raises(TlsFilesUnusable, match=f"`tls.ca` .*{name}: .*; expected a PEM file"):
        dial(MqttOptions(tls=tls), waker)


def test_authorities_are_read_once_for_all_until_they_change(
    secure: TlsBroker, waker: Waker, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(secure.authority.ca.read_bytes())
    tls = MqttTlsOptions(ca=ca)
    options = MqttOptions(host="localhost", port=secure.port, tls=tls)
    first, second = dial(options, waker), dial(options, waker)
    try:
        assert isinstance(first.sock, ssl.SSLSocket)
        assert isinstance(second.sock, ssl.SSLSocket)
        assert first.sock.context is second.sock.context
        ca.write_bytes(Authority(tmp_path, "other").ca.read_bytes())
        os.utime(ca, ns=(0, 0))
        with pytest.raises(CertificateUntrusted):
            dial(options, waker)
    finally:
        first.shut()
        second.shut()


def test_tls_where_there_is_none_is_told(broker: Broker, waker: Waker) -> None:
    options = MqttOptions(host="localhost", port=broker.port, tls=MqttTlsOptions())
    with pytest.raises(TlsFailed) as caught:
        dial(options, waker)
    assert "8883" in caught.value.hint


async def test_none_where_there_is_tls_is_told(secure: TlsBroker, open_connection: Open) -> None:
    with pytest.raises(PeerError, match=r"TLS|something else"):
        await open_connection(secure.port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".local", "a..b"])
def test_name_that_nobody_knows_is_told(waker: Waker, host: str) -> None:
    with pytest.raises(BrokerDown, match="its address is not known"):
        dial(MqttOptions(host=host), waker)


class TestWithoutAnswer:
    @pytest.fixture
    def deaf(self) -> Iterator[int]:
        """A port that takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]

    @pytest.fixture
    def full(self) -> Iterator[int]:
        """A port at which a connection hangs, as behind a firewall."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
            port = server.getsockname()[1]
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            yield port
            for one in waiting:
                one.close()

    def test_an_address_is_given_up(
        self, full: int, waker: Waker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dialing, "ADDRESS_S", 0.1)
        with pytest.raises(BrokerDown, match="no answer"):
            dial(MqttOptions(host="127.0.0.1", port=full), waker)

    def test_tls_is_given_up(
        self, deaf: int, waker: Waker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dialing, "HANDSHAKE_S", 0.1)
        with pytest.raises(TlsFailed, match="no answer"):
            dial(MqttOptions(host="127.0.0.1", port=deaf, tls=MqttTlsOptions()), waker)

    @pytest.mark.parametrize("tls", [None, MqttTlsOptions()])
    def test_a_stop_is_prompt(
        self, deaf: int, full: int, waker: Waker, tls: MqttTlsOptions | None
    ) -> None:
        stopper = threading.Timer(0.05, waker.stop)
        stopper.start()
        port = full if tls is None else deaf
        with pytest.raises(Stopped):
            dial(MqttOptions(host="127.0.0.1", port=port, tls=tls), waker)
        stopper.join()


def test_the_next_address_of_a_host_is_tried(
    broker: Broker, waker: Waker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = ("127.0.0.1", free_port()), ("127.0.0.1", broker.port)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
    # One of a family that the kernel lacks, as IPv6 often was left out.
    found.insert(0, (socket.AF_AX25, socket.SOCK_STREAM, 6, "", dead))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    dial(MqttOptions(), waker).shut()
