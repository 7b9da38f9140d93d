import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.upstream.lanes.progress import MAX_RANGES, Progress


def test_without_a_break_live_reading_alone_moves_the_place() -> None:
    progress = Progress(10)
    progress.live_done(15)
    assert (progress.done, progress.live_seq, progress.backlog()) == (15, 15, None)


def test_a_break_leaves_a_gap_that_live_reading_does_not_close() -> None:
    progress = Progress(10)
    progress.begin_live(20)
    progress.live_done(25)
    assert (progress.done, progress.live_seq, progress.backlog()) == (10, 25, (10, 20))


def test_a_gap_is_done_bit_by_bit_and_joins_what_was_sent_live_beyond_it() -> None:
    progress = Progress(10)
    progress.begin_live(20)
    progress.live_done(25)
    progress.backlog_done(15)
    assert (progress.done, progress.backlog()) == (15, (15, 20))
    progress.backlog_done(20)
    assert (progress.done, progress.live_seq, progress.backlog()) == (25, 25, None)


def test_breaks_one_after_the_other_leave_a_gap_each_and_the_oldest_comes_first() -> None:
    progress = Progress()
    for at in (10, 20, 30):
        progress.begin_live(at)
        progress.live_done(at + 1)
    assert progress.gaps() == [(0, 10), (11, 20), (21, 30)]
    progress.backlog_done(10)
    assert progress.gaps() == [(11, 20), (21, 30)]
    assert progress.done == 11


def test_a_connection_on_which_nothing_was_sent_does_not_divide_a_gap() -> None:
    progress = Progress(5)
    progress.begin_live(10)
    progress.begin_live(20)
    assert progress.gaps() == [(5, 20)]


def test_live_reading_never_goes_back() -> None:
    progress = Progress(5)
    progress.begin_live(10)
    progress.live_done(12)
    progress.live_done(11)
    progress.begin_live(8)
    assert (progress.live_seq, progress.gaps()) == (12, [(5, 10)])
    plain = Progress(5)
    plain.live_done(3)
    assert plain.done == 5


def test_the_backlog_never_goes_back_and_ends_with_its_gap() -> None:
    progress = Progress(5)
    progress.begin_live(10)
    progress.live_done(12)
    progress.backlog_done(8)
    progress.backlog_done(6)
    assert progress.done == 8
    progress.backlog_done(11)
    assert progress.done == 12
    progress.backlog_done(99)
    assert progress.done == 12


def test_ranges_are_put_in_order_and_joined() -> None:
    progress = Progress(5, [(30, 40), (4, 8), (20, 25), (24, 26), (50, 45)])
    assert (progress.done, progress.gaps(), progress.live_seq) == (8, [(8, 20), (26, 30)], 40)


def test_beyond_so_many_ranges_the_smallest_is_done_again_and_the_live_one_stays() -> None:
    progress = Progress()
    for number in range(MAX_RANGES + 1):
        progress.begin_live(100 * number + 100)
        progress.live_done(100 * number + 100 + (1 if number == 7 else 50))
    assert len(progress.gaps()) == MAX_RANGES
    assert (750, 900) in progress.gaps()
    assert progress.live_seq == 100 * MAX_RANGES + 150
    progress.begin_live(100_000)
    assert progress.live_seq == 100_000


def test_a_note_brings_everything_back() -> None:
    progress = Progress(5)
    progress.begin_live(10)
    progress.live_done(12)
    progress.begin_live(20)
    again = Progress.from_note(json.loads(json.dumps(progress.note())), 30)
    assert (again.done, again.live_seq, again.gaps()) == (5, 20, [(5, 10), (12, 20)])


def test_a_note_of_another_journal_reaches_no_further_than_this_one() -> None:
    note = {"done": 50, "ranges": [[90, 200], [300, 400]]}
    progress = Progress.from_note(note, 100)
    assert (progress.gaps(), progress.live_seq) == ([(50, 90)], 100)
    assert Progress.from_note({"done": 500, "ranges": []}, 100).done == 100
    assert Progress.from_note({"done": -3, "ranges": []}, 100).done == 0


@pytest.mark.parametrize("note", [None, [], "x", {}, {"done": 1}, {"done": "1", "ranges": []}])
def test_without_a_readable_note_all_there_is_counts_as_done(note: object) -> None:
    progress = Progress.from_note(note, 100)
    assert (progress.done, progress.backlog()) == (100, None)


def test_a_range_that_cannot_be_read_is_done_again() -> None:
    note = {"done": 10, "ranges": [None, [1], ["a", "b"], [20, 30], [50, 40], [60, 70]]}
    assert Progress.from_note(note, 100).gaps() == [(10, 20), (30, 60)]


@given(
    st.lists(st.tuples(st.sampled_from(["begin", "live", "back", "note"]), st.integers(0, 6))),
    st.integers(0, 5),
)
def test_it_is_the_same_as_a_set_of_numbers(steps: list[tuple[str, int]], start: int) -> None:
    progress = Progress(start)
    done, live = set(range(1, start + 1)), start
    for what, by in steps:
        if what == "begin":
            live += by
            progress.begin_live(live)
        elif what == "live":
            done |= set(range(live + 1, live + by + 1))
            live += by
            progress.live_done(live)
        elif what == "back" and (gap := progress.backlog()) is not None:
            upto = min(gap[0] + by, gap[1])
            done |= set(range(gap[0] + 1, upto + 1))
            progress.backlog_done(upto)
        elif what == "note":
            progress = Progress.from_note(progress.note(), live)
        missing = set(range(1, live + 1)) - done
        assert progress.live_seq == live
        assert {seq for gap in progress.gaps() for seq in range(gap[0] + 1, gap[1] + 1)} == missing
        assert progress.done == min(missing, default=live + 1) - 1
        assert progress.backlog() == next(iter(progress.gaps()), None)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["done", "ranges"]), inner, max_size=2)
        ),
        max_leaves=12,
    ),
    st.integers(0, 100),
)
def test_any_note_gives_a_progress_within_the_journal(note: object, newest: int) -> None:
    progress = Progress.from_note(note, newest)
    assert 0 <= progress.done <= progress.live_seq <= newest
    assert all(progress.done <= begin < end <= newest for begin, end in progress.gaps())
