"""The server's end of a connection with one stock Blynk device.

1. Only a login opens the connection (LOGGING_IN). The owner answers `LoginRequested`; what the
   device sent behind it waits, undecoded, until then (JUDGED): call `receive_data(b"", now)` after
   `accept_login`.
2. After the login answer only responses go out (the hold) until the info message was answered,
   another frame than a ping was handled, or 3 s have passed.
3. Pings, infos, second logins and malformed frames are answered here; all else by the owner.
4. What may go out, and when, is settled in `sending.py`.

Source: the rules of thumb derived from the stock clients and the Java server: hold back until the
info is answered, never id 0, never an unknown type, idle timeout 2.3 times the heartbeat.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol import requests
from blynk_gateway.protocol.commands import LOGINS, Command, Status
from blynk_gateway.protocol.events import (
    AnswerDue,
    InfoReceived,
    LoginRequested,
    PinsWritten,
    PinWrite,
    ResponseReceived,
    ServerEvent,
    TimedOut,
    TimeoutReason,
)
from blynk_gateway.protocol.frames import (
    HEADER,
    HEADER_BYTES,
    MAX_BODY_BYTES,
    MAX_LOGIN_BODY_BYTES,
)
from blynk_gateway.protocol.info import is_info, parse_info
from blynk_gateway.protocol.messages import decode_text, find_write, split_body
from blynk_gateway.protocol.sending import DeviceSender

if TYPE_CHECKING:
    from blynk_gateway.protocol.connection import Data
    from blynk_gateway.protocol.info import DeviceInfo

LOGIN_TIMEOUT_S = 5.0
"""Clients log in at once; the slowest stock one gives up after 6 s itself."""

REFUSED_LINGER_S = 2.0
"""Time for a refused client to read the answer; Node-RED waits for the server to close."""

MAX_PENDING_BYTES = HEADER_BYTES + MAX_BODY_BYTES
"""Kept behind an unanswered login: as much as one frame may be."""

HOLD_S = 3.0
"""For clients without an info message: the longest wait for it."""

DEFAULT_IDLE_S = 30.0
"""Without a heartbeat in the info: JS pings every 10 s."""

MIN_IDLE_S = 20.0
HEARTBEATS_UNTIL_IDLE = 2.3
"""The Java server's factor."""

_TRIMMED = "".join(map(chr, range(0x21)))
"""Not part of a token: terminators, and the line end of the file it was read from (Java's rule)."""

_MIN_HARDWARE_BYTES = 4
"""Shorter bodies are malformed, whatever their op (the Java rule)."""


class _State(Enum):
    LOGGING_IN = "waiting for a login"
    JUDGED = "waiting for the owner's answer to the login"
    OPEN = "logged in"
    REFUSED = "login refused"
    CLOSED = "closed"


