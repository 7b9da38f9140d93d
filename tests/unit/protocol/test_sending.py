"""What goes out to a device, in which form, and when."""

import pytest

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.protocol.sending import PACE_S
from blynk_gateway.protocol.server import HOLD_S, ServerConnection
from tests.helpers.wire import (
    BLYNKLIB_INFO,
    CPP_INFO,
    OK,
    PYTHON_0_INFO,
    TOKEN,
    Frame,
    hardware,
    open_server,
    response,
    split_frames,
)

PIBLYNK_INFO = b"h-beat\x0010\0dev\0RPi\0cpu\0BCM2835"
NODE_RED_INFO = b"ver\x000.6.1\0h-beat\x0015\0buff-in\x0032767\0dev\0node-red"
JS_INFO = b"ver\x000.5.4\0buff-in\x004096\0dev\0js"
OLD_CPP_INFO = CPP_INFO.replace(b"1.4.0", b"0.6.1")


def sent(server: ServerConnection, now: float = 1.0) -> list[Frame]:
    return split_frames(b"".join(server.data_to_send(now)))


@pytest.mark.parametrize(
    ("pin", "value", "body"),
    [
        ("V1", ("42",), b"vw\x001\x0042"),
        ("V3", ("255", "128", "0"), b"vw\x003\x00255\x00128\x000"),
        ("D13", ("1",), b"dw\x0013\x001"),
        ("A5", ("128",), b"aw\x005\x00128"),
    ],
)
def test_pin_write_takes_the_op_of_its_pin(pin: str, value: tuple[str, ...], body: bytes) -> None:
    server = open_server()
    assert server.send_pin(pin, value)
    assert sent(server) == [Frame(Command.HARDWARE, 1, body)]


def test_answer_carries_the_id_of_the_request_and_never_0() -> None:
    server = open_server()
    server.send_pin("V1", ("1",), message_id=9)
    server.send_pin("V1", ("1",), message_id=0)
    server.send_internal("rtc", "1700000000", message_id=0)
    server.respond(0, OK)
    assert [frame.message_id for frame in sent(server)] == [9, 1, 1, 1]


def test_bridge_write_keeps_the_senders_id() -> None:
    server = open_server()
    assert server.send_bridge("V1", ("5",), 4)
    assert b"".join(server.data_to_send(1.0)) == bytes.fromhex("0f 00 04 00 06 76 77 00 31 00 35")


def test_body_and_header_must_fit_into_the_announced_buffer() -> None:
    server = open_server(CPP_INFO.replace(b"4096", b"0064"))
    assert server.send_pin("V1", ("x" * 54,))
    assert not server.send_pin("V1", ("x" * 55,))
    assert [len(frame) for frame in server.data_to_send(1.0)] == [64]


def test_without_info_bodies_of_250_bytes_may_be_sent() -> None:
    server = open_server(None)
    server.handle_timeout(HOLD_S)
    assert server.send_pin("V1", ("x" * 245,))
    assert not server.send_pin("V1", ("x" * 246,))


def test_values_a_client_cannot_decode_are_not_sent() -> None:
    degrees, raw = ("21 °C",), ("\udcff",)
    cpp, python, pi = open_server(), open_server(PYTHON_0_INFO), open_server(PIBLYNK_INFO)
    assert [server.send_pin("V1", degrees) for server in (cpp, python, pi)] == [True, True, False]
    assert [server.send_pin("V1", raw) for server in (cpp, python, pi)] == [True, False, False]
    assert pi.send_pin("V1", ("21 C",))


def test_pin_modes_a_client_does_not_survive_are_not_sent() -> None:
    pi = open_server(PIBLYNK_INFO)
    assert not pi.send_hardware("pm", "13", "out", "4", "pwm")
    assert pi.send_hardware("pm", "13", "out", "4", "pu")
    assert open_server().send_hardware("pm", "4", "pwm")


def test_modes_of_many_pins_share_as_few_frames_as_the_buffer_allows() -> None:
    server = open_server(CPP_INFO.replace(b"4096", b"0018"))
    modes = [("D4", "in"), ("D13", "out"), ("A0", "pwm")]
    assert server.send_modes(modes)
    frames = sent(server)
    assert [frame.body for frame in frames] == [b"pm\x004\0in", b"pm\x0013\0out", b"pm\x000\0pwm"]
    server = open_server(CPP_INFO.replace(b"4096", b"0019"))
    assert server.send_modes(modes)
    # 2 + 5 + 7 bytes and a header of 5 make 19.
    assert [frame.body for frame in sent(server)] == [b"pm\x004\0in\x0013\0out", b"pm\x000\0pwm"]
    assert open_server().send_modes([])


