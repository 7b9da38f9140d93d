"""What a mapping remembers."""

import json

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.upstream.route import Place
from blynk_gateway.upstream.standing import REMEMBER_EVERY_S, RESEND_S, Standing

DAY_MS = 86_400_000
V1 = PinAddress("house", "V1")


def again(standing: Standing, newest: int) -> Standing:
    """The same after a restart."""
    return Standing(json.loads(json.dumps(standing.note())), newest)


def test_a_new_mapping_begins_with_what_is_new() -> None:
    standing = Standing(None, 100)
    assert standing.progress.done == 100
    assert standing.progress.backlog() is None
    assert standing.waiting == 0
    assert standing.events_seq == 100


def test_what_happened_unseen_before_a_start_is_backlog() -> None:
    standing = again(Standing(None, 100), 130)
    assert standing.progress.backlog() == (100, 130)
    assert standing.waiting is None


def test_a_note_brings_everything_back() -> None:
    standing = Standing(None, 100)
    standing.agreed[V1] = ("1", "2")
    standing.place = Place("fra1.example", 443)
    standing.properties = "abc"
    standing.events_seq = 90
    standing.count_imported(70, 5 * DAY_MS)
    other = again(standing, 100)
    assert other.agreed == {V1: ("1", "2")}
    assert other.place == Place("fra1.example", 443)
    assert (other.properties, other.events_seq) == ("abc", 90)
    assert other.imported(5 * DAY_MS + 1) == 70


@pytest.mark.parametrize(
    "note",
    [
        {"progress": 7, "agreed": [], "place": ["x"], "properties": 1, "events_seq": "9"},
        {"agreed": {"house/V1": 5, "nonsense": "1"}, "imported": [1], "place": {"host": 1}},
        {"imported": "often", "place": [1, 2], "agreed": {"house/V1": ["a"]}},
    ],
)
def test_a_note_that_makes_no_sense_is_survived(note: dict[str, object]) -> None:
    standing = Standing(note, 100)
    assert standing.agreed == {}
    assert standing.place is None
    assert standing.imported(0) == 0
    assert standing.events_seq == 100


def test_points_of_a_day_are_forgotten_with_it() -> None:
    standing = Standing(None, 1)
    standing.count_imported(3, DAY_MS)
    standing.count_imported(4, DAY_MS + 5)
    assert standing.imported(2 * DAY_MS - 1) == 7
    assert standing.imported(2 * DAY_MS) == 0
    standing.count_imported(1, 2 * DAY_MS)
    assert standing.imported(2 * DAY_MS) == 1


def test_what_was_told_at_last_is_taken_back() -> None:
    standing = Standing(None, 10)
    for second in range(20):
        standing.remember(float(second))
        standing.progress.live_done(11 + second)
    standing.fall_back(30, 20.0)
    # At the second 14 changes up to 24 were told.
    assert standing.progress.done == 24
    assert standing.progress.live_seq == 24


def test_falling_back_twice_takes_back_once() -> None:
    standing = Standing(None, 10)
    standing.remember(0.0)
    standing.progress.live_done(20)
    standing.fall_back(30, 20.0)
    standing.progress.live_done(30)
    standing.fall_back(30, 20.0)
    assert standing.progress.done == 30


def test_few_places_are_remembered() -> None:
    standing = Standing(None, 10)
    for step in range(10_000):
        standing.remember(step / 100)
    assert len(standing._before) <= RESEND_S / REMEMBER_EVERY_S + 2


def test_only_what_was_agreed_at_last_is_doubtful() -> None:
    standing = Standing(None, 10)
    for at, value in ((0.0, "20"), (10.0, "21"), (18.0, "22"), (19.0, "22"), (19.5, "23")):
        standing.agree(V1, (value,), at)
    standing.remember(19.0)
    standing.fall_back(30, 20.0)
    assert standing.agreed == {V1: ("23",)}
    assert standing.doubtful == {V1: [("21",), ("22",)]}


def test_what_is_doubtful_stays_so_until_it_was_settled() -> None:
    standing = Standing(None, 10)
    standing.agree(V1, ("20",), 0.0)
    standing.agree(V1, ("21",), 1.0)
    standing.remember(1.0)
    standing.fall_back(30, 2.0)
    # The next connection ends before it can be.
    standing.fall_back(30, 3.0)
    assert standing.doubtful == {V1: [("20",)]}
