"""What both ends of a connection share: the stream decoder, message ids, the queue of frames.

1. Bytes in, events out; time comes in as monotonic seconds (`now`), no clock is read.
2. One pass decodes all frames of a chunk. Single-value `vw` frames, nearly all there is, are read
   in that loop and cost one tuple; any other frame goes to `_handle`.
3. Consecutive writes are one event; the order of events is the order of the wire.
4. Any bytes give events, or one RemoteProtocolError, however they are cut into chunks. Events
   before the fault are handed out first: then the error comes from the next `receive_data`, or
   from `handle_timeout`, which `next_timeout` makes due at once. After it every call of
   `receive_data` returns nothing.
5. At most one incomplete frame is kept: 5 + 65535 bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from blynk_gateway.errors import RemoteProtocolError
from blynk_gateway.protocol.commands import FIRST_IMPOSSIBLE_COMMAND, Command
from blynk_gateway.protocol.frames import HEADER, HEADER_BYTES, MAX_MESSAGE_ID
from blynk_gateway.protocol.messages import SEPARATOR, VIRTUAL_PINS

if TYPE_CHECKING:
    from blynk_gateway.protocol.events import PinWrite

Data: TypeAlias = bytes | bytearray | memoryview
"""What a transport may hand over; it may be reused after the call."""

# Plain integers: comparing with a member of an IntEnum costs three times as much.
_HARDWARE: Final = int(Command.HARDWARE)
_RESPONSE: Final = int(Command.RESPONSE)
_WRITE_PARTS: Final = 3


class Connection(ABC):
    """One end of one Blynk connection.

    Attributes:
        messages_received: whole frames decoded so far, for a quota.
        frames_ignored: of these, the ones that mean nothing here.
        frames_refused: of these, the ones answered by an error because of their form.
    """

    __slots__ = (
        "_fault",
        "_last_id",
        "_needed",
        "_queue",
        "_tail",
        "_writes",
        "frames_ignored",
        "frames_refused",
        "messages_received",
    )

    def __init__(self) -> None:
        self.messages_received = 0
        self.frames_ignored = 0
        self.frames_refused = 0
        self._tail: bytearray | None = None
        self._needed = 0
        self._writes: list[PinWrite] = []
        self._queue: list[bytes] = []
        self._last_id = 0
        self._fault: RemoteProtocolError | None = None

    @property
    def unfinished(self) -> bytes:
        """What was received and not decoded: it begins at a border between two frames."""
        return bytes(self._tail or b"")

    @abstractmethod
    def _handle(self, command: int, message_id: int, status: int, body: bytes) -> None:
        """Take one frame the fast path did not; `status` is meant for a RESPONSE only."""

    @abstractmethod
    def _emit_writes(self, writes: list[PinWrite]) -> None:
        """Make an event of writes that came one after the other."""

    @abstractmethod
    def _close(self) -> None:
        """Emit nothing any more."""

    @property
    @abstractmethod
    def _is_decoding(self) -> bool:
        """Whether the next frame shall be decoded."""

    def _decode(self, data: Data) -> None:  # noqa: C901 - one pass; a call a frame costs as much
        """Handle every whole frame of what is kept and `data`; keep the rest."""
        if self._tail is not None:
            self._tail += data
            if len(self._tail) < self._needed:
                return
            data = self._tail
        text = str(data, "latin-1")
        size = len(text)
        position = frames = 0
        needed = HEADER_BYTES
        unpack = HEADER.unpack_from
        find_virtual_pin = VIRTUAL_PINS.get
        append = self._writes.append
        while (start := position + HEADER_BYTES) <= size:
            command, message_id, length = unpack(data, position)
            stop = start + length
            if command == _HARDWARE:
                if stop > size:
                    needed = stop - position
                    break
                parts = text[start:stop].split(SEPARATOR)
                if len(parts) == _WRITE_PARTS and parts[0] == "vw":
                    value = parts[2]
                    pin = find_virtual_pin(parts[1])
                    if pin is not None and value and value.isascii():
                        append((pin, (value,), message_id))
                        position = stop
                        frames += 1
                        continue
            elif command == _RESPONSE:
                stop = start
            elif command >= FIRST_IMPOSSIBLE_COMMAND:
                self._fail(
                    f"frame of type {command} after {self.messages_received + frames} frames."
                    f" Expected a type below {FIRST_IMPOSSIBLE_COMMAND}"
                )
                break
            elif stop > size:
                needed = stop - position
                break
            frames += 1
            position = stop
            self._handle(command, message_id, length, bytes(data[start:stop]))
            if not self._is_decoding:
                break
            append = self._writes.append
        self.messages_received += frames
        self._flush_writes()
        self._needed = needed
        self._tail = bytearray(data[position:]) if position < size else None

    def _flush_writes(self) -> None:
        """End the run of writes; to be called before any other event is emitted."""
        if self._writes:
            writes, self._writes = self._writes, []
            self._emit_writes(writes)

    def _fail(self, message: str) -> None:
        """Decode nothing any more; the error is raised when the events before it are out."""
        self._fault = RemoteProtocolError(message)

    def _raise_fault(self, fault: RemoteProtocolError) -> NoReturn:
        self._fault = None
        self._close()
        raise fault

    def _next_id(self) -> int:
        """The id of the next frame of our own: 1 to 65535, then 1 again."""
        self._last_id = self._last_id % MAX_MESSAGE_ID + 1
        return self._last_id
