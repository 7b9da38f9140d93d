"""Small real things behind the ports of `core/ports.py`: all in memory, nothing is pretended."""

import asyncio
from bisect import insort
from collections.abc import AsyncGenerator, Callable, Iterable

from blynk_gateway.core.accounts import Session, Share, User
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import EventChange, Intent, Origin, OriginKind
from blynk_gateway.core.history import (
    Aggregate,
    Answer,
    DoubtfulPeriod,
    HistoryPoint,
    HistoryStats,
    Question,
    Step,
)
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import (
    ApiToken,
    FrameRecord,
    GpioState,
    MessageSink,
    SimulatedLine,
    TlsState,
)
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import number
from blynk_gateway.errors import GatewayError, HistoryError, InvalidValue, NotWritable, UnknownPin


class MemoryJournal:
    """Keeps events and API tokens as long as the test lives."""

    def __init__(self, bus: PinBus) -> None:
        self._mailbox = Mailbox(100_000, Overflow.CLOSE)
        bus.subscribe(self._mailbox, origin=None, echo=True)
        self._events: list[EventChange] = []
        self._tokens: dict[str, ApiToken] = {}

    async def flush(self) -> None:
        self._events += [one for one in self._mailbox.drain() if isinstance(one, EventChange)]

    async def events(self, device: str | None, limit: int, before: int = 0) -> list[EventChange]:
        await self.flush()
        found = [
            one
            for one in self._events
            if (device is None or one.device == device) and one.seq < (before or one.seq + 1)
        ]
        return found[::-1][:limit]

    async def api_tokens(self) -> list[ApiToken]:
        return [self._tokens[name] for name in sorted(self._tokens)]

    async def add_api_token(self, token: ApiToken) -> bool:
        return self._tokens.setdefault(token.name, token) is token

    async def remove_api_token(self, name: str) -> bool:
        return self._tokens.pop(name, None) is not None


class MemoryAccounts:
    """Keeps users, sessions and shared links; `fault` is raised instead of writing."""

    def __init__(self) -> None:
        self.kept_users: dict[str, User] = {}
        self.kept_sessions: dict[str, Session] = {}
        self.kept_shares: dict[str, Share] = {}
        self.fault: GatewayError | None = None
        self.session_writes = 0

    async def users(self) -> list[User]:
        return [self.kept_users[name] for name in sorted(self.kept_users)]

    async def put_user(self, user: User) -> None:
        self._check()
        self.kept_users[user.name] = user

    async def remove_user(self, name: str) -> bool:
        self._check()
        self._remove_sessions(lambda one: one.user == name)
        return self.kept_users.pop(name, None) is not None

    async def sessions(self) -> list[Session]:
        return list(self.kept_sessions.values())

    async def put_session(self, session: Session) -> None:
        self._check()
        self.session_writes += 1
        self.kept_sessions[session.digest] = session

    async def remove_sessions(self, digests: Iterable[str]) -> None:
        self._check()
        gone = set(digests)
        self._remove_sessions(lambda one: one.digest in gone)

    async def shares(self) -> list[Share]:
        return list(self.kept_shares.values())

    async def add_share(self, share: Share) -> None:
        self._check()
        self.kept_shares[share.id] = share

    async def remove_share(self, share_id: str) -> bool:
        self._check()
        self._remove_sessions(lambda one: one.share == share_id)
        return self.kept_shares.pop(share_id, None) is not None

    def _remove_sessions(self, is_gone: Callable[[Session], bool]) -> None:
        for session in [one for one in self.kept_sessions.values() if is_gone(one)]:
            del self.kept_sessions[session.digest]

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class MemoryBackups:
    """Backups of a few bytes; `fault` is raised instead, `broken` after the first piece."""

    def __init__(self) -> None:
        self.fault: GatewayError | None = None
        self.broken: Exception | None = None

    async def backup(self) -> AsyncGenerator[bytes, None]:
        if self.fault is not None:
            raise self.fault
        yield b"first "
        if self.broken is not None:
            raise self.broken
        yield b"second"