def test_a_mode_that_fits_no_buffer_is_not_sent() -> None:
    server = open_server(CPP_INFO.replace(b"4096", b"0008"))
    assert not server.send_modes([("D4", "in")])
    assert sent(server) == []


def test_a_client_that_raises_on_pulse_width_gets_out_instead() -> None:
    pi = open_server(PIBLYNK_INFO)
    assert pi.send_modes([("D4", "pwm"), ("D5", "pu")])
    assert [frame.body for frame in sent(pi)] == [b"pm\x004\0out\x005\0pu"]


def test_a_question_tells_the_id_of_its_answer() -> None:
    server = open_server()
    ids = [server.send_read("D12"), server.send_read("A0")]
    assert sent(server) == [
        Frame(Command.HARDWARE, ids[0], b"dr\x0012"),
        Frame(Command.HARDWARE, ids[1], b"ar\x000"),
    ]
    assert server.send_read("V4") == 0


def test_the_hold_lasts_until_the_info() -> None:
    server = open_server(None)
    assert server.is_holding
    server.receive_data(encode_frame(Command.INTERNAL, 2, CPP_INFO), 0.1)
    assert not server.is_holding


def test_virtual_read_goes_only_to_clients_that_know_it() -> None:
    assert not open_server().send_hardware("vr", "4")
    server = open_server(OLD_CPP_INFO)
    assert server.send_hardware("vr", "4")
    assert server.send_hardware("dr", "12")
    assert [frame.body for frame in sent(server)] == [b"vr\x004", b"dr\x0012"]


def test_other_hardware_op_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError, match="op 'vw'"):
        open_server().send_hardware("vw", "1", "1")


@pytest.mark.parametrize(
    ("info", "login", "body"),
    [
        (CPP_INFO, Command.HW_LOGIN, b"acon\0"),
        (PYTHON_0_INFO, Command.HW_LOGIN, b"acon\0"),
        (BLYNKLIB_INFO, Command.LOGIN, b"acon"),
        (BLYNKLIB_INFO.replace(b"python", b"mpython"), Command.LOGIN, b"acon"),
        (NODE_RED_INFO, Command.HW_LOGIN, b"acon"),
        (JS_INFO, Command.HW_LOGIN, None),
        (PIBLYNK_INFO, Command.HW_LOGIN, None),
        (b"ver\x000.3.1\0build\0x", Command.HW_LOGIN, None),
    ],
)
def test_app_state_has_the_form_the_client_survives(
    info: bytes, login: Command, body: bytes | None
) -> None:
    server = open_server(info, login)
    assert server.send_internal("acon") is (body is not None)
    assert [frame.body for frame in sent(server)] == ([] if body is None else [body])


def test_unasked_internal_frames_spare_clients_that_close_on_them_but_answers_go_out() -> None:
    server = open_server(PIBLYNK_INFO)
    assert not server.send_internal("dbg", "reboot")
    assert server.send_internal("rtc", "1700000000", message_id=11)
    assert sent(server) == [Frame(Command.INTERNAL, 11, b"rtc\x001700000000")]
    assert open_server().send_internal("dbg", "reboot")


def test_redirect_and_debug_text_go_only_to_clients_that_survive_them() -> None:
    server = open_server()
    assert server.send_redirect("192.168.1.5", 8080)
    assert server.send_debug("hello")
    assert sent(server) == [
        Frame(Command.REDIRECT, 1, b"192.168.1.5\x008080"),
        Frame(Command.DEBUG_PRINT, 2, b"hello"),
    ]
    python = open_server(PYTHON_0_INFO)
    assert not python.send_redirect("192.168.1.5", 8080)
    assert not python.send_debug("hello")
    assert sent(python) == []


def test_only_responses_go_out_before_the_info_is_answered() -> None:
    server = open_server(None)
    assert server.send_hardware("pm", "4", "out")
    assert server.send_pin("V1", ("1",))
    assert server.backlog == 2
    server.receive_data(encode_frame(Command.PING, 5), 0.1)
    assert sent(server) == [Frame(Command.RESPONSE, 5, b"200")]
    server.receive_data(encode_frame(Command.INTERNAL, 2, CPP_INFO), 0.2)
    assert server.backlog == 3
    assert [frame.body for frame in sent(server)] == [b"200", b"pm\x004\0out", b"vw\x001\x001"]
    assert server.backlog == 0


