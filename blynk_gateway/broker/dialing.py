"""From a host's name to a connected wire, on the network thread, to be stopped at any moment.

Only the system's resolver cannot be stopped; it gives up by itself.
"""

import errno
import os
import select
import socket
import ssl
from pathlib import Path
from weakref import WeakValueDictionary

from blynk_gateway.broker.faults import BrokerDown, TlsFailed, TlsFilesUnusable, tls_fault
from blynk_gateway.broker.waker import Waker
from blynk_gateway.broker.wire import Wire
from blynk_gateway.config.mqtt.options import BrokerOptions, MqttTlsOptions
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.lookups import in_ascii

ADDRESS_S = 4.0
"""For one of several addresses of a host, so that a dead one leaves time for the next."""

HANDSHAKE_S = 10.0

# The system's authorities take a megabyte, and on a small Pi a third of a second.
_contexts: WeakValueDictionary[tuple[object, ...], ssl.SSLContext] = WeakValueDictionary()


def dial(options: BrokerOptions, waker: Waker) -> Wire:
    """Connect to the broker; speaks no MQTT yet.

    Raises:
        PeerDown: nobody is there, or no TLS came about.
        PeerRefused: the certificate will not do, or the files for TLS.
        Stopped: the waker was.
    """
    place = place_of(options)
    context = None if options.tls is None else _context(options.tls)
    sock = _connected(options, place, waker)
    try:
        if context is not None:
            sock = _secured(sock, context, options.host, place, waker)
        # Whole chunks are written; none has to wait for more.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Wire(sock)
    except BaseException:
        sock.close()
        raise


def place_of(options: BrokerOptions) -> str:
    """Host and port, for people."""
    return f"{options.host}:{options.port}"


def _connected(options: BrokerOptions, place: str, waker: Waker) -> socket.socket:
    try:
        found = socket.getaddrinfo(in_ascii(options.host), options.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise BrokerDown(
            f"MQTT broker {place}: its address is not known, {reason}; expected a name or an"
            " address of this network"
        ) from None
    fault = "no address"
    for family, kind, protocol, _, address in found:
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:
            # `localhost` may have an address of a family that the kernel was told to leave out.
            fault = (error.strerror or str(error)).lower()
            continue
        try:
            fault = _reach(sock, address, waker)
        except BaseException:
            sock.close()
            raise
        if not fault:
            return sock
        sock.close()
    raise BrokerDown(f"MQTT broker {place}: {fault}; expected a broker to listen there")


def _reach(sock: socket.socket, address: object, waker: Waker) -> str:
    """Connect, and tell what is wrong, if anything."""
    sock.setblocking(False)
    code = sock.connect_ex(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
    if code == errno.EINPROGRESS:
        if not waker.wait(sock, select.POLLOUT, ADDRESS_S):
            return "no answer"
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return os.strerror(code).lower() if code else ""


def _secured(
    sock: socket.socket, context: ssl.SSLContext, host: str, place: str, waker: Waker
) -> socket.socket:
    secured: socket.socket = sock
    try:
        secured = tls = context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False
        )
        while (mask := _handshake(tls)) is not None:
            _wait(tls, mask, waker)
    except BaseException as error:
        # The first socket has given its descriptor to the second.
        secured.close()
        if isinstance(error, ssl.SSLError):
            raise tls_fault(place, error) from None
        if isinstance(error, OSError | ValueError):
            raise TlsFailed(f"MQTT broker {place}: no TLS, {error}; expected a handshake") from None
        raise
    return secured


def _wait(sock: ssl.SSLSocket, mask: int, waker: Waker) -> None:
    if not waker.wait(sock, mask, HANDSHAKE_S):
        raise TimeoutError("no answer")


def _handshake(sock: ssl.SSLSocket) -> int | None:
    """What has to be waited for; None when done."""
    try:
        sock.do_handshake()
    except ssl.SSLWantReadError:
        return select.POLLIN
    except ssl.SSLWantWriteError:
        return select.POLLOUT
    return None


def _context(tls: MqttTlsOptions) -> ssl.SSLContext:
    """Shared by all connections with the same files, as long as these are the same."""
    ca = tls.ca or ssl.get_default_verify_paths().cafile
    key = (tls, *(_changed_ns(file) for file in (ca, tls.cert, tls.key)))
    found = _contexts.get(key)
    if found is None:
        found = _contexts[key] = _new_context(tls)
    return found


def _changed_ns(file: Path | str | None) -> int:
    try:
        return 0 if file is None else Path(file).stat().st_mtime_ns
    except OSError:
        # It is told when the file is read.
        return 0


def _new_context(tls: MqttTlsOptions) -> ssl.SSLContext:
    where = ""
    try:
        where = f"`tls.ca` {tls.ca}"
        context = ssl.create_default_context(cafile=tls.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # From Python 3.13 on: home-made authorities lack what it asks for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if tls.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.cert is not None:
            where = f"`tls.cert` {tls.cert}"
            # A key with a passphrase must not ask for it on the terminal.
            context.load_cert_chain(tls.cert, tls.key, password="")
    except OSError as error:
        raise _unusable(where, error) from None
    return context


def _unusable(where: str, error: OSError) -> PeerError:
    found = error.strerror or str(error)
    if isinstance(error, ssl.SSLError):
        found = (error.reason or "no PEM").replace("_", " ").lower()
    return TlsFilesUnusable(f"{where}: {found}; expected a PEM file that can be read")
