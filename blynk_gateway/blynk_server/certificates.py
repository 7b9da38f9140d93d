"""Makes the gateway's own certificate authority and a server certificate, and reads certificates.

Runs as a process of its own, `python -m blynk_gateway.blynk_server.certificates DIR NAME…`, so that
the library it needs does not stay in the daemon's memory. `DIR` then holds:

    ca.key, ca.pem           the authority, for ten years; clients import ca.pem
    server.key, server.pem   key, and certificate with the authority's behind it
    server.json              names in the certificate, and when it expires

Keys are readable by their owner only. Files are replaced whole, and server.json last: it stands for
a complete set.

`python -m blynk_gateway.blynk_server.certificates --describe` reads a certificate in PEM form from
standard input, the first of a chain, and writes `{"names": [DNS name or IP address…],
"not_after_ms"}` to standard output.
"""

import ipaddress
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from blynk_gateway.core.clock import SystemClock

CA_DAYS = 3650
SERVER_DAYS = 397
"""The most that browsers accept."""

CA_RENEW_DAYS = SERVER_DAYS + 30
"""An authority that ends earlier than its certificates is made anew."""

# Clocks of peers, and a Pi's own at boot, may be behind.
_BACKDATED = timedelta(days=1)


DESCRIBE = "--describe"


def main(arguments: list[str]) -> int:
    """Write the files into the directory for the names; 0 if they are there."""
    if arguments == [DESCRIBE]:
        sys.stdout.write(json.dumps(describe(sys.stdin.buffer.read())))
        return 0
    directory, *names = arguments
    now = datetime.fromtimestamp(SystemClock().now_ms() // 1000, UTC)
    make_certificates(Path(directory), names, now)
    return 0


def make_certificates(directory: Path, names: list[str], now: datetime) -> None:
    """Make a server certificate, and the authority too if there is no usable one.

    Args:
        names: DNS names and IP addresses.
        now: the present, UTC.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_key, ca = _load_authority(directory, now) or _make_authority(directory, now)
    key = ec.generate_private_key(ec.SECP256R1())
    expires = now + timedelta(days=SERVER_DAYS)
    certificate = (
        _builder(names[0], key.public_key(), now, expires)
        .issuer_name(ca.subject)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    _write(directory / "server.key", _key_text(key), 0o600)
    _write(directory / "server.pem", _pem(certificate) + _pem(ca), 0o644)
    facts = {"names": names, "expires_ms": int(expires.timestamp() * 1000)}
    _write(directory / "server.json", json.dumps(facts).encode(), 0o644)


def describe(pem: bytes) -> dict[str, Any]:
    """What people want to know of a certificate; see the top of this module.

    Raises:
        ValueError: it is none.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(one.value) for one in found]
    except x509.ExtensionNotFound:
        names = []
    return {"names": names, "not_after_ms": int(_expiry(certificate).timestamp() * 1000)}


def _load_authority(
    directory: Path, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    try:
        key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
        ca = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    except (OSError, ValueError, TypeError):
        # There is none, or it is damaged: in both cases a new one is made.
        return None
    public = ca.public_key()
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(
        public, ec.EllipticCurvePublicKey
    ):
        return None
    if key.public_key().public_numbers() != public.public_numbers():
        return None
    return (key, ca) if _expiry(ca) > now + timedelta(days=CA_RENEW_DAYS) else None


def _make_authority(
    directory: Path, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    # A number in the name tells apart the authorities of several gateways on one client.
    name = f"Blynk Gateway CA {os.urandom(4).hex()}"
    builder = _builder(name, key.public_key(), now, now + timedelta(days=CA_DAYS))
    ca = (
        builder.issuer_name(_name(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_USAGE, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(directory / "ca.key", _key_text(key), 0o600)
    _write(directory / "ca.pem", _pem(ca), 0o644)
    return key, ca


_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(
    name: str, public_key: ec.EllipticCurvePublicKey, now: datetime, expires: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(expires)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(text: str) -> x509.Name:
    # A common name has at most 64 characters; host names may be longer.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _expiry(certificate: x509.Certificate) -> datetime:
    # The second form is the only one before version 42, and deprecated since.
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=UTC)


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file whole; it never exists half or readable by others than `mode` says."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
