"""Certificates of an authority of one's own, as somebody makes for a broker at home."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Identity(NamedTuple):
    """PEM files that everybody may read."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates; all files go to `directory`.

    Attributes:
        ca: PEM file of its own certificate.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        basic = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(self._name, self._key, 30).add_extension(basic, critical=True)
        self.ca = directory / f"{name}.pem"
        self._write(self.ca, self._sign(builder))

    def issue(self, name: str, *hosts: str, days: int = 30) -> Identity:
        """A certificate for names or addresses of hosts, or without them for a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), key, days)
        if hosts:
            names = x509.SubjectAlternativeName([_general(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        issued = Identity(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        self._write(issued.cert, self._sign(builder))
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        self._write(issued.key, key.private_bytes(serialization.Encoding.PEM, form, plain))
        return issued

    def _sign(self, builder: x509.CertificateBuilder) -> bytes:
        certificate = builder.issuer_name(self._name).sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    def _write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        # A broker that gave up root reads them too.
        path.chmod(0o644)


def _builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
