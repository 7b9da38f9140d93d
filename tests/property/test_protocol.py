"""Codecs and connections hold their promises for every input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.errors import RemoteProtocolError
from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import SAFE_FOR_EVERY_DEVICE, SAFE_FOR_SOME_DEVICES, Command
from blynk_gateway.protocol.events import (
    InternalReceived,
    PinsWritten,
    PropertySet,
)
from blynk_gateway.protocol.frames import HEADER_BYTES, MAX_BODY_BYTES, encode_frame
from blynk_gateway.protocol.info import parse_info
from blynk_gateway.protocol.messages import (
    decode_text,
    encode_text,
    find_write,
    split_body,
    write_body,
)
from tests.helpers.wire import (
    BLYNKLIB_INFO,
    CPP_INFO,
    PYTHON_0_INFO,
    TOKEN,
    ConnectionPair,
    open_server,
    response,
    split_frames,
)
from tests.helpers.wire_driver import drive

if TYPE_CHECKING:
    from blynk_gateway.protocol.server import ServerConnection

pins = st.builds("{}{}".format, st.sampled_from("VDA"), st.integers(0, 255))
ids = st.integers(1, 65535)
raw = st.binary(max_size=40).map(lambda data: decode_text(data.replace(b"\0", b"")))
# An empty last text is a terminator on the wire, so it is no part of a value.
values = st.builds(lambda head, last: (*head, last), st.lists(raw, max_size=3), raw.filter(bool))
commands = st.one_of(st.sampled_from(sorted(set(Command) - {Command.RESPONSE})), st.integers(1, 99))
words = st.sampled_from(
    b"vw dw aw vr dr ar pm b t e i rtc utc meta get set sync time all ver h-beat buff-in dev"
    b" 0 1 5 255 256 A0 1700000000123".split()
)
bodies = st.one_of(
    st.binary(max_size=30),
    st.lists(st.one_of(words, st.binary(max_size=5)), max_size=5).map(b"\0".join),
    st.builds(write_body, pins, values),
)
frames = st.one_of(
    st.builds(encode_frame, commands, ids, bodies),
    st.builds(response, ids, st.integers(0, 65535)),
    st.just(encode_frame(Command.INTERNAL, 2, CPP_INFO)),
)
LOGIN = encode_frame(Command.HW_LOGIN, 1, TOKEN.encode())
streams = st.builds(
    lambda login, parts, junk: login + b"".join(parts) + junk,
    st.sampled_from([LOGIN, b""]),
    st.lists(frames, max_size=12),
    st.binary(max_size=12),
)
infos = st.sampled_from([CPP_INFO, BLYNKLIB_INFO, PYTHON_0_INFO, b"dev\0RPi\0h-beat\x0010", None])


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    marks = sorted(draw(st.lists(st.integers(0, len(data)), max_size=20)))
    return [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]


@given(st.binary())
def test_text_of_any_bytes_gives_the_bytes_back(data: bytes) -> None:
    assert encode_text(decode_text(data)) == data


@given(pins, values)
def test_write_body_read_again_is_the_write(pin: str, value: tuple[str, ...]) -> None:
    body = write_body(pin, value)
    assert find_write(split_body(body)) == (pin, value)


@given(st.lists(st.tuples(pins, values), min_size=1, max_size=6))
def test_writes_arrive_as_they_were_sent(writes: list[tuple[str, tuple[str, ...]]]) -> None:
    pair = ConnectionPair()
    pair.log_in()
    sent = [(pin, value, pair.client.write_pin(pin, value)) for pin, value in writes]
    assert pair.exchange(1.0) == ([PinsWritten(sent)], [])
    for pin, value in writes:
        assert pair.server.send_pin(pin, value, message_id=9)
    expected = [(pin, value, 9) for pin, value in writes]
    assert pair.exchange(2.0) == ([], [PinsWritten(expected)])


@given(st.lists(st.integers(0, 255), min_size=1, max_size=5, unique=True), values)
def test_property_arrives_as_it_was_sent(numbers: list[int], value: tuple[str, ...]) -> None:
    pair = ConnectionPair()
    pair.log_in()
    names = tuple(f"V{number}" for number in numbers)
    message_id = pair.client.set_property(names, "label", *value)
    events, _ = pair.exchange(1.0)
    assert events == [PropertySet(names, "label", value, message_id)]


@given(st.lists(raw.filter(bool), min_size=1, max_size=4), ids)
def test_internal_answer_arrives_as_it_was_sent(parts: list[str], message_id: int) -> None:
    pair = ConnectionPair()
    pair.log_in()
    assert pair.server.send_internal(*parts, message_id=message_id)
    _, events = pair.exchange(1.0)
    assert events == [InternalReceived(tuple(parts), message_id)]


@given(st.data(), streams)
def test_any_stream_in_any_pieces_gives_the_same_events_answers_and_fault(
    data: st.DataObject, stream: bytes
) -> None:
    whole = drive([stream])
    pieces = drive(data.draw(cut(stream)))
    assert pieces == whole


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_any_bytes_from_a_server_give_events_or_a_fault(chunks: list[bytes]) -> None:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    try:
        for chunk in [response(1), *chunks]:
            client.receive_data(chunk, 1.0)
        client.handle_timeout(1.0)
    except RemoteProtocolError:
        assert client.receive_data(response(1), 1.0) == []


@given(st.lists(frames, max_size=8).map(b"".join))
def test_any_frames_from_a_server_give_events_or_a_fault(data: bytes) -> None:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    try:
        client.receive_data(response(1) + data, 1.0)
        client.handle_timeout(1.0)
    except RemoteProtocolError:
        assert not client.is_logged_in


@given(st.binary(), st.sampled_from([Command.LOGIN, Command.HW_LOGIN]))
def test_info_of_any_bytes_is_within_its_limits(body: bytes, login: Command) -> None:
    info = parse_info(split_body(body), login)
    assert 1 <= info.max_body_bytes <= MAX_BODY_BYTES
    assert info.heartbeat_s is None or 1 <= info.heartbeat_s <= 3600


@given(
    infos,
    st.lists(
        st.one_of(
            st.builds(lambda pin, value: ("pin", pin, *value), pins, values),
            st.builds(lambda parts: ("internal", *parts), st.lists(raw, min_size=1, max_size=3)),
            st.sampled_from(
                [
                    ("internal", "acon"),
                    ("hardware", "pm", "4", "pwm"),
                    ("hardware", "vr", "4"),
                    ("redirect", "host"),
                    ("debug", "text"),
                ]
            ),
        ),
        max_size=8,
    ),
)
def test_nothing_a_device_does_not_survive_is_ever_sent(
    info: bytes | None, sends: list[tuple[str, ...]]
) -> None:
    server = open_server(info)
    for kind, first, *rest in sends:
        _send(server, kind, first, rest)
    now = 0.0
    while server.backlog and (due := server.next_timeout(now)) is not None:
        now = due
        server.handle_timeout(now)
        for frame in split_frames(b"".join(server.data_to_send(now))):
            assert frame.command in SAFE_FOR_EVERY_DEVICE | SAFE_FOR_SOME_DEVICES
            assert frame.command in SAFE_FOR_EVERY_DEVICE or info is not None
            assert frame.message_id != 0
            assert len(frame.body) + HEADER_BYTES <= 4096


def _send(server: ServerConnection, kind: str, first: str, rest: list[str]) -> None:
    match kind:
        case "pin":
            server.send_pin(first, tuple(rest))
        case "internal":
            server.send_internal(first, *rest)
        case "hardware":
            server.send_hardware(first, *rest)
        case "redirect":
            server.send_redirect(first, 8080)
        case _:
            server.send_debug(first)
