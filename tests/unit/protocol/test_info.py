"""Info messages of every known client, and what they permit."""

import pytest

from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.info import (
    CAUTIOUS,
    DEFAULT_BODY_BYTES,
    ClientKind,
    DeviceInfo,
    TextLimit,
    is_info,
    parse_info,
)
from blynk_gateway.protocol.messages import split_body
from tests.helpers.wire import BLYNKLIB_INFO, CPP_INFO, PYTHON_0_INFO


def parse(body: bytes, login: Command = Command.HW_LOGIN) -> DeviceInfo:
    return parse_info(split_body(body), login)


def test_info_of_the_linux_client_is_read_completely() -> None:
    info = parse(CPP_INFO)
    assert info.kind is ClientKind.CPP
    assert (info.version, info.firmware, info.firmware_type) == ("1.4.0", "0.1.0", "TMPLabcd1234")
    assert (info.board, info.cpu, info.connection) == ("Linux", "", "Socket")
    assert (info.build, info.template) == ("Nov 20 2026 23:57:23", "TMPLabcd1234")
    assert (info.heartbeat_s, info.buffer_bytes, info.max_body_bytes) == (40, 4096, 4091)


def test_request_that_names_a_field_like_an_info_key_is_no_info() -> None:
    assert not is_info(["meta", "get", "build"])
    assert is_info(["build", "now", "ver", "1"])


def test_info_which_starts_with_the_firmware_is_read() -> None:
    info = parse(
        b"mcu\x000.1.0\0fw-type\0TMPLabcd1234\0build\0Nov 20 2026\0blynk\x001.4.0\0h-beat\x0040"
        b"\0buff-in\x001024\0dev\0ESP32\0con\0WiFi\0tmpl\0TMPLabcd1234"
    )
    assert info.kind is ClientKind.CPP
    assert (info.version, info.firmware, info.heartbeat_s) == ("1.4.0", "0.1.0", 40)


@pytest.mark.parametrize(
    ("body", "login", "kind"),
    [
        (BLYNKLIB_INFO, Command.LOGIN, ClientKind.BLYNKLIB),
        (BLYNKLIB_INFO.replace(b"python", b"mpython"), 2, ClientKind.BLYNKLIB_MICROPYTHON),
        (PYTHON_0_INFO, Command.HW_LOGIN, ClientKind.PYTHON_0),
        (PYTHON_0_INFO, Command.LOGIN, ClientKind.PYTHON_0),
        (BLYNKLIB_INFO, Command.HW_LOGIN, ClientKind.PYTHON_0),
        (b"ver\x001.0.0\0h-beat\x0050\0buff-in\x001024\0dev\0linux-py", 29, ClientKind.PYTHON_1),
        (b"ver\x000.5.4\0buff-in\x004096\0dev\0js", 29, ClientKind.JS),
        (b"ver\x000.6.1\0h-beat\x0015\0dev\0node-red\0build\0x", 29, ClientKind.NODE_RED),
        (b"h-beat\x0010\0dev\0RPi\0cpu\0BCM2835", 2, ClientKind.PIBLYNK),
        (b"ver\x001.0.0\0dev\0something", 29, ClientKind.UNKNOWN),
        (b"h-beat\x0010", 29, ClientKind.UNKNOWN),
    ],
)
def test_client_is_recognised(body: bytes, login: Command, kind: ClientKind) -> None:
    assert parse(body, login).kind is kind


def test_only_the_client_that_loses_frames_is_paced() -> None:
    assert parse(BLYNKLIB_INFO, Command.LOGIN).quirks.needs_pacing
    assert not parse(PYTHON_0_INFO).quirks.needs_pacing
    assert not parse(CPP_INFO).quirks.needs_pacing


@pytest.mark.parametrize(
    ("version", "internal", "redirect", "virtual_read"),
    [
        ("0.3.10", False, False, True),
        ("0.4.3", False, True, True),
        ("0.4.4", True, True, True),
        ("0.6.1", True, True, True),
        ("1.3.2", True, True, True),
        ("1.4.0", True, True, False),
        ("2.0", True, True, False),
        ("garbage", False, False, True),
    ],
)
def test_cpp_permissions_follow_the_version(
    version: str, internal: bool, redirect: bool, virtual_read: bool
) -> None:
    quirks = parse(CPP_INFO.replace(b"1.4.0", version.encode())).quirks
    assert quirks.takes_internal is internal
    assert (quirks.app_state_suffix == ("",)) is internal
    assert quirks.takes_redirect is redirect
    assert quirks.takes_debug_print is redirect
    assert quirks.takes_virtual_read is virtual_read


def test_unknown_client_is_permitted_nothing_special() -> None:
    assert parse(b"ver\x009.9").quirks == CAUTIOUS
    assert parse(b"h-beat\x0010\0dev\0RPi").quirks.text is TextLimit.ASCII


def test_any_known_key_in_any_place_makes_an_info() -> None:
    assert is_info(["colour", "red", "h-beat", "10"])
    assert is_info(["ver"])
    assert not is_info(["rtc", "sync"])
    assert not is_info(["meta", "get", "Name", "ver"])
    assert not is_info(["colour", "ver"])
    assert not is_info([])


def test_dangling_key_unknown_keys_and_repeats_are_ignored() -> None:
    info = parse(b"ver\x001.0.0\0colour\0red\0ver\x002.0.0\0h-beat")
    assert info.version == "1.0.0"
    assert info.heartbeat_s is None


@pytest.mark.parametrize("text", [b"", b"0", b"-5", b"1.5", b"ten", b"\xc2\xb2", b"9" * 5000])
def test_bad_number_counts_as_absent(text: bytes) -> None:
    info = parse(b"ver\x001.0.0\0h-beat\0" + text + b"\0buff-in\0" + text + b"\0dev\0x")
    assert info.heartbeat_s is None
    assert info.buffer_bytes is None
    assert info.max_body_bytes == DEFAULT_BODY_BYTES


def test_buffer_too_small_for_a_header_counts_as_absent() -> None:
    assert parse(b"buff-in\x005").buffer_bytes is None
    assert parse(b"buff-in\x006").max_body_bytes == 1


def test_buffer_beyond_the_length_field_is_cut() -> None:
    assert parse(b"buff-in\x00999999").max_body_bytes == 65535


def test_heartbeat_is_cut_to_the_longest_a_library_compiles_with() -> None:
    assert parse(b"h-beat\x0099999").heartbeat_s == 3600


def test_long_texts_are_cut() -> None:
    assert parse(b"dev\0" + b"x" * 5000).board == "x" * 64
