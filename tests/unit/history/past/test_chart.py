import sqlite3
from collections.abc import Iterator

import pytest

from blynk_gateway.core.history import Aggregate, HistoryPoint
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.past.chart import choose_step, thin_points
from blynk_gateway.history.past.points import Range, range_of
from blynk_gateway.history.segments.tail import TailReader, Unsaved
from tests.helpers.archive import Point, create, put_archive, say_archived, segment_of

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
START_MS = 100 * DAY_MS

WHERE = range_of(Unsaved(1, []), 1, START_MS, START_MS + DAY_MS)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A point each 20 s over two days."""
    connection = create(":memory:")
    points = [Point(1, START_MS + 20_000 * at, at + 1, (str(at),)) for at in range(8640)]
    put_archive(connection, points)
    say_archived(connection, len(points))
    yield connection
    connection.close()


@pytest.fixture
def snapshot(connection: sqlite3.Connection) -> Snapshot:
    snapshot = Snapshot()
    snapshot.begin(connection)
    return snapshot


def choose(snapshot: Snapshot, where: Range, width: int) -> int:
    return choose_step(snapshot, where, width, Aggregate.AVG)[0]


@pytest.mark.parametrize(
    ("length_ms", "width", "step_ms"),
    [
        (DAY_MS, 2000, 0),
        (DAY_MS, 1000, 2 * 60_000),
        (DAY_MS, 100, 15 * 60_000),
        (DAY_MS, 24, HOUR_MS),
        (2 * DAY_MS, 10, 6 * HOUR_MS),
        (2 * DAY_MS, 1, 2 * DAY_MS),
        (HOUR_MS, 50, 0),
    ],
)
def test_finest_that_fits_is_chosen(
    snapshot: Snapshot, length_ms: int, width: int, step_ms: int
) -> None:
    assert choose(snapshot, WHERE._replace(to_ms=START_MS + length_ms), width) == step_ms


def test_chart_of_all_times_is_of_those_with_points(snapshot: Snapshot) -> None:
    where = WHERE._replace(from_ms=0, to_ms=START_MS + 50 * YEAR_MS)
    step_ms, found = choose_step(snapshot, where, 1000, Aggregate.AVG)
    assert step_ms == 5 * 60_000
    assert (found.from_ms, found.to_ms) == (START_MS, START_MS + 2 * DAY_MS)


def test_points_themselves_have_no_sum(snapshot: Snapshot) -> None:
    assert choose_step(snapshot, WHERE, 2000, Aggregate.SUM)[0] == 60_000
    assert choose_step(snapshot, WHERE, 2000, Aggregate.MAX) == (0, WHERE)


def test_step_is_of_a_level_that_reaches_back(
    snapshot: Snapshot, connection: sqlite3.Connection
) -> None:
    where = WHERE._replace(to_ms=START_MS + 2 * DAY_MS)
    connection.execute("DELETE FROM chunk")
    assert choose(snapshot, where, 5000) == 60_000
    connection.execute("DELETE FROM minute WHERE start_ms < ?", (START_MS + DAY_MS,))
    assert choose(snapshot, where, 5000) == HOUR_MS
    assert choose(snapshot, where._replace(from_ms=START_MS + DAY_MS), 5000) == 60_000
    connection.execute("DELETE FROM hour WHERE start_ms < ?", (START_MS + DAY_MS,))
    assert choose(snapshot, where, 5000) == DAY_MS


def test_points_that_reach_back_no_further_than_a_rollup_are_not_shown_alone(
    snapshot: Snapshot, connection: sqlite3.Connection
) -> None:
    where = WHERE._replace(from_ms=START_MS, to_ms=START_MS + 2 * DAY_MS)
    connection.execute("DELETE FROM chunk WHERE first_ms < ?", (START_MS + DAY_MS,))
    assert choose(snapshot, where, 5000) == 60_000


def test_tail_alone_makes_a_chart(snapshot: Snapshot) -> None:
    fresh = segment_of([Point(2, START_MS + 10 * at, 9000 + at, ("1",)) for at in range(5000)])
    where = range_of(Unsaved(2, [fresh]), 2, 0, START_MS + YEAR_MS)
    assert choose(snapshot, where, 2000) == 0
    assert choose(snapshot, where, 100) == 60_000
    assert choose(snapshot, where._replace(newest=TailReader(1, [])), 100) == 0


def test_texts_give_way_to_numbers() -> None:
    points = [HistoryPoint(at, (str(at) if at % 2 else "x",)) for at in range(20)]
    assert thin_points(points, 20) == points
    thinned = thin_points(points, 6)
    assert len(thinned) == 6
    assert all(value != ("x",) for _, value in thinned)


def test_texts_alone_are_thinned_evenly() -> None:
    points = [HistoryPoint(at, ("x",)) for at in range(100)]
    thinned = thin_points(points, 10)
    assert 8 <= len(thinned) <= 10
    assert (thinned[0], thinned[-1]) == (points[0], points[-1])
