"""The device's end, joined to the server's end or fed by hand."""

import pytest

from blynk_gateway.errors import LocalProtocolError, RemoteProtocolError
from blynk_gateway.protocol.client import DEFAULT_INFO, GRACE_S, LOGIN_TIMEOUT_S, ClientConnection
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import (
    ClientEvent,
    DebugPrinted,
    EventCleared,
    EventLogged,
    GroupClosed,
    GroupOpened,
    InfoReceived,
    InternalReceived,
    LoggedIn,
    LoginRefused,
    LoginRequested,
    MetadataRequested,
    MetadataSet,
    PinModesSet,
    PinReadRequested,
    PinsWritten,
    PropertySet,
    Redirected,
    ResponseReceived,
    SyncRequested,
    TimedOut,
    TimeoutReason,
    TimeQuery,
    TimeRequested,
)
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.protocol.info import ClientKind
from tests.helpers.wire import TOKEN, ConnectionPair, hardware, response, split_frames


def logged_in() -> ClientConnection:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    client.receive_data(response(1) + response(2), 0.0)
    client.data_to_send(0.0)
    return client


def test_client_logs_in_and_is_taken_for_the_cpp_library() -> None:
    pair = ConnectionPair()
    at_server, at_client = pair.log_in()
    login, info = at_server
    assert login == LoginRequested(TOKEN, 1)
    assert isinstance(info, InfoReceived)
    assert (info.info.kind, info.info.heartbeat_s) == (ClientKind.CPP, 45)
    assert at_client == [LoggedIn(), ResponseReceived(2, Status.OK)]
    assert pair.client.is_logged_in


def test_login_answered_as_already_done_is_a_login() -> None:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    assert client.receive_data(response(1, 4), 0.0) == [LoggedIn()]


def test_everything_a_client_sends_is_understood_by_the_server() -> None:
    pair = ConnectionPair()
    pair.log_in()
    client = pair.client
    client.write_pin("V5", ("25.500",))
    client.write_pin("D17", ("1",))
    client.write_pin("A0", ("512",), message_id=7778)
    assert client.open_group(1700000000123) == 5
    client.write_pin("V1", ("a", "b"))
    client.close_group()
    client.open_group()
    client.write_pin("V2", ("c",))
    client.close_group()
    client.sync()
    client.sync(("V1", "V2"))
    assert client.sync(("D1", "D17"), message_id=65_000) == 65_000
    client.sync(("A0",))
    client.set_property(("V0", "V1"), "labels", "A", "B")
    client.log_event("hot", "Too hot")
    client.log_event("hot")
    client.clear_event("hot")
    client.clear_event("hot", is_all=True)
    client.request_time(TimeQuery.RTC)
    client.request_time(TimeQuery.ZONE_RULE)
    client.request_metadata("Serial Number")
    client.set_metadata("Serial Number", "12345")
    at_server, _ = pair.exchange(1.0)
    assert at_server == [
        PinsWritten([("V5", ("25.500",), 3), ("D17", ("1",), 4), ("A0", ("512",), 7778)]),
        GroupOpened(1700000000123),
        PinsWritten([("V1", ("a", "b"), 6)]),
        GroupClosed(),
        GroupOpened(None),
        PinsWritten([("V2", ("c",), 9)]),
        GroupClosed(),
        SyncRequested(None, 11),
        SyncRequested(("V1", "V2"), 12),
        SyncRequested(("D1", "D17"), 65_000),
        SyncRequested(("A0",), 13),
        PropertySet(("V0", "V1"), "labels", ("A", "B"), 14),
        EventLogged("hot", "Too hot", 15),
        EventLogged("hot", None, 16),
        EventCleared("hot", is_all=False, message_id=17),
        EventCleared("hot", is_all=True, message_id=18),
        TimeRequested(TimeQuery.RTC, 19),
        TimeRequested(TimeQuery.ZONE_RULE, 20),
        MetadataRequested("Serial Number", 21),
        MetadataSet("Serial Number", "12345", 22),
    ]


