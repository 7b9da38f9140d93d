"""What a logged-in device asks for besides writing pins, and the answers.

Statuses are those of the Java server where it has one (blynk-protocol §6 and §7).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from blynk_gateway.blynk_server.translation import command_pin, wire_pin
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.events import ALL, MAX_EVENT_DESCRIPTION
from blynk_gateway.core.notifications import Channel, Notification, may_be_recipient
from blynk_gateway.core.value import printable
from blynk_gateway.errors import InvalidValue, PinError
from blynk_gateway.protocol.commands import Status
from blynk_gateway.protocol.events import (
    BridgeBound,
    BridgeWritten,
    EventCleared,
    EventLogged,
    MetadataRequested,
    MetadataSet,
    NotificationChannel,
    NotificationRequested,
    PinModesRequested,
    PinReadRequested,
    PropertySet,
    SyncRequested,
    TimeQuery,
    TimeRequested,
)

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection
    from blynk_gateway.core.stream import PinState

Acknowledged: TypeAlias = (
    PropertySet | EventLogged | EventCleared | NotificationRequested | BridgeBound
)
Request: TypeAlias = (
    SyncRequested
    | BridgeWritten
    | PinModesRequested
    | PinReadRequested
    | TimeRequested
    | MetadataRequested
    | MetadataSet
    | Acknowledged
)

MAX_BRIDGES = 100
"""Bridge pins of one connection. Source: the Java server."""

AUTH_TOKEN_FIELD = "Auth Token"  # noqa: S105  the name of a field
"""Metadata field that yields the device's token unless the owner declared one of that name."""

NO_QUESTIONS: Mapping[TimeQuery, int] = MappingProxyType({})

_WITHOUT_TIME = frozenset({TimeQuery.ZONE_NAME, TimeQuery.ZONE_RULE})
"""Questions whose answers need no clock."""

_MODES = {str(mode): mode for mode in PinMode}

_CHANNELS = {
    NotificationChannel.PUSH: Channel.PUSH,
    NotificationChannel.EMAIL: Channel.EMAIL,
    NotificationChannel.TWEET: Channel.TWEET,
    NotificationChannel.SMS: Channel.SMS,
}


def answer_request(
    connection: "DeviceConnection", device: Device, request: Request, now: float
) -> None:
    """Do what the device asks for; the answer is queued on the connection's wire."""
    match request:
        case SyncRequested():
            _sync(connection, device, request)
        case BridgeWritten():
            _write_bridge(connection, request)
        case PinModesRequested():
            _set_pin_modes(connection, device, request)
        case PinReadRequested():
            _tell_pin(connection, device, request)
        case TimeRequested():
            _take_time_question(connection, request)
        case MetadataRequested():
            _tell_metadata(connection, device, request)
        case MetadataSet():
            status = _set_metadata(connection, device, request)
            # Success has no documented answer.
            if status is not Status.OK:
                connection.wire.respond(request.message_id, status)
        case _:
            status = _do_acknowledged(connection, device, request, now)
            connection.wire.respond(request.message_id, status)


def _do_acknowledged(
    connection: "DeviceConnection", device: Device, request: Acknowledged, now: float
) -> Status:
    match request:
        case PropertySet():
            return _set_property(connection, device, request)
        case BridgeBound():
            return _bind_bridge(connection, request)
        case EventLogged():
            return _log_event(connection, device, request)
        case EventCleared():
            return _clear_event(connection, device, request)
        case NotificationRequested():
            return _notify(connection, device, request, now)


def _sync(connection: "DeviceConnection", device: Device, request: SyncRequested) -> None:
    store = connection.context.store
    states: list[PinState]
    if request.pins is None:
        states = [
            state
            for state in store.pins(device.slug)
            if (state.datastream is None or state.datastream.is_synced)
            and (state.pin[0] == "V" or connection.is_own or _is_output(state))
        ]
    else:
        found = (store.find(device.slug, pin) for pin in request.pins)
        states = [state for state in found if state is not None]
    for state in states:
        if state.shown:
            _send_pin(connection, state, request.message_id)


