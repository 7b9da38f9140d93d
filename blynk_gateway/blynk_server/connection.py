"""One device connection, whatever carries it.

1. A chunk of bytes is handled in one go: parsed, written to the store, answered in one piece.
   There is no task per connection and none per message.
2. Commands for the device come through its mailbox; the bus's wake-up puts one call on the loop.
3. One timer serves all deadlines. It is moved only when something becomes due earlier.
4. Who sends more than its quota, or while history cannot follow, is not read from. Who does not
   read what it is sent is cut.
5. Of direct pins nothing goes out before the wire's hold ended; see `direct.py`. A client with the
   gateway's own token is not the gateway: what it writes are commands, and its pins are its own.
6. Any end goes through `_end`, which may run twice; it writes one line to the log.
"""

import asyncio
import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from blynk_gateway.blynk_server.context import Context
from blynk_gateway.blynk_server.direct import DirectPins
from blynk_gateway.blynk_server.exchange import Stamp, deliver_change, group_stamp, take_writes
from blynk_gateway.blynk_server.flow import GATE, Flow
from blynk_gateway.blynk_server.login import judge_login
from blynk_gateway.blynk_server.quota import DeviceLimits, refuse_event
from blynk_gateway.blynk_server.requests import NO_QUESTIONS, Request, answer_request
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.errors import GatewayError, RemoteProtocolError
from blynk_gateway.protocol.connection import Data
from blynk_gateway.protocol.events import (
    AnswerDue,
    GroupClosed,
    GroupOpened,
    InfoReceived,
    LoginRequested,
    PinsWritten,
    ResponseReceived,
    ServerEvent,
    TimedOut,
    TimeoutReason,
)
from blynk_gateway.protocol.info import DeviceInfo
from blynk_gateway.runtime.logs import safe

log = logging.getLogger(__name__)

MAX_COMMANDS = 1024
"""Commands for one device in one turn of the loop: the first use of every pin fits, with the modes
that it brings; beyond that is a flood."""

RareEvent: TypeAlias = (
    AnswerDue
    | GroupOpened
    | GroupClosed
    | InfoReceived
    | LoginRequested
    | ResponseReceived
    | TimedOut
    | Request
)

# A group has to begin and end even if the writes in it are refused; pings are always answered.
_NEVER_REFUSED = (
    AnswerDue,
    GroupOpened,
    GroupClosed,
    LoginRequested,
    ResponseReceived,
    TimedOut,
)
_NO_BRIDGES: Mapping[int, tuple[Device, str]] = MappingProxyType({})


