"""Texts of the configuration and what they mean: durations, addresses, numbers, paths.

Each kind takes the text as it is written, so `12:30` and `0012` stay what they are.
"""

import ipaddress
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.kinds import Kind, Scalar
from blynk_gateway.config.likely import (
    likely_address,
    likely_decimal,
    likely_duration,
    likely_number,
    likely_physical_pin,
    likely_size,
    likely_slug,
    likely_virtual_pin,
    likely_word,
)
from blynk_gateway.config.options import Address
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import (
    PIN_NAMES,
    SLUG_PATTERN,
    PinAddress,
    PinKind,
    parse_address,
    parse_pin,
)
from blynk_gateway.core.value import number
from blynk_gateway.errors import UnknownPin

E = TypeVar("E", bound=StrEnum)

UNITS_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "y": 365 * 86_400_000,
}
DURATION_EXPECTED = "a duration such as 20ms, 5s, 30m, 12h, 30d or 1y"

MAX_DURATION_MS = 1000 * UNITS_MS["y"]

UNITS_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
SIZE_EXPECTED = "a size such as 500MB, 8GB or 1TB"

MAX_SIZE_BYTES = 1000 * UNITS_BYTES["TB"]

MAX_PORT = 65535

MAX_TEXT_LENGTH = 256
"""Longest name, unit or label, characters."""

MAX_PATH_LENGTH = 4096
"""PATH_MAX of Linux."""

_DURATION = re.compile(r"(\d{1,14}(?:\.\d{1,6})?)(ms|s|m|h|d|y)", re.ASCII)
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,12})?)(MB|GB|TB)", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>\d{1,5})", re.ASCII)
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?", re.ASCII)
_TRUE = ("true", "yes", "on")
_FALSE = ("false", "no", "off")


def parse_duration(text: str) -> int:
    """Milliseconds of `20ms`, `5s`, `1.5h`, …; a year has 365 days.

    Raises:
        ValueError: if the unit is missing, or it is no whole number of ms up to 1000 years.
    """
    return _parse_amount(text, _DURATION, UNITS_MS, MAX_DURATION_MS)


def format_duration(duration_ms: int) -> str:
    """The duration in the largest unit that divides it."""
    unit = next(u for u in reversed(UNITS_MS) if duration_ms % UNITS_MS[u] == 0 or u == "ms")
    return f"{duration_ms // UNITS_MS[unit]}{unit}" if duration_ms else "0s"


def parse_size(text: str) -> int:
    """Bytes of `500MB`, `8GB`, `1.5TB`; powers of ten, as disks are sold.

    Raises:
        ValueError: if the unit is missing, or it is no whole number of bytes up to 1000 TB.
    """
    return _parse_amount(text, _SIZE, UNITS_BYTES, MAX_SIZE_BYTES)


def format_size(size_bytes: int) -> str:
    """The size in the largest unit of which it is one or more."""
    unit = next((u for u in reversed(UNITS_BYTES) if size_bytes >= UNITS_BYTES[u]), "MB")
    amount = (Decimal(size_bytes) / UNITS_BYTES[unit]).normalize()
    return f"{amount:f}{unit}"


def parse_listen_address(text: str) -> Address:
    """`0.0.0.0:8080`, `[::1]:8080` or `name:8080`; port 0 is any free one.

    Raises:
        ValueError: if the host or the port is missing or malformed.
    """
    match = _ADDRESS.fullmatch(text)
    if not match or int(match["port"]) > MAX_PORT:
        raise ValueError(text)
    if match["v6"]:
        return Address(str(ipaddress.IPv6Address(match["v6"])), int(match["port"]))
    host = match["host"]
    if host.replace(".", "").isdigit():
        host = str(ipaddress.IPv4Address(host))
    elif not _HOST_NAME.fullmatch(host):
        raise ValueError(text)
    return Address(host, int(match["port"]))


def parse_text(text: str) -> str:
    """The text if it is one line of 1 to `MAX_TEXT_LENGTH` characters.

    Raises:
        ValueError: if it is empty, too long, or has control characters.
    """
    if not 0 < len(text) <= MAX_TEXT_LENGTH or any(map(_is_control, text)):
        raise ValueError(text)
    return text


