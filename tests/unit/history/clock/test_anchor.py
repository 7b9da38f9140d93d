import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.clock.anchor import (
    Anchor,
    Quality,
    Reading,
    Shift,
    Timeline,
    begin,
    correct,
    move,
    segments_query,
)
from blynk_gateway.history.file.database import Statement
from blynk_gateway.history.file.migration import scripts
from blynk_gateway.history.segments.segment import Segment, decode, encode

BOOT = "boot-2"
WRONG_MS = 1_600_000_000_000
RIGHT_MS = 1_800_000_000_000
DELTA_MS = RIGHT_MS - WRONG_MS


def reading(seconds: float, is_trusted: bool = False, base_ms: int = WRONG_MS) -> Reading:
    """What the clocks show so many seconds after the daemon began, at 60 s after the boot."""
    ms = round(seconds * 1000)
    return Reading(base_ms + ms, 60_000 + ms, is_trusted)


def change(seq: int, at_ms: int, value: str = "1") -> PinChange:
    origin = Origin(OriginKind.DEVICE, "1")
    return PinChange(seq, "a", "V1", (value,), (), origin, Intent.COMMAND, at_ms, None, 0)


def segment(*points: tuple[int, int]) -> Segment:
    changes = [change(seq, at_ms, str(seq)) for seq, at_ms in points]
    return encode(changes, [seq % 3 + 1 for seq, _ in points])


def times(segment: Segment) -> list[tuple[int, int]]:
    return [(point.seq, point.at_ms) for point in decode(segment.body)]


def started(next_seq: int = 100) -> Timeline:
    timeline = Timeline([], BOOT)
    assert timeline.look(reading(0), next_seq=next_seq, checked_seq=0) is None
    return timeline


def as_kept(timeline: Timeline) -> list[Anchor]:
    """The anchors as a database gives them back."""
    with database() as connection:
        run(connection, timeline.statements())
        return [Anchor(*one) for one in connection.execute("SELECT * FROM clock_anchor")]


def jump(timeline: Timeline, delta_ms: int = DELTA_MS, is_trusted: bool = True) -> Shift:
    """The clock jumps after 100 s, with numbers up to 199, of which 10 came in the last second."""
    at = reading(100, is_trusted, WRONG_MS + delta_ms)
    shift = timeline.look(at, next_seq=200, checked_seq=189)
    assert shift is not None
    return shift


def test_rows_before_and_after_synchronisation_have_their_quality() -> None:
    timeline = started()
    assert timeline.quality(99) is Quality.UNTRUSTED
    assert timeline.quality(150) is Quality.UNTRUSTED
    assert timeline.first_untrusted_seq() == 100
    jump(timeline)
    assert timeline.quality(150) is Quality.CORRECTED
    assert timeline.quality(200) is Quality.TRUSTED
    assert timeline.first_untrusted_seq() is None


def test_clock_that_turns_out_right_needs_no_correction() -> None:
    timeline = started()
    at = reading(100, is_trusted=True)
    assert timeline.look(at, next_seq=200, checked_seq=199) is None
    assert timeline.quality(150) is Quality.CORRECTED
    assert timeline.quality(200) is Quality.TRUSTED


def test_jump_of_a_trusted_clock_changes_no_rows() -> None:
    timeline = Timeline([], BOOT)
    timeline.look(reading(0, is_trusted=True), next_seq=1, checked_seq=0)
    at = reading(100, True, RIGHT_MS)
    assert timeline.look(at, next_seq=50, checked_seq=49) is None
    assert [one.first_seq for one in timeline.anchors] == [1, 50]


def test_jump_while_the_daemon_was_down_is_seen_at_its_start() -> None:
    timeline = Timeline(as_kept(started()), BOOT)
    shift = timeline.look(reading(500, True, RIGHT_MS), next_seq=300, checked_seq=299)
    assert shift is not None
    assert (shift.from_seq, shift.upto_seq, shift.delta_ms) == (100, 299, DELTA_MS)
    assert shift.moves(100, WRONG_MS)
    assert shift.moves(299, WRONG_MS + 499_000)


