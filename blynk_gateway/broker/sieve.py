"""Keeps messages that are too large away from paho, which would hold any of up to 256 MiB.

They are dropped and acknowledged: unacknowledged they would block others, and ending the connection
for them would let anybody who may publish keep us off the broker.
Source: MQTT 3.1.1 and 5, sections 2.2 and 3.3.
"""

from typing import NamedTuple

MAX_PACKET_BYTES = 2 * 1024 * 1024
"""The largest that any pin, page or device could take is 64 KiB; what is more gets an error."""

_PUBLISH = 0x30
_PUBACK = b"\x40\x02"
_PUBREC = b"\x50\x02"
_LENGTH_BYTES = 4
_MORE = 0x80
"""Of a byte of the length: another one follows."""


class Dropped(NamedTuple):
    """A message that was too large.

    Attributes:
        size: of its packet, in bytes.
        answer: acknowledges it; empty where nothing has to.
    """

    topic: str
    size: int
    answer: bytes


class Sieve:
    """Takes what comes, in pieces of any size.

    Attributes:
        dropped: messages that were too large, for the owner to take.
    """

    def __init__(self, limit: int = MAX_PACKET_BYTES) -> None:
        self.dropped: list[Dropped] = []
        self._limit = limit
        self._begin = b""
        self._pass = 0
        self._skip = 0
        self._first = 0
        self._size = 0
        self._head: bytearray | None = None

    def feed(self, data: bytes) -> bytes:
        """What of it paho may see."""
        if self._begin:
            data = self._begin + data
            self._begin = b""
        at, end, passed = 0, len(data), list[bytes]()
        while at < end:
            if self._skip:
                at = self._drop(data, at)
                continue
            # As long as nothing is dropped, whole runs of packets pass in one piece.
            start, at = at, at + self._pass
            self._pass = 0
            at = self._run(data, at)
            passed.append(data[start : min(at, end)])
            if at > end:
                self._pass = at - end
            elif self._begin:
                break
        return passed[0] if len(passed) == 1 else b"".join(passed)

    def _run(self, data: bytes, at: int) -> int:
        """Where the packets end that pass: may lie behind the data, or before what is left."""
        end = len(data)
        while at < end:
            size = data[at + 1] if at + 1 < end else _MORE
            head = 2
            if size >= _MORE:
                found = _length(data, at + 1)
                if found is None:
                    self._begin = data[at:]
                    return at
                size, head = found
            if size > self._limit:
                self._first, self._size, self._skip = data[at], size, head + size
                self._head = bytearray() if data[at] & 0xF0 == _PUBLISH else None
                return at
            at += head + size
        return at

    def _drop(self, data: bytes, at: int) -> int:
        piece = data[at : at + self._skip]
        self._skip -= len(piece)
        if self._head is not None:
            self._head += piece
            self._note(self._head)
        return at + len(piece)

    def _note(self, head: bytearray) -> None:
        """Note what is dropped as soon as its topic and number are there."""
        found = _length(head, 1)
        if found is None or len(head) < found[1] + 2:
            return
        begin = found[1] + 2
        end = begin + int.from_bytes(head[begin - 2 : begin], "big")
        if len(head) < end + 2:
            return
        qos = self._first >> 1 & 3
        number = bytes(head[end : end + 2])
        answer = (b"", _PUBACK + number, _PUBREC + number, b"")[qos]
        topic = head[begin:end].decode(errors="replace")
        self.dropped.append(Dropped(topic, self._size, answer))
        self._head = None


def _length(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Remaining length, and size of the fixed header; None while it is incomplete."""
    size = 0
    for index in range(_LENGTH_BYTES):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        size |= (byte & 127) << 7 * index
        if byte < _MORE:
            return size, index + 2
    # No MQTT: it passes, so that paho says so.
    return 0, _LENGTH_BYTES + 1
