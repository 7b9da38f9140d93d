import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config.upstream.options import BudgetOptions
from blynk_gateway.upstream.lanes.budget import MAX_DEBT_MS, Budget
from blynk_gateway.upstream.lanes.ledger import Period

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


BEGIN_MS = ms("2026-11-01")
"""Of a month of 30 days."""


def monthly(limit: int = 30_000, now_ms: int = BEGIN_MS) -> Budget:
    return Budget(BudgetOptions(month=limit), None, now_ms)


def spend_all(budget: Budget, now_ms: int, *, is_urgent: bool = False) -> int:
    """Send one by one as long as there is no wait; how many went."""
    count = 0
    while not budget.wait_s(1, now_ms, is_urgent=is_urgent):
        budget.spend(1, now_ms)
        count += 1
    return count


def spend_until(budget: Budget, now_ms: int, end_ms: int, *, most: int = 10**9) -> int:
    """Send one by one, each as soon as it may go, until a time; how many went."""
    count = 0
    while now_ms < end_ms and count < most:
        wait_s = budget.wait_s(1, now_ms)
        if wait_s:
            now_ms += max(1, round(wait_s * 1000))
        else:
            budget.spend(1, now_ms)
            count += 1
    return count


def test_without_limits_nothing_waits_and_all_is_counted() -> None:
    budget = Budget(BudgetOptions(), None, BEGIN_MS)
    budget.spend(10**9, BEGIN_MS)
    assert budget.wait_s(10**9, BEGIN_MS) == 0
    assert budget.backlog_share(BEGIN_MS) is None
    assert budget.states(BEGIN_MS) == ()
    again = Budget(BudgetOptions(month=2 * 10**9), budget.note(), BEGIN_MS)
    assert again.states(BEGIN_MS)[0].spent == 10**9


# Evenly.


def test_the_allowance_grows_by_nine_tenths_of_the_average_at_first() -> None:
    budget = monthly(30_000)
    assert budget.wait_s(1, BEGIN_MS) == pytest.approx(86.4 / 0.9, rel=0.01)
    assert spend_until(budget, BEGIN_MS, BEGIN_MS + DAY_MS) == pytest.approx(900, abs=2)


def test_after_the_wait_that_it_tells_a_message_may_go() -> None:
    budget, now_ms = monthly(), BEGIN_MS
    for _ in range(100):
        now_ms += round(1000 * budget.wait_s(1, now_ms))
        now_ms += round(1000 * budget.wait_s(1, now_ms))
        assert budget.wait_s(1, now_ms) == 0
        budget.spend(1, now_ms)


def test_a_batch_waits_until_all_of_it_is_allowed() -> None:
    budget = monthly(30_000)
    assert budget.wait_s(10, BEGIN_MS) == pytest.approx(10 * 96, rel=0.01)


def test_a_month_is_spent_whole_and_each_day_alike() -> None:
    budget, days = monthly(3000), Counter[int]()
    for day in range(30):
        begin_ms = BEGIN_MS + day * DAY_MS
        days[day] = spend_until(budget, begin_ms, begin_ms + DAY_MS)
    assert 2970 <= days.total() <= 3000
    assert max(days.values()) < 150
    assert min(days.values()) > 80


def test_a_quiet_time_saves_for_later_but_no_more_than_a_day_at_once() -> None:
    budget = monthly(30_000)
    assert spend_all(budget, BEGIN_MS + HOUR_MS) == pytest.approx(37, abs=1)
    assert spend_all(budget, BEGIN_MS + 10 * DAY_MS) == pytest.approx(1000, abs=1)


def test_a_quiet_time_is_made_up_for_at_twice_the_average_at_most() -> None:
    budget, late_ms = monthly(30_000), BEGIN_MS + 25 * DAY_MS
    spend_all(budget, late_ms)
    assert spend_until(budget, late_ms, late_ms + DAY_MS) == pytest.approx(2000, abs=2)