def whole_number(low: int, high: int) -> Scalar[int]:
    """A number from `low` to `high`, both included."""

    def parse(text: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return Scalar(parse, f"a whole number from {low} to {high}", str, likely=likely_number)


def duration(low_ms: int, high_ms: int = MAX_DURATION_MS) -> Scalar[int]:
    """Milliseconds, from `low_ms` to `high_ms`."""

    def parse(text: str) -> int:
        duration_ms = parse_duration(text)
        if not low_ms <= duration_ms <= high_ms:
            raise ValueError(text)
        return duration_ms

    limits = f"from {format_duration(low_ms)} to {format_duration(high_ms)}"
    return Scalar(parse, f"{DURATION_EXPECTED}, {limits}", format_duration, likely=likely_duration)


def duration_or(word: str, low_ms: int, high_ms: int = MAX_DURATION_MS) -> Scalar[int | None]:
    """Milliseconds, or None for the word: `forever`, `never`."""
    kind = duration(low_ms, high_ms)

    def parse(text: str) -> int | None:
        return None if text == word else kind.parse(text)

    def show(value: int | None) -> str:
        return word if value is None else kind.show(value)

    return Scalar(parse, f"{kind.expected}, or {word}", show, (word,), likely_duration)


def size_or(word: str, low_bytes: int) -> Scalar[int | None]:
    """Bytes, from `low_bytes` on, or None for the word."""

    def parse(text: str) -> int | None:
        if text == word:
            return None
        size_bytes = parse_size(text)
        if size_bytes < low_bytes:
            raise ValueError(text)
        return size_bytes

    def show(value: int | None) -> str:
        return word if value is None else format_size(value)

    expected = f"{SIZE_EXPECTED}, from {format_size(low_bytes)}, or {word}"
    return Scalar(parse, expected, show, (word,), likely_size)


def choice(options: type[E]) -> Scalar[E]:
    """One of the words of an enumeration."""
    words = tuple(options)
    return Scalar(options, f"one of {', '.join(words)}", str, words, likely_word)


def number_from(low: float, high: float) -> Scalar[float]:
    """A number from `low` to `high`, both included."""

    def parse(text: str) -> float:
        value = _parse_number(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    limits = f"from {_format_number(low)} to {_format_number(high)}"
    return Scalar(parse, f"a number {limits}", _format_number, likely=likely_decimal)


def text_of(what: str) -> Scalar[str]:
    """One line of text."""
    return Scalar(parse_text, f"{what} of 1 to {MAX_TEXT_LENGTH} characters in one line", quoted)


@dataclass(frozen=True, slots=True)
class FilePath(Kind[Path]):
    """A path, relative ones from the configuration file's directory, `~` for the user's own.

    Attributes:
        must_exist: whether a regular file that this user may read must be there.
    """

    must_exist: bool

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Path:
        """The absolute path."""
        text = scope.text_of(node, key, "a path")
        try:
            path = scope.path.absolute().parent / Path(_parse_path(text)).expanduser()
        except (ValueError, RuntimeError):
            scope.reject(node, key, f"found {found(text)}, expected a path")
        reason = _why_unreadable(path) if self.must_exist else ""
        if reason:
            scope.reject(node, key, f"found {found(text)}, {reason}; expected a readable file")
        return path

    def flow(self, value: Path) -> str:
        """In quotes."""
        return quoted(str(value))


def _parse_amount(text: str, pattern: re.Pattern[str], units: dict[str, int], most: int) -> int:
    match = pattern.fullmatch(text)
    if not match:
        raise ValueError(text)
    amount = Decimal(match[1]) * units[match[2]]
    if amount != int(amount) or amount > most:
        raise ValueError(text)
    return int(amount)


def _parse_boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _format_boolean(value: bool) -> str:
    return "true" if value else "false"


def _parse_number(text: str) -> float:
    parsed = number((text,)) if text.isascii() else None
    if parsed is None:
        raise ValueError(text)
    return parsed


def _format_number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _parse_slug(text: str) -> str:
    if not SLUG_PATTERN.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_virtual_pin(text: str) -> str:
    try:
        pin = parse_pin(text)
    except UnknownPin as error:
        raise ValueError(text) from error
    if PIN_NAMES[pin] is not PinKind.VIRTUAL:
        raise ValueError(text)
    return pin


def _parse_physical_pin(text: str) -> str:
    try:
        pin = parse_pin(text)
    except UnknownPin as error:
        raise ValueError(text) from error
    if PIN_NAMES[pin] is PinKind.VIRTUAL:
        raise ValueError(text)
    return pin


def _parse_host(text: str) -> str:
    if not _HOST_NAME.fullmatch(text) or text.replace(".", "").isdigit():
        return str(ipaddress.ip_address(text))
    return text


def _parse_pin_address(text: str) -> PinAddress:
    try:
        return parse_address(text)
    except UnknownPin as error:
        raise ValueError(text) from error


def _parse_path(text: str) -> str:
    if not 0 < len(text) <= MAX_PATH_LENGTH or any(map(_is_control, text)):
        raise ValueError(text)
    return text


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _why_unreadable(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"which cannot be read ({error.strerror})"
    try:
        is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
    return "" if is_regular else "which is no regular file"


BOOLEAN = Scalar(_parse_boolean, "true or false", _format_boolean, _TRUE + _FALSE)
UNIT = Scalar(
    lambda text: text and parse_text(text),
    f"a unit of at most {MAX_TEXT_LENGTH} characters in one line",
    quoted,
)
NUMBER = Scalar(_parse_number, "a number", _format_number, likely=likely_decimal)
SLUG = Scalar(
    _parse_slug,
    "up to 32 of a–z, 0–9 and - with a letter or digit first",
    str,
    likely=likely_slug,
)
VIRTUAL_PIN = Scalar(
    _parse_virtual_pin, "a virtual pin, V0 to V255", str, likely=likely_virtual_pin
)
PHYSICAL_PIN = Scalar(
    _parse_physical_pin,
    "a digital or analog pin, D0 to D255, A0 to A255",
    str,
    likely=likely_physical_pin,
)
HOST = Scalar(_parse_host, "a host name or an IP address", quoted)
PIN_ADDRESS = Scalar(
    _parse_pin_address, "a pin address such as greenhouse/V5", str, likely=likely_address
)
LISTEN_ADDRESS = Scalar(
    parse_listen_address,
    'an address and port such as "0.0.0.0:8080" or "[::]:8080"',
    lambda address: quoted(str(address)),
)
