import asyncio
import hashlib
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blynk_gateway.blynk_server import served
from blynk_gateway.blynk_server.certificates import make_certificates
from blynk_gateway.blynk_server.served import ServedCertificate
from blynk_gateway.config.options import Address, TlsOptions
from blynk_gateway.core.ports import TlsState
from tests.helpers.devices import LOOPBACK, Bench, running

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ADDRESSES = (Address("0.0.0.0", 9443), Address("::", 9443), Address("::", 443))  # noqa: S104  compared


def fingerprint(file: Path) -> str:
    first, end, _ = file.read_text().partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first + end)).hexdigest()


async def test_the_gateways_own_certificate_is_told_as_it_is_served(tmp_path: Path) -> None:
    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,))) as bench:
        await bench.reached(lambda: bool(bench.server.tls_addresses))
        host, port = bench.server.tls_addresses[0]
        state = await bench.server.tls()
        assert (state.is_enabled, state.ports, state.is_own_ca) == (True, (port,), True)
        assert "localhost" in state.names
        assert "127.0.0.1" in state.names
        assert state.not_after_ms is not None
        assert state.not_after_ms > bench.clock.now_ms()
        pem = await asyncio.to_thread(ssl.get_server_certificate, (host, port))
        der = ssl.PEM_cert_to_DER_cert(pem)
        assert state.fingerprint == hashlib.sha256(der).hexdigest()
        assert state.ca_fingerprint == fingerprint(tmp_path / "tls" / "ca.pem")
        ca = await bench.server.authority()
        assert ca is not None
        ssl.create_default_context(cadata=ca.decode())


async def test_without_tls_there_is_nothing_to_tell(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        assert await bench.server.tls() == TlsState(False)
        assert await bench.server.authority() is None


async def test_before_there_is_a_certificate_tls_is_on_and_unserved(tmp_path: Path) -> None:
    certificate = ServedCertificate(tmp_path)
    assert await certificate.state(is_enabled=True, addresses=()) == TlsState(True)


async def test_the_owners_certificate_has_no_authority_of_ours(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["pi.example", "192.168.1.5"], NOW)
    pem = (tmp_path / "server.pem").read_bytes()
    certificate = ServedCertificate(tmp_path)
    certificate.loaded(pem, TlsOptions(tmp_path / "server.pem", tmp_path / "server.key"))
    state = await certificate.state(is_enabled=True, addresses=ADDRESSES)
    assert state == TlsState(
        is_enabled=True,
        ports=(9443, 443),
        is_own_ca=False,
        fingerprint=fingerprint(tmp_path / "server.pem"),
        names=("pi.example", "192.168.1.5"),
        not_after_ms=int((NOW.timestamp() + 397 * 86_400) * 1000),
    )
    assert await certificate.authority() is None


async def test_a_certificate_is_read_once_until_there_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    async def run_module(failure: str, *arguments: str, sent: bytes = b"") -> bytes:
        asked.append(sent)
        return b'{"names": [], "not_after_ms": 1}'

    monkeypatch.setattr(served, "run_module", run_module)
    make_certificates(tmp_path, ["a"], NOW)
    first = (tmp_path / "server.pem").read_bytes()
    make_certificates(tmp_path, ["b"], NOW)
    second = (tmp_path / "server.pem").read_bytes()
    certificate = ServedCertificate(tmp_path)
    for pem in (first, first, second):
        certificate.loaded(pem, TlsOptions())
        await asyncio.gather(
            *(certificate.state(is_enabled=True, addresses=ADDRESSES) for _ in range(3))
        )
    assert asked == [first, second]


async def test_a_certificate_that_only_openssl_understands_is_told_without_its_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = ServedCertificate(tmp_path)
    pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    certificate.loaded(pem, TlsOptions())
    state = await certificate.state(is_enabled=True, addresses=ADDRESSES)
    assert (state.names, state.not_after_ms) == ((), None)
    assert state.fingerprint == hashlib.sha256(b"\0\0\0").hexdigest()
    assert "certificate not described" in caplog.messages
    # Nor is there a file of the authority.
    assert await certificate.authority() is None


async def test_what_is_no_certificate_has_no_fingerprint(tmp_path: Path) -> None:
    certificate = ServedCertificate(tmp_path)
    certificate.loaded(b"garbage", TlsOptions())
    assert (await certificate.state(is_enabled=True, addresses=ADDRESSES)).fingerprint == ""
