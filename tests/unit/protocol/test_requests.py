"""Every kind of request: well-formed, with a terminator, and malformed."""

import pytest

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
    PropertySet,
    ServerEvent,
    SyncRequested,
    TimeQuery,
    TimeRequested,
)
from blynk_gateway.protocol.messages import split_body
from blynk_gateway.protocol.requests import parse_internal, parse_request

ID = 7
TARGET = "fedcba9876543210fedcba9876543210"
PUSH, TWEET, SMS, EMAIL = (
    NotificationChannel.PUSH,
    NotificationChannel.TWEET,
    NotificationChannel.SMS,
    NotificationChannel.EMAIL,
)


@pytest.mark.parametrize(
    ("command", "body", "event"),
    [
        (Command.SYNC, b"", SyncRequested(None, ID)),
        (Command.SYNC, b"vr\x001\x002", SyncRequested(("V1", "V2"), ID)),
        (Command.SYNC, b"vr\x001\0", SyncRequested(("V1",), ID)),
        (Command.SYNC, b"dr\x0013", SyncRequested(("D13",), ID)),
        (Command.SYNC, b"ar\0A0\x001", SyncRequested(("A0", "A1"), ID)),
        (Command.PROPERTY, b"3\0color\0#23C48E", PropertySet(("V3",), "color", ("#23C48E",), ID)),
        (Command.PROPERTY, b"0\0labels\0A\0B", PropertySet(("V0",), "labels", ("A", "B"), ID)),
        (
            Command.PROPERTY,
            b"0\x001\x002\0isDisabled\0true\0",
            PropertySet(("V0", "V1", "V2"), "isDisabled", ("true",), ID),
        ),
        (Command.PROPERTY, b"4\0url\x001\0http", PropertySet(("V4",), "url", ("1", "http"), ID)),
        (Command.GROUP, b"b", GroupOpened(None)),
        (Command.GROUP, b"t\x001700000000123", GroupOpened(1700000000123)),
        (Command.GROUP, b"e", GroupClosed()),
        (Command.EVENT_LOG, b"hot", EventLogged("hot", None, ID)),
        (Command.EVENT_LOG, b"hot\0", EventLogged("hot", None, ID)),
        (Command.EVENT_LOG, b"hot\0Too hot", EventLogged("hot", "Too hot", ID)),
        (Command.EVENT_CLEAR, b"hot", EventCleared("hot", is_all=False, message_id=ID)),
        (Command.EVENT_CLEAR, b"hot\0all", EventCleared("hot", is_all=True, message_id=ID)),
        (Command.NOTIFY, b"Alarm", NotificationRequested(PUSH, "Alarm", ID)),
        (Command.NOTIFY, "°".encode() * 255, NotificationRequested(PUSH, "°" * 255, ID)),
        (Command.TWEET, b"x" * 140, NotificationRequested(TWEET, "x" * 140, ID)),
        (Command.SMS, b"x" * 160, NotificationRequested(SMS, "x" * 160, ID)),
        (
            Command.EMAIL,
            b"me@blynk.cc\0Subj\0Body",
            NotificationRequested(EMAIL, "Body", ID, recipient="me@blynk.cc", subject="Subj"),
        ),
        *(
            (
                Command.EMAIL,
                f"{{{name}_EMAIL}}\0Subj\0Body".encode(),
                NotificationRequested(
                    EMAIL, "Body", ID, recipient=f"{{{name}_EMAIL}}", subject="Subj"
                ),
            )
            for name in ("DEVICE_OWNER", "VENDOR")
        ),
        (Command.EMAIL, b"Subj\0Body", NotificationRequested(EMAIL, "Body", ID, subject="Subj")),
        (Command.BRIDGE, b"64\0i\0" + TARGET.encode(), BridgeBound(64, TARGET, ID)),
        (Command.BRIDGE, b"9999\0i\0" + TARGET.encode() + b"\0", BridgeBound(9999, TARGET, ID)),
        (Command.BRIDGE, b"64\0vw\x001\x005\x006", BridgeWritten(64, "V1", ("5", "6"), ID)),
        (Command.BRIDGE, b"64\0dw\x0013\x001", BridgeWritten(64, "D13", ("1",), ID)),
    ],
)
def test_request_is_understood(command: Command, body: bytes, event: ServerEvent) -> None:
    assert parse_request(command, ID, body) == event


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [
        (Command.SYNC, b"vr", Status.ILLEGAL_COMMAND),
        (Command.SYNC, b"vr\0", Status.ILLEGAL_COMMAND),
        (Command.SYNC, b"vr\x00256", Status.ILLEGAL_COMMAND),
        (Command.SYNC, b"vr\x001\0x", Status.ILLEGAL_COMMAND),
        (Command.SYNC, b"vw\x001", Status.ILLEGAL_COMMAND),
        (Command.SYNC, b"\x001", Status.ILLEGAL_COMMAND),
        (Command.PROPERTY, b"", Status.ILLEGAL_COMMAND_BODY),
        (Command.PROPERTY, b"1\0color", Status.ILLEGAL_COMMAND_BODY),
        (Command.PROPERTY, b"1\0color\0\0", Status.ILLEGAL_COMMAND_BODY),
        (Command.PROPERTY, b"color\0red", Status.ILLEGAL_COMMAND_BODY),
        (Command.PROPERTY, b"256\0color\0red", Status.ILLEGAL_COMMAND_BODY),
        (Command.PROPERTY, "\u0661\0color\0red".encode(), Status.ILLEGAL_COMMAND_BODY),
        (Command.PROPERTY, b"1\0\0red", Status.ILLEGAL_COMMAND_BODY),
        (Command.GROUP, b"", Status.ILLEGAL_COMMAND),
        (Command.GROUP, b"t", Status.ILLEGAL_COMMAND),
        (Command.GROUP, b"t\0-1", Status.ILLEGAL_COMMAND),
        (Command.GROUP, b"t\0" + b"9" * 16, Status.ILLEGAL_COMMAND),
        (Command.GROUP, b"x", Status.ILLEGAL_COMMAND),
        (Command.EVENT_LOG, b"", Status.ILLEGAL_COMMAND),
        (Command.EVENT_LOG, b"\0text", Status.ILLEGAL_COMMAND),
        (Command.EVENT_CLEAR, b"", Status.ILLEGAL_COMMAND),
        (Command.EVENT_CLEAR, b"hot\0some", Status.ILLEGAL_COMMAND),
        (Command.NOTIFY, b"", Status.NOTIFICATION_INVALID_BODY),
        (Command.NOTIFY, b"x" * 256, Status.NOTIFICATION_INVALID_BODY),
        (Command.TWEET, b"x" * 141, Status.NOTIFICATION_INVALID_BODY),
        (Command.SMS, b"x" * 161, Status.NOTIFICATION_INVALID_BODY),
        (Command.EMAIL, b"", Status.ILLEGAL_COMMAND),
        (Command.EMAIL, b"only", Status.ILLEGAL_COMMAND),
        (Command.BRIDGE, b"64\0i", Status.ILLEGAL_COMMAND),
        (Command.BRIDGE, b"x\0i\0" + TARGET.encode(), Status.ILLEGAL_COMMAND),
        (Command.BRIDGE, b"123456\0i\0" + TARGET.encode(), Status.ILLEGAL_COMMAND),
        (Command.BRIDGE, b"64\0vw\x001", Status.ILLEGAL_COMMAND),
        (Command.BRIDGE, b"64\0vr\x001\x001", Status.ILLEGAL_COMMAND),
        (Command.BRIDGE, b"", Status.ILLEGAL_COMMAND),
    ],
)
def test_malformed_request_is_refused_by_the_status_of_the_java_server(
    command: Command, body: bytes, status: Status
) -> None:
    assert parse_request(command, ID, body) is status