class DeviceConnection(Flow):
    """A device's session, from its first byte to the last.

    Attributes:
        number: identifies the connection in logs and as origin of changes.
        device: None before login.
        is_own: whether it has the gateway's own token.
        is_opening: logged in, and its direct pins are not set up yet.
        refusal_notice_at: when it may be told next that messages are refused, monotonic seconds.
        time_questions: message ids of what it asked of the clock while that was not trusted.
        bridges: target device and the token that was given for it, by bridge pin.
    """

    __slots__ = (
        "_definition",
        "_direct",
        "_group",
        "_limits",
        "_mailbox",
        "_metered",
        "bridges",
        "device",
        "is_opening",
        "is_own",
        "number",
        "origin",
        "refusal_notice_at",
        "time_questions",
    )

    def __init__(self, context: Context, peer: str, host: str) -> None:
        super().__init__(context, peer, host)
        self.number = next(context.numbers)
        self.origin = Origin(OriginKind.DEVICE, str(self.number))
        self.device: Device | None = None
        self.bridges = _NO_BRIDGES
        self.refusal_notice_at = 0.0
        self.time_questions = NO_QUESTIONS
        self._definition: DeviceDefinition | None = None
        self._direct: DirectPins | None = None
        self.is_opening = False
        self.is_own = False
        self._limits: DeviceLimits | None = None
        self._mailbox: Mailbox | None = None
        self._group: Stamp | None = None
        self._metered = 0
        context.connections.add(self)
        self._arm(context.clock.monotonic())

    @property
    def limits(self) -> DeviceLimits:
        """The device's meters; there are some once it is logged in."""
        assert self._limits is not None, "limits are for logged-in devices"
        return self._limits

    @property
    def direct(self) -> DirectPins:
        """What it takes to drive and read its direct pins; made at first use."""
        if self._direct is None:
            assert self.device is not None, "pins are those of logged-in devices"
            self._direct = DirectPins(self, self.device.slug)
        return self._direct

    def take(self, data: Data) -> None:
        """Handle a chunk of bytes; it may be reused after the call."""
        if self._is_over:
            return
        context = self.context
        now = context.clock.monotonic()
        at_ms = context.clock.now_ms()
        device = self.device
        if device is not None:
            if not self._check():
                return
            context.registry.seen(device, at_ms)
            if self.tap is not None:
                self.tap.received(data)
        try:
            events = self.wire.receive_data(data, now)
            while True:
                is_refused = self._limits is not None and self._is_over_quota(now)
                if not events:
                    break
                if not self._handle(events, now, at_ms, is_refused=is_refused):
                    return
                # What came in behind a login, or the fault behind the last event.
                events = self.wire.receive_data(b"", now)
        except RemoteProtocolError as error:
            self._fail(error, now)
            return
        if self.is_opening:
            self._open()
        self._flush(now)
        self._arm(now)

    def attach(self, device: Device) -> None:
        """The login is accepted: be the device from now on."""
        context = self.context
        self.device = device
        self._definition = device.definition
        self.is_opening = True
        self.is_own = device.definition.source is DeviceSource.GATEWAY
        self.wire.takes_pin_requests = self.is_own
        self._limits = context.limits.of(device.slug, context.clock.monotonic())
        self._metered = self.wire.messages_received
        self._mailbox = Mailbox(MAX_COMMANDS, Overflow.CLOSE, wake=self._wake)
        context.bus.subscribe_commands(self._mailbox, device=device.slug, origin=self.origin)
        context.by_device.setdefault(device.slug, []).append(self)
        context.registry.connected(device, self.origin)
        context.admission.device_came()
        self._stop_waiting()
        if not context.gate.is_open:
            self.pause(GATE)

    def deliver(self, bridge_seq: int = 0, bridge_id: int = 0) -> None:
        """Send the commands in the mailbox; `bridge_id` is the message id for `bridge_seq`."""
        mailbox = self._mailbox
        if self._is_over or mailbox is None:
            return
        if mailbox.is_closed:
            self.cut(f"more than {MAX_COMMANDS} commands at once")
            return
        if not self._check():
            return
        for change in mailbox.drain():
            deliver_change(self, change, bridge_id if change.seq == bridge_seq else 0)
        self.send_queued()

    def cut(self, reason: str) -> None:
        """End it at once, without waiting for the peer."""
        self.context.health.count("device_connections_cut")
        self._end(reason, at_once=True, level=logging.WARNING)

    def close(self, reason: str) -> None:
        """End it after what was sent."""
        self._end(reason)

    def note_refused(self, message: str, error: GatewayError) -> None:
        """Log that something of the device's was refused; it is told by a status."""
        self.context.health.count("device_messages_refused")
        slug = self.device.slug if self.device is not None else ""
        self.context.log_limited(
            logging.WARNING, message, slug, device=slug, reason=safe(str(error), 200)
        )

    def note_unsent(self, subject: str) -> None:
        """Log that a frame did not suit the client: too long for its buffer, or its encoding."""
        self.context.health.count("device_frames_unsent")
        slug = self.device.slug if self.device is not None else ""
        self.context.log_limited(
            logging.WARNING,
            "value not sent: too long for the device's buffer, or text it cannot decode",
            slug,
            device=slug,
            subject=safe(subject),
        )

    def _is_current(self, device: Device) -> bool:
        if device.definition is not self._definition and not self._redefine(device.definition):
            return False
        return self.context.registry.find(device.slug) is device

    def _redefine(self, definition: DeviceDefinition) -> bool:
        """Take another definition of the device; False if it has another token."""
        old = self._definition
        assert old is not None, "definitions are of logged-in devices"
        if definition.token != old.token:
            return False
        self._definition = definition
        if definition.pins != old.pins and not (self.is_own or self.is_opening):
            self.direct.redeclare(old.pins, definition.pins)
        return True

    def _open(self) -> None:
        """Set up the direct pins, if the hold is over; called until then."""
        if self.wire.is_holding:
            return
        self.is_opening = False
        self.context.apps.greet(self)
        if self.is_own:
            return
        assert self.device is not None, "there is a hold for logged-in devices only"
        states = self.context.store.pins(self.device.slug)
        states = [state for state in states if state.direct is not None]
        if states or self.context.reads.wanted(self.device.slug):
            self.direct.begin(states)

    def _is_over_quota(self, now: float) -> bool:
        received = self.wire.messages_received
        count = received - self._metered
        if not count:
            return False
        self._metered = received
        pause_s = self.limits.charge(count, now)
        if pause_s is None:
            return True
        if pause_s:
            self.context.health.count("quota_pauses")
            self.pause_for(pause_s)
        return False

    def _handle(
        self, events: list[ServerEvent], now: float, at_ms: int, *, is_refused: bool
    ) -> bool:
        """Handle events, or refuse those that a quota is for; False if that was the end."""
        for event in events:
            if is_refused and not isinstance(event, _NEVER_REFUSED):
                assert self.device is not None, "quotas are for logged-in devices"
                refuse_event(self, self.device.slug, event, now)
            elif isinstance(event, PinsWritten):
                assert self.device is not None, "writes come from logged-in devices"
                take_writes(self, self.device, event.writes, self._group or (at_ms, Intent.REPORT))
            else:
                self._handle_rare(event, now, at_ms)
            if self._is_over:
                return False
        return True

    def _handle_rare(self, event: RareEvent, now: float, at_ms: int) -> None:
        if isinstance(event, AnswerDue):
            self.wire.respond(event.message_id, event.status)
            return
        if self.is_opening:
            self._open()
        match event:
            case GroupOpened():
                self._group = group_stamp(self, event.at_ms, at_ms)
            case GroupClosed():
                self._group = None
            case LoginRequested():
                judge_login(self, event, now)
            case InfoReceived():
                self._tell_info(event.info)
            case ResponseReceived():
                log.debug(
                    "device answered",
                    extra={"peer": self.peer, "id": event.message_id, "status": event.status},
                )
                if self._direct is not None:
                    self._direct.answered(event.message_id, event.status)
            case TimedOut():
                self._time_out(event.reason)
            case _:
                assert self.device is not None, "requests come from logged-in devices"
                answer_request(self, self.device, event, now)
                # A chunk may hold thousands of syncs: what they ask for must not pile up.
                self._flush(now)

    def _tell_info(self, info: DeviceInfo) -> None:
        assert self.device is not None, "infos come from logged-in devices"
        if self.is_own:
            return
        told = tuple((key, safe(value)) for key, value in info.pairs() if value)
        if told != self.device.info:
            self.context.registry.told(self.device, told, self.origin)

    def _wake(self) -> None:
        asyncio.get_running_loop().call_soon(self.deliver)

    def _handle_timeout(self, now: float) -> None:
        try:
            self._handle(self.wire.handle_timeout(now), now, 0, is_refused=False)
        except RemoteProtocolError as error:
            self._fail(error, now)
        if self.is_opening and not self._is_over:
            self._open()

    def _check(self) -> bool:
        if self.device is None or self._is_current(self.device):
            return True
        self._end("its device was removed or got another token")
        return False

    def _time_out(self, reason: TimeoutReason) -> None:
        match reason:
            case TimeoutReason.REFUSED:
                # The refusal has its line in the log already.
                self._end("login refused", level=logging.DEBUG)
            case TimeoutReason.LOGIN:
                self._end(f"no login within {self.context.login_timeout_s:g} s")
            case TimeoutReason.IDLE:
                # Nothing was heard of it for twice its heartbeat: no use in waiting for it.
                self._end("silent for too long", at_once=True)

    def _fail(self, error: RemoteProtocolError, now: float) -> None:
        self._flush(now)
        self._end(f"protocol error: {error}", level=logging.WARNING)

    def _end(self, reason: str, *, at_once: bool = False, level: int = logging.INFO) -> None:
        if self._is_over:
            return
        self._is_over = True
        context = self.context
        context.connections.discard(self)
        self._stop_timers()
        if self._direct is not None:
            self._direct.stop()
        self._stop_waiting()
        self._close_carrier(at_once=at_once)
        values = {"peer": self.peer, "reason": safe(reason, 200)}
        if self.device is None:
            message = "connection closed before login"
            # By level: a line that is not shown must not hold back one that is.
            context.log_limited(level, message, self.host, level, **values)
            return
        self._detach(self.device)
        log.log(level, "device disconnected", extra={"device": self.device.slug, **values})

    def _detach(self, device: Device) -> None:
        context = self.context
        if self._mailbox is not None:
            context.bus.unsubscribe_commands(self._mailbox, device=device.slug)
        siblings = context.by_device[device.slug]
        siblings.remove(self)
        if not siblings:
            del context.by_device[device.slug]
        context.admission.device_went()
        # A removed device has no status to publish.
        if context.registry.find(device.slug) is device:
            context.registry.disconnected(device, self.origin)
