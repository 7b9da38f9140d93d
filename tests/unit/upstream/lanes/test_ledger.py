import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.upstream.lanes.ledger import DAY_MS, MAX_PERIODS, Ledger, Period


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOVEMBER, DECEMBER, JANUARY = ms("2026-11-10"), ms("2026-12-05"), ms("2027-01-03")


def monthly(note: object = None, now_ms: int = NOVEMBER) -> Ledger:
    return Ledger(Period.MONTH, note, now_ms)


@pytest.mark.parametrize(
    ("at", "begin", "end"),
    [
        ("2026-11-01T00:00:00", "2026-11-01", "2026-12-01"),
        ("2026-11-30T23:59:59.999", "2026-11-01", "2026-12-01"),
        ("2026-12-31T12:00:00", "2026-12-01", "2027-01-01"),
        ("2027-01-31T12:00:00", "2027-01-01", "2027-02-01"),
        ("2028-02-29T12:00:00", "2028-02-01", "2028-03-01"),
    ],
)
def test_months_are_those_of_the_calendar(at: str, begin: str, end: str) -> None:
    assert Period.MONTH.span(ms(at)) == (ms(begin), ms(end))


def test_days_are_those_of_utc() -> None:
    assert Period.DAY.span(ms("2026-11-10T23:59:59")) == (ms("2026-11-10"), ms("2026-11-11"))


def test_messages_count_in_their_period_and_the_next_begins_with_none() -> None:
    ledger = monthly()
    ledger.spend(5, NOVEMBER)
    ledger.spend(3, NOVEMBER + DAY_MS)
    assert ledger.spent(NOVEMBER + 2 * DAY_MS) == 8
    assert ledger.spent(DECEMBER) == 0
    assert (ledger.begin_ms, ledger.end_ms) == Period.MONTH.span(DECEMBER)


def test_a_clock_that_goes_back_finds_what_was_sent_meanwhile() -> None:
    ledger = monthly()
    ledger.spend(5, NOVEMBER)
    ledger.spend(3, DECEMBER)
    assert ledger.spent(NOVEMBER) == 8
    ledger.spend(2, NOVEMBER)
    assert ledger.spent(DECEMBER) == 5


def test_a_period_before_all_that_are_known_begins_with_what_was_sent_in_them() -> None:
    ledger = monthly(now_ms=DECEMBER)
    ledger.spend(5, DECEMBER)
    ledger.spend(3, JANUARY)
    assert ledger.spent(NOVEMBER) == 8


def test_a_clock_that_went_on_for_a_day_is_believed() -> None:
    ledger = monthly()
    ledger.spend(3, DECEMBER)
    ledger.spend(5, NOVEMBER)
    ledger.turn(NOVEMBER + DAY_MS - 1)
    assert ledger.spent(DECEMBER) == 8
    ledger.turn(NOVEMBER)
    ledger.turn(NOVEMBER + DAY_MS)
    ledger.spend(7, NOVEMBER + DAY_MS)
    ledger.turn(NOVEMBER + DAY_MS + 1)
    # Only what was sent since then, beside its own.
    assert ledger.spent(DECEMBER) == 3 + 7
    assert ledger.sent_in(DECEMBER) == 3


def test_what_was_sent_in_a_period_is_known_apart_from_what_counts_in_it() -> None:
    ledger = monthly()
    ledger.spend(5, NOVEMBER)
    ledger.spend(3, DECEMBER)
    assert (ledger.sent_in(NOVEMBER), ledger.sent_in(DECEMBER), ledger.sent_in(JANUARY)) == (
        5,
        3,
        0,
    )


def test_a_note_brings_everything_back() -> None:
    ledger = monthly()
    ledger.spend(5, NOVEMBER)
    ledger.spend(3, DECEMBER)
    again = monthly(json.loads(json.dumps(ledger.note())), NOVEMBER)
    assert (again.spent(NOVEMBER), again.spent(DECEMBER)) == (8, 3)


@pytest.mark.parametrize("note", [None, 5, {}, [[1, 2]], [[1, -2, 3]], ["x"], [[None, 1, 1]]])
def test_what_cannot_be_read_of_a_note_was_not(note: object) -> None:
    assert monthly(note).spent(NOVEMBER) == 0


def test_the_oldest_of_too_many_periods_is_forgotten_but_never_the_present_one() -> None:
    ledger = Ledger(Period.DAY, None, NOVEMBER)
    for day in range(MAX_PERIODS + 10):
        ledger.spend(1, NOVEMBER + day * DAY_MS)
    assert len(ledger.note()) == MAX_PERIODS
    ledger.spend(1, NOVEMBER - DAY_MS)
    assert ledger.spent(NOVEMBER - DAY_MS) > 1
    assert len(ledger.note()) == MAX_PERIODS


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["spend", "spend", "on", "jump", "restart"]),
            st.integers(-3 * DAY_MS, 3 * DAY_MS),
        ),
        max_size=30,
    )
)
def test_whatever_the_clock_does_no_message_is_forgotten_in_the_period_it_was_sent_in(
    steps: list[tuple[str, int]],
) -> None:
    now_ms = NOVEMBER
    ledger = Ledger(Period.DAY, None, now_ms)
    sent: Counter[int] = Counter()
    for what, by in steps:
        match what:
            case "spend":
                ledger.spend(by % 7, now_ms)
                sent[now_ms // DAY_MS] += by % 7
            case "on":
                now_ms += abs(by) // 10
            case "jump":
                # Within as many days as are remembered.
                now_ms = min(max(now_ms + by, NOVEMBER - 10 * DAY_MS), NOVEMBER + 15 * DAY_MS)
            case _:
                ledger = Ledger(Period.DAY, json.loads(json.dumps(ledger.note())), now_ms)
        assert ledger.spent(now_ms) >= sent[now_ms // DAY_MS]


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(-5 * DAY_MS, 5 * DAY_MS)), max_size=20))
def test_a_clock_that_jumps_within_a_day_gives_no_period_a_second_budget(
    steps: list[tuple[int, int]],
) -> None:
    ledger, first_in, total = Ledger(Period.DAY, None, NOVEMBER), {NOVEMBER // DAY_MS: 0}, 0
    last_ms = back_ms = NOVEMBER
    for count, by in steps:
        now_ms = NOVEMBER + by
        back_ms = now_ms if now_ms < last_ms else back_ms
        last_ms = now_ms
        later = [first for day, first in first_in.items() if day > now_ms // DAY_MS]
        first_in.setdefault(now_ms // DAY_MS, min(later, default=total))
        if now_ms - back_ms >= DAY_MS:
            return
        # All that was sent since it was first shown, whatever was shown in between.
        assert ledger.spent(now_ms) == total - first_in[now_ms // DAY_MS]
        ledger.spend(count, now_ms)
        total += count
