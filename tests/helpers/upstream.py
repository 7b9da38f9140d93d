"""A server above and a journal that are made up, and a real core between them."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import islice
from typing import Any

from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import MappedPin, MappingOptions, UpstreamOptions
from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.change import (
    Change,
    EventChange,
    Intent,
    Origin,
    OriginKind,
    PastChange,
    PinChange,
)
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.trail import TrailBatch, TrailCount, TrailPoint
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from blynk_gateway.upstream.apps import Apps
from blynk_gateway.upstream.lanes.budget import Budget
from blynk_gateway.upstream.lanes.share import Turns
from blynk_gateway.upstream.names import Names
from blynk_gateway.upstream.noticed import Noticed
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Past, Refusal, RouteSetup, Write
from blynk_gateway.upstream.standing import Standing
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.mqtt import CONFIG, defined

PERSON = Origin(OriginKind.API, "person")
BOARD = Origin(OriginKind.DEVICE, "1")
NEWEST = 1 << 40


def mapped(local: str, remote: str = "", **more: Any) -> MappedPin:  # noqa: ANN401  of any type
    """`house/V1` as a mapped pin, of the same name above unless given."""
    address = parse_address(local)
    return MappedPin(address, remote or address.pin, **more)


def mapping(*pins: MappedPin, slug: str = "house", **more: Any) -> MappingOptions:  # noqa: ANN401  likewise
    """A mapping of these pins, of V1 and V2 unless given."""
    pins = pins or (mapped("house/V1"), mapped("house/V2", "V7"))
    return MappingOptions(slug, Secret("t" * 32), pins, **more)


def upstream(one: MappingOptions | None = None, **more: Any) -> UpstreamOptions:  # noqa: ANN401  likewise
    """A server above with one mapping."""
    one = one or mapping()
    options = UpstreamOptions("cloud", "cloud.example", devices={one.slug: one})
    return replace(options, **more)


class FakeTrail:
    """Meets `core.trail.Trail`: keeps all changes in memory.

    Attributes:
        committed: changes up to this number are on the disk; `commit` moves it to the end.
        held: what each reader holds.
        notes: what was saved.
        reads: from where was read.
        fault: raised by the next call, once.
        batch: points of one `read` at most.
    """

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.committed = 0
        self.held: dict[str, int | None] = {}
        self.notes: dict[str, dict[str, Any]] = {}
        self.reads: list[tuple[int, int]] = []
        self.fault: Exception | None = None
        self.batch = 1000
        self.is_closed = False

    def hold(self, reader: str, seq: int | None) -> None:
        self.held[reader] = seq

    async def commit(self, seq: int) -> int:
        self._fail()
        await asyncio.sleep(0)
        if seq > self.committed:
            self.committed = max(seq, self._newest())
        return self.committed

    async def read(
        self, after: int, upto: int, pins: Set[PinAddress], *, is_settled: bool = False
    ) -> TrailBatch:
        self._fail()
        await asyncio.sleep(0)
        upto = min(upto, self.committed)
        self.reads.append((after, upto))
        points = list(self._points(after, upto, pins))
        if len(points) > self.batch:
            points = points[: self.batch]
            return TrailBatch(points, points[-1].seq, is_last=False)
        return TrailBatch(points, max(after, upto), is_last=True)

    async def count(self, after: int, upto: int, pins: Set[PinAddress]) -> TrailCount:
        self._fail()
        times = [point.at_ms for point in self._points(after, min(upto, self.committed), pins)]
        return TrailCount(len(times), min(times, default=None), max(times, default=None))

    async def first_after(self, after: int, at_ms: int) -> int:
        old = [one.seq for one in self.changes if one.seq > after and one.at_ms < at_ms]
        return max(old, default=after)

    async def events(
        self, after: int, upto: int, devices: Set[str], limit: int
    ) -> list[EventChange]:
        self._fail()
        begin = bisect_right(self.changes, after, key=_seq)
        end = bisect_right(self.changes, min(upto, self.committed), key=_seq)
        events = (one for one in self.changes[begin:end] if isinstance(one, EventChange))
        return list(islice((one for one in events if one.device in devices), limit))

    async def load(self) -> dict[str, dict[str, Any]]:
        self._fail()
        return dict(self.notes)

    async def save(self, notes: Mapping[str, dict[str, Any] | None]) -> None:
        self._fail()
        for name, note in notes.items():
            if note is None:
                self.notes.pop(name, None)
            else:
                self.notes[name] = note

    async def close(self) -> None:
        self.is_closed = True

    def _points(self, after: int, upto: int, pins: Set[PinAddress]) -> Iterable[TrailPoint]:
        begin = bisect_right(self.changes, after, key=_seq)
        for one in islice(self.changes, begin, None):
            if one.seq > upto:
                break
            if isinstance(one, PinChange | PastChange):
                address = PinAddress(one.device, one.pin)
                if address in pins:
                    is_past = isinstance(one, PastChange)
                    yield TrailPoint(one.seq, one.at_ms, address, one.value, is_past)

    def _newest(self) -> int:
        return self.changes[-1].seq if self.changes else 0

    def _fail(self) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault


def _seq(change: Change) -> int:
    return change.seq


class FakeRoute:
    """Meets `upstream.route.Route`: a server that takes what it gets.

    Attributes:
        above: what stands there.
        calls: what it was asked, in order.
        live: every value it was told as being so now.
        past: every value that was so.
        faults: raised by the next calls that send, None for none.
        refused: pins it never takes.
        is_batched: whether a batch is one message.
        time_ms: what its clock shows, None for nothing.
        metadata: its fields.
        gate: sends wait for it.
    """

    def __init__(self, setup: RouteSetup | None = None) -> None:
        self.setup = setup
        self.place = "cloud.example:443"
        self.max_live = 100
        self.max_past = 500
        self.above: dict[str, PinValue] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.live: list[Write] = []
        self.past: list[Past] = []
        self.faults: list[Exception | None] = []
        self.refused: set[str] = set()
        self.is_batched = False
        self.time_ms: int | None = None
        self.metadata: dict[str, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.opening: Exception | None = None
        self.is_closed = False
        self._ended: asyncio.Future[PeerError] | None = None

    async def open(self) -> None:
        self.calls.append(("open",))
        if self.opening is not None:
            raise self.opening

    def cost_of_live(self, writes: Sequence[Write]) -> int:
        return min(1, len(writes)) if self.is_batched else len(writes)

    def cost_of_past(self, points: Sequence[Past]) -> int:
        return min(1, len(points)) if self.is_batched else len(points)

    async def ask(self, pins: Sequence[str]) -> Mapping[str, PinValue]:
        await self._call("ask", tuple(pins))
        return {pin: self.above[pin] for pin in pins if pin in self.above}

    async def ask_time(self) -> int | None:
        return self.time_ms

    async def ask_metadata(self, field: str) -> str | None:
        await self._call("ask_metadata", field)
        return self.metadata.get(field)

    async def send_live(self, writes: Sequence[Write]) -> list[Refusal]:
        await self._call("live", len(writes))
        self.live += [one for one in writes if one.pin not in self.refused]
        self.above.update((one.pin, one.value) for one in writes if one.pin not in self.refused)
        return self._refusals([one.pin for one in writes])

    async def send_past(self, points: Sequence[Past]) -> list[Refusal]:
        await self._call("past", len(points))
        self.past += [one for one in points if one.pin not in self.refused]
        return self._refusals([one.pin for one in points])

    async def set_property(self, pin: str, name: str, value: PinValue) -> None:
        await self._call("property", pin, name, value)

    async def set_metadata(self, field: str, value: str) -> None:
        await self._call("metadata", field, value)

    async def log_event(self, code: str, description: str) -> None:
        await self._call("event", code, description)

    async def clear_event(self, code: str, *, is_all: bool) -> None:
        await self._call("clear", code, is_all)

    async def ended(self) -> PeerError:
        self._ended = asyncio.get_running_loop().create_future()
        return await self._ended

    async def close(self) -> None:
        self.is_closed = True

    def end(self, error: PeerError) -> None:
        """The connection ends by itself."""
        assert self._ended is not None, "somebody watches it"
        self._ended.set_result(error)

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        """The calls of one kind, without its name."""
        return [call[1:] for call in self.calls if call[0] == kind]

    async def _call(self, *call: Any) -> None:  # noqa: ANN401  of any shape
        await self.gate.wait()
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.calls.append(call)

    def _refusals(self, pins: list[str]) -> list[Refusal]:
        return [Refusal(at, "no such pin") for at, pin in enumerate(pins) if pin in self.refused]


class FakeAppStates:
    """Meets `core.ports.AppStates`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    def app_changed(self, device: str, is_active: bool) -> None:
        self.told.append((device, is_active))


