import sqlite3
import sys

import pytest

from blynk_gateway.core.history import Aggregate, Step
from blynk_gateway.history.archive.rollup import Level
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.past.points import range_of
from blynk_gateway.history.past.steps import (
    count_points,
    first_of_level,
    has_numbers,
    last_of_level,
    level_for,
    read_steps,
    whole_steps,
)
from blynk_gateway.history.segments.tail import TailReader, Unsaved
from tests.helpers.archive import Point, put_archive, say_archived, segment_of

HOUR_MS = 3_600_000


@pytest.fixture
def snapshot(connection: sqlite3.Connection) -> Snapshot:
    """Points 1 to 3 in the archive."""
    points = [(10, "1"), (HOUR_MS, "2.5"), (HOUR_MS + 10, "off")]
    put_archive(
        connection, [Point(1, at, seq, (text,)) for seq, (at, text) in enumerate(points, 1)]
    )
    say_archived(connection, 3)
    snapshot = Snapshot()
    snapshot.begin(connection)
    return snapshot


LATE = segment_of(
    [Point(1, 20, 4, ("9",)), Point(1, HOUR_MS, 5, ("4",)), Point(1, 5 * HOUR_MS, 6, ("x",))]
)
WHERE = range_of(Unsaved(1, [LATE]), 1, 0, 10 * HOUR_MS)


@pytest.mark.parametrize(
    ("step_ms", "level"),
    [
        (60_000, Level.MINUTE),
        (5_400_000, Level.MINUTE),
        (2 * HOUR_MS, Level.HOUR),
        (7 * 86_400_000, Level.DAY),
        (90_000, None),
        (59_999, None),
    ],
)
def test_coarsest_level_that_divides_the_step_is_read(step_ms: int, level: Level | None) -> None:
    assert level_for(step_ms) is level


@pytest.mark.parametrize("step_ms", [HOUR_MS, HOUR_MS - 1])
@pytest.mark.parametrize(
    ("aggregate", "first", "second"),
    [
        (Aggregate.AVG, 5, 3.25),
        (Aggregate.MIN, 1, 2.5),
        (Aggregate.MAX, 9, 4),
        (Aggregate.SUM, 10, 6.5),
        (Aggregate.COUNT, 2, 2),
        (Aggregate.LAST, 9, 4),
    ],
)
def test_late_points_of_the_tail_are_folded_in(
    snapshot: Snapshot, aggregate: Aggregate, first: float, second: float, step_ms: int
) -> None:
    found = read_steps(snapshot, WHERE, step_ms, aggregate)
    assert found == [Step(0, first), Step(step_ms, second)]


def test_steps_at_the_ends_of_a_range_are_whole(snapshot: Snapshot) -> None:
    where = WHERE._replace(from_ms=15, to_ms=HOUR_MS + 1)
    assert whole_steps(where, HOUR_MS)[2:] == (0, 2 * HOUR_MS)
    assert read_steps(snapshot, where, HOUR_MS, Aggregate.COUNT) == [Step(0, 2), Step(HOUR_MS, 2)]


def test_points_are_counted_with_texts(snapshot: Snapshot) -> None:
    assert count_points(snapshot, WHERE, HOUR_MS) == [
        Step(0, 2),
        Step(HOUR_MS, 3),
        Step(5 * HOUR_MS, 1),
    ]


@pytest.mark.parametrize(("text", "is_number"), [("9", True), ("x", False)])
def test_stream_has_numbers_at_any_time(snapshot: Snapshot, text: str, *, is_number: bool) -> None:
    newest = [segment_of([Point(2, 5, 4, (text,))])]
    for stream, expected in ((1, True), (2, is_number)):
        where = range_of(Unsaved(stream, newest), stream, 9 * HOUR_MS, 10 * HOUR_MS)
        assert has_numbers(snapshot, where) is expected


def test_ends_of_a_level_are_found(snapshot: Snapshot) -> None:
    assert first_of_level(snapshot, WHERE, Level.HOUR, 0) == 0
    assert first_of_level(snapshot, WHERE, Level.HOUR, 1) == HOUR_MS
    assert last_of_level(snapshot, WHERE, Level.MINUTE, 0) == HOUR_MS
    assert first_of_level(snapshot, WHERE, Level.DAY, 1) is None


def test_sum_beyond_the_largest_float_stays_there(snapshot: Snapshot) -> None:
    huge = segment_of([Point(1, 7 * HOUR_MS + at, 10 + at, ("1e308",)) for at in range(9)])
    found = read_steps(
        snapshot, WHERE._replace(newest=TailReader(1, [huge])), HOUR_MS, Aggregate.SUM
    )
    assert found[-1] == Step(7 * HOUR_MS, sys.float_info.max)