def test_rows_of_another_boot_stay() -> None:
    old = Anchor(1, "boot-1", 0, WRONG_MS, Quality.UNTRUSTED)
    timeline = Timeline([old], BOOT)
    timeline.look(reading(0), next_seq=100, checked_seq=0)
    assert jump(timeline).from_seq == 100
    assert timeline.anchors[0] == old
    assert timeline.quality(50) is Quality.UNTRUSTED


def test_two_jumps_move_all_that_is_not_trusted_twice() -> None:
    timeline = started()
    first = jump(timeline, 10_000, is_trusted=False)
    assert timeline.quality(150) is Quality.UNTRUSTED
    second = timeline.look(reading(200, True, RIGHT_MS), next_seq=300, checked_seq=299)
    assert second is not None
    assert (first.id, second.id) == (1, 2)
    assert second.from_seq == 100
    at_ms = WRONG_MS + 50_000
    assert first.moves(150, at_ms)
    assert second.moves(150, at_ms + first.delta_ms)
    assert at_ms + first.delta_ms + second.delta_ms == RIGHT_MS + 50_000


def test_earlier_run_of_a_boot_vouches_for_the_clock_as_long_as_nobody_sets_it() -> None:
    timeline = started()
    assert not timeline.was_trusted(reading(10))
    jump(timeline)
    again = Timeline(as_kept(timeline), BOOT)
    assert again.was_trusted(reading(500, base_ms=RIGHT_MS))
    assert not again.was_trusted(reading(500, base_ms=RIGHT_MS + 3000))
    assert not Timeline(timeline.anchors, "boot-3").was_trusted(reading(500, base_ms=RIGHT_MS))


@pytest.mark.parametrize(
    ("seq", "at_ms", "moves"),
    [
        (100, WRONG_MS, True),
        (189, WRONG_MS + 99_000, True),
        (195, WRONG_MS + 99_900, True),
        (195, RIGHT_MS + 99_950, False),  # stamped between the jump and the look that saw it
        (150, RIGHT_MS + 10_000, False),  # imported with a time of its own
        (150, WRONG_MS - 1000, False),  # likewise
        (99, WRONG_MS + 50_000, False),  # of an earlier boot
        (200, WRONG_MS + 50_000, False),  # later
    ],
)
def test_jump_ahead_moves_what_was_stamped_before_it(seq: int, at_ms: int, moves: bool) -> None:
    assert jump(started()).moves(seq, at_ms) is moves


@pytest.mark.parametrize(
    ("seq", "at_ms", "moves"),
    [
        (100, WRONG_MS, True),
        (189, WRONG_MS + 99_000, True),
        (195, WRONG_MS + 99_900, True),
        (195, WRONG_MS + 89_950, False),  # after the jump, and within the range of earlier rows
    ],
)
def test_jump_back_moves_what_was_stamped_before_it(seq: int, at_ms: int, moves: bool) -> None:
    assert jump(started(), -10_000).moves(seq, at_ms) is moves


def test_segment_of_rows_that_all_move_keeps_everything_else() -> None:
    before = segment((100, WRONG_MS), (101, WRONG_MS + 5), (102, WRONG_MS + 3))
    after = move(jump(started()), before)
    assert times(after) == [(seq, at_ms + DELTA_MS) for seq, at_ms in times(before)]
    assert (after.first_ms, after.last_ms) == (RIGHT_MS, RIGHT_MS + 5)
    assert [p._replace(at_ms=0) for p in decode(after.body)] == [
        p._replace(at_ms=0) for p in decode(before.body)
    ]


