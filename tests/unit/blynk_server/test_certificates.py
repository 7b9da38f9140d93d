import json
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from blynk_gateway.blynk_server import certificates
from blynk_gateway.blynk_server.certificates import make_certificates

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NAMES = ["pi.example", "localhost", "192.168.1.5", "::1"]


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_certificate_has_all_names_and_is_signed_by_the_authority(tmp_path: Path) -> None:
    make_certificates(tmp_path / "tls", NAMES, NOW)
    server, ca = load(tmp_path / "tls" / "server.pem"), load(tmp_path / "tls" / "ca.pem")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["pi.example", "localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == NAMES[2:]
    assert server.issuer == ca.subject
    server.verify_directly_issued_by(ca)
    assert certificates._expiry(server) - NOW == timedelta(days=397)
    assert certificates._expiry(ca) - NOW == timedelta(days=3650)
    facts = json.loads((tmp_path / "tls" / "server.json").read_text())
    assert facts == {"names": NAMES, "expires_ms": int((NOW.timestamp() + 397 * 86_400) * 1000)}
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        tmp_path / "tls" / "server.pem", tmp_path / "tls" / "server.key"
    )


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    make_certificates(tmp_path, NAMES, NOW)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {
        "ca.key": 0o600,
        "ca.pem": 0o644,
        "server.key": 0o600,
        "server.pem": 0o644,
        "server.json": 0o644,
    }


def test_a_renewed_certificate_keeps_the_authority_that_clients_trust(tmp_path: Path) -> None:
    make_certificates(tmp_path, NAMES, NOW)
    ca, server = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "server.pem").read_bytes()
    make_certificates(tmp_path, ["other"], NOW + timedelta(days=300))
    assert (tmp_path / "ca.pem").read_bytes() == ca
    assert (tmp_path / "server.pem").read_bytes() != server


@pytest.mark.parametrize("fault", ["expiring", "garbage", "other key", "another kind of key"])
def test_an_unusable_authority_is_replaced(tmp_path: Path, fault: str) -> None:
    make_certificates(tmp_path, NAMES, NOW)
    before = (tmp_path / "ca.pem").read_bytes()
    now = NOW
    if fault == "expiring":
        now += timedelta(days=3650 - 400)
    elif fault == "garbage":
        (tmp_path / "ca.key").write_text("garbage")
    elif fault == "other key":
        (tmp_path / "ca.key").write_bytes((tmp_path / "server.key").read_bytes())
    else:
        (tmp_path / "ca.key").write_bytes(_ed25519_key())
    make_certificates(tmp_path, NAMES, now)
    assert (tmp_path / "ca.pem").read_bytes() != before
    load(tmp_path / "server.pem").verify_directly_issued_by(load(tmp_path / "ca.pem"))


def test_the_command_takes_a_directory_and_names(tmp_path: Path) -> None:
    assert certificates.main([str(tmp_path / "a" / "b"), "localhost"]) == 0
    assert (tmp_path / "a" / "b" / "server.json").exists()


def _ed25519_key() -> bytes:
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_a_certificate_is_described_from_standard_input(tmp_path: Path) -> None:
    make_certificates(tmp_path, NAMES, NOW)
    pem = (tmp_path / "server.pem").read_bytes()
    facts = {"names": NAMES, "not_after_ms": int((NOW.timestamp() + 397 * 86_400) * 1000)}
    assert certificates.describe(pem) == facts
    found = subprocess.run(
        [sys.executable, "-m", certificates.__name__, certificates.DESCRIBE],
        input=pem,
        capture_output=True,
        check=True,
    )
    assert json.loads(found.stdout) == facts


def test_a_certificate_without_names_has_none(tmp_path: Path) -> None:
    make_certificates(tmp_path, NAMES, NOW)
    assert certificates.describe((tmp_path / "ca.pem").read_bytes())["names"] == []
