"""Turns changes into rows. Synchronous, so that nothing is ever half recorded."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    MetadataChange,
    ModeChange,
    PastChange,
    PinChange,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.value import encode_value
from blynk_gateway.history.segments.definitions import dump
from blynk_gateway.history.segments.pending import Pending
from blynk_gateway.history.segments.segment import Segment, encode

RESERVED_BLOCK = 1_000_000
"""Numbers of changes that are marked as used ahead of time, so that after a power cut none is used
for a second change. Extended at half of it: far more than ever wait for a commit."""

_POINTS = (PinChange, PastChange)

_OURS = frozenset({DeviceSource.COMMAND, DeviceSource.PAIRED})

_REMOVALS = (
    "DELETE FROM value WHERE stream IN (SELECT id FROM stream WHERE device = ?)",
    "DELETE FROM stream WHERE device = ?",
    "DELETE FROM device WHERE device = ?",
    "DELETE FROM state WHERE device = ?",
    "DELETE FROM property WHERE device = ?",
    "DELETE FROM metadata WHERE device = ?",
    "DELETE FROM pin_mode WHERE device = ?",
    "DELETE FROM event WHERE device = ?",
)


class Recorder:
    """Fills `pending`.

    Args:
        next_seq: the number that the next change will have.
        checkpoint_seq: see below.
        streams: number of each stream, by device and pin.
        next_stream: the number for a stream that is not among them.
        devices: slugs in the table `device`.

    Attributes:
        checkpoint_seq: values up to this number are in the table `value`, or in `pending`.
        last_seq: number of the latest change that was recorded.
        unsaved: by stream, its latest change where the table `value` does not have it yet.
    """

    def __init__(
        self,
        *,
        next_seq: int,
        checkpoint_seq: int,
        streams: Mapping[tuple[str, str], int],
        next_stream: int,
        devices: Iterable[str],
    ) -> None:
        self.pending = Pending()
        self.checkpoint_seq = checkpoint_seq
        self.last_seq = next_seq - 1
        self.unsaved: dict[int, PinChange] = {}
        self._reserved = 0
        self._taken: Pending | None = None
        self._streams: dict[str, dict[str, int]] = {}
        for (device, pin), stream in streams.items():
            self._streams.setdefault(device, {})[pin] = stream
        self._next_stream = next_stream
        self._devices = set(devices)
        self._reserve()

    def record(self, changes: Sequence[Change]) -> None:
        """Record changes, in `seq` order and later than all before; about 0.5 µs for each point."""
        current = [change for change in changes if type(change) is PinChange]
        if len(current) == len(changes):
            self.unsaved.update(zip(self._pack(current), current, strict=True))
        else:
            self._record_mixed(changes)
        self.last_seq = changes[-1].seq
        if self.last_seq > self._reserved - RESERVED_BLOCK // 2:
            self._reserve()

    @contextmanager
    def handing_over(self) -> Iterator[Pending]:
        """Everything pending, to be written within; if that fails it is pending again.

        What is recorded meanwhile waits for the next time.
        """
        batch, self.pending = self.pending, Pending()
        self._taken = batch
        try:
            yield batch
        except BaseException:
            batch.append(self.pending)
            self.pending = batch
            raise
        finally:
            self._taken = None

    def unsaved_segments(self) -> list[Segment]:
        """Segments that may not be in the file, also those just being written, in `seq` order."""
        batches = [self.pending] if self._taken is None else [self._taken, self.pending]
        return [segment for batch in batches for segment in batch.segments()]

    def find_stream(self, device: str, pin: str) -> int | None:
        """The number of a stream, None if nothing was ever recorded of it."""
        return self._streams.get(device, {}).get(pin)

    def save_values(self, streams: Iterable[int]) -> None:
        """Put the current values of some unsaved streams into `pending`."""
        for stream in streams:
            latest = self.unsaved[stream]
            value = encode_value(latest.value)
            self.pending.put("value", (stream, value, latest.at_ms, latest.seq))

    def finish_checkpoint(self) -> None:
        """Say that all values up to `last_seq` are saved."""
        self.unsaved.clear()
        self.checkpoint_seq = self.last_seq
        self.pending.put("setting", ("checkpoint_seq", self.last_seq))

    def correct_times(self, corrected: Callable[[int, int], int]) -> None:
        """Give unsaved values their right times.

        Args:
            corrected: the right UTC ms of a change, by its number and the wrong one.
        """
        for stream, change in self.unsaved.items():
            at_ms = corrected(change.seq, change.at_ms)
            self.unsaved[stream] = change._replace(at_ms=at_ms)

    def _reserve(self) -> None:
        self._reserved = self.last_seq + RESERVED_BLOCK
        self.pending.put("setting", ("reserved_seq", self._reserved))

    def _record_mixed(self, changes: Sequence[Change]) -> None:
        points: list[PinChange | PastChange] = []
        for change in changes:
            if isinstance(change, _POINTS):
                points.append(change)
            elif isinstance(change, DefinitionChange):
                self._record_points(points)
                points = []
                self._record_definition(change)
            else:
                self._record_other(change)
        self._record_points(points)

    def _record_points(self, points: Sequence[PinChange | PastChange]) -> None:
        if points:
            paired = zip(self._pack(points), points, strict=True)
            self.unsaved.update(
                (stream, point) for stream, point in paired if isinstance(point, PinChange)
            )

    def _pack(self, points: Sequence[PinChange | PastChange]) -> list[int]:
        """Make a segment of points, at least one; returns the stream of each."""
        known = self._streams
        try:
            streams = [known[point.device][point.pin] for point in points]
        except KeyError:
            streams = [self._stream(point.device, point.pin) for point in points]
        self.pending.put_segment(encode(points, streams))
        return streams

    def _stream(self, device: str, pin: str) -> int:
        pins = self._streams.setdefault(device, {})
        stream = pins.get(pin)
        if stream is None:
            stream = pins[pin] = self._next_stream
            self._next_stream += 1
            self.pending.put("stream", (stream, device, pin))
        return stream

    def _record_definition(self, change: DefinitionChange) -> None:
        device, definition = change.device, change.definition
        if definition is None:
            self._devices.discard(device)
            for stream in self._streams.pop(device, {}).values():
                self.unsaved.pop(stream, None)
            self.pending.delete(*((sql, (device,)) for sql in _REMOVALS))
        elif definition.source in _OURS:
            self._devices.add(device)
            self.pending.put("device", (device, dump(definition)))
        elif device in self._devices:
            # The configuration file declares it now.
            self._devices.discard(device)
            self.pending.delete(("DELETE FROM device WHERE device = ?", (device,)))

    def _record_other(
        self, change: PropertyChange | ModeChange | MetadataChange | StatusChange | EventChange
    ) -> None:
        put = self.pending.put
        match change:
            case PropertyChange():
                value = encode_value(change.value)
                put("property", (change.device, change.pin, change.name, value))
            case ModeChange():
                put("pin_mode", (change.device, change.pin, *change.direct))
            case MetadataChange():
                put("metadata", (change.device, _bytes(change.field), _bytes(change.value)))
            case StatusChange():
                info = encode_value(tuple(text for pair in change.info for text in pair))
                put("state", (change.device, info, change.last_seen_ms))
            case EventChange():
                code, description = _bytes(change.code), _bytes(change.description)
                origin = (change.origin.kind, _bytes(change.origin.id))
                head = (change.seq, change.device, change.kind)
                put("event", (*head, code, description, *origin, change.at_ms))


def _bytes(text: str) -> bytes:
    return encode_value((text,))
