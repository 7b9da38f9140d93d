"""What a device tells about itself after login, and how far it can be trusted with frames.

Clients differ in what makes them hang up. The kind of client is recognised from the keys and
values of its info message and the login command it used; `Quirks` says what it survives.

Source: research with the stock clients against a stub server; the table of info keys and their
order in BlynkApiArduino.h, BlynkApiLinux.h, BlynkLib.py, blynklib.py, blynk.js, blynk-lib.js.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import HEADER_BYTES, MAX_BODY_BYTES

MAX_TEXT_CHARACTERS = 64
"""Kept of each value: the longest real ones (build times, template ids) have 20."""

MAX_HEARTBEAT_S = 3600
"""The most the 1.4.0 library compiles with; a device must not make us keep a ghost for days."""

DEFAULT_BODY_BYTES = 250
"""What the Java server sends to a device that never told its `buff-in`."""

_MAX_DIGITS = 9
"""More than any number here needs, and far from the thousands that `int` refuses."""

_KEYS = {
    "ver": "version",
    "blynk": "version",
    "fw": "firmware",
    "mcu": "firmware",
    "ncp": "firmware",
    "fw-type": "firmware_type",
    "build": "build",
    "tmpl": "template",
    "h-beat": "heartbeat",
    "buff-in": "buffer",
    "dev": "board",
    "cpu": "cpu",
    "con": "connection",
    "conn": "connection",
}

_REQUESTS = (["rtc"], ["utc"], ["meta"])


class ClientKind(StrEnum):
    """Families of client software with a behaviour of their own."""

    CPP = "blynk-library"
    PYTHON_0 = "blynk-library-python 0.2"
    PYTHON_1 = "blynk-library-python 1.0"
    BLYNKLIB = "blynklib"
    BLYNKLIB_MICROPYTHON = "blynklib for MicroPython"
    JS = "blynk-library-js"
    NODE_RED = "node-red-contrib-blynk-ws"
    PIBLYNK = "PiBlynk"
    UNKNOWN = "unknown"


class TextLimit(Enum):
    """Bodies a client can decode; others raise inside it."""

    ANY = "any"
    UTF8 = "utf-8"
    ASCII = "ascii"


@dataclass(frozen=True, slots=True)
class Quirks:
    """What a client survives. The defaults are what every client does.

    Attributes:
        needs_pacing: it reads one frame per TCP segment and loses the others.
        takes_internal: it survives INTERNAL frames it did not ask for.
        app_state_suffix: what follows `acon` or `adis`; None: never send them.
        takes_redirect: it follows a REDIRECT after login.
        takes_debug_print: it survives DEBUG_PRINT.
        takes_virtual_read: it answers `vr` by a write.
        takes_all_pin_modes: it survives modes other than in, out, pu and pd.
        text: what it can decode.
    """

    needs_pacing: bool = False
    takes_internal: bool = False
    app_state_suffix: tuple[str, ...] | None = None
    takes_redirect: bool = False
    takes_debug_print: bool = False
    takes_virtual_read: bool = False
    takes_all_pin_modes: bool = True
    text: TextLimit = TextLimit.ANY


CAUTIOUS = Quirks()
"""For clients not recognised, and before the info message."""

_QUIRKS = {
    # One parameter crashes its INTERNAL handler, so app states get an empty second one.
    ClientKind.PYTHON_0: Quirks(
        takes_internal=True,
        app_state_suffix=("",),
        takes_virtual_read=True,
        text=TextLimit.UTF8,
    ),
    ClientKind.PYTHON_1: Quirks(takes_internal=True, takes_redirect=True, text=TextLimit.UTF8),
    ClientKind.BLYNKLIB: Quirks(
        needs_pacing=True,
        takes_internal=True,
        app_state_suffix=(),
        takes_virtual_read=True,
        text=TextLimit.UTF8,
    ),
    ClientKind.BLYNKLIB_MICROPYTHON: Quirks(
        takes_internal=True, app_state_suffix=(), takes_virtual_read=True, text=TextLimit.UTF8
    ),
    ClientKind.JS: Quirks(
        takes_internal=True, takes_redirect=True, takes_debug_print=True, takes_virtual_read=True
    ),
    # It compares the whole body with "acon".
    ClientKind.NODE_RED: Quirks(
        takes_internal=True, app_state_suffix=(), takes_redirect=True, takes_debug_print=True
    ),
    ClientKind.PIBLYNK: Quirks(
        takes_virtual_read=True, takes_all_pin_modes=False, text=TextLimit.ASCII
    ),
    ClientKind.UNKNOWN: CAUTIOUS,
}

# From these versions on, in order of BLYNK_VERSION. The parameter list of `acon` without a
# separator has a negative length in the library, hence the empty parameter.
_CPP_FIRST = Quirks(takes_virtual_read=True)
_CPP_0_4_0 = Quirks(takes_redirect=True, takes_debug_print=True, takes_virtual_read=True)
_CPP_0_4_4 = Quirks(
    takes_internal=True,
    app_state_suffix=("",),
    takes_redirect=True,
    takes_debug_print=True,
    takes_virtual_read=True,
)
_CPP_1_4_0 = Quirks(
    takes_internal=True, app_state_suffix=("",), takes_redirect=True, takes_debug_print=True
)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """An info message, read leniently: unknown keys and bad numbers count as absent.

    Texts are empty when absent and cut to 64 characters. `heartbeat_s` is 1 to 3600,
    `buffer_bytes` larger than a header.
    """

    kind: ClientKind
    quirks: Quirks
    version: str
    firmware: str
    firmware_type: str
    build: str
    template: str
    board: str
    cpu: str
    connection: str
    heartbeat_s: int | None
    buffer_bytes: int | None

    @property
    def max_body_bytes(self) -> int:
        """The largest body to send: body and header fit into `buff-in` (the Java rule)."""
        if self.buffer_bytes is None:
            return DEFAULT_BODY_BYTES
        return min(self.buffer_bytes - HEADER_BYTES, MAX_BODY_BYTES)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What was told, by the wire's names; empty where it was not."""
        return (
            ("ver", self.version),
            ("fw", self.firmware),
            ("fw-type", self.firmware_type),
            ("build", self.build),
            ("tmpl", self.template),
            ("dev", self.board),
            ("cpu", self.cpu),
            ("con", self.connection),
            ("h-beat", "" if self.heartbeat_s is None else str(self.heartbeat_s)),
            ("buff-in", "" if self.buffer_bytes is None else str(self.buffer_bytes)),
        )


