"""The listeners for devices, HTTP and WebSocket, plain and over TLS.

Plain ports are served first. TLS follows as soon as there is a certificate; without one the plain
ports go on, and health says why.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blynk_gateway.blynk_server.admission import Admission, connection_limit
from blynk_gateway.blynk_server.carriers import LinkConnection
from blynk_gateway.blynk_server.context import SNIFF_TIMEOUT_S, Context
from blynk_gateway.blynk_server.flow import GATE
from blynk_gateway.blynk_server.handshake import Handshake
from blynk_gateway.blynk_server.kept_sockets import KeptSockets, find_endpoint
from blynk_gateway.blynk_server.listeners import (
    ACCEPTS_PER_TURN,
    AcceptErrors,
    Listeners,
    bind_new,
    bound_address,
    close_all,
    endpoints,
    refuse_twice,
)
from blynk_gateway.blynk_server.quota import Limits
from blynk_gateway.blynk_server.requests import answer_time_questions
from blynk_gateway.blynk_server.served import ServedCertificate
from blynk_gateway.blynk_server.sniff import Sniffer
from blynk_gateway.blynk_server.tls import CertificateUnusable, load_certificate, make_context
from blynk_gateway.config.options import Address, ServerOptions
from blynk_gateway.core.notifications import NoNotifier, Notifier
from blynk_gateway.core.ports import FrameRecord, MessageSink, TlsState
from blynk_gateway.protocol.server import LOGIN_TIMEOUT_S
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.logs import Repeats
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

if TYPE_CHECKING:
    import socket

log = logging.getLogger(__name__)

CERTIFICATE_CHECK_S = 3600.0
"""Between looks whether the certificate is to be renewed or was replaced."""

CERTIFICATE_RETRY_S = 60.0
STOP_TIMEOUT_S = 1.0
"""For devices to take what was written to them before a stop."""

TLS_COMPONENT = "tls"

PLAIN_KEY, TLS_KEY = "server.listen", "server.listen_tls"


class BlynkServer:
    """Serves devices.

    Meets `DeviceLinks`, `PinReader`, `AppStates`, `FrameLog` and `Certificates` of `core.ports`.

    Args:
        data_dir: the gateway's own certificates are kept below it, in `tls`.
        http: makes the protocol for each connection that speaks HTTP.
        notifier: takes what devices want people to be told.
        login_timeout_s: for a device to log in, from its first byte.
        sniff_timeout_s: for the first byte.
    """

    def __init__(
        self,
        options: ServerOptions,
        parts: Parts,
        data_dir: Path,
        http: Callable[[], asyncio.Protocol],
        *,
        notifier: Notifier | None = None,
        login_timeout_s: float = LOGIN_TIMEOUT_S,
        sniff_timeout_s: float = SNIFF_TIMEOUT_S,
    ) -> None:
        self._options = options
        self._http = http
        self._tls_dir = data_dir / "tls"
        self._certificate = ServedCertificate(self._tls_dir)
        self._plain: Listeners = {}
        self._secure: Listeners = {}
        self._servers: dict[socket.socket, asyncio.Server] = {}
        self._kept = KeptSockets(parts.descriptors)
        self._tls_context: ssl.SSLContext | None = None
        self._tls_task: asyncio.Task[None] | None = None
        self._tls_changed = asyncio.Event()
        self._accept_errors = AcceptErrors(self._cannot_accept)
        self._context = Context.beside(
            parts,
            limits=Limits(parts.registry, options.quota),
            admission=Admission(connection_limit()),
            repeats=Repeats(parts.clock),
            notifier=notifier or NoNotifier(),
            login_timeout_s=login_timeout_s,
            sniff_timeout_s=sniff_timeout_s,
        )
        self._context.set_read_size(options.quota.messages_per_second)
        parts.gate.subscribe(self._gate_turned)
        parts.clock_quality.on_trusted(self._time_is_known)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where plain connections are accepted, with the real port numbers."""
        return tuple(self._bound(self._plain))

    @property
    def tls_addresses(self) -> tuple[Address, ...]:
        """Where TLS connections are accepted; empty until there is a certificate."""
        return tuple(self._bound(self._secure)) if self._tls_context is not None else ()

    @property
    def connections(self) -> int:
        """Open connections of all kinds."""
        return self._context.admission.count

    async def start(self) -> None:
        """Bind all addresses, or take over who listens there already, and serve the plain ones.

        Raises:
            AddressUnavailable: one of them cannot be had; nothing is served then.
        """
        options = self._options
        # In a thread here and in `_bind`: names are looked up, which may take half a minute.
        plain = await asyncio.to_thread(endpoints, options.listen, PLAIN_KEY)
        secure = await asyncio.to_thread(endpoints, options.listen_tls, TLS_KEY)
        wanted = plain + secure
        await self._kept.forget_others(wanted)
        await self._listen(options)
        self._accept_errors.install()

    async def stop(self) -> None:
        """Accept nothing more, and close every connection after what was sent to it."""
        self._stop_listening(self._plain, ())
        self._stop_listening(self._secure, ())
        if self._tls_task is not None:
            await cancel(self._tls_task)
        context = self._context
        for connection in list(context.connections):
            connection.close("the gateway stops")
        context.admission.cut_waiting("the gateway stops")
        if context.closing:
            await asyncio.wait(context.closing.values(), timeout=STOP_TIMEOUT_S)
        for transport in list(context.closing):
            transport.abort()
        context.frames.stop(context)
        self._accept_errors.remove()

    async def reconfigure(self, options: ServerOptions) -> None:
        """Apply other options; connections stay, also those that came to an address now given up.

        Raises:
            AddressUnavailable: a new address cannot be had; nothing is changed then.
        """
        await self._listen(options)
        self._options = options
        ours = [*self._plain.values(), *self._secure.values()]
        await self._kept.forget_others(
            [find_endpoint(sock.fileno()) for sockets in ours for sock in sockets]
        )
        context = self._context
        context.limits.set_quota(options.quota, context.clock.monotonic())
        context.set_read_size(options.quota.messages_per_second)
        # The files may have other contents under the same names.
        self._tls_changed.set()

    def open_link(self, sink: MessageSink, peer: str) -> LinkConnection:
        """A new device connection on another carrier, not logged in."""
        return LinkConnection(self._context, sink, peer)

    async def read_pin(self, device: str, pin: str) -> bool:
        """Have a device read one of its D or A pins; see `core.ports.PinReader`.

        Raises:
            UnknownDevice: no such slug.
            UnknownPin: not a D or A pin.
        """
        return await self._context.reads.read(self._context, device, pin)

    def app_changed(self, device: str, is_active: bool) -> None:
        """Tell a device that an app began or ceased to look at it; see `core.ports.AppStates`."""
        self._context.apps.change(self._context, device, is_active=is_active)

    def frames(self, device: str, after: int) -> tuple[int, list[FrameRecord]]:
        """The latest frames of a device that is looked at; see `core.ports.FrameLog`."""
        return self._context.frames.frames(self._context, device, after)

    async def tls(self) -> TlsState:
        """How TLS is served; see `core.ports.Certificates`."""
        return await self._certificate.state(
            is_enabled=bool(self._options.listen_tls), addresses=self.tls_addresses
        )

    async def authority(self) -> bytes | None:
        """The certificate of the own authority; see `core.ports.Certificates`."""
        return await self._certificate.authority()

    def apply_definitions(self) -> None:
        """Tell devices at once that their pins are declared otherwise, or that they are gone.

        Without it they learn it at their next message.
        """
        for connection in list(self._context.connections):
            connection.deliver()

    async def _listen(self, options: ServerOptions) -> None:
        """Bind what is new, give up what is not wanted any more, and serve."""
        plain: Listeners = {}
        secure: Listeners = {}
        try:
            plain = await self._bind(options.listen, self._plain, PLAIN_KEY)
            secure = await self._bind(options.listen_tls, self._secure, TLS_KEY)
            refuse_twice(
                [*plain.items(), *secure.items()]
                + [one for one in self._plain.items() if one[0] in options.listen]
                + [one for one in self._secure.items() if one[0] in options.listen_tls]
            )
        except BaseException:
            close_all(plain)
            close_all(secure)
            raise
        self._stop_listening(self._plain, options.listen)
        self._stop_listening(self._secure, options.listen_tls)
        self._plain |= plain
        self._secure |= secure
        await self._serve(plain, None)
        if self._tls_context is not None:
            await self._serve(secure, self._tls_context)
        if secure and self._tls_task is None:
            self._tls_task = spawn(self._run_tls(), name="tls certificate")

    async def _bind(self, addresses: Sequence[Address], have: Listeners, key: str) -> Listeners:
        return await asyncio.to_thread(bind_new, addresses, have, key, self._kept)

    async def _serve(self, listeners: Listeners, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        for sock in [sock for sockets in listeners.values() for sock in sockets]:
            self._servers[sock] = await loop.create_server(
                lambda: self._welcome(context), sock=sock, backlog=ACCEPTS_PER_TURN
            )
            self._kept.keep(sock)
            where = {"address": bound_address(sock), "tls": context is not None}
            log.info("listening", extra=where)

    def _welcome(self, tls: ssl.SSLContext | None) -> asyncio.BaseProtocol:
        if tls is None:
            return Sniffer(self._context, self._http)
        return Handshake(self._context, tls, self._http)

    def _stop_listening(self, listeners: Listeners, wanted: Sequence[Address]) -> None:
        for address in [address for address in listeners if address not in wanted]:
            for sock in listeners.pop(address):
                server = self._servers.pop(sock, None)
                if server is None:
                    sock.close()
                else:
                    server.close()

    @staticmethod
    def _bound(listeners: Listeners) -> list[Address]:
        return [bound_address(sock) for sockets in listeners.values() for sock in sockets]

    async def _run_tls(self) -> None:
        """Serve TLS once there is a certificate, and keep it fresh while there is an address."""
        context = self._tls_context or make_context()
        health = self._context.health
        while self._secure:
            self._tls_changed.clear()
            wait_s = CERTIFICATE_CHECK_S
            now_ms = self._context.clock.now_ms()
            try:
                tls = self._options.tls
                pem = await load_certificate(context, tls, self._tls_dir, now_ms)
                self._certificate.loaded(pem, tls)
            except CertificateUnusable as error:
                health.report(TLS_COMPONENT, HealthState.FAILED, f"{error}. {error.hint}")
                wait_s = CERTIFICATE_RETRY_S
            else:
                if self._tls_context is None:
                    self._tls_context = context
                    await self._serve(self._secure, context)
                health.report(TLS_COMPONENT, HealthState.OK)
            try:
                async with asyncio.timeout(wait_s):
                    await self._tls_changed.wait()
            except TimeoutError:
                continue
        self._tls_task = None
        health.report(TLS_COMPONENT, HealthState.OK)

    def _gate_turned(self, is_open: bool) -> None:
        for connection in list(self._context.connections):
            if is_open:
                connection.resume(GATE)
            elif connection.device is not None:
                connection.pause(GATE)

    def _time_is_known(self) -> None:
        for connection in list(self._context.connections):
            if connection.time_questions:
                answer_time_questions(connection)

    def _cannot_accept(self, error: Exception) -> None:
        self._context.health.count("connections_not_accepted")
        self._context.log_limited(
            logging.WARNING, "connection not accepted", type(error), reason=error
        )