class MemoryLink:
    """One device connection that keeps what it received and can be made to wait."""

    def __init__(self, sink: MessageSink, peer: str) -> None:
        self.sink = sink
        self.peer = peer
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.ended = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.chunks.put_nowait(data)

    def lost(self) -> None:
        self.ended.set()

    async def ready(self) -> None:
        await self.may_go_on.wait()


class MemoryLinks:
    """Opens `MemoryLink`s."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[MemoryLink] = asyncio.Queue()

    def open_link(self, sink: MessageSink, peer: str) -> MemoryLink:
        link = MemoryLink(sink, peer)
        self.opened.put_nowait(link)
        return link


class MemoryFrames:
    """Frames in a list; those of any device are the same."""

    def __init__(self) -> None:
        self.kept: list[FrameRecord] = []

    def frames(self, device: str, after: int) -> tuple[int, list[FrameRecord]]:
        last = self.kept[-1].n if self.kept else 0
        return last, [frame for frame in self.kept if frame.n > after]


class MemoryCertificates:
    """A certificate that can be set; there is none at first."""

    def __init__(self) -> None:
        self.state = TlsState(False)
        self.ca: bytes | None = None

    async def tls(self) -> TlsState:
        return self.state

    async def authority(self) -> bytes | None:
        return self.ca


class MemorySimulation:
    """Three lines, of which 17 is an output and 27 is a button's, and a converter."""

    def __init__(self) -> None:
        self._lines = {
            4: SimulatedLine(4, 0, "input", "floating", None, None),
            17: SimulatedLine(17, 1, "output", "floating", 0.5, "pump"),
            27: SimulatedLine(27, 1, "input", "up", None, "door"),
        }
        self._adc = [0.0] * 8

    def lines(self) -> list[SimulatedLine]:
        return list(self._lines.values())

    def drive(self, line: int, level: bool) -> None:
        found = self._lines.get(line)
        if found is None:
            raise UnknownPin(f"GPIO{line} is no line of the header; expected 4, 17 or 27")
        if found.function == "output":
            raise NotWritable(f"GPIO{line} is an output; expected an input")
        self._lines[line] = found._replace(level=int(level))

    def adc(self) -> list[float]:
        return list(self._adc)

    def set_adc(self, channel: int, value: float) -> None:
        if channel not in range(len(self._adc)):
            raise UnknownPin(f"the converter has no channel {channel}; expected 0 to 7")
        if not 0 <= value <= 1:
            raise InvalidValue(f"channel {channel} was given {value}; expected 0 to 1")
        self._adc[channel] = value


class MemoryGpio:
    """Pins that can be read, with what is on them.

    Attributes:
        on_pins: device and pin to the value that a read finds there.
        asked: every read, in order.
        is_silent: whether a read never ends.
    """

    def __init__(self, store: PinStore) -> None:
        self._store = store
        self.simulation: MemorySimulation | None = None
        self.present = GpioState("none", "", "", (), ())
        self.on_pins: dict[tuple[str, str], tuple[str, ...]] = {}
        self.asked: list[tuple[str, str]] = []
        self.is_silent = False

    def state(self) -> GpioState:
        return self.present

    async def read_pin(self, device: str, pin: str) -> bool:
        self.asked.append((device, pin))
        if self.is_silent:
            await asyncio.Event().wait()
        self._store.check_open(device, pin)
        if (device, pin) not in self.on_pins:
            return False
        value = self.on_pins[device, pin]
        self._store.write(device, pin, value, Origin(OriginKind.GPIO), Intent.REPORT)
        return True


