"""TLS to the servers above, and why there is no connection to one."""

import asyncio
import os
import socket
import ssl
from pathlib import Path
from weakref import WeakValueDictionary

from blynk_gateway.config.upstream.options import UpstreamTlsOptions
from blynk_gateway.runtime.connection_faults import CONNECTION_FAULTS
from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.route import ServerDown


class NameUnknown(ServerDown):
    """The server's name has no address."""

    code = "upstream.name_unknown"
    hint = "Check `server`, and that this gateway reaches the Internet and a name server."


class TlsFailed(ServerDown):
    """No TLS came about, and not because of the server's certificate."""

    code = "upstream.tls_failed"
    hint = (
        "Check that `server` names its port for TLS; for a server that has none, set `tls: false`."
    )


class CertificateUntrusted(ServerDown):
    """Nobody whom we trust has signed the server's certificate."""

    code = "upstream.certificate_untrusted"
    hint = (
        "Name the certificate of the authority that signed it in `tls: {ca: FILE}`; where a Wi-Fi"
        " asks for a login first, log in there."
    )


class CertificateOfAnother(ServerDown):
    """The server's certificate is for another name."""

    code = "upstream.certificate_name"
    hint = "Set `server` to a name that stands in the certificate, or have a new one made."


class CertificateExpired(ServerDown):
    """The server's certificate is not valid today."""

    code = "upstream.certificate_expired"
    hint = "Check the clock of this gateway; if it is right, have the certificate renewed."


class AuthorityUnusable(ServerDown):
    """The file of the authorities that we are to trust cannot be read."""

    code = "upstream.tls_files"
    hint = "Check `tls: {ca: FILE}`: a PEM file that the gateway may read."


MAX_REASON = 200
"""Characters of what the system says of several addresses that are passed on."""

_EXPIRED = frozenset({9, 10})
"""Not valid yet, not valid any more. Source: openssl's x509_vfy.h, as the next."""

_OTHER_NAME = frozenset({62, 64})
"""Another host, another address."""

# The system's authorities take a megabyte or two, and on a small Pi a third of a second.
_contexts: WeakValueDictionary[tuple[Path | None, int], ssl.SSLContext] = WeakValueDictionary()


async def context(options: UpstreamTlsOptions) -> ssl.SSLContext:
    """What verifies a server's certificate and name; shared by all who are given the same file.

    Raises:
        AuthorityUnusable: there is no such file, or no certificate in it.
    """
    return await asyncio.to_thread(_context, options.ca)


def explained(error: Exception, place: str) -> ServerDown:
    """What an error says that was met on the way to a server, or with it.

    Args:
        error: an `OSError`; anything else is told as a broken connection.
        place: host and port.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, place)
    if isinstance(error, ssl.SSLError):
        return TlsFailed(
            f"{place}: no TLS, {_reason(error, 'it ended in between')}; expected TLS 1.2"
        )
    if isinstance(error, socket.gaierror):
        return NameUnknown(f"{place}: its name has no address; expected one")
    if isinstance(error, TimeoutError):
        return ServerDown(f"{place}: no answer; expected one")
    found = CONNECTION_FAULTS.get(getattr(error, "errno", None))
    if found is None:
        found = _system_text(error) or "it ended the connection"
    return ServerDown(f"{place}: {found}; expected a server")


def _of_certificate(error: ssl.SSLCertVerificationError, place: str) -> ServerDown:
    found, expected = error.verify_message.rstrip("."), "one signed by whom we trust"
    kind: type[ServerDown] = CertificateUntrusted
    if error.verify_code in _OTHER_NAME:
        kind, expected = CertificateOfAnother, "one for this name"
    elif error.verify_code in _EXPIRED:
        kind, expected = CertificateExpired, "one that is valid today"
    return kind(f"{place}: its certificate will not do, {safe(found)}; expected {expected}")


def _system_text(error: Exception) -> str:
    # Texts of a library may hold an address with a token in it.
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return safe(str(error), MAX_REASON) if type(error) is OSError else ""


def _reason(error: ssl.SSLError, other: str) -> str:
    return (getattr(error, "reason", None) or other).replace("_", " ").lower()


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        file = ca or ssl.get_default_verify_paths().cafile
        key = ca, Path(file).stat().st_mtime_ns if file else 0
        found = _contexts.get(key)
        if found is None:
            found = _contexts[key] = ssl.create_default_context(cafile=ca)
            found.minimum_version = ssl.TLSVersion.TLSv1_2
            # From Python 3.13 on: home-made authorities lack what it asks for.
            found.verify_flags &= ~ssl.VERIFY_X509_STRICT
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error, ssl.SSLError):
            reason = _reason(error, "no PEM")
        raise AuthorityUnusable(
            f"`tls.ca` {ca}: {reason}; expected a PEM file that can be read"
        ) from None
    return found
