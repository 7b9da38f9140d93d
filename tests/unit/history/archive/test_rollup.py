import sqlite3
from pathlib import Path

import pytest

import blynk_gateway.history
from blynk_gateway.history.archive.rollup import Bucket, Level, coarser, fold, merge, upserts

SCHEMA = Path(blynk_gateway.history.__file__).parent / "file" / "schema" / "v3.sql"
LARGEST = 1.7976931348623157e308


def stored(*batches: dict[int, Bucket]) -> list[Bucket]:
    """What is in the table after all were merged into it."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA.read_text())
    for batch in batches:
        for sql, values in upserts(Level.MINUTE, {1: batch.values()}):
            connection.execute(sql, values)
    rows = connection.execute("SELECT * FROM minute ORDER BY stream, start_ms").fetchall()
    connection.close()
    assert all(row[0] == 1 for row in rows)
    return [Bucket(*row[1:]) for row in rows]


def test_points_fall_into_the_minute_they_are_of() -> None:
    buckets = fold(Level.MINUTE, [0, 59_999, 60_000, 180_000], [1, 2, 3, 4], [1.0, 5.0, 2.0, 4.0])
    assert buckets == {
        0: Bucket(0, 2, 6.0, 1.0, 5.0, 5.0, 59_999, 2),
        60_000: Bucket(60_000, 1, 2.0, 2.0, 2.0, 2.0, 60_000, 3),
        180_000: Bucket(180_000, 1, 4.0, 4.0, 4.0, 4.0, 180_000, 4),
    }


def test_times_before_1970_have_a_minute_too() -> None:
    assert fold(Level.MINUTE, [-1], [1], [1.0])[-60_000].count == 1


def test_no_points_make_no_bucket() -> None:
    assert fold(Level.DAY, [], [], []) == {}


def test_hours_of_minutes_are_hours_of_points() -> None:
    times = list(range(0, 9_000_000, 7_777))
    seqs = list(range(len(times)))
    numbers = [float(seq % 17) for seq in seqs]
    minutes = fold(Level.MINUTE, times, seqs, numbers)
    assert coarser(Level.HOUR, minutes.values()) == fold(Level.HOUR, times, seqs, numbers)


@pytest.mark.parametrize(
    ("two", "last"),
    [
        (Bucket(0, 1, 7.0, 7.0, 7.0, 7.0, 10, 1), 3.0),
        (Bucket(0, 1, 7.0, 7.0, 7.0, 7.0, 20, 4), 3.0),
        (Bucket(0, 1, 7.0, 7.0, 7.0, 7.0, 20, 6), 7.0),
        (Bucket(0, 1, 7.0, 7.0, 7.0, 7.0, 30, 1), 7.0),
    ],
)
def test_merged_in_any_order_and_by_sqlite_the_same(two: Bucket, last: float) -> None:
    one = Bucket(0, 2, 4.0, 1.0, 3.0, 3.0, 20, 5)
    merged = merge(one, two)
    assert merged == merge(two, one)
    assert (merged.count, merged.total, merged.minimum, merged.maximum) == (3, 11.0, 1.0, 7.0)
    assert merged.last == last
    assert stored({0: one}, {0: two}) == stored({0: two}, {0: one}) == [merged]


def test_many_buckets_are_all_stored() -> None:
    buckets = fold(Level.MINUTE, [60_000 * at for at in range(250)], range(250), [1.0] * 250)
    assert stored(buckets) == list(buckets.values())
    assert [bucket.count for bucket in stored(buckets, buckets)] == [2] * 250


def test_total_stays_a_number() -> None:
    huge = fold(Level.MINUTE, [1, 2], [1, 2], [LARGEST, LARGEST])
    assert huge[0].total == LARGEST
    assert stored(huge, huge)[0].total == LARGEST
    assert merge(huge[0], huge[0]).total == LARGEST