def test_a_day_may_be_limited_too() -> None:
    budget = Budget(BudgetOptions(month=30_000, day=100), None, BEGIN_MS)
    assert 98 <= spend_until(budget, BEGIN_MS, BEGIN_MS + DAY_MS) <= 100
    assert 98 <= spend_until(budget, BEGIN_MS + DAY_MS, BEGIN_MS + 2 * DAY_MS) <= 100
    budget = Budget(BudgetOptions(month=300, day=1000), None, BEGIN_MS)
    assert spend_until(budget, BEGIN_MS, BEGIN_MS + DAY_MS) <= 10


def test_what_is_saved_is_not_allowed_twice() -> None:
    budget = Budget(BudgetOptions(day=1000), None, BEGIN_MS)
    for minute in range(12 * 60):
        budget.wait_s(1, BEGIN_MS + minute * MINUTE_MS)
    # Nine tenths of the rest, all the time: what is not allowed yet falls to a half to that power.
    expected = 1000 * (1 - 0.5**0.9)
    assert spend_all(budget, BEGIN_MS + 12 * HOUR_MS) == pytest.approx(expected, abs=2)


def test_a_batch_of_more_than_a_day_goes_when_a_day_is_saved() -> None:
    budget = monthly(30_000)
    assert budget.wait_s(5000, BEGIN_MS) > 0
    assert budget.wait_s(5000, BEGIN_MS + 10 * DAY_MS) == 0


def test_a_budget_of_less_than_a_message_a_day_is_spent_too() -> None:
    assert spend_until(monthly(20), BEGIN_MS, BEGIN_MS + 10 * DAY_MS) == 6
    assert spend_until(monthly(20), BEGIN_MS, BEGIN_MS + 30 * DAY_MS) >= 18


# Urgent ones.


def test_urgent_ones_do_not_wait_for_the_allowance() -> None:
    budget = monthly()
    assert budget.wait_s(1, BEGIN_MS) > 0
    assert budget.wait_s(1, BEGIN_MS, is_urgent=True) == 0


def test_urgent_ones_may_spend_it_all_and_no_more() -> None:
    budget = monthly(100)
    assert spend_all(budget, BEGIN_MS, is_urgent=True) == 100
    assert budget.wait_s(1, BEGIN_MS, is_urgent=True) == 30 * DAY_MS / 1000
    assert budget.wait_s(1, BEGIN_MS) == 30 * DAY_MS / 1000
    assert budget.wait_s(1, BEGIN_MS + 30 * DAY_MS, is_urgent=True) == 0


def test_a_batch_larger_than_what_is_left_waits_for_the_next_period() -> None:
    budget = Budget(BudgetOptions(day=10), None, BEGIN_MS)
    budget.spend(8, BEGIN_MS)
    assert budget.wait_s(2, BEGIN_MS, is_urgent=True) == 0
    assert budget.wait_s(3, BEGIN_MS, is_urgent=True) == DAY_MS / 1000


def test_a_tenth_of_what_is_left_is_kept_for_urgent_ones() -> None:
    budget, late_ms = monthly(30_000), BEGIN_MS + 29 * DAY_MS
    budget.spend(29_900, BEGIN_MS)
    assert spend_all(budget, late_ms) == 90
    assert spend_all(budget, late_ms, is_urgent=True) == 10


def test_others_wait_only_for_a_while_after_many_urgent_ones() -> None:
    budget = monthly(100_000)
    budget.spend(500, BEGIN_MS)
    assert budget.wait_s(1, BEGIN_MS) < 1.1 * MAX_DEBT_MS / 1000 + 30


def test_what_was_spent_on_urgent_ones_is_missing_in_the_rest_of_the_period() -> None:
    budget = monthly(30_000)
    budget.spend(15_000, BEGIN_MS)
    assert budget.wait_s(1, BEGIN_MS + DAY_MS) == 0
    spend_all(budget, BEGIN_MS + DAY_MS)
    went = spend_until(budget, BEGIN_MS + DAY_MS, BEGIN_MS + 2 * DAY_MS)
    assert went == pytest.approx(450, rel=0.05)


# Restarts and clocks.