def test_everything_a_server_sends_is_understood_by_the_client() -> None:
    pair = ConnectionPair()
    pair.log_in()
    server = pair.server
    server.send_pin("V1", ("42",), message_id=77)
    server.send_pin("V3", ("255", "128", "0"))
    server.send_pin("V4", ("",))
    server.send_pin("D13", ("1",))
    server.send_bridge("A5", ("128",), 78)
    server.send_hardware("pm", "13", "out", "4", "in")
    server.send_hardware("dr", "12")
    server.send_internal("utc", "time", "1700000000123", message_id=12)
    server.send_internal("acon")
    server.send_debug("hello")
    server.respond(12, Status.QUOTA_LIMIT)
    _, at_client = pair.exchange(1.0)
    assert at_client == [
        PinsWritten(
            [
                ("V1", ("42",), 77),
                ("V3", ("255", "128", "0"), 1),
                ("V4", ("",), 2),
                ("D13", ("1",), 3),
                ("A5", ("128",), 78),
            ]
        ),
        PinModesSet(((13, "out"), (4, "in"))),
        PinReadRequested("D12", 5),
        InternalReceived(("utc", "time", "1700000000123"), 12),
        InternalReceived(("acon",), 6),
        DebugPrinted("hello"),
        ResponseReceived(12, Status.QUOTA_LIMIT),
    ]


@pytest.mark.parametrize("status", [9, 19])
def test_refused_login_ends_the_connection(status: int) -> None:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    assert client.receive_data(response(1, status) + response(2), 0.0) == [LoginRefused(status)]
    assert client.receive_data(response(1), 0.0) == []
    assert client.next_timeout(0.0) is None


def test_answer_to_another_id_is_no_answer_to_the_login() -> None:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    assert client.receive_data(response(2, 9), 0.0) == [ResponseReceived(2, 9)]
    assert not client.is_logged_in


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b"192.168.1.5\x008080", Redirected("192.168.1.5", 8080)),
        (b"fra1.blynk.cloud\x0080\0", Redirected("fra1.blynk.cloud", 80)),
        (b"fra1.blynk.cloud", Redirected("fra1.blynk.cloud", 80)),
    ],
)
@pytest.mark.parametrize("is_after_login", [False, True])
def test_redirect_at_any_time_ends_the_connection(
    body: bytes, event: Redirected, is_after_login: bool
) -> None:
    client = logged_in() if is_after_login else ClientConnection(TOKEN)
    if not is_after_login:
        client.connect(0.0)
    data = encode_frame(Command.REDIRECT, 1, body) + hardware(b"vw\x001\x001")
    assert client.receive_data(data, 1.0) == [event]
    assert client.next_timeout(1.0) is None


@pytest.mark.parametrize("body", [b"", b"\x0080", b"host\0http", b"host\x00800000", b"host\0-1"])
def test_redirect_to_nowhere_is_a_fault(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="redirect to"):
        logged_in().receive_data(encode_frame(Command.REDIRECT, 1, body), 1.0)


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b"vr\x004", PinReadRequested("V4", 3)),
        (b"ar\0A0", PinReadRequested("A0", 3)),
        (b"vw\x003\0a\0b\0", PinsWritten([("V3", ("a", "b"), 3)])),
        (b"vw\x003\0", PinsWritten([("V3", ("",), 3)])),
        (b"pm\x0013\0out\0x\0in\x004", PinModesSet(((13, "out"),))),
    ],
)
def test_control_frame_is_understood(body: bytes, event: ClientEvent) -> None:
    assert logged_in().receive_data(hardware(body), 1.0) == [event]


@pytest.mark.parametrize("body", [b"", b"xx", b"vu\x001\x002", b"vr\x00300"])
def test_unknown_op_is_answered_by_2_as_the_library_does(body: bytes) -> None:
    client = logged_in()
    assert client.receive_data(hardware(body, 77), 1.0) == []
    assert client.data_to_send(1.0) == [response(77, Status.ILLEGAL_COMMAND)]


@pytest.mark.parametrize("body", [b"vw", b"vw\x005", b"vw\x00300\x001", b"dw\0A1\x001"])
def test_incomplete_control_frame_is_skipped_as_the_library_does(body: bytes) -> None:
    client = logged_in()
    assert client.receive_data(hardware(body, 77), 1.0) == []
    assert client.data_to_send(1.0) == []
    assert client.frames_ignored == 1


