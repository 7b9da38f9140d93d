"""What the mirror does with what it is fed: order, repeats, faults, and what health says."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from blynk_gateway.config.options import DAY_MS, MirrorOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.feed import Backlog, FeedBatch
from blynk_gateway.errors import HistoryError
from blynk_gateway.mirror import mirror as module
from blynk_gateway.mirror.influx import InfluxSink
from blynk_gateway.mirror.mirror import (
    FULL_POINTS,
    MAX_RETRY_S,
    RETRY_S,
    Mirror,
    _wait_s,
    target_of,
)
from blynk_gateway.mirror.postgres import PostgresSink
from blynk_gateway.mirror.sink import Piece, ServerDown, ServerRefused
from blynk_gateway.runtime.health import Health, HealthState
from tests.helpers.clock import FakeClock
from tests.helpers.feeds import START_MS, FakeFeed, FakeSink, batch_of
from tests.helpers.patience import PATIENCE_S

OPTIONS = MirrorOptions("postgresql://nas/blynk")
HOUR_MS = 3_600_000
WAIT = "wait; the oldest are given up after"


class Sink(FakeSink):
    """Fails as it is told.

    Attributes:
        faults: raised by the next calls of `open` and `send`, in order.
        gateway: the name that the mirror gave it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Exception] = []
        self.texts: list[frozenset[int]] = []
        self.gateway = ""
        self.is_closed = False

    def encode(self, batch: FeedBatch, texts: frozenset[int]) -> list[bytes]:
        self.texts.append(texts)
        return super().encode(batch, texts)

    async def open(self) -> None:
        self._fail()

    async def send(self, piece: Piece) -> None:
        self._fail()
        await super().send(piece)

    async def close(self) -> None:
        self.is_closed = True

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


class World:
    """A mirror between a feed and a sink, and nothing that takes time."""

    def __init__(self) -> None:
        self.feed = FakeFeed()
        self.sink = Sink()
        self.health = Health()
        self.clock = FakeClock(START_MS)
        self.mirror = Mirror(
            self.feed, self.clock, self.health, lambda device, _: device == "attic"
        )

    def make_sink(self, options: MirrorOptions, gateway: str) -> Sink:
        self.sink.gateway = gateway
        return self.sink

    @property
    def complaint(self) -> str:
        return self.health.components["mirror"].detail

    @property
    def state(self) -> HealthState | None:
        component = self.health.components.get("mirror")
        return component and component.state


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    made = World()
    monkeypatch.setattr(module, "_sink", made.make_sink)
    for name in ("EVERY_S", "RETRY_S", "MAX_RETRY_S"):
        monkeypatch.setattr(module, name, 0.001)
    yield made
    await made.mirror.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the mirror has nothing to wait on
            await asyncio.sleep(0.001)


async def test_batches_are_sent_in_order_and_acknowledged(world: World) -> None:
    world.feed.batches = [batch_of("1", "x"), batch_of("2", first_seq=3)]
    world.mirror.start(OPTIONS, "shed")
    await until(lambda: len(world.feed.acknowledged) == 2)
    assert world.feed.acknowledged == [2, 3]
    assert world.sink.sizes == [2, 1]
    assert world.sink.gateway == "shed-01234567"
    assert world.health.counters["mirror_points_sent"] == 3
    assert world.state is HealthState.OK


async def test_full_batches_follow_each_other_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_S", 3600)
    full = ["1"] * FULL_POINTS
    world.feed.batches = [batch_of(*full), batch_of(*full, first_seq=FULL_POINTS + 1)]
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: len(world.feed.acknowledged) == 2)


async def test_streams_that_are_texts_are_told_to_the_sink(world: World) -> None:
    world.feed.batches = [batch_of("1", "2", "3")]
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.feed.acknowledged)
    assert world.sink.texts == [frozenset({3})]


async def test_points_of_removed_devices_are_left_out(world: World) -> None:
    batch = batch_of("1", "2", "3", "4")
    world.feed.batches = [
        batch._replace(names={2: ("shed", "V2")}),
        batch_of("5", first_seq=5)._replace(names={}),
    ]
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: len(world.feed.acknowledged) == 2)
    assert world.feed.acknowledged == [4, 5]
    assert world.sink.rows == {b"2"}


async def test_a_server_that_is_away_gets_everything_when_it_is_back(world: World) -> None:
    down = ServerDown("fake://sink: gone")
    world.sink.faults = [down, down]
    world.feed.batches = [batch_of("1")]
    world.feed.backlog = Backlog(21_234, START_MS - 3 * HOUR_MS)
    states = []
    report = world.health.report

    def noted(component: str, state: HealthState, detail: str = "") -> None:
        states.append((state, detail))
        report(component, state, detail)

    world.health.report = noted  # type: ignore[method-assign]  # noted as well as reported
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.feed.acknowledged)
    assert world.sink.rows == {b"1"}
    assert (
        states[0]
        == states[1]
        == (
            HealthState.DEGRADED,
            "fake://sink: gone. Check that it runs and can be reached from here; what waits is sent"
            " then. Some 20,000 points of 3 h wait; the oldest are given up after 30 days.",
        )
    )
    assert states[-1] == (HealthState.OK, "")


async def test_a_server_that_goes_away_while_it_is_sent_to_gets_the_batch_again(
    world: World,
) -> None:
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.state is HealthState.OK)
    world.sink.faults = [ServerDown("gone"), ServerDown("still gone")]
    world.feed.batches = [batch_of("1"), batch_of("2", first_seq=2)]
    await until(lambda: len(world.feed.acknowledged) == 2)
    assert world.sink.rows == {b"1", b"2"}