def test_segment_of_which_some_move_keeps_everything_else() -> None:
    before = segment((188, WRONG_MS + 5), (191, WRONG_MS + 99_900), (192, RIGHT_MS + 99_990))
    after = move(jump(started()), before)
    assert times(after) == [
        (188, RIGHT_MS + 5),
        (191, RIGHT_MS + 99_900),
        (192, RIGHT_MS + 99_990),
    ]
    assert (after.first_ms, after.last_ms) == (RIGHT_MS + 5, RIGHT_MS + 99_990)
    assert [p._replace(at_ms=0) for p in decode(after.body)] == [
        p._replace(at_ms=0) for p in decode(before.body)
    ]


def test_segment_of_which_none_moves_is_the_same() -> None:
    before = segment((50, WRONG_MS), (51, WRONG_MS + 1))
    assert move(jump(started()), before) is before


def test_damaged_segment_is_told() -> None:
    before = segment((100, WRONG_MS))._replace(body=b"\x07")
    with pytest.raises(HistoryCorrupt):
        move(jump(started()), before)


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for script in scripts():
            connection.executescript(script)
        yield connection


def run(connection: sqlite3.Connection, statements: Iterable[Statement]) -> None:
    for sql, values in statements:
        connection.execute(sql, values)


def finish(connection: sqlite3.Connection, shift: Shift, limit: int, times_each: int = 1) -> int:
    slices = 0
    while shift.done_seq < shift.upto_seq:
        rows = connection.execute(*segments_query(shift, limit)).fetchall()
        shift, statements = correct(shift, [Segment(*row) for row in rows])
        for _ in range(times_each):
            run(connection, statements)
        slices += 1
    return slices


def fill(connection: sqlite3.Connection) -> None:
    for first in range(90, 200, 10):
        points = [(seq, WRONG_MS + (seq - 100) * 1000) for seq in range(first, first + 10)]
        connection.execute("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)", segment(*points))
    for stream, seq in ((1, 50), (2, 150), (3, 195)):
        connection.execute(
            "INSERT INTO value VALUES (?, x'31', ?, ?)",
            (stream, WRONG_MS + (seq - 100) * 1000, seq),
        )
    connection.execute(
        "INSERT INTO event VALUES (160, 'a', 'logged', x'', x'', 'device', x'', ?)",
        (WRONG_MS + 60_000,),
    )
    for device, at_ms in (("a", WRONG_MS + 7), ("b", WRONG_MS - 86_400_000), ("c", RIGHT_MS)):
        connection.execute("INSERT INTO state VALUES (?, x'', ?)", (device, at_ms))


@pytest.mark.parametrize("times_each", [1, 2])
def test_correction_of_a_database_bears_to_be_repeated(times_each: int) -> None:
    timeline = started()
    shift = jump(timeline)
    with database() as connection:
        fill(connection)
        for _ in range(times_each):
            run(connection, begin(shift, timeline.statements()))
        assert finish(connection, shift, 3, times_each) == 4
        rows = connection.execute("SELECT * FROM segment ORDER BY first_seq").fetchall()
        found = [one for row in rows for one in times(Segment(*row))]
        assert found == [
            (seq, (WRONG_MS if seq < 100 else RIGHT_MS) + (seq - 100) * 1000)
            for seq in range(90, 200)
        ]
        for _, _, _, first_ms, last_ms, body in rows:
            inside = [point.at_ms for point in decode(body)]
            assert (first_ms, last_ms) == (min(inside), max(inside))
        assert connection.execute("SELECT at_ms FROM value ORDER BY stream").fetchall() == [
            (WRONG_MS - 50_000,),
            (RIGHT_MS + 50_000,),
            (RIGHT_MS + 95_000,),
        ]
        assert connection.execute("SELECT at_ms FROM event").fetchall() == [(RIGHT_MS + 60_000,)]
        assert connection.execute("SELECT last_seen_ms FROM state").fetchall() == [
            (RIGHT_MS + 7,),
            (WRONG_MS - 86_400_000,),
            (RIGHT_MS,),
        ]
        kept = connection.execute("SELECT * FROM clock_anchor").fetchall()
        assert [Anchor(*one) for one in kept] == timeline.anchors
        assert connection.execute("SELECT done_seq FROM clock_shift").fetchall() == [(199,)]


