"""Bodies: text parameters joined by NUL, and the pin writes both directions share.

Text is UTF-8 with `surrogateescape`: whatever bytes a device sends, the same bytes go out again.

Source: BlynkParam.h and BlynkApi.h of blynk-library; HardwareLogic.java of blynk-server.
"""

from __future__ import annotations

from blynk_gateway.errors import LocalProtocolError

SEPARATOR = "\0"

MAX_PIN_NUMBER = 255
"""Pins are one byte in the library; the Java server accepts the same range."""

VIRTUAL_PINS = {str(number): f"V{number}" for number in range(MAX_PIN_NUMBER + 1)}
DIGITAL_PINS = {str(number): f"D{number}" for number in range(MAX_PIN_NUMBER + 1)}
ANALOG_PINS = {str(number): f"A{number}" for number in range(MAX_PIN_NUMBER + 1)} | {
    f"A{number}": f"A{number}" for number in range(MAX_PIN_NUMBER + 1)
}
"""Spellings on the wire by kind; Arduino sketches may name analog pins `A0`."""

PINS_BY_WRITE = {"vw": VIRTUAL_PINS, "dw": DIGITAL_PINS, "aw": ANALOG_PINS}
PINS_BY_READ = {"vr": VIRTUAL_PINS, "dr": DIGITAL_PINS, "ar": ANALOG_PINS}

_WRITE_PREFIXES = {
    name: f"{op}{SEPARATOR}{name[1:]}{SEPARATOR}"
    for op, names in PINS_BY_WRITE.items()
    for name in names.values()
}


def decode_text(body: bytes) -> str:
    """Any bytes as text; `encode_text` gives the same bytes back."""
    return body.decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """Text as bytes; what is neither Unicode nor came from `decode_text` becomes `?`."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def split_body(body: bytes) -> list[str]:
    """Parameters of a body; one trailing NUL is a terminator. An empty body has none."""
    body = body.removesuffix(b"\0")
    return decode_text(body).split(SEPARATOR) if body else []


def join_body(*parts: str) -> bytes:
    """Parameters to a body, without a terminator."""
    return encode_text(SEPARATOR.join(parts))


def find_pin(names: dict[str, str], spelling: str) -> str | None:
    """The pin a device means, or None; zeros may lead its number, as with the Java server."""
    if spelling.startswith("0") and spelling.isdecimal():
        spelling = spelling.lstrip("0") or "0"
    return names.get(spelling)


def find_pins(names: dict[str, str], spellings: list[str]) -> tuple[str, ...] | None:
    """The pins a device means, each once, in order; None if one of them does not exist."""
    pins = dict.fromkeys(find_pin(names, spelling) for spelling in spellings)
    return None if None in pins else tuple(pin for pin in pins if pin is not None)


def find_write(parts: list[str]) -> tuple[str, tuple[str, ...]] | None:
    """Pin and value of `vw␀pin␀value…`, `dw…` or `aw…`; None if anything is missing or wrong.

    An empty value is none; several values of which some are empty are legal.
    """
    if len(parts) < 3 or (len(parts) == 3 and not parts[2]):  # noqa: PLR2004 - op, pin, value
        return None
    pin = find_pin(PINS_BY_WRITE.get(parts[0].lower(), {}), parts[1])
    return None if pin is None else (pin, tuple(parts[2:]))


def write_body(pin: str, value: tuple[str, ...]) -> bytes:
    """The body which writes `pin` ("V5", "D17", "A0"); the op follows from the pin's kind.

    Raises:
        LocalProtocolError: there is no such pin, or the value is empty.
    """
    prefix = _WRITE_PREFIXES.get(pin)
    if prefix is None or not value:
        msg = f"write: pin {pin!r} with {len(value)} values. Expected V0…A255 and at least one"
        raise LocalProtocolError(msg)
    return encode_text(prefix + SEPARATOR.join(value))