def test_a_restart_goes_on_where_it_was() -> None:
    budget, now_ms = monthly(30_000), BEGIN_MS + HOUR_MS
    spend_all(budget, now_ms)
    budget.spend(7, now_ms)
    again = Budget(BudgetOptions(month=30_000), json.loads(json.dumps(budget.note())), now_ms)
    assert again.states(now_ms)[0].spent == budget.states(now_ms)[0].spent
    assert again.wait_s(1, now_ms) > 0


def test_what_was_saved_survives_a_restart() -> None:
    budget, now_ms = monthly(30_000), BEGIN_MS + HOUR_MS
    budget.wait_s(1, now_ms)
    again = Budget(BudgetOptions(month=30_000), budget.note(), now_ms)
    assert spend_all(again, now_ms) == pytest.approx(37, abs=1)


def test_what_is_owed_survives_a_restart() -> None:
    budget = monthly(100_000)
    budget.spend(500, BEGIN_MS)
    again = Budget(BudgetOptions(month=100_000), budget.note(), BEGIN_MS)
    assert again.wait_s(1, BEGIN_MS) == pytest.approx(budget.wait_s(1, BEGIN_MS), rel=0.01)
    assert again.wait_s(1, BEGIN_MS) > MAX_DEBT_MS / 1000


def test_restarts_one_after_the_other_win_nothing() -> None:
    note, went = None, 0
    for second in range(100):
        now_ms = BEGIN_MS + 1000 * second
        budget = Budget(BudgetOptions(month=30_000), note, now_ms)
        went += spend_all(budget, now_ms)
        note = budget.note()
    assert went <= 2


def test_a_clock_that_jumps_to_and_fro_wins_nothing() -> None:
    budget = monthly(100)
    went: Counter[str] = Counter()
    for _ in range(20):
        for at in ("2026-11", "2026-12", "2026-10", "2027-01"):
            went[at] += spend_all(budget, ms(f"{at}-05"), is_urgent=True)
    # October came later than two of those behind it, and may have been them.
    assert went == {"2026-11": 100, "2026-12": 100, "2026-10": 0, "2027-01": 100}


def test_a_month_begins_with_a_whole_budget() -> None:
    budget = monthly(100)
    spend_all(budget, ms("2026-11-30"), is_urgent=True)
    assert budget.states(ms("2026-12-01"))[0].left == 100


def test_a_clock_that_was_set_back_does_not_stop_the_allowance() -> None:
    budget = monthly(30_000, ms("2026-11-20"))
    spend_all(budget, ms("2026-11-20"))
    assert 0 < budget.wait_s(1, ms("2026-11-10")) < 200
    assert spend_all(budget, ms("2026-11-10") + HOUR_MS) > 20


@pytest.mark.parametrize(
    "note",
    [
        {"months": 7, "days": "x", "since_ms": None, "at_ms": "1", "saved": []},
        {"since_ms": 10**18, "at_ms": -(10**18), "saved": 10**30},
        {"saved": -(10**14), "at_ms": 10**14},
        {"saved": 10**400, "at_ms": -(10**400), "months": [[BEGIN_MS, 10**400, 0]]},
        {"months": [[1], {}, [BEGIN_MS, 1.5, 2]]},
    ],
)
def test_a_note_that_makes_no_sense_harms_nothing(note: dict[str, object]) -> None:
    budget = Budget(BudgetOptions(month=30_000), note, BEGIN_MS)
    assert spend_all(budget, BEGIN_MS) <= 1000
    assert budget.wait_s(1, BEGIN_MS) < 200 + MAX_DEBT_MS / 1000
    assert budget.states(BEGIN_MS)[0].left <= 30_000