class Below:
    """A real core with a device `house`, and the parts of one mapping.

    Args:
        note: of an earlier run.

    Attributes:
        parts: of the mapping.
        budget: of the server; the mapping has all of it.
    """

    def __init__(
        self,
        options: UpstreamOptions | None = None,
        *datastreams: Datastream,
        note: dict[str, Any] | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.trail = FakeTrail()
        self.apps = FakeAppStates()
        options = options or upstream()
        (one,) = options.devices.values()
        core = Parts.new(self.clock, Zone.of("UTC"), trusted(self.clock))
        self.bus, self.store, self.registry = core.bus, core.store, core.registry
        self.device = self.registry.add(defined("house", *datastreams), CONFIG)
        self._journal = Mailbox(1_000_000, Overflow.CONFLATE)
        self._mailbox = Mailbox(1_000_000, Overflow.CONFLATE)
        self.bus.subscribe(self._journal, origin=None, echo=True)
        self.bus.subscribe(self._mailbox, origin=None, echo=True)
        wake, names = asyncio.Event(), Names(one)
        self.budget = Budget(options.budget, None, self.clock.now_ms())
        origin = Origin(OriginKind.UPSTREAM, f"{options.name}/{one.slug}")
        self.parts = MappingParts.beside(
            core,
            trail=self.trail,
            apps=Apps(self.apps),
            catch_up=self.catch_up,
            upstream=options,
            mapping=one,
            names=names,
            standing=Standing(note, self.bus.next_seq - 1),
            noticed=Noticed(names, origin, wake),
            budget=Turns(self.budget).share(),
            origin=origin,
            wake=wake,
        )

    @property
    def standing(self) -> Standing:
        """What the mapping remembers."""
        return self.parts.standing

    def catch_up(self) -> int:
        """As the adapter's: the journal and the mapping notice what happened."""
        self.trail.changes += self._journal.drain()
        for change in self._mailbox.drain():
            self.parts.noticed.changed(change)
        return self.bus.next_seq - 1

    def write(
        self, pin: str, value: str, intent: Intent = Intent.REPORT, at_ms: int | None = None
    ) -> None:
        """The board of `house` says so, or a person commands it."""
        origin = PERSON if intent is Intent.COMMAND else BOARD
        self.store.write("house", pin, (value,), origin, intent, at_ms)
        self.catch_up()

    def value(self, pin: str) -> PinValue:
        """What stands in a pin of `house`."""
        state = self.store.find("house", pin)
        return () if state is None else state.value

    async def committed(self) -> None:
        """Everything that was written is on the disk."""
        self.catch_up()
        await self.trail.commit(NEWEST)
        self.trail.committed = self.bus.next_seq - 1


async def steps(step: Callable[[], Any], count: int = 50) -> None:
    """Do something until it says that it has nothing more to do now."""
    for _ in range(count):
        if await step() is not None:
            return
    raise AssertionError(f"not done after {count} steps")