class MemoryHistory:
    """A past in a list.

    Attributes:
        batch: points in each batch of an export.
        asked: every question, in order.
        exporting: exports that have begun and not ended.
        fails_after: batches after which an export cannot be read on; None for never.
        is_broken: whether nothing can be read at all.
        minutes_only: pins of which raw points are not kept.
    """

    def __init__(self) -> None:
        self._points: dict[PinAddress, list[HistoryPoint]] = {}
        self.batch = 1000
        self.asked: list[Question] = []
        self.exporting = 0
        self.batches_read = 0
        self.fails_after: int | None = None
        self.is_broken = False
        self.minutes_only: set[PinAddress] = set()

    def add(self, address: PinAddress, at_ms: int, *value: str) -> None:
        points = self._points.setdefault(address, [])
        insort(points, HistoryPoint(at_ms, value), key=lambda point: point.at_ms)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        self._check(question)
        address, step_ms = question.address, question.step_ms
        points = self._within(address, question.from_ms, question.to_ms)
        is_thinned = False
        if question.width is not None and len(points) > question.width:
            stride = -(-len(points) // question.width)
            points, is_thinned = points[::stride], True
        if not step_ms:
            raw = [] if address in self.minutes_only else points
            found = raw[-question.limit :] if question.limit else raw
            return Answer(address, 0, found, [], is_thinned)
        steps = _steps(points, step_ms, question.aggregate)
        return Answer(address, step_ms, [], steps[-question.limit :] if question.limit else steps)

    async def export(
        self, address: PinAddress, from_ms: int, to_ms: int
    ) -> AsyncGenerator[list[HistoryPoint], None]:
        self._check(Question(address, from_ms, to_ms))
        self.exporting += 1
        try:
            points = self._within(address, from_ms, to_ms)
            if address in self.minutes_only:
                return
            for read, start in enumerate(range(0, len(points), self.batch)):
                if read == self.fails_after:
                    raise HistoryError("the disk has gone; expected it to be there")
                await asyncio.sleep(0)
                self.batches_read += 1
                yield points[start : start + self.batch]
        finally:
            self.exporting -= 1

    async def stats(self) -> HistoryStats:
        sizes = [(address, len(points)) for address, points in self._points.items()]
        oldest = [points[0].at_ms for points in self._points.values() if points]
        return HistoryStats(
            sum(size for _, size in sizes),
            min(oldest, default=None),
            4096,
            {"minute": 3, "hour": 2, "day": None},
            sorted(sizes, key=lambda one: -one[1]),
            [DoubtfulPeriod(1, 2, "corrected")],
        )

    def _check(self, question: Question) -> None:
        if self.is_broken:
            raise HistoryError("the database is damaged; expected a whole one")
        step_ms, length = question.step_ms, question.to_ms - question.from_ms
        if length < 0:
            raise InvalidValue("the range is reversed; expected its begin first")
        if step_ms and (step_ms < 10 or length // step_ms > 1_000_000):
            raise InvalidValue("the step is absurd; expected 10 ms or more, and not too many")
        if step_ms and question.width is not None:
            raise InvalidValue("both a step and a width; expected one of them")

    def _within(self, address: PinAddress, from_ms: int, to_ms: int) -> list[HistoryPoint]:
        points = self._points.get(address, [])
        return [point for point in points if from_ms <= point.at_ms < to_ms]


def _steps(points: list[HistoryPoint], step_ms: int, aggregate: Aggregate) -> list[Step]:
    numbers: dict[int, list[float]] = {}
    for at_ms, value in points:
        found = number(value)
        if found is not None:
            numbers.setdefault(at_ms - at_ms % step_ms, []).append(found)
    return [Step(at_ms, _one_number(found, aggregate)) for at_ms, found in numbers.items()]


def _one_number(found: list[float], aggregate: Aggregate) -> float:
    match aggregate:
        case Aggregate.AVG:
            return sum(found) / len(found)
        case Aggregate.MIN:
            return min(found)
        case Aggregate.MAX:
            return max(found)
        case Aggregate.SUM:
            return sum(found)
        case Aggregate.COUNT:
            return float(len(found))
        case Aggregate.LAST:
            return found[-1]
