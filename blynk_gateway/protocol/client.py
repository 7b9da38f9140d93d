"""The device's end of a connection: how this program looks to a Blynk server.

It behaves like the C++ library 1.4.0 on Linux, the safest thing to be: login by 29, info as
frame 2, pings after a time without traffic, and the link counts as dead 18 s after a heartbeat
went by without input. Redirects are reported at any time; pings of the server are answered.

Source: BlynkProtocol.h and BlynkApiLinux.h of blynk-library 1.4.0.
"""

from __future__ import annotations

from enum import Enum
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.connection import Connection, Data
from blynk_gateway.protocol.events import (
    ClientEvent,
    DebugPrinted,
    InternalReceived,
    LoggedIn,
    LoginRefused,
    PinModesSet,
    PinReadRequested,
    PinsWritten,
    PinWrite,
    Redirected,
    ResponseReceived,
    TimedOut,
    TimeoutReason,
    TimeQuery,
)
from blynk_gateway.protocol.frames import encode_frame, encode_response
from blynk_gateway.protocol.messages import (
    PINS_BY_READ,
    PINS_BY_WRITE,
    SEPARATOR,
    VIRTUAL_PINS,
    decode_text,
    encode_text,
    join_body,
    split_body,
    write_body,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_INFO: Mapping[str, str] = MappingProxyType(
    {
        "ver": "1.4.0",
        "h-beat": "45",
        "buff-in": "4096",
        "dev": "Linux",
        "build": "Jan  1 2026 00:00:00",
        "conn": "Socket",
    }
)
"""What the stock Linux client says, without firmware and template."""

LOGIN_TIMEOUT_S = 6.0
"""BLYNK_TIMEOUT_MS of the 1.x library; also the least time between two pings."""

PING_BEFORE_HEARTBEAT_S = 5.0
"""A ping goes out this long before the announced heartbeat is over."""

GRACE_S = 18.0
"""Three timeouts of the library: so long after a missed heartbeat the link is dead."""

MIN_HEARTBEAT_S = 10
"""The least the 1.4.0 library compiles with."""

DEFAULT_REDIRECT_PORT = 80

_MAX_PORT_DIGITS = 5

_READS = {"V": "vr", "D": "dr", "A": "ar"}


class _State(Enum):
    NEW = "not connected"
    LOGGING_IN = "waiting for the login's answer"
    OPEN = "logged in"
    CLOSED = "closed"


class ClientConnection(Connection):
    """One device connection to a server, from `connect` to its end.

    Args:
        token: auth token of the device at that server.
        info: keys and values of the info message; `h-beat` in seconds, at least 10.

    Raises:
        LocalProtocolError: the heartbeat is missing or too short.
    """

    __slots__ = (
        "_events",
        "_heartbeat_s",
        "_info",
        "_input_at",
        "_login_id",
        "_output_at",
        "_pinged_at",
        "_state",
        "_token",
    )

    def __init__(self, token: str, info: Mapping[str, str] = DEFAULT_INFO) -> None:
        super().__init__()
        heartbeat = info.get("h-beat", "")
        if not heartbeat.isdecimal() or int(heartbeat) < MIN_HEARTBEAT_S:
            msg = f"client info: h-beat {heartbeat!r}. Expected at least {MIN_HEARTBEAT_S} seconds"
            raise LocalProtocolError(msg)
        self._token = token
        self._info = info
        self._heartbeat_s = int(heartbeat)
        self._state = _State.NEW
        self._events: list[ClientEvent] = []
        self._login_id = 0
        self._input_at = self._output_at = self._pinged_at = 0.0

    @property
    def is_logged_in(self) -> bool:
        """Whether anything but the login may be sent."""
        return self._state is _State.OPEN

    @property
    def patience_s(self) -> float:
        """How long the server may be silent, in seconds."""
        return self._heartbeat_s + GRACE_S

    def connect(self, now: float) -> None:
        """Queue the login; the transport has just been opened.

        Raises:
            LocalProtocolError: called twice. A connection object lives once.
        """
        if self._state is not _State.NEW:
            msg = f"connect: the connection is {self._state.value}. Expected a new one"
            raise LocalProtocolError(msg)
        self._state = _State.LOGGING_IN
        self._input_at = self._output_at = self._pinged_at = now
        self._login_id = self._queue_frame(Command.HW_LOGIN, encode_text(self._token))

    def receive_data(self, data: Data, now: float) -> list[ClientEvent]:
        """Take bytes of the server, in any pieces.

        Args:
            data: is not kept; may be reused after the call.
            now: monotonic seconds.

        Returns:
            Events in the order of the wire; none after the end of the connection.

        Raises:
            RemoteProtocolError: the server broke the protocol. Once; events before the fault
                were returned by the call before. The connection is closed then.
        """
        if data:
            self._input_at = now
        if self._is_decoding:
            self._decode(data)
        if self._fault is not None and not self._events:
            self._raise_fault(self._fault)
        events, self._events = self._events, []
        return events

    def write_pin(self, pin: str, value: tuple[str, ...], message_id: int | None = None) -> int:
        """Report a pin; no answer follows unless the server refuses it.

        Args:
            pin: "V5", "D17", "A0".
            value: at least one text.
            message_id: of the `PinReadRequested` this answers; None for an id of our own.

        Returns:
            The message id, which a refusal would carry.

        Raises:
            LocalProtocolError: no such pin, no value, a body over 65535 bytes, or not logged in.
        """
        return self._send(Command.HARDWARE, write_body(pin, value), message_id)

    def open_group(self, at_ms: int | None = None) -> int:
        """Begin a group of writes that share one time; ended by `close_group`.

        Args:
            at_ms: milliseconds since 1970; None lets the server take its own time.

        Returns:
            The message id, which a refusal would carry.
        """
        return self._send(Command.GROUP, b"b" if at_ms is None else join_body("t", str(at_ms)))

    def close_group(self) -> int:
        """End the group of writes."""
        return self._send(Command.GROUP, b"e")

    def sync(self, pins: tuple[str, ...] = (), message_id: int | None = None) -> int:
        """Ask for pins of one kind ("V5", or "D17", or "A0"), or for all.

        Args:
            message_id: None for an id of our own. A server counts its own messages up from 1, and
                a command among them looks like an answer if it has the same id.

        Returns:
            The message id, which the answers (they are writes) will carry.

        Raises:
            LocalProtocolError: no such pin, pins of several kinds, or not logged in.
        """
        return self._send(Command.SYNC, _sync_body(pins) if pins else b"", message_id)

    def set_property(self, pins: tuple[str, ...], name: str, *value: str) -> int:
        """Set a widget property of virtual pins ("V5"); answered by a status."""
        return self._send(Command.PROPERTY, join_body(*_numbers(pins), name, *value))

    def log_event(self, code: str, description: str | None = None) -> int:
        """Log an event of the device's template."""
        parts = (code,) if description is None else (code, description)
        return self._send(Command.EVENT_LOG, join_body(*parts))

    def clear_event(self, code: str, *, is_all: bool = False) -> int:
        """Resolve the last event of this code, or all of them."""
        return self._send(Command.EVENT_CLEAR, join_body(code, *(("all",) if is_all else ())))

    def request_time(self, query: TimeQuery) -> int:
        """Ask for the time or zone; answered by `InternalReceived` with the id returned."""
        parts = ("rtc", "sync") if query is TimeQuery.RTC else ("utc", query.value)
        return self._send(Command.INTERNAL, join_body(*parts))

    def request_metadata(self, name: str) -> int:
        """Ask for a metadata field; answered by `InternalReceived` with the id returned."""
        return self._send(Command.INTERNAL, join_body("meta", "get", name))

    def set_metadata(self, name: str, value: str) -> int:
        """Set a metadata field."""
        return self._send(Command.INTERNAL, join_body("meta", "set", name, value))

    def ping(self) -> int:
        """Send a ping; its answer says that all frames before it were handled."""
        return self._send(Command.PING, b"")

    def data_to_send(self, now: float) -> list[bytes]:
        """Take the whole frames that are to be written now, in order."""
        if not self._queue:
            return []
        self._output_at = now
        frames, self._queue = self._queue, []
        return frames

    def next_timeout(self, now: float) -> float | None:
        """When `handle_timeout` and then `data_to_send` want to be called, monotonic seconds."""
        if self._fault is not None:
            return now
        if self._state is _State.OPEN:
            return min(self._ping_at, self._dead_at)
        return self._pinged_at + LOGIN_TIMEOUT_S if self._state is _State.LOGGING_IN else None

    def handle_timeout(self, now: float) -> list[ClientEvent]:
        """Do what became due; early calls do no harm.

        Raises:
            RemoteProtocolError: as `receive_data`.
        """
        if self._fault is not None:
            self._raise_fault(self._fault)
        match self._state:
            case _State.LOGGING_IN if now >= self._pinged_at + LOGIN_TIMEOUT_S:
                self._close()
                return [TimedOut(TimeoutReason.LOGIN)]
            case _State.OPEN if now >= self._dead_at:
                self._close()
                return [TimedOut(TimeoutReason.IDLE)]
            case _State.OPEN if now >= self._ping_at:
                self._pinged_at = now
                self.ping()
            case _:
                pass
        return []

    @property
    def _ping_at(self) -> float:
        quiet_since = min(self._input_at, self._output_at)
        return max(
            quiet_since + self._heartbeat_s - PING_BEFORE_HEARTBEAT_S,
            self._pinged_at + LOGIN_TIMEOUT_S,
        )

    @property
    def _dead_at(self) -> float:
        return self._input_at + self.patience_s

    @property
    def _is_decoding(self) -> bool:
        return self._fault is None and self._state in (_State.LOGGING_IN, _State.OPEN)

    def _close(self) -> None:
        self._state = _State.CLOSED
        self._tail = None

    def _send(self, command: int, body: bytes, message_id: int | None = None) -> int:
        if self._state is not _State.OPEN:
            msg = f"client connection: {self._state.value}. Expected: {_State.OPEN.value}"
            raise LocalProtocolError(msg)
        return self._queue_frame(command, body, message_id)

    def _queue_frame(self, command: int, body: bytes, message_id: int | None = None) -> int:
        message_id = message_id or self._next_id()
        self._queue.append(encode_frame(command, message_id, body))
        return message_id

    def _emit_writes(self, writes: list[PinWrite]) -> None:
        self._events.append(PinsWritten(writes))

    def _emit(self, event: ClientEvent) -> None:
        self._flush_writes()
        self._events.append(event)

    def _handle(self, command: int, message_id: int, status: int, body: bytes) -> None:
        match command:
            case Command.RESPONSE:
                self._handle_response(message_id, status)
            case Command.HARDWARE | Command.BRIDGE:
                self._handle_hardware(message_id, body)
            case Command.INTERNAL:
                self._emit(InternalReceived(tuple(split_body(body)), message_id))
            case Command.PING:
                self._queue.append(encode_response(message_id or 1, Status.OK))
            case Command.REDIRECT:
                self._handle_redirect(split_body(body))
            case Command.DEBUG_PRINT:
                self._emit(DebugPrinted(decode_text(body)))
            case _:
                self.frames_ignored += 1

    def _handle_response(self, message_id: int, status: int) -> None:
        if self._state is not _State.LOGGING_IN or message_id != self._login_id:
            self._emit(ResponseReceived(message_id, status))
        elif status in (Status.OK, Status.ALREADY_REGISTERED):
            self._state = _State.OPEN
            self._send(Command.INTERNAL, join_body(*chain.from_iterable(self._info.items())))
            self._emit(LoggedIn())
        else:
            self._emit(LoginRefused(status))
            self._close()

    def _handle_hardware(self, message_id: int, body: bytes) -> None:
        op, *args = decode_text(body).split(SEPARATOR)
        if len(args) > 2 and not args[-1]:  # noqa: PLR2004 - pin and value: a terminator follows
            args.pop()
        match [op, *args]:
            case ["vw" | "dw" | "aw", spelling, *value] if value and spelling in PINS_BY_WRITE[op]:
                self._writes.append((PINS_BY_WRITE[op][spelling], tuple(value), message_id))
            case ["vw" | "dw" | "aw", *_]:
                self.frames_ignored += 1
            case ["vr" | "dr" | "ar", spelling] if spelling in PINS_BY_READ[op]:
                self._emit(PinReadRequested(PINS_BY_READ[op][spelling], message_id))
            case ["pm", *args]:
                pairs = zip(args[::2], args[1::2], strict=False)
                self._emit(
                    PinModesSet(tuple((int(n), mode) for n, mode in pairs if n in VIRTUAL_PINS))
                )
            case _:
                self.frames_refused += 1
                self._queue.append(encode_response(message_id or 1, Status.ILLEGAL_COMMAND))

    def _handle_redirect(self, parts: list[str]) -> None:
        host, port, *_ = (*parts, "", "")
        port = port or str(DEFAULT_REDIRECT_PORT)
        if host and port.isascii() and port.isdigit() and len(port) <= _MAX_PORT_DIGITS:
            self._emit(Redirected(host, int(port)))
            self._close()
        else:
            self._fail(f"redirect to {host!r}, port {port!r}. Expected a host and a port")


def _sync_body(pins: tuple[str, ...]) -> bytes:
    op = _READS.get(pins[0][:1], "")
    spellings = [pin[1:] for pin in pins]
    known = PINS_BY_READ.get(op, {})
    if [known.get(spelling) for spelling in spellings] != list(pins):
        msg = f"sync: pins {', '.join(pins)!r}. Expected pins of one kind, V0 to A255"
        raise LocalProtocolError(msg)
    return join_body(op, *spellings)


def _numbers(pins: tuple[str, ...]) -> list[str]:
    """Numbers on the wire of virtual pins."""
    for pin in pins:
        if VIRTUAL_PINS.get(pin[1:]) != pin:
            msg = f"client connection: pin {pin!r}. Expected a virtual pin, V0 to V255"
            raise LocalProtocolError(msg)
    return [pin[1:] for pin in pins]
