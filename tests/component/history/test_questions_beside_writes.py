"""Questions while the journal commits and the archive moves points: nothing missing or double."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, closing
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Aggregate, HistoryPoint, Question
from blynk_gateway.history import journal
from blynk_gateway.history.archive import archiver
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.past import queries
from blynk_gateway.history.past.queries import Queries
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import System, until

NOW = 1_700_000_000_000
HOUR = 3_600_000
PINS = [PinAddress("a", f"V{number}") for number in range(3)]
QUESTIONS = 50

SMALL = {
    "PASS_POINTS": 200,
    "MIN_PASS_POINTS": 50,
    "POINTS_PER_STREAM": 1,
    "SLICE_POINTS": 15,
    "STREAM_WEIGHT": 1,
    "FETCH_SEGMENTS": 2,
    "DELETE_POINTS": 10,
    "DELETE_SEGMENTS": 3,
    "SMALL_CHUNK": 20,
}
"""So that passes follow one another, each of several transactions."""

BRUTE: dict[Aggregate, Callable[[list[float]], float]] = {
    Aggregate.AVG: lambda values: sum(values) / len(values),
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.SUM: sum,
    Aggregate.COUNT: len,
    Aggregate.LAST: lambda values: values[-1],
}


class Written(NamedTuple):
    """A point that was published; the value is its number."""

    at_ms: int
    seq: int
    number: int


class Scene:
    """A journal at work, a writer that never rests, and somebody who asks.

    Attributes:
        quiet: held while nothing is to be published.
    """

    def __init__(self, system: System, queries: Queries) -> None:
        self.queries = queries
        self.quiet = asyncio.Lock()
        self._system = system
        self._written: dict[PinAddress, list[Written]] = {pin: [] for pin in PINS}
        self._draw = random.Random(1)  # noqa: S311 - the same at each run
        self._number = 0

    async def write(self) -> None:
        """Publish bursts, one point in five late, until cancelled."""
        while True:
            async with self.quiet:
                for _ in range(self._draw.randrange(1, 40)):
                    self._write_one()
            await asyncio.sleep(0.001)

    def _write_one(self) -> None:
        pin = self._draw.choice(PINS)
        self._number += 1
        late = self._draw.randrange(5) == 0
        at_ms = NOW + self._number * 7 - (self._draw.randrange(5 * HOUR) if late else 0)
        change = self._system.write(*pin, str(self._number), at_ms=at_ms)
        self._written[pin].append(Written(at_ms, change.seq, self._number))

    def published(self, asked: Question) -> list[Written]:
        """All of a range up to now, by time."""
        return sorted(
            one for one in self._written[asked.address] if asked.from_ms <= one.at_ms < asked.to_ms
        )

    def archived(self) -> int:
        """The number up to which everything is in the archive."""
        with closing(sqlite3.connect(self._system.path)) as connection:
            ((seq,),) = connection.execute("SELECT archived_seq FROM archive").fetchall()
        return int(seq)

    def rounds(self) -> Iterator[None]:
        """Many, and on until passes have gone by meanwhile."""
        begin = self.archived()
        for number in count():
            if number % QUESTIONS == 0 and self.archived() > begin + 2 * SMALL["PASS_POINTS"]:
                return
            yield

    def question(self) -> Question:
        """Of any pin and range."""
        ends = [NOW + self._draw.randrange(-5 * HOUR, self._number * 7 + 2) for _ in range(2)]
        return Question(self._draw.choice(PINS), min(ends), max(ends))


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    for name, value in SMALL.items():
        monkeypatch.setattr(archiver, name, value)
    monkeypatch.setattr(journal, "CHECKPOINT_CHANGES", 100)
    system = System(tmp_path)
    reader = Reader(system.path)
    async with system:
        system.add("a")
        found = Scene(system, Queries(reader, system.journal))
        workers = [
            spawn(system.journal.run(), name="journal"),
            spawn(found.write(), name="writer"),
        ]
        await until(lambda: found.archived() > 0)
        yield found
        for worker in workers:
            await cancel(worker)
        await reader.close()


def require(found: Iterable[HistoryPoint], before: list[Written], after: list[Written]) -> None:
    """What is there: everything from before the question, nothing twice, nothing else, in order."""
    at = {one.number: one for one in after}
    points = [at[int(value)] for _, (value,) in found]
    assert points == sorted(points)
    assert len(set(points)) == len(points)
    assert set(before) <= set(points)


async def test_everything_published_before_a_question_is_in_its_answer_once(scene: Scene) -> None:
    for _ in scene.rounds():
        question = scene.question()
        before = scene.published(question)
        answer = await scene.queries.ask(question)
        require(answer.points, before, scene.published(question))


@pytest.mark.parametrize("aggregate", Aggregate)
async def test_steps_are_those_of_brute_force_whatever_is_being_moved(
    scene: Scene, aggregate: Aggregate
) -> None:
    brute = BRUTE[aggregate]
    for step_ms in (60_000, HOUR):
        for _ in scene.rounds():
            async with scene.quiet:
                asked = scene.question()._replace(step_ms=step_ms, aggregate=aggregate)
                whole = asked._replace(
                    from_ms=asked.from_ms // step_ms * step_ms,
                    to_ms=-(-asked.to_ms // step_ms) * step_ms,
                )
                steps: dict[int, list[float]] = {}
                for one in scene.published(whole):
                    steps.setdefault(one.at_ms // step_ms * step_ms, []).append(one.number)
                found = (await scene.queries.ask(asked)).steps
            assert [step.at_ms for step in found] == sorted(steps)
            expected = [brute(steps[step.at_ms]) for step in found]
            assert [step.value for step in found] == pytest.approx(expected)


async def test_latest_are_the_latest(scene: Scene) -> None:
    for _ in scene.rounds():
        async with scene.quiet:
            question = scene.question()._replace(limit=5)
            answer = await scene.queries.ask(question)
            expected = scene.published(question)[-5:]
        assert answer.points == [(one.at_ms, (str(one.number),)) for one in expected]


async def test_export_has_everything_published_before_it_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BATCH_POINTS", 20)
    for _ in scene.rounds():
        question = scene.question()
        before = scene.published(question)
        found: list[HistoryPoint] = []
        async with aclosing(scene.queries.export(*question[:3])) as batches:
            async for batch in batches:
                found += batch
        require(found, before, scene.published(question))


async def test_stats_count_every_point_once(scene: Scene) -> None:
    for _ in scene.rounds():
        async with scene.quiet:
            stats = await scene.queries.stats()
            expected = {pin: len(scene.published(Question(pin, 0, 2 * NOW))) for pin in PINS}
        assert dict(stats.streams) == expected