def _is_output(state: "PinState") -> bool:
    """Whether a board may be sent the pin's value unasked: `dw` turns any pin into an output.

    An input with a button to ground would be driven against it.
    """
    return state.direct is not None and not state.direct.mode.is_input


def _send_pin(connection: "DeviceConnection", state: "PinState", message_id: int) -> None:
    pin = wire_pin(state.pin, None if state.direct is None else state.direct.mode)
    if not connection.wire.send_pin(pin, state.shown, message_id):
        connection.note_unsent(state.pin)


def _set_property(connection: "DeviceConnection", device: Device, request: PropertySet) -> Status:
    registry = connection.context.registry
    try:
        for pin in request.pins:
            registry.set_property(device, pin, request.name, request.value, connection.origin)
    except InvalidValue as error:
        connection.note_refused("property refused", error)
        return Status.ILLEGAL_COMMAND_BODY
    return Status.OK


def _bind_bridge(connection: "DeviceConnection", request: BridgeBound) -> Status:
    target = connection.context.registry.find_by_token(request.token)
    bridges = connection.bridges
    if target is None or (len(bridges) >= MAX_BRIDGES and request.bridge not in bridges):
        return Status.NOT_ALLOWED
    # A copy, because the empty dictionary is shared by all connections without bridges.
    connection.bridges = {**bridges, request.bridge: (target, target.definition.token)}
    return Status.OK


def _write_bridge(connection: "DeviceConnection", request: BridgeWritten) -> None:
    context = connection.context
    respond = connection.wire.respond
    target, token = connection.bridges.get(request.bridge, (None, ""))
    if (
        target is None
        or context.registry.find(target.slug) is not target
        or target.definition.token != token
    ):
        respond(request.message_id, Status.NOT_ALLOWED)
        return
    try:
        change = command_pin(context, target, request.pin, request.value, connection.origin)
    except PinError as error:
        connection.note_refused("bridge write refused", error)
        respond(request.message_id, Status.ILLEGAL_COMMAND)
        return
    if not target.connections:
        respond(request.message_id, Status.DEVICE_NOT_IN_NETWORK)
    elif change is not None:
        # Delivered now, not at the loop's next turn: a chunk may hold more writes than the
        # target's mailbox, and the target shall see our message id.
        for sibling in list(context.by_device.get(target.slug, ())):
            sibling.deliver(change.seq, request.message_id)


def _set_pin_modes(
    connection: "DeviceConnection", device: Device, request: PinModesRequested
) -> None:
    store = connection.context.store
    try:
        modes = [(pin, _mode_of(pin, word)) for pin, word in request.modes]
        for pin, _ in modes:
            store.check_open(device.slug, pin)
        for pin, mode in modes:
            store.set_mode(device.slug, pin, DirectPin(mode), connection.origin)
    except PinError as error:
        connection.note_refused("pin mode refused", error)
        connection.wire.respond(request.message_id, Status.ILLEGAL_COMMAND)


def _mode_of(pin: str, word: str) -> PinMode:
    mode = _MODES.get(word)
    if mode is None:
        known = ", ".join(_MODES)
        raise InvalidValue(f"{pin} cannot be {printable(word)[:40]!r}; expected one of {known}")
    return mode


def _tell_pin(connection: "DeviceConnection", device: Device, request: PinReadRequested) -> None:
    """Answer by what is known: the gateway's own inputs tell their changes by themselves."""
    state = connection.context.store.find(device.slug, request.pin)
    if state is None or not state.shown:
        connection.wire.respond(request.message_id, Status.NO_DATA)
    else:
        _send_pin(connection, state, request.message_id)


def answer_time_questions(connection: "DeviceConnection") -> None:
    """Tell the time to a device that asked before it was known."""
    waiting = connection.time_questions
    connection.time_questions = NO_QUESTIONS
    for query, message_id in waiting.items():
        _tell_time(connection, TimeRequested(query, message_id))
    connection.send_queued()