class ServerConnection(DeviceSender):
    """One device, from its first byte to the last; see the rules above.

    Args:
        now: monotonic seconds.
        login_timeout_s: how long a complete login may take.

    Attributes:
        has_direct_writes: whether it ever wrote a D or A pin; most devices never do.
        takes_pin_requests: whether `pm`, `dr` and `ar` of the far end are events; from a device
            they make no sense and are ignored, as by the Java server.
    """

    __slots__ = (
        "_deadline",
        "_events",
        "_idle_timeout_s",
        "_input_at",
        "_login",
        "_state",
        "has_direct_writes",
        "takes_pin_requests",
    )

    def __init__(self, now: float, login_timeout_s: float = LOGIN_TIMEOUT_S) -> None:
        super().__init__()
        self._state = _State.LOGGING_IN
        self._events: list[ServerEvent] = []
        self._login = 0
        self.has_direct_writes = False
        self.takes_pin_requests = False
        self._idle_timeout_s = DEFAULT_IDLE_S
        self._input_at = now
        # Of the login, then of the linger after a refusal, then of the hold.
        self._deadline = now + login_timeout_s

    @property
    def is_logged_in(self) -> bool:
        """Whether sends have a meaning now."""
        return self._state is _State.OPEN

    @property
    def login_command(self) -> int:
        """The type of the login frame, 0 before it came."""
        return self._login

    def receive_data(self, data: Data, now: float) -> list[ServerEvent]:
        """Take bytes of the device, in any pieces; an empty piece goes on with what is kept.

        Args:
            data: is not kept; may be reused after the call.
            now: monotonic seconds.

        Returns:
            Events in the order of the wire; none once the connection is refused or closed.

        Raises:
            RemoteProtocolError: the device broke the protocol. Once; events before the fault
                were returned by the call before. The connection is closed then.
        """
        if data:
            self._input_at = now
        if self._fault is None:
            if self._state is _State.OPEN:
                self._decode(data)
            elif self._state is _State.LOGGING_IN:
                self._keep(data)
                self._find_login()
            elif self._state is _State.JUDGED:
                self._keep(data)
                self._check_patience()
        if self._fault is not None and not self._events:
            self._raise_fault(self._fault)
        events, self._events = self._events, []
        return events

    def accept_login(self, message_id: int, now: float) -> None:
        """Answer `LoginRequested` by 200; then call `receive_data(b"", now)`.

        Raises:
            LocalProtocolError: there is no login to be answered.
        """
        self._require(_State.JUDGED)
        self._answer(message_id, Status.OK)
        self._state = _State.OPEN
        self._begin_hold()
        self._deadline = now + HOLD_S

    def refuse_login(self, message_id: int, status: int) -> None:
        """Answer `LoginRequested` by an error; what the device sends from now on is dropped.

        Args:
            message_id: of the login.
            status: 9 (INVALID_TOKEN) stops many clients for good; 19 lets them try again.

        Raises:
            LocalProtocolError: there is no login to be answered.
        """
        self._require(_State.JUDGED)
        self._answer(message_id, status)
        self._state = _State.REFUSED
        self._tail = None
        self._deadline = self._input_at + REFUSED_LINGER_S

    def next_timeout(self, now: float) -> float | None:
        """When `handle_timeout` and then `data_to_send` want to be called, monotonic seconds."""
        if self._fault is not None:
            return now
        if self._state is _State.OPEN:
            due = self._input_at + self._idle_timeout_s
            if self.is_holding:
                due = min(due, self._deadline)
            return min(due, self.next_send_at)
        return self._deadline if self._state in (_State.LOGGING_IN, _State.REFUSED) else None

    def handle_timeout(self, now: float) -> list[ServerEvent]:
        """Do what became due; call it late rather than early, early calls do no harm.

        Raises:
            RemoteProtocolError: as `receive_data`.
        """
        if self._fault is not None:
            self._raise_fault(self._fault)
        match self._state:
            case _State.LOGGING_IN if now >= self._deadline:
                return self._time_out(TimeoutReason.LOGIN)
            case _State.REFUSED if now >= self._deadline:
                return self._time_out(TimeoutReason.REFUSED)
            case _State.OPEN if now >= self._input_at + self._idle_timeout_s:
                return self._time_out(TimeoutReason.IDLE)
            case _State.OPEN if now >= self._deadline:
                self._end_hold()
            case _:
                pass
        return []

    @property
    def _is_decoding(self) -> bool:
        return self._state is _State.OPEN

    def _close(self) -> None:
        self._state = _State.CLOSED
        self._tail = None

    def _time_out(self, reason: TimeoutReason) -> list[ServerEvent]:
        self._close()
        return [TimedOut(reason)]

    def _require(self, state: _State) -> None:
        if self._state is not state:
            msg = f"server connection: {self._state.value}. Expected: {state.value}"
            raise LocalProtocolError(msg)

    def _keep(self, data: Data) -> None:
        """Buffer what cannot be decoded before the login is answered."""
        if self._tail is None:
            self._tail = bytearray()
        self._tail += data

    def _check_patience(self) -> None:
        kept = len(self._tail or b"")
        if kept > MAX_PENDING_BYTES:
            self._fail(
                f"{kept} bytes before the login was answered. Expected at most {MAX_PENDING_BYTES}"
            )

    def _find_login(self) -> None:
        tail = self._tail
        if not tail:
            return
        if tail[0] not in LOGINS:
            self._fail(f"frame of type {tail[0]} before a login. Expected type 2 or 29")
            return
        if len(tail) < HEADER_BYTES:
            return
        command, message_id, length = HEADER.unpack_from(tail)
        if length > MAX_LOGIN_BODY_BYTES:
            self._fail(f"login of {length} bytes. Expected at most {MAX_LOGIN_BODY_BYTES}")
            return
        stop = HEADER_BYTES + length
        if len(tail) < stop:
            return
        token = decode_text(bytes(tail[HEADER_BYTES:stop])).strip(_TRIMMED)
        del tail[:stop]
        self._tail = tail or None
        self._needed = HEADER_BYTES
        self._login = command
        self._state = _State.JUDGED
        self.messages_received += 1
        self._events.append(LoginRequested(token, message_id))

    def _emit_writes(self, writes: list[PinWrite]) -> None:
        self._end_hold()
        self._events.append(PinsWritten(writes))

    def _handle(self, command: int, message_id: int, status: int, body: bytes) -> None:
        if command == Command.HARDWARE:
            self._handle_hardware(message_id, body)
        elif command == Command.PING:
            self._reply(message_id, Status.OK)
        elif command == Command.INTERNAL:
            self._handle_internal(message_id, body)
        else:
            self._end_hold()
            if command == Command.RESPONSE:
                self._emit(ResponseReceived(message_id, status))
            elif command in LOGINS:
                self._reply(message_id, Status.ALREADY_REGISTERED)
            else:
                self._take(message_id, requests.parse_request(command, message_id, body))

    def _handle_hardware(self, message_id: int, body: bytes) -> None:
        write = None
        if len(body) >= _MIN_HARDWARE_BYTES:
            if body[1:2] not in b"wW":
                self._end_hold()
                self._take(
                    message_id,
                    requests.parse_pin_request(message_id, body)
                    if self.takes_pin_requests
                    else None,
                )
                return
            write = find_write(split_body(body))
        if write is None:
            self._end_hold()
            self._take(message_id, Status.ILLEGAL_COMMAND)
        else:
            self.has_direct_writes |= write[0][0] != "V"
            self._writes.append((*write, message_id))

    def _handle_internal(self, message_id: int, body: bytes) -> None:
        parts = split_body(body)
        # A write before it ends the wait for the info, whether it came in the same piece or not.
        if is_info(parts, is_due=self._held is not None and not self._writes):
            info = parse_info(parts, self._login)
            self._adapt(info)
            self._reply(message_id, Status.OK)
            self._end_hold()
            self._emit(InfoReceived(info))
        else:
            self._end_hold()
            self._take(message_id, requests.parse_internal(message_id, parts))

    def _adapt(self, info: DeviceInfo) -> None:
        super()._adapt(info)
        self._idle_timeout_s = (
            DEFAULT_IDLE_S
            if info.heartbeat_s is None
            else max(MIN_IDLE_S, HEARTBEATS_UNTIL_IDLE * info.heartbeat_s)
        )

    def _take(self, message_id: int, outcome: requests.Outcome) -> None:
        if outcome is None:
            self.frames_ignored += 1
        elif isinstance(outcome, Status):
            self.frames_refused += 1
            self._reply(message_id, outcome)
        else:
            self._emit(outcome)

    def _reply(self, message_id: int, status: int) -> None:
        """Answer, but not before what the owner has to answer first."""
        if self._events or self._writes:
            self._emit(AnswerDue(message_id, status))
        else:
            self._answer(message_id, status)

    def _emit(self, event: ServerEvent) -> None:
        self._flush_writes()
        self._events.append(event)

    def _can_send(self) -> bool:
        if self._state in (_State.LOGGING_IN, _State.JUDGED):
            self._require(_State.OPEN)
        return self._state is _State.OPEN
