"""The certificate that is served, as it is told to people."""

import asyncio
import base64
import hashlib
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from blynk_gateway.blynk_server.tls import CertificateUnusable, run_module
from blynk_gateway.config.options import Address, TlsOptions
from blynk_gateway.core.ports import TlsState

log = logging.getLogger(__name__)

_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END "
)


class ServedCertificate:
    """Knows what was loaded last, and has it described when somebody asks.

    Args:
        directory: of the gateway's own certificates.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._pem: bytes | None = None
        self._is_own = False
        self._facts: tuple[tuple[str, ...], int | None] | None = None
        self._reading = asyncio.Lock()

    def loaded(self, pem: bytes, options: TlsOptions) -> None:
        """Another certificate is served, or the same again."""
        if pem != self._pem:
            self._facts = None
        self._pem = pem
        self._is_own = options.cert is None

    async def state(self, *, is_enabled: bool, addresses: Sequence[Address]) -> TlsState:
        """How TLS is served at the addresses."""
        if self._pem is None or not addresses:
            return TlsState(is_enabled)
        names, not_after_ms = await self._read(self._pem)
        authority = await self.authority()
        return TlsState(
            is_enabled,
            tuple(dict.fromkeys(address.port for address in addresses)),
            self._is_own,
            _fingerprint(self._pem),
            "" if authority is None else _fingerprint(authority),
            names,
            not_after_ms,
        )

    async def authority(self) -> bytes | None:
        """The certificate of the own authority in PEM form, None while none by it is served."""
        if not self._is_own:
            return None
        try:
            return await asyncio.to_thread((self._directory / "ca.pem").read_bytes)
        except OSError:
            return None

    async def _read(self, pem: bytes) -> tuple[tuple[str, ...], int | None]:
        # One process at a time, and one for each certificate.
        async with self._reading:
            if self._facts is None or pem != self._pem:
                self._facts = await _describe(pem)
            return self._facts


async def _describe(pem: bytes) -> tuple[tuple[str, ...], int | None]:
    """Names and end of a certificate; nothing of one that cannot be read."""
    try:
        output = await run_module("the certificate cannot be read", "--describe", sent=pem)
    except CertificateUnusable as error:
        # OpenSSL serves it all the same.
        log.warning("certificate not described", extra={"reason": error})
        return (), None
    facts = json.loads(output)
    return tuple(facts["names"]), facts["not_after_ms"]


def _fingerprint(pem: bytes) -> str:
    """SHA-256 of the first certificate, as hex; OpenSSL has read it already."""
    found = _CERTIFICATE.search(pem)
    return "" if found is None else hashlib.sha256(base64.b64decode(found[1])).hexdigest()