async def test_a_refusal_is_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RETRY_S", 3600)
    world.sink.faults = [ServerRefused("fake://sink: wrong password")]
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.state is HealthState.FAILED)
    assert world.complaint == (
        "fake://sink: wrong password. Check `history.mirror`, and what its user may do there."
    )


async def test_points_that_the_server_refuses_are_counted_and_left_behind(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.sink.refused = {b"bad"}
    world.feed.batches = [batch_of("1", "bad", "2")]
    with caplog.at_level(logging.WARNING):
        world.mirror.start(OPTIONS, "pi")
        await until(lambda: world.feed.acknowledged)
    assert world.sink.rows == {b"1", b"2"}
    assert world.health.counters["mirror_points_sent"] == 2
    assert world.health.counters["mirror_points_refused"] == 1
    (refused, summary) = (one for one in caplog.records if one.name.startswith("blynk_gateway"))
    assert refused.__dict__["seq"] == 2
    assert str(refused.__dict__["reason"]) == "the point is wrong; expected another"
    assert summary.__dict__["points"] == 1


async def test_a_journal_that_cannot_be_read_is_tried_again(world: World) -> None:
    world.feed.fault = HistoryError("gateway.db: disk I/O error")
    world.feed.batches = [batch_of("1")]
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.feed.acknowledged)


async def test_a_fault_of_our_own_is_told_and_ends_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.sink.faults = [ZeroDivisionError("1 / 0")]
    world.feed.batches = [batch_of("1")]
    with caplog.at_level(logging.ERROR):
        world.mirror.start(OPTIONS, "pi")
        await until(lambda: world.feed.acknowledged)
    first, second = caplog.records
    assert first.message == "mirror failed"
    assert first.exc_info is not None
    assert second.__dict__["detail"].startswith("it failed with ZeroDivisionError; expected")


async def test_without_options_nothing_is_kept_for_it(world: World) -> None:
    world.mirror.start(None, "pi")
    assert world.feed.is_held is None
    assert world.state is None


async def test_everything_is_held_from_the_start_on(world: World) -> None:
    world.mirror.start(OPTIONS, "pi")
    assert world.feed.is_held is True


async def test_the_same_options_change_nothing(world: World) -> None:
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.feed.targets)
    await world.mirror.reconfigure(replace(OPTIONS), "pi")
    world.feed.batches = [batch_of("1")]
    await until(lambda: world.feed.acknowledged)
    assert len(world.feed.targets) == 1


async def test_another_target_ends_the_one_before(world: World) -> None:
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.feed.targets)
    old, world.sink = world.sink, Sink()
    await world.mirror.reconfigure(MirrorOptions("http://nas/write"), "pi")
    assert old.is_closed
    await until(lambda: len(world.feed.targets) == 2)
    assert len(set(world.feed.targets)) == 2
    world.feed.batches = [batch_of("1")]
    await until(lambda: world.feed.acknowledged)
    assert world.sink.rows == {b"1"}


async def test_without_a_mirror_any_more_health_says_nothing_of_it(world: World) -> None:
    world.sink.faults = [ServerRefused("no")]
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.state is HealthState.FAILED)
    await world.mirror.reconfigure(None, "pi")
    assert world.state is None
    assert world.feed.is_held is None


async def test_stop_closes_everything_and_may_be_repeated(world: World) -> None:
    world.mirror.start(OPTIONS, "pi")
    await until(lambda: world.state is HealthState.OK)
    await world.mirror.stop()
    await world.mirror.stop()
    assert world.sink.is_closed
    assert world.feed.is_closed


def test_waits_grow_up_to_a_minute_and_never_match() -> None:
    waits = [_wait_s(ServerDown("gone"), failures) for failures in range(2000)]
    assert RETRY_S / 2 <= waits[0] <= RETRY_S
    assert all(MAX_RETRY_S / 2 <= wait <= MAX_RETRY_S for wait in waits[6:])
    assert len(set(waits)) > 1000
    assert any(later > earlier for earlier, later in pairwise(waits))


def test_a_server_that_says_when_is_asked_then() -> None:
    assert _wait_s(ServerDown("busy", 300.0), 0) == 300.0
    assert _wait_s(ServerRefused("no"), 0) == MAX_RETRY_S
    assert _wait_s(HistoryError("full"), 0) <= RETRY_S


@pytest.mark.parametrize(
    ("points", "age_ms", "keep_ms", "text"),
    [
        (0, 0, DAY_MS, ""),
        (7, 1000, HOUR_MS, f" Some 7 points of less than an hour {WAIT} 1 h."),
        (1234, 47 * HOUR_MS, DAY_MS, f" Some 1,000 points of 47 h {WAIT} 24 h."),
        (96, 50 * HOUR_MS, 30 * DAY_MS, f" Some 100 points of 2 days {WAIT} 30 days."),
    ],
)
def test_what_waits_is_told_roughly(points: int, age_ms: int, keep_ms: int, text: str) -> None:
    assert module._waiting(Backlog(points, START_MS - age_ms), START_MS, keep_ms) == text


def test_a_target_is_told_by_its_url_and_tells_nothing() -> None:
    one = MirrorOptions("postgresql://me@nas/blynk", Secret("a"))
    assert target_of(one) == target_of(replace(one, password=Secret("b"), keep_ms=1))
    assert target_of(one) != target_of(MirrorOptions("postgresql://me@nas/other"))
    assert "nas" not in target_of(one)


def test_the_url_chooses_the_sink() -> None:
    assert isinstance(module._sink(OPTIONS, "pi-1"), PostgresSink)
    assert isinstance(module._sink(MirrorOptions("http://nas/write?db=x"), "pi-1"), InfluxSink)