@pytest.mark.parametrize("command", [Command.REDIRECT, Command.DEBUG_PRINT, 3, 99])
def test_command_that_is_no_request_means_nothing(command: int) -> None:
    assert parse_request(command, ID, b"anything") is None


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b"rtc\0sync", TimeRequested(TimeQuery.RTC, ID)),
        (b"utc\0time", TimeRequested(TimeQuery.TIME, ID)),
        (b"utc\0iso\0", TimeRequested(TimeQuery.ISO, ID)),
        (b"utc\0tz", TimeRequested(TimeQuery.ZONE, ID)),
        (b"utc\0tz_name", TimeRequested(TimeQuery.ZONE_NAME, ID)),
        (b"utc\0tz_rule", TimeRequested(TimeQuery.ZONE_RULE, ID)),
        (b"utc\0dst_next", TimeRequested(TimeQuery.NEXT_CHANGES, ID)),
        (b"meta\0get\0Serial Number", MetadataRequested("Serial Number", ID)),
        (b"meta\0set\0Serial Number\x0012345", MetadataSet("Serial Number", "12345", ID)),
        (b"meta\0set\0Serial Number\0", MetadataSet("Serial Number", "", ID)),
    ],
)
def test_internal_request_is_understood(body: bytes, event: ServerEvent) -> None:
    assert parse_internal(ID, split_body(body)) == event


@pytest.mark.parametrize("body", [b"", b"meta", b"meta\0get", b"meta\0get\0\0", b"meta\0del\0x"])
def test_malformed_internal_request_is_refused(body: bytes) -> None:
    assert parse_internal(ID, split_body(body)) is Status.ILLEGAL_COMMAND


@pytest.mark.parametrize("body", [b"utc", b"utc\0rtc", b"utc\0moon", b"acon", b"new\0thing"])
def test_unknown_internal_request_means_nothing(body: bytes) -> None:
    assert parse_internal(ID, split_body(body)) is None