_LIMITS = BudgetOptions(month=100, day=20)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["send", "send", "urgent", "urgent", "on", "jump", "restart"]),
            st.integers(1, 30),
        ),
        max_size=30,
    )
)
def test_whatever_comes_no_period_gets_more_than_its_limit(steps: list[tuple[str, int]]) -> None:
    now_ms = BEGIN_MS
    budget = Budget(_LIMITS, None, now_ms)
    days, months = Counter[int](), Counter[int]()
    for what, by in steps:
        match what:
            case "send" | "urgent":
                for cost in (by, 7, 1):
                    if budget.wait_s(cost, now_ms, is_urgent=what == "urgent") == 0:
                        budget.spend(cost, now_ms)
                        days[Period.DAY.span(now_ms)[0]] += cost
                        months[Period.MONTH.span(now_ms)[0]] += cost
            case "on":
                now_ms += by * HOUR_MS
            case "jump":
                # From a fortnight before the month to a fortnight behind it.
                now_ms = BEGIN_MS + (by - 15) * DAY_MS + by * MINUTE_MS
            case _:
                budget = Budget(_LIMITS, json.loads(json.dumps(budget.note())), now_ms)
        assert max(days.values(), default=0) <= 20
        assert max(months.values(), default=0) <= 100
        for state in budget.states(now_ms):
            assert state.left == max(0, state.limit - state.spent)
            assert state.spent <= state.forecast <= max(state.spent, state.limit)


# What is shown.


def test_the_state_tells_what_is_spent_and_left_until_when() -> None:
    budget = Budget(BudgetOptions(month=30_000, day=2000), None, BEGIN_MS)
    budget.spend(5, BEGIN_MS + HOUR_MS)
    month, day = budget.states(BEGIN_MS + HOUR_MS)
    assert (month.period, month.limit, month.spent, month.left) == ("month", 30_000, 5, 29_995)
    assert (day.period, day.limit, day.spent, day.left) == ("day", 2000, 5, 1995)
    assert (month.ends_ms, day.ends_ms) == (BEGIN_MS + 30 * DAY_MS, BEGIN_MS + DAY_MS)


def test_what_is_over_the_limit_already_leaves_nothing() -> None:
    budget = monthly(30_000)
    budget.spend(40_000, BEGIN_MS)
    state = budget.states(BEGIN_MS)[0]
    assert (state.spent, state.left, state.forecast) == (40_000, 0, 40_000)


def test_the_forecast_goes_on_as_today_and_yesterday() -> None:
    budget = monthly(30_000)
    for hour in range(10 * 24):
        # Ten an hour; of late five.
        budget.spend(10 if hour < 8 * 24 else 5, BEGIN_MS + hour * HOUR_MS)
    now_ms = BEGIN_MS + 10 * DAY_MS - 1
    assert budget.states(now_ms)[0].forecast == pytest.approx(
        8 * 240 + 2 * 120 + 20 * 120, rel=0.01
    )


def test_the_forecast_of_the_first_hours_is_not_of_a_whole_day() -> None:
    budget = monthly(30_000, BEGIN_MS + 20 * HOUR_MS)
    for minute in range(120):
        budget.spend(1, BEGIN_MS + 20 * HOUR_MS + minute * MINUTE_MS)
    now_ms = BEGIN_MS + 22 * HOUR_MS
    assert budget.states(now_ms)[0].forecast == pytest.approx(30_000, rel=0.01)
    again = Budget(BudgetOptions(month=100_000), budget.note(), now_ms)
    assert again.states(now_ms)[0].forecast == pytest.approx(60 * 24 * 29.2, rel=0.02)


def test_the_forecast_knows_that_days_have_gone_by_since() -> None:
    budget = monthly(30_000)
    for hour in range(24):
        budget.spend(10, BEGIN_MS + hour * HOUR_MS)
    noon_ms = BEGIN_MS + DAY_MS + DAY_MS // 2
    assert budget.states(noon_ms)[0].forecast == 240 + round(240 / 1.5 * 28.5)
    assert budget.states(BEGIN_MS + 5 * DAY_MS)[0].forecast == 240


def test_the_forecast_of_the_first_seconds_does_not_run_wild() -> None:
    budget = monthly(30_000)
    budget.spend(2, BEGIN_MS + 1000)
    assert budget.states(BEGIN_MS + 1000)[0].forecast == pytest.approx(2 * 24 * 30, rel=0.01)


def test_a_backlog_may_count_on_a_fifth_of_the_allowance() -> None:
    budget = monthly(30_000)
    assert budget.backlog_share(BEGIN_MS) == 180
    budget.spend(30_000, BEGIN_MS)
    assert budget.backlog_share(BEGIN_MS) == 0
