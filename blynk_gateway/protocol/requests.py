"""What a logged-in device asks for: bodies of frames to events.

Login, ping, info and HARDWARE are not here: the connection needs its own state for them. Each
parser returns an event, or the status which refuses the frame for its form, or None for a frame
that is legal and means nothing here.

Source: BlynkApi.h of blynk-library; the handlers in blynk-server below
server/tcp-hardware-server/.../handlers/hardware/logic, whose statuses are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import (
    BridgeBound,
    BridgeWritten,
    EventCleared,
    EventLogged,
    GroupClosed,
    GroupOpened,
    MetadataRequested,
    MetadataSet,
    NotificationChannel,
    NotificationRequested,
    PinModesRequested,
    PinReadRequested,
    PropertySet,
    ServerEvent,
    SyncRequested,
    TimeQuery,
    TimeRequested,
)
from blynk_gateway.protocol.messages import (
    DIGITAL_PINS,
    PINS_BY_READ,
    SEPARATOR,
    VIRTUAL_PINS,
    decode_text,
    find_pin,
    find_pins,
    find_write,
    split_body,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Outcome: TypeAlias = ServerEvent | Status | None

MAX_PUSH_CHARACTERS = 255
MAX_TWEET_CHARACTERS = 140
MAX_SMS_CHARACTERS = 160

MAX_BRIDGE_DIGITS = 5
"""Bridge pins are only names; the web client uses 9999."""

MAX_TIMESTAMP_DIGITS = 15
"""Milliseconds since 1970 have 13 until the year 2286."""


def parse_request(command: int, message_id: int, body: bytes) -> Outcome:
    """Read a frame of a logged-in device; see the module for what may come back."""
    parser = _PARSERS.get(command)
    return None if parser is None else parser(message_id, body)


def parse_internal(message_id: int, parts: list[str]) -> Outcome:
    """Read an INTERNAL frame that is no info message."""
    match parts:
        case ["rtc", *_]:
            return TimeRequested(TimeQuery.RTC, message_id)
        case ["utc", key, *_] if key in _TIME_QUERIES:
            return TimeRequested(_TIME_QUERIES[key], message_id)
        case ["meta", "get", name] if name:
            return MetadataRequested(name, message_id)
        case ["meta", "set", name, *value] if name:
            return MetadataSet(name, SEPARATOR.join(value), message_id)
        case [] | ["meta", *_]:
            return Status.ILLEGAL_COMMAND
        case _:
            return None


def parse_pin_request(message_id: int, body: bytes) -> Outcome:
    """Read a HARDWARE frame that is no write: `pm␀pin␀mode…`, `dr␀pin`, `ar␀pin` or `vr␀pin`."""
    match split_body(body):
        case ["pm", *pairs] if pairs and len(pairs) % 2 == 0:
            pins = [find_pin(DIGITAL_PINS, spelling) for spelling in pairs[::2]]
            modes = zip(pins, pairs[1::2], strict=True)
            known = tuple((pin, mode) for pin, mode in modes if pin is not None)
            if len(known) == len(pins):
                return PinModesRequested(known, message_id)
        case [op, spelling] if op in PINS_BY_READ:
            pin = find_pin(PINS_BY_READ[op], spelling)
            if pin is not None:
                return PinReadRequested(pin, message_id)
        case _:
            pass
    return Status.ILLEGAL_COMMAND


def _sync(message_id: int, body: bytes) -> Outcome:
    match split_body(body):
        case []:
            return SyncRequested(None, message_id)
        case [op, *spellings] if spellings and op in PINS_BY_READ:
            pins = find_pins(PINS_BY_READ[op], spellings)
            return Status.ILLEGAL_COMMAND if pins is None else SyncRequested(pins, message_id)
        case _:
            return Status.ILLEGAL_COMMAND


def _property(message_id: int, body: bytes) -> Outcome:
    parts = split_body(body)
    first = next((at for at, part in enumerate(parts) if not part.isdecimal()), len(parts))
    pins = find_pins(VIRTUAL_PINS, parts[:first])
    match parts[first:]:
        case [name, *value] if pins and name and value not in ([], [""]):
            return PropertySet(pins, name, tuple(value), message_id)
        case _:
            return Status.ILLEGAL_COMMAND_BODY


def _group(_message_id: int, body: bytes) -> Outcome:
    match split_body(body):
        case ["b"]:
            return GroupOpened(None)
        case ["t", at_ms] if _is_number(at_ms, MAX_TIMESTAMP_DIGITS):
            return GroupOpened(int(at_ms))
        case ["e"]:
            return GroupClosed()
        case _:
            return Status.ILLEGAL_COMMAND


def _event_log(message_id: int, body: bytes) -> Outcome:
    code, _, description = decode_text(body.removesuffix(b"\0")).partition(SEPARATOR)
    if not code:
        return Status.ILLEGAL_COMMAND
    return EventLogged(code, description or None, message_id)


def _event_clear(message_id: int, body: bytes) -> Outcome:
    match split_body(body):
        case [code] if code:
            return EventCleared(code, is_all=False, message_id=message_id)
        case [code, "all"] if code:
            return EventCleared(code, is_all=True, message_id=message_id)
        case _:
            return Status.ILLEGAL_COMMAND


def _email(message_id: int, body: bytes) -> Outcome:
    recipient: str | None = None
    match decode_text(body.removesuffix(b"\0")).split(SEPARATOR, 2):
        case [subject, text]:
            pass
        case [recipient, subject, text]:
            pass
        case _:
            return Status.ILLEGAL_COMMAND
    return NotificationRequested(
        NotificationChannel.EMAIL, text, message_id, recipient=recipient, subject=subject
    )


def _short_text(channel: NotificationChannel, limit: int) -> Callable[[int, bytes], Outcome]:
    def parse(message_id: int, body: bytes) -> Outcome:
        text = decode_text(body.removesuffix(b"\0"))
        if not 1 <= len(text) <= limit:
            return Status.NOTIFICATION_INVALID_BODY
        return NotificationRequested(channel, text, message_id)

    return parse


def _bridge(message_id: int, body: bytes) -> Outcome:
    match split_body(body):
        case [bridge, op, token, *_] if _is_number(bridge, MAX_BRIDGE_DIGITS) and op[:1] == "i":
            return BridgeBound(int(bridge), token, message_id)
        case [bridge, *parts] if _is_number(bridge, MAX_BRIDGE_DIGITS):
            write = find_write(parts)
            if write is not None:
                return BridgeWritten(int(bridge), *write, message_id)
        case _:
            pass
    return Status.ILLEGAL_COMMAND


def _is_number(text: str, max_digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= max_digits


_TIME_QUERIES = {query.value: query for query in TimeQuery if query is not TimeQuery.RTC}

_PARSERS: dict[int, Callable[[int, bytes], Outcome]] = {
    Command.TWEET: _short_text(NotificationChannel.TWEET, MAX_TWEET_CHARACTERS),
    Command.EMAIL: _email,
    Command.NOTIFY: _short_text(NotificationChannel.PUSH, MAX_PUSH_CHARACTERS),
    Command.BRIDGE: _bridge,
    Command.SYNC: _sync,
    Command.SMS: _short_text(NotificationChannel.SMS, MAX_SMS_CHARACTERS),
    Command.PROPERTY: _property,
    Command.GROUP: _group,
    Command.EVENT_LOG: _event_log,
    Command.EVENT_CLEAR: _event_clear,
}
