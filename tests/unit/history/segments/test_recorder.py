import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import PinStore
from blynk_gateway.history.segments.recorder import RESERVED_BLOCK, Recorder
from blynk_gateway.history.segments.segment import decode
from tests.helpers.clock import FakeClock

ORIGIN = Origin(OriginKind.DEVICE, "1")


class Recording:
    """A recorder that is handed what a real core publishes."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.bus = PinBus()
        self.store = PinStore(self.bus, clock)
        self.registry = DeviceRegistry(self.bus, self.store, clock)
        self.mailbox = Mailbox(1_000, Overflow.CONFLATE)
        self.bus.subscribe(self.mailbox, origin=None, echo=True)
        self.recorder = Recorder(
            next_seq=1, checkpoint_seq=0, streams={}, next_stream=1, devices=[]
        )

    def add(self, slug: str, source: DeviceSource = DeviceSource.COMMAND) -> None:
        self.registry.add(DeviceDefinition(slug, slug, f"token-{slug}", source), ORIGIN)

    def write(self, device: str, pin: str, value: str) -> None:
        self.store.write(device, pin, (value,), ORIGIN, Intent.REPORT)

    def record(self) -> list[Change]:
        changes = self.mailbox.drain()
        self.recorder.record(changes)
        return changes

    @property
    def tables(self) -> list[str]:
        """What the next transaction touches, in order."""
        return [sql.split()[2 if sql.startswith("DELETE") else 4] for sql, _ in self._statements()]

    def values_of(self, table: str) -> list[object]:
        prefix = f"INSERT OR REPLACE INTO {table} "
        return [
            one for sql, values in self._statements() if sql.startswith(prefix) for one in values
        ]

    def _statements(self) -> list[tuple[str, list[object]]]:
        return [(sql, list(values)) for sql, values in self.recorder.pending.statements()]


def test_points_of_one_call_become_one_segment_with_streams_numbered_as_met() -> None:
    recording = Recording()
    recording.add("a")
    recording.write("a", "V1", "1")
    recording.registry.set_metadata(recording.registry.get("a"), "field", "x", ORIGIN)
    recording.write("a", "V2", "2")
    recording.write("a", "V1", "3")
    recording.record()
    assert recording.values_of("stream") == [1, "a", "V1", 2, "a", "V2"]
    *_, body = recording.values_of("segment")
    assert isinstance(body, bytes)
    assert [(one.seq, one.stream, one.value) for one in decode(body)] == [
        (2, 1, ("1",)),
        (4, 2, ("2",)),
        (5, 1, ("3",)),
    ]


def test_removal_comes_between_what_was_before_and_what_came_after() -> None:
    recording = Recording()
    recording.add("a")
    recording.write("a", "V1", "old")
    recording.registry.remove("a", ORIGIN)
    recording.add("a")
    recording.write("a", "V1", "new")
    recording.record()
    tables = recording.tables
    first_deletion, last_deletion = tables.index("value"), tables.index("event")
    assert tables[:first_deletion] == ["setting", "device", "stream", "segment"]
    assert tables[last_deletion + 1 :] == ["device", "stream", "segment"]
    assert recording.values_of("stream") == [1, "a", "V1", 2, "a", "V1"]


def test_value_of_a_removed_device_is_not_saved() -> None:
    recording = Recording()
    recording.add("a")
    recording.write("a", "V1", "1")
    recording.record()
    recording.registry.remove("a", ORIGIN)
    recording.record()
    assert recording.recorder.unsaved == {}


def test_only_latest_values_are_saved() -> None:
    recording = Recording()
    recording.add("a")
    for value in ("1", "2", "3"):
        recording.write("a", "V1", value)
    recording.record()
    recorder = recording.recorder
    recorder.save_values(list(recorder.unsaved))
    recorder.finish_checkpoint()
    assert recording.values_of("value") == [1, b"3", FakeClock().now_ms(), 4]
    assert recorder.unsaved == {}
    assert recorder.checkpoint_seq == 4


def test_device_of_the_file_costs_nothing() -> None:
    recording = Recording()
    with recording.recorder.handing_over():
        pass
    recording.add("a", DeviceSource.FILE)
    recording.record()
    assert recording.tables == []


def test_numbers_are_reserved_well_before_they_are_used() -> None:
    recording = Recording()
    assert recording.values_of("setting") == ["reserved_seq", RESERVED_BLOCK]
    with recording.recorder.handing_over():
        pass
    recording.add("a")
    recording.bus.renumber(RESERVED_BLOCK // 2)
    recording.write("a", "V1", "1")
    recording.record()
    assert recording.values_of("setting") == []
    recording.write("a", "V1", "1")
    recording.record()
    assert recording.values_of("setting") == [
        "reserved_seq",
        RESERVED_BLOCK // 2 + 1 + RESERVED_BLOCK,
    ]


def test_a_point_of_the_past_is_recorded_and_changes_no_value() -> None:
    recording = Recording()
    recording.add("a")
    now_ms = FakeClock().now_ms()
    recording.write("a", "V1", "current")
    recording.store.write("a", "V1", ("past",), ORIGIN, Intent.PAST, now_ms - 5)
    recording.write("a", "V2", "other")
    recording.record()
    recording.store.write("a", "V1", ("older",), ORIGIN, Intent.PAST, now_ms - 9)
    recording.record()
    bodies = [one for one in recording.values_of("segment") if isinstance(one, bytes)]
    points = [[(one.value, one.at_ms, one.intent) for one in decode(body)] for body in bodies]
    assert points == [
        [
            (("current",), now_ms, Intent.REPORT),
            (("past",), now_ms - 5, Intent.PAST),
            (("other",), now_ms, Intent.REPORT),
        ],
        [(("older",), now_ms - 9, Intent.PAST)],
    ]
    unsaved = recording.recorder.unsaved
    assert [change.value for change in unsaved.values()] == [("current",), ("other",)]
    assert recording.recorder.last_seq == recording.bus.next_seq - 1


def test_points_of_the_past_of_a_removed_device_are_of_its_own_stream() -> None:
    recording = Recording()
    for value in ("old", "new"):
        recording.add("a")
        recording.write("a", "V1", value)
        recording.store.write("a", "V1", (value,), ORIGIN, Intent.PAST, 1)
        if value == "old":
            recording.registry.remove("a", ORIGIN)
    recording.record()
    bodies = [one for one in recording.values_of("segment") if isinstance(one, bytes)]
    assert [[(one.stream, one.value) for one in decode(body)] for body in bodies] == [
        [(1, ("old",))] * 2,
        [(2, ("new",))] * 2,
    ]


def test_times_of_unsaved_values_can_be_corrected() -> None:
    recording = Recording()
    recording.add("a")
    recording.write("a", "V1", "1")
    recording.write("a", "V2", "2")
    recording.record()
    recording.recorder.correct_times(lambda seq, at_ms: at_ms + 5000 if seq == 2 else at_ms)
    at_ms = [change.at_ms for change in recording.recorder.unsaved.values()]
    assert at_ms[0] == at_ms[1] + 5000


def test_what_was_not_written_is_pending_again_before_what_came_since() -> None:
    recording = Recording()
    recording.add("a")
    recording.write("a", "V1", "1")
    recording.record()
    recorder = recording.recorder

    def write() -> None:
        with recorder.handing_over() as batch:
            recording.write("a", "V1", "2")
            recording.record()
            assert [one.points for one in recorder.unsaved_segments()] == [1, 1]
            assert batch.points == recorder.pending.points == 1
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    seqs = [segment.first_seq for segment in recorder.pending.segments()]
    assert seqs == sorted(seqs)
    assert recorder.pending.points == 2
    with recorder.handing_over():
        pass
    assert recorder.unsaved_segments() == []