def _take_time_question(connection: "DeviceConnection", request: TimeRequested) -> None:
    if request.query in _WITHOUT_TIME or connection.context.clock_quality.is_trusted:
        _tell_time(connection, request)
    else:
        # Nothing rather than a wrong time: every client survives silence. The latest of each kind
        # is answered when the time is known. A copy: the empty one is shared.
        connection.time_questions = {
            **connection.time_questions,
            request.query: request.message_id,
        }


def _tell_time(connection: "DeviceConnection", request: TimeRequested) -> None:
    zone = connection.context.zone
    now_ms = connection.context.clock.now_ms()
    answer: tuple[object, ...]
    match request.query:
        case TimeQuery.RTC:
            answer = ("rtc", zone.local_seconds(now_ms))
        case TimeQuery.TIME:
            answer = ("utc", "time", now_ms)
        case TimeQuery.ISO:
            answer = ("utc", "iso", zone.iso(now_ms))
        case TimeQuery.ZONE:
            answer = ("utc", "tz", *zone.standard_and_dst_minutes(now_ms))
        case TimeQuery.ZONE_NAME:
            answer = ("utc", "tz_name", zone.name)
        case TimeQuery.ZONE_RULE:
            answer = ("utc", "tz_rule", zone.rule)
        case TimeQuery.NEXT_CHANGES:
            changes = zone.next_changes(now_ms)
            answer = ("utc", "dst_next", *(number for change in changes for number in change))
    connection.wire.send_internal(*map(str, answer), message_id=request.message_id)


def _tell_metadata(
    connection: "DeviceConnection", device: Device, request: MetadataRequested
) -> None:
    value = device.metadata.get(request.name)
    if value is None and request.name == AUTH_TOKEN_FIELD:
        value = device.definition.token
    # An unknown field is met by silence, which every client survives.
    if value is not None and not connection.wire.send_internal(
        "meta", request.name, value, message_id=request.message_id
    ):
        connection.note_unsent(request.name)


def _set_metadata(connection: "DeviceConnection", device: Device, request: MetadataSet) -> Status:
    if request.name == AUTH_TOKEN_FIELD and request.name not in device.definition.metadata:
        return Status.NOT_ALLOWED
    try:
        connection.context.registry.set_metadata(
            device, request.name, request.value, connection.origin
        )
    except InvalidValue as error:
        connection.note_refused("metadata refused", error)
        return Status.ILLEGAL_COMMAND_BODY
    return Status.OK


def _log_event(connection: "DeviceConnection", device: Device, request: EventLogged) -> Status:
    code = printable(request.code)
    if not connection.context.registry.events.may_log(device, code):
        return Status.QUOTA_LIMIT
    description = printable(request.description or "")
    return _record(connection, device, EventKind.LOGGED, code, description)


def _clear_event(connection: "DeviceConnection", device: Device, request: EventCleared) -> Status:
    description = ALL if request.is_all else ""
    code = printable(request.code)
    if not connection.context.registry.events.may_resolve(device, code):
        return Status.QUOTA_LIMIT
    return _record(connection, device, EventKind.RESOLVED, code, description)


def _notify(
    connection: "DeviceConnection", device: Device, request: NotificationRequested, now: float
) -> Status:
    channel = _CHANNELS[request.channel]
    if request.recipient is not None and not may_be_recipient(request.recipient):
        return Status.ILLEGAL_COMMAND
    if not connection.limits.may_notify(channel, now):
        return Status.QUOTA_LIMIT
    parts = (request.recipient, request.subject, request.text)
    text = printable(": ".join(part for part in parts if part))[:MAX_EVENT_DESCRIPTION]
    status = _record(connection, device, EventKind.NOTIFICATION, channel, text)
    if status is Status.OK:
        # Without a service for it the answer is the same: the timeline has taken it.
        notification = Notification(
            channel, request.text, request.subject or "", request.recipient or ""
        )
        connection.context.notifier.device_notification(device, notification)
    return status


def _record(
    connection: "DeviceConnection", device: Device, kind: EventKind, code: str, description: str
) -> Status:
    try:
        connection.context.registry.record_event(device, kind, code, description, connection.origin)
    except InvalidValue as error:
        connection.note_refused("event refused", error)
        return Status.ILLEGAL_COMMAND_BODY
    return Status.OK
