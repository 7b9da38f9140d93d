"""Login, the frames answered by the connection itself, and its timers."""

import pytest

from blynk_gateway.errors import LocalProtocolError, RemoteProtocolError
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import (
    AnswerDue,
    InfoReceived,
    LoginRequested,
    PinModesRequested,
    PinReadRequested,
    PinsWritten,
    PropertySet,
    ServerEvent,
    SyncRequested,
    TimedOut,
    TimeoutReason,
)
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.protocol.info import ClientKind
from blynk_gateway.protocol.server import (
    DEFAULT_IDLE_S,
    LOGIN_TIMEOUT_S,
    REFUSED_LINGER_S,
    ServerConnection,
)
from tests.helpers.wire import CPP_INFO, TOKEN, hardware, open_server, response

LOGIN = encode_frame(Command.HW_LOGIN, 1, TOKEN.encode())


@pytest.mark.parametrize("command", [Command.LOGIN, Command.HW_LOGIN])
@pytest.mark.parametrize("message_id", [1, 2, 40000])
def test_both_logins_with_any_id_are_requests(command: Command, message_id: int) -> None:
    server = ServerConnection(0.0)
    assert server.login_command == 0
    login = encode_frame(command, message_id, TOKEN.encode())
    assert server.receive_data(login, 0.0) == [LoginRequested(TOKEN, message_id)]
    server.accept_login(message_id, 0.0)
    assert server.is_logged_in
    assert server.login_command == command
    assert server.data_to_send(0.0) == [response(message_id)]


def test_login_byte_by_byte_is_one_request() -> None:
    server = ServerConnection(0.0)
    assert server.receive_data(b"", 0.0) == []
    events = [event for byte in LOGIN for event in server.receive_data(bytes([byte]), 0.0)]
    assert events == [LoginRequested(TOKEN, 1)]


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b"abc \0\0 ", "abc"),
        (b" abc\r\n", "abc"),
        (b"", ""),
        (b"\xff" * 3, "\udcff" * 3),
        (b"x" * 256, "x" * 256),
    ],
)
def test_token_of_any_length_is_stripped(body: bytes, token: str) -> None:
    server = ServerConnection(0.0)
    login = encode_frame(Command.LOGIN, 1, body)
    assert server.receive_data(login, 0.0) == [LoginRequested(token, 1)]


def test_login_with_id_0_is_answered_with_id_1() -> None:
    server = ServerConnection(0.0)
    login = bytes([29, 0, 0, 0, 3]) + b"abc"
    assert server.receive_data(login, 0.0) == [LoginRequested("abc", 0)]
    server.accept_login(0, 0.0)
    assert server.data_to_send(0.0) == [response(1)]


def test_frames_behind_the_login_wait_for_its_answer() -> None:
    server = ServerConnection(0.0)
    info = encode_frame(Command.INTERNAL, 2, CPP_INFO)
    chunk = LOGIN + info + hardware(b"vw\x001\x001")[:8]
    assert server.receive_data(chunk, 0.0) == [LoginRequested(TOKEN, 1)]
    assert server.receive_data(hardware(b"vw\x001\x001")[8:], 0.0) == []
    server.accept_login(1, 0.0)
    first, second = server.receive_data(b"", 0.0)
    assert isinstance(first, InfoReceived)
    assert second == PinsWritten([("V1", ("1",), 3)])
    assert server.data_to_send(0.0) == [response(1), response(2)]


def test_no_more_than_one_frame_is_kept_for_an_owner_that_does_not_answer() -> None:
    server = ServerConnection(0.0)
    server.receive_data(LOGIN, 0.0)
    assert server.receive_data(bytes(65540), 0.0) == []
    with pytest.raises(RemoteProtocolError, match="65541 bytes before the login was answered"):
        server.receive_data(b"x", 0.0)


def test_large_first_chunk_is_no_fault() -> None:
    server = ServerConnection(0.0)
    writes = hardware(b"vw\x001\x001") * 10000
    assert server.receive_data(LOGIN + writes, 0.0) == [LoginRequested(TOKEN, 1)]
    server.accept_login(1, 0.0)
    (event,) = server.receive_data(b"", 0.0)
    assert isinstance(event, PinsWritten)
    assert len(event.writes) == 10000


@pytest.mark.parametrize("data", [b"\x14", b"\x00", b"\x06\x00\x01\x00\x00", b"GET / HTTP/1.1"])
def test_anything_but_a_login_at_first_is_a_fault(data: bytes) -> None:
    server = ServerConnection(0.0)
    with pytest.raises(RemoteProtocolError, match=f"type {data[0]} before a login"):
        server.receive_data(data, 0.0)
    assert server.receive_data(LOGIN, 0.0) == []