def is_info(parts: list[str], *, is_due: bool = False) -> bool:
    """Whether the parameters of an INTERNAL frame are a device's info, in whatever order.

    Args:
        parts: parameters of the frame.
        is_due: the device logged in and did not tell its info yet; keys may all be unknown then.
    """
    # A request may name a metadata field "build".
    if parts[:1] in _REQUESTS:
        return False
    return (is_due and len(parts) > 1) or any(key in _KEYS for key in parts[::2])


def parse_info(parts: list[str], login: int) -> DeviceInfo:
    """Read key, value, key, value…; a dangling key is ignored, the first of equal keys counts.

    Args:
        parts: parameters of the INTERNAL frame.
        login: the command the device logged in by (2 or 29).
    """
    keys = parts[: len(parts) // 2 * 2 : 2]
    fields: dict[str, str] = {}
    for key, value in zip(keys, parts[1::2], strict=True):
        if key in _KEYS:
            fields.setdefault(_KEYS[key], value[:MAX_TEXT_CHARACTERS])
    kind = _recognise(keys, fields, login)
    version = fields.get("version", "")
    heartbeat = _positive_int(fields.get("heartbeat", ""))
    buffer = _positive_int(fields.get("buffer", ""))
    return DeviceInfo(
        kind=kind,
        quirks=_cpp_quirks(version) if kind is ClientKind.CPP else _QUIRKS[kind],
        version=version,
        firmware=fields.get("firmware", ""),
        firmware_type=fields.get("firmware_type", ""),
        build=fields.get("build", ""),
        template=fields.get("template", ""),
        board=fields.get("board", ""),
        cpu=fields.get("cpu", ""),
        connection=fields.get("connection", ""),
        heartbeat_s=None if heartbeat is None else min(heartbeat, MAX_HEARTBEAT_S),
        buffer_bytes=buffer if buffer is not None and buffer > HEADER_BYTES else None,
    )


def _recognise(keys: list[str], fields: dict[str, str], login: int) -> ClientKind:
    board = fields.get("board", "")
    if board == "python":
        # Both Python clients say "python"; blynklib logs in by 2 and tells its buffer at once.
        is_blynklib = login == Command.LOGIN and keys[:2] == ["ver", "buff-in"]
        return ClientKind.BLYNKLIB if is_blynklib else ClientKind.PYTHON_0
    named = {
        "mpython": ClientKind.BLYNKLIB_MICROPYTHON,
        "js": ClientKind.JS,
        "node-red": ClientKind.NODE_RED,
    }.get(board)
    if named is not None:
        return named
    if board.endswith("-py"):
        return ClientKind.PYTHON_1
    if board == "RPi" and "version" not in fields:
        return ClientKind.PIBLYNK
    if "version" in fields and "build" in fields:
        return ClientKind.CPP
    return ClientKind.UNKNOWN


def _cpp_quirks(version: str) -> Quirks:
    numbers = tuple(_positive_int(part) or 0 for part in version.split(".")[:3])
    if numbers >= (1, 4, 0):
        return _CPP_1_4_0
    if numbers >= (0, 4, 4):
        return _CPP_0_4_4
    return _CPP_0_4_0 if numbers >= (0, 4, 0) else _CPP_FIRST


def _positive_int(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    return int(text) or None