def test_servers_ping_is_answered_and_an_unknown_frame_skipped() -> None:
    client = logged_in()
    data = encode_frame(Command.PING, 80) + encode_frame(99, 81, b"what")
    assert client.receive_data(data, 1.0) == []
    assert client.data_to_send(1.0) == [response(80)]


def test_server_out_of_step_is_a_fault_told_after_the_events_before_it() -> None:
    client = logged_in()
    data = hardware(b"vw\x001\x001") + b"\xff" * 5
    assert client.receive_data(data, 1.0) == [PinsWritten([("V1", ("1",), 3)])]
    assert client.next_timeout(1.0) == 1.0
    with pytest.raises(RemoteProtocolError, match="type 255"):
        client.handle_timeout(1.0)
    assert client.receive_data(hardware(b"vw\x001\x001"), 1.0) == []


def test_pings_go_out_before_the_announced_heartbeat_is_over() -> None:
    client = logged_in()
    assert client.next_timeout(0.0) == 40.0
    assert client.handle_timeout(39.0) == []
    assert client.data_to_send(39.0) == []
    assert client.handle_timeout(40.0) == []
    (ping,) = split_frames(b"".join(client.data_to_send(40.0)))
    assert ping.command == Command.PING
    assert client.next_timeout(40.0) == 40.0 + LOGIN_TIMEOUT_S
    client.receive_data(response(ping.message_id), 40.1)
    assert client.next_timeout(40.1) == 80.0


def test_traffic_in_one_direction_does_not_spare_the_ping() -> None:
    client = logged_in()
    client.receive_data(hardware(b"vw\x001\x001"), 30.0)
    assert client.next_timeout(30.0) == 40.0
    client.write_pin("V1", ("1",))
    client.data_to_send(31.0)
    assert client.next_timeout(31.0) == 70.0


def test_link_is_dead_18_s_after_a_heartbeat_without_input() -> None:
    client = logged_in()
    now = 0.0
    events: list[ClientEvent] = []
    while not events:
        due = client.next_timeout(now)
        assert due is not None
        now = due
        events = client.handle_timeout(now)
        client.data_to_send(now)
    assert (now, events) == (45.0 + GRACE_S, [TimedOut(TimeoutReason.IDLE)])
    assert client.next_timeout(now) is None
    assert client.handle_timeout(now + 99) == []


def test_login_that_is_not_answered_times_out() -> None:
    client = ClientConnection(TOKEN)
    assert client.next_timeout(0.0) is None
    client.connect(10.0)
    assert client.next_timeout(10.0) == 10.0 + LOGIN_TIMEOUT_S
    assert client.handle_timeout(15.0) == []
    assert client.handle_timeout(16.0) == [TimedOut(TimeoutReason.LOGIN)]


def test_sending_while_not_logged_in_is_our_own_fault() -> None:
    client = ClientConnection(TOKEN)
    with pytest.raises(LocalProtocolError, match="not connected"):
        client.write_pin("V1", ("1",))
    client.connect(0.0)
    with pytest.raises(LocalProtocolError, match="waiting for the login"):
        client.ping()
    with pytest.raises(LocalProtocolError, match="Expected a new one"):
        client.connect(0.0)


@pytest.mark.parametrize("heartbeat", [{}, {"h-beat": "9"}, {"h-beat": "soon"}])
def test_info_without_a_usable_heartbeat_is_our_own_fault(heartbeat: dict[str, str]) -> None:
    info = {key: value for key, value in DEFAULT_INFO.items() if key != "h-beat"} | heartbeat
    with pytest.raises(LocalProtocolError, match="h-beat"):
        ClientConnection(TOKEN, info)


@pytest.mark.parametrize("pins", [("V256",), ("5",), ("",), ("V1", "D1"), ("X1",), ("VA0",)])
def test_sync_of_what_is_no_pin_or_of_several_kinds_is_our_own_fault(pins: tuple[str, ...]) -> None:
    with pytest.raises(LocalProtocolError, match="Expected pins of one kind"):
        logged_in().sync(pins)


@pytest.mark.parametrize("pin", ["D1", "V256", "5", ""])
def test_property_of_other_than_virtual_pins_is_our_own_fault(pin: str) -> None:
    with pytest.raises(LocalProtocolError, match="Expected a virtual pin"):
        logged_in().set_property((pin,), "label", "x")