def test_correction_that_a_crash_broke_off_goes_on_where_it_was() -> None:
    timeline = started()
    shift = jump(timeline)
    with database() as connection:
        fill(connection)
        run(connection, begin(shift, timeline.statements()))
        rows = connection.execute(*segments_query(shift, 4)).fetchall()
        _, statements = correct(shift, [Segment(*row) for row in rows])
        run(connection, statements)
        (again,) = (Shift(*row) for row in connection.execute("SELECT * FROM clock_shift"))
        finish(connection, again, 100)
        bodies = connection.execute("SELECT body FROM segment ORDER BY first_seq").fetchall()
    found = [point.at_ms for (body,) in bodies for point in decode(body) if point.seq >= 100]
    assert found == [RIGHT_MS + number * 1000 for number in range(100)]


def test_next_correction_takes_the_place_of_the_last_one() -> None:
    timeline = started()
    first = jump(timeline, 10_000, is_trusted=False)
    second = timeline.look(reading(200, True, RIGHT_MS), next_seq=300, checked_seq=299)
    assert second is not None
    with database() as connection:
        run(connection, begin(first, []))
        run(connection, begin(second, []))
        assert connection.execute("SELECT id FROM clock_shift").fetchall() == [(2,)]


def test_clock_that_was_set_and_is_not_trusted_since_is_known_again() -> None:
    timeline = started()
    assert not timeline.was_set(reading(10))
    assert timeline.was_set(reading(10, base_ms=RIGHT_MS))
    jump(timeline, is_trusted=False)
    again = Timeline(as_kept(timeline), BOOT)
    assert again.was_set(reading(500, base_ms=RIGHT_MS))
    assert not again.was_trusted(reading(500, base_ms=RIGHT_MS))
    assert not Timeline(timeline.anchors, "boot-3").was_set(reading(500, base_ms=RIGHT_MS))


def test_what_is_given_up_stays_and_the_rest_moves() -> None:
    timeline = started()
    timeline.give_up(149, 60_000 + 50_000)
    assert timeline.first_untrusted_seq() == 150
    shift = jump(timeline)
    assert shift.from_seq == 150
    assert not shift.moves(149, WRONG_MS + 49_000)
    assert not shift.moves(150, WRONG_MS + 49_000)
    assert shift.moves(150, WRONG_MS + 50_000)
    assert [timeline.quality(seq) for seq in (149, 150, 200)] == [
        Quality.UNTRUSTED,
        Quality.CORRECTED,
        Quality.TRUSTED,
    ]


def test_giving_up_twice_takes_what_came_since() -> None:
    timeline = started()
    timeline.give_up(99, 60_000)
    assert timeline.first_untrusted_seq() == 100
    timeline.give_up(120, 70_000)
    timeline.give_up(140, 80_000)
    assert [one.first_seq for one in timeline.anchors] == [100, 121, 141]
    assert timeline.first_untrusted_seq() == 141


def test_copy_is_another_one() -> None:
    timeline = started()
    copy = timeline.copy()
    jump(copy)
    assert timeline.first_untrusted_seq() == 100
    assert jump(timeline) == jump(started())


@pytest.mark.parametrize(
    ("at_ms", "right_ms"),
    [
        (WRONG_MS + 7, RIGHT_MS + 7),
        (WRONG_MS - 86_400_000, WRONG_MS - 86_400_000),
        (RIGHT_MS + 99_000, RIGHT_MS + 99_000),
    ],
)
def test_time_without_a_number_moves_if_it_was_ours(at_ms: int, right_ms: int) -> None:
    assert jump(started()).corrected_sight(at_ms) == right_ms