def test_hold_ends_with_the_first_frame_that_is_neither_info_nor_ping() -> None:
    for frame in (
        hardware(b"vw\x001\x001"),
        hardware(b"vr\x001\x001"),
        hardware(b"vw"),
        encode_frame(Command.SYNC, 3),
        encode_frame(Command.HW_LOGIN, 3, b"again"),
        encode_frame(Command.INTERNAL, 3, b"rtc\0sync"),
        encode_frame(99, 3),
        response(3),
    ):
        server = open_server(None)
        server.send_pin("V1", ("1",))
        server.receive_data(frame, 0.1)
        assert b"vw\x001\x001" in [reply.body for reply in sent(server)], frame


def test_hold_ends_after_three_seconds() -> None:
    server = open_server(None)
    server.send_pin("V1", ("1",))
    assert server.next_timeout(0.0) == HOLD_S
    assert server.handle_timeout(HOLD_S - 0.1) == []
    assert sent(server) == []
    assert server.handle_timeout(HOLD_S) == []
    assert len(sent(server)) == 1
    assert server.next_timeout(HOLD_S) == 30.0


def test_held_frame_that_turns_out_too_large_or_unreadable_is_withheld_and_counted() -> None:
    server = open_server(None)
    for text in ("x" * 2000, "\udcff", "fits"):
        assert server.send_pin("V1", (text,))
    server.receive_data(encode_frame(Command.INTERNAL, 2, PYTHON_0_INFO), 0.1)
    assert [frame.body for frame in sent(server)] == [b"200", b"vw\x001\0fits"]
    assert server.frames_withheld == 2


def test_held_frame_which_the_announced_buffer_takes_is_sent() -> None:
    server = open_server(None)
    assert server.send_pin("V1", ("x" * 2000,))
    server.receive_data(encode_frame(Command.INTERNAL, 2, CPP_INFO), 0.1)
    assert [frame.command for frame in sent(server)] == [Command.RESPONSE, Command.HARDWARE]


def test_body_over_the_length_field_is_not_even_held() -> None:
    server = open_server(None)
    assert not server.send_pin("V1", ("x" * 65535,))


def test_client_that_reads_one_frame_per_segment_gets_them_60_ms_apart() -> None:
    server = open_server(BLYNKLIB_INFO, Command.LOGIN)
    for text in ("1", "2", "3"):
        server.send_pin("V1", (text,))
    now, bodies, waits = 0.0, [], []
    while server.backlog:
        due = server.next_timeout(now)
        assert due is not None
        waits.append(due - now)
        now = due
        frames = server.data_to_send(now)
        assert server.data_to_send(now) == []
        bodies += [frame.body for frame in split_frames(b"".join(frames))]
    assert bodies == [b"vw\x001\x001", b"vw\x001\x002", b"vw\x001\x003"]
    assert waits == pytest.approx([PACE_S, PACE_S, PACE_S])


def test_info_of_a_paced_client_is_answered_at_once() -> None:
    server = open_server(None, Command.LOGIN)
    server.receive_data(encode_frame(Command.INTERNAL, 2, BLYNKLIB_INFO), 0.001)
    assert server.data_to_send(0.001) == [response(2)]


def test_first_frame_after_a_quiet_time_is_not_delayed() -> None:
    server = open_server(BLYNKLIB_INFO, Command.LOGIN)
    server.send_pin("V1", ("1",))
    assert len(server.data_to_send(5.0)) == 1


def test_sending_before_login_is_our_own_fault_and_after_the_end_in_vain() -> None:
    server = ServerConnection(0.0)
    with pytest.raises(LocalProtocolError, match="waiting for a login"):
        server.send_pin("V1", ("1",))
    with pytest.raises(LocalProtocolError, match="waiting for a login"):
        server.respond(1, OK)
    server.receive_data(encode_frame(Command.LOGIN, 1, TOKEN.encode()), 0.0)
    server.refuse_login(1, Status.INVALID_TOKEN)
    assert not server.send_pin("V1", ("1",))
    server.respond(1, OK)
    assert sent(server) == [Frame(Command.RESPONSE, 1, b"9")]