def test_login_larger_than_any_token_is_a_fault_before_its_body_arrives() -> None:
    server = ServerConnection(0.0)
    with pytest.raises(RemoteProtocolError, match="login of 257 bytes"):
        server.receive_data(bytes([29, 0, 1, 1, 1]), 0.0)


def test_refused_login_is_answered_and_the_rest_dropped() -> None:
    server = ServerConnection(0.0)
    server.receive_data(LOGIN + hardware(b"vw\x001\x001"), 0.5)
    server.refuse_login(1, Status.INVALID_TOKEN)
    assert server.data_to_send(0.5) == [response(1, 9)]
    assert server.receive_data(LOGIN + b"\xff" * 99, 0.6) == []
    assert not server.is_logged_in
    assert server.next_timeout(0.6) == 0.5 + REFUSED_LINGER_S
    assert server.handle_timeout(1.0) == []
    assert server.handle_timeout(0.5 + REFUSED_LINGER_S) == [TimedOut(TimeoutReason.REFUSED)]
    assert server.next_timeout(9.0) is None


def test_answering_a_login_nobody_sent_is_our_own_fault() -> None:
    server = ServerConnection(0.0)
    with pytest.raises(LocalProtocolError, match="waiting for a login"):
        server.accept_login(1, 0.0)
    server.receive_data(LOGIN, 0.0)
    server.accept_login(1, 0.0)
    with pytest.raises(LocalProtocolError, match="logged in"):
        server.refuse_login(1, Status.INVALID_TOKEN)


def test_second_login_is_answered_by_4() -> None:
    server = open_server()
    assert server.receive_data(LOGIN, 1.0) == []
    assert server.data_to_send(1.0) == [response(1, Status.ALREADY_REGISTERED)]


def test_ping_is_answered_with_its_id_and_id_0_with_1() -> None:
    server = open_server()
    pings = encode_frame(Command.PING, 7) + bytes([6, 0, 0, 0, 0])
    assert server.receive_data(pings, 1.0) == []
    assert server.data_to_send(1.0) == [response(7), response(1)]


def test_answers_leave_in_the_order_of_the_requests() -> None:
    server = open_server()
    sync = encode_frame(Command.SYNC, 6, b"vr\0001")
    bad = encode_frame(Command.HARDWARE, 8, b"vw\0001")
    events = server.receive_data(sync + encode_frame(Command.PING, 7) + bad, 1.0)
    assert events == [SyncRequested(("V1",), 6), AnswerDue(7, 200), AnswerDue(8, 2)]
    assert server.data_to_send(1.0) == []


def test_info_of_unknown_keys_alone_is_answered_where_an_info_is_due() -> None:
    server = open_server(None)
    server.data_to_send(1.0)
    (told,) = server.receive_data(encode_frame(Command.INTERNAL, 2, b"colour\0red"), 1.0)
    assert isinstance(told, InfoReceived)
    assert server.data_to_send(1.0) == [response(2)]
    assert server.receive_data(encode_frame(Command.INTERNAL, 3, b"colour\0red"), 1.0) == []
    assert server.data_to_send(1.0) == []


def test_no_info_is_due_behind_a_write_of_the_same_piece() -> None:
    server = open_server(None)
    unknown = encode_frame(Command.INTERNAL, 4, b"colour\0red")
    events = server.receive_data(hardware(b"vw\x003\x001") + unknown, 1.0)
    assert [type(event) for event in events] == [PinsWritten]
    assert server.frames_ignored == 1


def test_info_is_answered_and_told() -> None:
    server = open_server(None)
    (event,) = server.receive_data(encode_frame(Command.INTERNAL, 2, CPP_INFO), 0.1)
    assert isinstance(event, InfoReceived)
    assert event.info.kind is ClientKind.CPP
    assert server.quirks is event.info.quirks
    assert server.data_to_send(0.1) == [response(2)]


@pytest.mark.parametrize(
    "body", [b"", b"vw", b"vw\x005", b"vw\x005\0", b"vw\x00256\x001", b"bw\x001\x001", b"\0w\0\0"]
)
def test_malformed_write_is_answered_by_2_and_counted(body: bytes) -> None:
    server = open_server()
    assert server.receive_data(hardware(body, 77), 1.0) == []
    assert server.data_to_send(1.0) == [response(77, Status.ILLEGAL_COMMAND)]
    assert server.frames_refused == 1


