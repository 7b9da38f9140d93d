"""Bodies: parameters joined by NUL, and pin writes."""

import pytest

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol.messages import (
    ANALOG_PINS,
    DIGITAL_PINS,
    VIRTUAL_PINS,
    decode_text,
    encode_text,
    find_pins,
    find_write,
    join_body,
    split_body,
    write_body,
)


def test_one_trailing_nul_is_a_terminator() -> None:
    assert split_body(b"vw\x008\0a\0b\0") == ["vw", "8", "a", "b"]
    assert split_body(b"vw\x008\0a\0b\0\0") == ["vw", "8", "a", "b", ""]
    assert split_body(b"") == []
    assert split_body(b"\0") == []


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    body = b"\xff\xfe\x80 \xc2\xb0C"
    assert encode_text(decode_text(body)) == body


def test_surrogate_that_is_no_escaped_byte_becomes_a_question_mark() -> None:
    assert encode_text("a\ud800b") == b"a?b"


def test_join_adds_no_terminator() -> None:
    assert join_body("utc", "tz", "120", "60") == b"utc\0tz\x00120\x0060"


@pytest.mark.parametrize(
    ("parts", "write"),
    [
        (["vw", "5", "25.500"], ("V5", ("25.500",))),
        (["vw", "255", "nan"], ("V255", ("nan",))),
        (["vw", "7", "", "2"], ("V7", ("", "2"))),
        (["dw", "13", "1"], ("D13", ("1",))),
        (["aw", "0", "512"], ("A0", ("512",))),
        (["aw", "A0", "512"], ("A0", ("512",))),
        (["VW", "1", "x"], ("V1", ("x",))),
        (["vw", "05", "x"], ("V5", ("x",))),
        (["dw", "000", "1"], ("D0", ("1",))),
        (["vw", "0256", "1"], None),
        (["aw", "0A5", "1"], None),
        (["vw", "", "1"], None),
        (["vw", "256", "1"], None),
        (["vw", "-1", "1"], None),
        (["vw", "V5", "1"], None),
        (["dw", "A0", "1"], None),
        (["vw", "5", ""], None),
        (["vw", "5"], None),
        (["vw"], None),
        ([], None),
        (["vr", "5", "1"], None),
        (["bw", "5", "1"], None),
    ],
)
def test_write_is_read_or_refused(
    parts: list[str], write: tuple[str, tuple[str, ...]] | None
) -> None:
    assert find_write(parts) == write


def test_pins_are_named_once_in_order() -> None:
    assert find_pins(VIRTUAL_PINS, ["2", "1", "2"]) == ("V2", "V1")
    assert find_pins(ANALOG_PINS, ["A3", "3"]) == ("A3",)
    assert find_pins(VIRTUAL_PINS, ["05", "5", "0"]) == ("V5", "V0")
    assert find_pins(DIGITAL_PINS, ["4", "x"]) is None
    assert find_pins(DIGITAL_PINS, []) == ()


@pytest.mark.parametrize(
    ("pin", "value", "body"),
    [
        ("V1", ("42",), b"vw\x001\x0042"),
        ("V3", ("255", "128", "0"), b"vw\x003\x00255\x00128\x000"),
        ("D13", ("1",), b"dw\x0013\x001"),
        ("A5", ("128",), b"aw\x005\x00128"),
        ("V0", ("21 °C", "\udcff"), b"vw\x000\x0021 \xc2\xb0C\0\xff"),
    ],
)
def test_write_body_takes_the_op_from_the_pin(
    pin: str, value: tuple[str, ...], body: bytes
) -> None:
    assert write_body(pin, value) == body


@pytest.mark.parametrize(
    ("pin", "value"), [("V256", ("1",)), ("v1", ("1",)), ("", ("1",)), ("V1", ())]
)
def test_write_without_pin_or_value_is_our_own_fault(pin: str, value: tuple[str, ...]) -> None:
    with pytest.raises(LocalProtocolError, match="Expected V0"):
        write_body(pin, value)
