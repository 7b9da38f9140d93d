"""Frames of devices that somebody looks at, decoded for people.

Nothing is kept, and a connection has no tap, until somebody asks. A tap reads what its connection
reads and writes; it changes nothing and must never raise.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway.core.ports import FrameRecord
from blynk_gateway.protocol.commands import FIRST_IMPOSSIBLE_COMMAND, LOGINS, Command, Status
from blynk_gateway.protocol.connection import Data
from blynk_gateway.protocol.events import LoginRequested
from blynk_gateway.protocol.frames import HEADER, HEADER_BYTES
from blynk_gateway.protocol.messages import SEPARATOR, encode_text
from blynk_gateway.runtime.logs import masked, safe

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection
    from blynk_gateway.blynk_server.context import Context

MAX_FRAMES = 200
"""Kept of each device."""

MAX_TEXT = 200
"""Characters shown of a body."""

WATCH_S = 60.0
"""After the last question frames are kept for so long."""

MAX_WATCHED = 100
"""Devices at once; the one asked for least lately is let go."""

_SHOWN_SEPARATOR = " · "
_COMMANDS = {int(command): command.name.lower() for command in Command}
_STATUSES = {int(status): status.name for status in Status}
_LOGINS = frozenset(map(int, LOGINS))
_RESPONSE = int(Command.RESPONSE)
_BRIDGE = int(Command.BRIDGE)

_MAX_BYTES = 4 * MAX_TEXT
"""Of a body, decoded: no character of UTF-8 has more than four."""


class Tap:
    """Reads along one connection, from a border between two frames on."""

    __slots__ = ("_connection", "_ring", "_tail")

    def __init__(self, connection: "DeviceConnection", ring: "Ring") -> None:
        self._connection = connection
        self._ring = ring
        self._tail = bytearray()
        # Of a frame that the wire has half of, or that waits behind a login.
        self.received(connection.wire.unfinished)

    def received(self, data: Data) -> None:
        """Bytes came in; they may be reused after the call."""
        self._tail += data
        self._read("in", self._tail)

    def sent(self, frames: list[bytes]) -> None:
        """Whole frames go out."""
        for frame in frames:
            self._read("out", bytearray(frame))

    def _read(self, direction: str, data: bytearray) -> None:
        """Keep every whole frame at the beginning of the data, and take it away there."""
        position = 0
        while (start := position + HEADER_BYTES) <= len(data):
            command, message_id, length = HEADER.unpack_from(data, position)
            if command >= FIRST_IMPOSSIBLE_COMMAND:
                # The connection ends for this.
                position = len(data)
                break
            stop = start if command == _RESPONSE else start + length
            if stop > len(data):
                break
            body = bytes(data[start : min(stop, start + _MAX_BYTES)])
            self._ring.keep(self._connection, direction, Header(command, message_id, length), body)
            position = stop
        del data[:position]


class Header(NamedTuple):
    """What stands before a body."""

    command: int
    message_id: int
    length: int


class Ring:
    """The latest frames of one device."""

    def __init__(self, log: "FrameLog") -> None:
        self._log = log
        self.frames: deque[FrameRecord] = deque(maxlen=MAX_FRAMES)
        self.timer: asyncio.TimerHandle | None = None

    def keep(
        self, connection: "DeviceConnection", direction: str, header: Header, body: bytes
    ) -> None:
        """Keep one frame; of a long body its beginning will do."""
        command, message_id, length = header
        self._log.last += 1
        self.frames.append(
            FrameRecord(
                self._log.last,
                connection.context.clock.now_ms(),
                direction,
                _COMMANDS.get(command, str(command)),
                message_id,
                0 if command == _RESPONSE else length,
                _response(length) if command == _RESPONSE else _text(command, body),
                connection.peer,
            )
        )


class FrameLog:
    """The latest frames by device, of those that somebody asks for.

    Attributes:
        last: the number of the latest frame.
    """

    def __init__(self, watch_s: float = WATCH_S) -> None:
        self._watch_s = watch_s
        self._rings: dict[str, Ring] = {}
        self.last = 0

    def frames(self, context: "Context", device: str, after: int) -> tuple[int, list[FrameRecord]]:
        """The latest frames; from now on they are kept, for as long as somebody asks."""
        ring = self._rings.pop(device, None)
        if ring is None:
            if len(self._rings) >= MAX_WATCHED:
                self._let_go(context, next(iter(self._rings)))
            ring = Ring(self)
        # At the end, so that the first is the one that was not asked for the longest.
        self._rings[device] = ring
        if ring.timer is not None:
            ring.timer.cancel()
        loop = asyncio.get_running_loop()
        ring.timer = loop.call_later(self._watch_s, self._let_go, context, device)
        for connection in context.by_device.get(device, ()):
            if connection.tap is None:
                connection.tap = Tap(connection, ring)
        return self.last, [frame for frame in ring.frames if frame.n > after]

    def logged_in(self, connection: "DeviceConnection", slug: str, login: LoginRequested) -> None:
        """A connection has become a device's, by a frame that it has read already."""
        ring = self._rings.get(slug)
        if ring is not None:
            token = encode_text(login.token)
            header = Header(connection.wire.login_command, login.message_id, len(token))
            ring.keep(connection, "in", header, token)
            connection.tap = Tap(connection, ring)

    def stop(self, context: "Context") -> None:
        """Keep nothing any more."""
        for device in list(self._rings):
            self._let_go(context, device)

    def _let_go(self, context: "Context", device: str) -> None:
        ring = self._rings.pop(device)
        if ring.timer is not None:
            ring.timer.cancel()
        for connection in context.by_device.get(device, ()):
            connection.tap = None


def _response(status: int) -> str:
    name = _STATUSES.get(status)
    return str(status) if name is None else f"{status} {name}"


def _text(command: int, body: bytes) -> str:
    # A character may be cut in two at the end of what is here of a body.
    parts = body.decode("utf-8", "replace").removesuffix(SEPARATOR).split(SEPARATOR)
    if command in _LOGINS:
        parts = [masked(part) for part in parts]
    elif command == _BRIDGE and parts[1:2] == ["i"]:
        parts[2:] = [masked(part) for part in parts[2:]]
    return safe(_SHOWN_SEPARATOR.join(parts), MAX_TEXT)
