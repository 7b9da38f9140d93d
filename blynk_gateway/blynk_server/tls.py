"""The TLS context of the listeners: the owner's certificate, or one of the gateway's own."""

import asyncio
import json
import re
import socket
import ssl
import sys
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from blynk_gateway.config.options import TlsOptions
from blynk_gateway.errors import GatewayError

RENEW_BEFORE_MS = 30 * 86_400_000
MAKE_TIMEOUT_S = 60.0
"""For the process that makes certificates; a Pi Zero takes some seconds."""

_MODULE = "blynk_gateway.blynk_server.certificates"
_FIB_TRIE = Path("/proc/net/fib_trie")
_IF_INET6 = Path("/proc/net/if_inet6")
_LOCAL_IPV4 = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
_IFA_F_TEMPORARY = 0x01
_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class CertificateUnusable(GatewayError):
    """There is no certificate to serve TLS with."""

    code = "server.certificate"
    hint = "Correct server.tls or the data directory; until then only plain ports are served."


def make_context() -> ssl.SSLContext:
    """A context for servers, TLS 1.2 at least, without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def load_certificate(
    context: ssl.SSLContext, options: TlsOptions, directory: Path, now_ms: int
) -> bytes:
    """Load the certificate; made or renewed before, if it is the gateway's own.

    Args:
        directory: of the gateway's own certificates.

    Returns:
        The certificate in PEM form, with what stands behind it in its file.

    Raises:
        CertificateUnusable: the files cannot be read or do not match, or none can be made.
    """
    if options.cert is not None and options.key is not None:
        cert, key = options.cert, options.key
    else:
        names = own_names()
        if not _is_good(directory, names, now_ms):
            await _make(directory, names)
        cert, key = directory / "server.pem", directory / "server.key"
    try:
        # First into another context: a failure must not spoil the one in use. The password is
        # empty, or OpenSSL would ask for one on the terminal.
        for one in (make_context(), context):
            one.load_cert_chain(cert, key, password="")
        return cert.read_bytes()
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise CertificateUnusable(
            f"TLS certificate {cert} with key {key}: {reason}; expected a certificate and its key,"
            " in PEM form and without a password"
        ) from None


def own_names() -> list[str]:
    """What this machine is called on its networks: names first, then addresses."""
    names = ["localhost"]
    host = socket.gethostname().lower()
    if _HOST_NAME.fullmatch(host):
        short = host.partition(".")[0]
        names = [host, f"{short}.local", *names]
    return [*dict.fromkeys(names), *_own_addresses()]


def _own_addresses() -> list[str]:
    addresses = {IPv4Address("127.0.0.1"), *_ipv4_addresses()}
    return [*map(str, sorted(addresses)), "::1", *map(str, sorted(_ipv6_addresses()))]


def _ipv4_addresses() -> set[IPv4Address]:
    try:
        table = _FIB_TRIE.read_text("ascii")
    except OSError:
        return set()
    found = {IPv4Address(text) for text in _LOCAL_IPV4.findall(table)}
    return {address for address in found if not address.is_loopback}


def _ipv6_addresses() -> set[IPv6Address]:
    try:
        lines = _IF_INET6.read_text("ascii").splitlines()
    except OSError:
        return set()
    found: set[IPv6Address] = set()
    for line in lines:
        digits, _, _, _, flags, _ = line.split()
        address = IPv6Address(bytes.fromhex(digits))
        # Temporary ones change daily, and link-local ones are no use in a certificate.
        if not (int(flags, 16) & _IFA_F_TEMPORARY or address.is_link_local or address.is_loopback):
            found.add(address)
    return found


def _is_good(directory: Path, names: list[str], now_ms: int) -> bool:
    try:
        facts = json.loads((directory / "server.json").read_text("utf-8"))
        has_names = set(names) <= set(facts["names"])
        return has_names and int(facts["expires_ms"]) > now_ms + RENEW_BEFORE_MS
    except (OSError, ValueError, KeyError, TypeError):
        # There is none, or it is damaged: in both cases a new one is made.
        return False


async def _make(directory: Path, names: list[str]) -> None:
    await run_module(f"no TLS certificate could be made in {directory}", str(directory), *names)


async def run_module(failure: str, *arguments: str, sent: bytes = b"") -> bytes:
    """Run the module that knows certificates, as a process of its own.

    Args:
        failure: what did not work if it fails.
        sent: its standard input.

    Returns:
        Its standard output.

    Raises:
        CertificateUnusable: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(MAKE_TIMEOUT_S):
            output, errors = await process.communicate(sent)
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise CertificateUnusable(
                f"{failure}: it took more than {MAKE_TIMEOUT_S:g} s"
            ) from None
        raise
    if process.returncode:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CertificateUnusable(f"{failure}: {last}")
    return output
