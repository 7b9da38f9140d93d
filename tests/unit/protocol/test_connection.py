"""The stream decoder, through a logged-in server connection."""

import pytest

from blynk_gateway.errors import RemoteProtocolError
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.events import (
    GroupClosed,
    GroupOpened,
    PinsWritten,
    ResponseReceived,
    ServerEvent,
    SyncRequested,
)
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.protocol.server import ServerConnection
from tests.helpers.wire import hardware, merge_writes, open_server, response

MIXED = b"".join(
    [
        hardware(b"vw\x005\x0025.500", 3),
        hardware(b"vw\x007\x001\x002\x003", 4),
        hardware(b"vw\x008\0a\0b\0", 5),
        hardware(b"dw\x0013\x001", 6),
        encode_frame(Command.GROUP, 7, b"b"),
        hardware("vw\x009\x0021 °C".encode(), 8),
        hardware(b"vw\x009\0\xff\xfe", 8),
        encode_frame(Command.GROUP, 9, b"e"),
        response(0x1E62, 2),
        encode_frame(Command.SYNC, 10),
    ]
)
MIXED_EVENTS: list[ServerEvent] = [
    PinsWritten(
        [
            ("V5", ("25.500",), 3),
            ("V7", ("1", "2", "3"), 4),
            ("V8", ("a", "b"), 5),
            ("D13", ("1",), 6),
        ]
    ),
    GroupOpened(None),
    PinsWritten([("V9", ("21 °C",), 8), ("V9", ("\udcff\udcfe",), 8)]),
    GroupClosed(),
    ResponseReceived(0x1E62, 2),
    SyncRequested(None, 10),
]


def test_chunk_of_many_frames_gives_events_in_wire_order() -> None:
    server = open_server()
    before = server.messages_received
    assert server.receive_data(MIXED, 1.0) == MIXED_EVENTS
    assert server.messages_received - before == 10


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11])
def test_any_cut_gives_the_same_events(size: int) -> None:
    server = open_server()
    events: list[ServerEvent] = []
    for start in range(0, len(MIXED), size):
        events += server.receive_data(MIXED[start : start + size], 1.0)
    assert merge_writes(events) == MIXED_EVENTS


def test_header_and_body_in_separate_segments_are_one_frame() -> None:
    server = open_server()
    assert server.receive_data(hardware(b"vw\x003\0hello")[:5], 1.0) == []
    assert server.receive_data(b"vw\x003\0hello", 1.0) == [PinsWritten([("V3", ("hello",), 3)])]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffer_may_be_reused_after_the_call(kind: type) -> None:
    server = open_server()
    buffer = bytearray(hardware(b"vw\x003\0hello") + hardware(b"vw\x004\0hel"))
    assert server.receive_data(kind(buffer)[:20], 1.0) == [PinsWritten([("V3", ("hello",), 3)])]
    rest = bytes(buffer[20:])
    buffer[:] = bytes(len(buffer))
    assert server.receive_data(rest, 1.0) == [PinsWritten([("V4", ("hel",), 3)])]


def test_longest_body_is_taken_and_kept_only_until_it_is_whole() -> None:
    server = open_server()
    text = "x" * (65535 - 5)
    frame = hardware(b"vw\x003\0" + text.encode())
    assert server.receive_data(frame[:40000], 1.0) == []
    assert server.receive_data(frame[40000:], 1.0) == [PinsWritten([("V3", (text,), 3)])]


def test_impossible_type_ends_the_connection_once() -> None:
    server = open_server()
    with pytest.raises(RemoteProtocolError, match="type 100"):
        server.receive_data(bytes([100, 0, 1, 0, 0]), 1.0)
    assert server.receive_data(hardware(b"vw\x003\x001"), 1.0) == []
    assert server.next_timeout(1.0) is None
    assert server.handle_timeout(99.0) == []


@pytest.mark.parametrize("by", ["data", "timer"])
def test_writes_before_a_fault_are_not_lost(by: str) -> None:
    server = open_server()
    events = server.receive_data(hardware(b"vw\x003\x001") + b"\xff" * 5, 1.0)
    assert events == [PinsWritten([("V3", ("1",), 3)])]
    assert server.next_timeout(1.0) == 1.0
    with pytest.raises(RemoteProtocolError, match="type 255"):
        _poke(server, by)
    assert server.next_timeout(1.0) is None


def _poke(server: ServerConnection, by: str) -> None:
    if by == "data":
        server.receive_data(hardware(b"vw\x003\x002"), 1.0)
    else:
        server.handle_timeout(1.0)


def test_unknown_type_below_100_is_skipped_with_its_body() -> None:
    server = open_server()
    before = server.messages_received
    data = encode_frame(99, 4, b"whatever") + hardware(b"vw\x003\x001")
    assert server.receive_data(data, 1.0) == [PinsWritten([("V3", ("1",), 3)])]
    assert server.frames_ignored == 1
    assert server.messages_received - before == 2


def test_own_ids_go_from_1_to_65535_and_never_0() -> None:
    server = open_server()
    for _ in range(65537):
        server.send_pin("V1", ("1",))
    ids = [int.from_bytes(frame[1:3]) for frame in server.data_to_send(1.0)]
    assert ids == [*range(1, 65536), 1, 2]


def test_what_is_unfinished_begins_with_a_whole_header() -> None:
    server = open_server()
    frame = hardware(b"vw\x001\x0021")
    assert server.unfinished == b""
    for stop in range(1, len(frame)):
        server.receive_data(frame[stop - 1 : stop], 0.0)
        assert server.unfinished == frame[:stop]
    server.receive_data(frame[-1:] + frame + frame[:3], 0.0)
    assert server.unfinished == frame[:3]