@pytest.mark.parametrize("body", [b"vr\x005", b"dr\x0013", b"ar\0A0", b"pm\x001\0out"])
def test_reads_by_a_device_are_skipped_in_silence(body: bytes) -> None:
    server = open_server()
    assert server.receive_data(hardware(body), 1.0) == []
    assert server.data_to_send(1.0) == []
    assert (server.frames_ignored, server.frames_refused) == (1, 0)


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b"pm\x0013\0out\x0004\0pu", PinModesRequested((("D13", "out"), ("D4", "pu")), 9)),
        (b"pm\x001\0any word\0", PinModesRequested((("D1", "any word"),), 9)),
        (b"dr\x0012", PinReadRequested("D12", 9)),
        (b"ar\x000", PinReadRequested("A0", 9)),
        (b"ar\0A3", PinReadRequested("A3", 9)),
        (b"vr\x004", PinReadRequested("V4", 9)),
    ],
)
def test_modes_and_reads_are_told_to_an_owner_that_takes_them(
    body: bytes, event: ServerEvent
) -> None:
    server = open_server()
    server.takes_pin_requests = True
    assert server.receive_data(hardware(body, 9), 1.0) == [event]
    assert server.data_to_send(1.0) == []


@pytest.mark.parametrize(
    "body",
    [
        b"pm\x001",
        b"pm\x00256\0out",
        b"pm\0A0\0in",
        b"pm\x001\0in\x002",
        b"dr\x00x",
        b"dr\x001\x002",
    ],
)
def test_malformed_modes_and_reads_are_answered_by_2(body: bytes) -> None:
    server = open_server()
    server.takes_pin_requests = True
    assert server.receive_data(hardware(body, 9), 1.0) == []
    assert server.data_to_send(1.0) == [response(9, Status.ILLEGAL_COMMAND)]


def test_a_write_of_a_direct_pin_is_remembered() -> None:
    server = open_server()
    server.receive_data(hardware(b"vw\x001\x001") + hardware(b"vw\x001\x001\x002"), 1.0)
    assert not server.has_direct_writes
    server.receive_data(hardware(b"aw\x001\x001") + hardware(b"vw\x001\x001\x002"), 1.0)
    assert server.has_direct_writes


def test_malformed_request_is_answered_by_its_status() -> None:
    server = open_server()
    assert server.receive_data(encode_frame(Command.PROPERTY, 8, b"1\0color"), 1.0) == []
    assert server.receive_data(encode_frame(Command.INTERNAL, 9, b""), 1.0) == []
    assert server.data_to_send(1.0) == [response(8, 11), response(9, 2)]
    assert server.frames_refused == 2


def test_request_is_told_and_left_to_the_owner() -> None:
    server = open_server()
    (event,) = server.receive_data(encode_frame(Command.PROPERTY, 8, b"1\0label\0Lab"), 1.0)
    assert event == PropertySet(("V1",), "label", ("Lab",), 8)
    assert server.data_to_send(1.0) == []
    server.respond(8, Status.OK)
    assert server.data_to_send(1.0) == [response(8)]


def test_login_has_a_deadline_that_single_bytes_do_not_move() -> None:
    server = ServerConnection(100.0)
    for second in range(4):
        server.receive_data(LOGIN[second : second + 1], 101.0 + second)
    assert server.next_timeout(104.0) == 100.0 + LOGIN_TIMEOUT_S
    assert server.handle_timeout(104.0) == []
    assert server.handle_timeout(105.0) == [TimedOut(TimeoutReason.LOGIN)]
    assert server.receive_data(LOGIN[4:], 105.0) == []
    assert server.handle_timeout(200.0) == []


def test_login_deadline_can_be_chosen() -> None:
    assert ServerConnection(10.0, login_timeout_s=1.5).next_timeout(10.0) == 11.5


def test_no_deadline_runs_while_the_owner_judges_the_login() -> None:
    server = ServerConnection(0.0)
    server.receive_data(LOGIN, 0.0)
    assert server.next_timeout(0.0) is None
    assert server.handle_timeout(99.0) == []


@pytest.mark.parametrize(
    ("heartbeat", "timeout_s"), [(b"10", 23.0), (b"40", 92.0), (b"45", 103.5), (b"5", 20.0)]
)
def test_silence_of_2_3_heartbeats_ends_the_connection(heartbeat: bytes, timeout_s: float) -> None:
    server = open_server(b"ver\x001.4.0\0h-beat\0" + heartbeat)
    assert server.next_timeout(0.0) == pytest.approx(timeout_s)
    assert server.handle_timeout(timeout_s - 0.1) == []
    assert server.handle_timeout(timeout_s + 0.1) == [TimedOut(TimeoutReason.IDLE)]
    assert not server.is_logged_in


def test_any_byte_resets_the_idle_timer_and_an_empty_call_does_not() -> None:
    server = open_server(b"ver\x000.5.4\0dev\0js")
    server.receive_data(b"\x06", 10.0)
    server.receive_data(b"", 20.0)
    assert server.next_timeout(20.0) == 10.0 + DEFAULT_IDLE_S


def test_what_was_queued_before_the_end_can_still_be_written() -> None:
    server = open_server()
    with pytest.raises(RemoteProtocolError):
        server.receive_data(encode_frame(Command.PING, 5) + b"\xff" * 5, 1.0)
    assert server.data_to_send(1.0) == [response(5)]
