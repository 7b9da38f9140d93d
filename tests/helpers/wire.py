"""Both ends of the Blynk protocol joined by a wire of lists, and captured conversations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import ClientEvent, LoginRequested, PinsWritten, ServerEvent
from blynk_gateway.protocol.frames import HEADER, HEADER_BYTES, encode_frame, encode_response
from blynk_gateway.protocol.server import ServerConnection

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef0123456789abcdef"

CPP_INFO = (
    b"ver\x001.4.0\0h-beat\x0040\0buff-in\x004096\0dev\0Linux\0fw-type\0TMPLabcd1234\0fw\x000.1.0"
    b"\0build\0Nov 20 2026 23:57:23\0conn\0Socket\0tmpl\0TMPLabcd1234\0"
)
BLYNKLIB_INFO = b"ver\x000.2.6\0buff-in\x001024\0h-beat\x0010\0dev\0python"
PYTHON_0_INFO = b"ver\x000.2.0\0h-beat\x0010\0buff-in\x001024\0dev\0python"

OK = Status.OK


class Frame(NamedTuple):
    """A decoded frame; `body` of a response is its status in decimal."""

    command: int
    message_id: int
    body: bytes


def split_frames(data: bytes) -> list[Frame]:
    """Decode whole frames independently of the code under test."""
    frames = []
    while data:
        command, message_id, length = HEADER.unpack_from(data)
        stop = HEADER_BYTES + (0 if command == Command.RESPONSE else length)
        assert len(data) >= stop
        body = b"%d" % length if command == Command.RESPONSE else data[HEADER_BYTES:stop]
        frames.append(Frame(command, message_id, body))
        data = data[stop:]
    return frames


def hardware(body: bytes, message_id: int = 3) -> bytes:
    """A HARDWARE frame."""
    return encode_frame(Command.HARDWARE, message_id, body)


def response(message_id: int, status: int = OK) -> bytes:
    """A RESPONSE frame."""
    return encode_response(message_id, status)


def open_server(
    info: bytes | None = CPP_INFO, login: Command = Command.HW_LOGIN, now: float = 0.0
) -> ServerConnection:
    """A server connection behind login and info (None: the hold goes on), nothing to be sent."""
    server = ServerConnection(now)
    server.receive_data(encode_frame(login, 1, TOKEN.encode()), now)
    server.accept_login(1, now)
    server.data_to_send(now)
    if info is not None:
        server.receive_data(encode_frame(Command.INTERNAL, 2, info), now)
    server.data_to_send(now)
    return server


def merge_writes(events: list[ServerEvent]) -> list[ServerEvent]:
    """Join adjacent runs of writes: where a run is cut depends on the chunks."""
    merged: list[ServerEvent] = []
    for event in events:
        last = merged[-1] if merged else None
        if isinstance(event, PinsWritten) and isinstance(last, PinsWritten):
            merged[-1] = PinsWritten(last.writes + event.writes)
        else:
            merged.append(event)
    return merged


@dataclass
class ConnectionPair:
    """A client connected to a server which accepts every token."""

    client: ClientConnection = field(default_factory=lambda: ClientConnection(TOKEN))
    server: ServerConnection = field(default_factory=lambda: ServerConnection(0.0))

    def log_in(self, now: float = 0.0) -> tuple[list[ServerEvent], list[ClientEvent]]:
        self.client.connect(now)
        return self.exchange(now)

    def exchange(self, now: float) -> tuple[list[ServerEvent], list[ClientEvent]]:
        """Carry bytes to and fro until both are quiet; the events of both."""
        at_server: list[ServerEvent] = []
        at_client: list[ClientEvent] = []
        while True:
            up = self.client.data_to_send(now)
            news = self.server.receive_data(b"".join(up), now)
            for event in news:
                if isinstance(event, LoginRequested):
                    self.server.accept_login(event.message_id, now)
            at_server += news
            down = self.server.data_to_send(now)
            at_client += self.client.receive_data(b"".join(down), now)
            if not up and not down:
                return at_server, at_client


class Chunk(NamedTuple):
    """One read of the proxy that took a capture."""

    at_s: float
    connection: int
    is_from_client: bool
    data: bytes


_CHUNK = re.compile(r" *(\d+\.\d+) #(\d+) (C->S|S->C) (\d+) bytes")
_BYTES = re.compile(r" {11}((?:[0-9a-f]{2} ?)+) *\|")


def read_capture(path: Path) -> list[Chunk]:
    """The chunks of a captured conversation; the format is in tests/data/captures/README.md."""
    chunks: list[Chunk] = []
    sizes: list[int] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if head := _CHUNK.match(line):
            chunks.append(Chunk(float(head[1]), int(head[2]), head[3] == "C->S", b""))
            sizes.append(int(head[4]))
        elif content := _BYTES.match(line):
            last = chunks[-1]
            chunks[-1] = last._replace(data=last.data + bytes.fromhex(content[1]))
    assert [len(chunk.data) for chunk in chunks] == sizes
    return chunks
