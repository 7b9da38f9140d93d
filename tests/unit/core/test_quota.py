import pytest

from blynk_gateway.core.quota import EVENTS_PER_DAY, DailyAllowance, TokenBucket


def test_a_burst_passes_at_once_and_no_more() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0.0)
    assert [bucket.take(1, 0.0) for _ in range(4)] == [True, True, True, False]


def test_tokens_come_back_at_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0.0)
    assert bucket.take(3, 0.0)
    assert not bucket.take(1, 0.09)
    assert bucket.take(1, 0.1)


def test_no_more_than_a_burst_is_saved_up() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0.0)
    assert bucket.take(3, 3600.0)
    assert not bucket.take(1, 3600.0)


def test_a_refused_take_costs_nothing() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0.0)
    assert not bucket.take(4, 0.0)
    assert bucket.take(3, 0.0)


def test_a_charge_within_the_burst_asks_for_no_wait() -> None:
    assert TokenBucket(rate=10, burst=3, now=0.0).charge(3, 0.0) == 0.0


def test_a_charge_into_debt_tells_how_long_it_takes_to_pay() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0.0)
    assert bucket.charge(8, 0.0) == pytest.approx(0.5)
    assert bucket.charge(0, 0.2) == pytest.approx(0.3)
    assert bucket.charge(0, 0.5) == 0.0


def test_one_of_each_name_per_interval_is_allowed() -> None:
    allowance = DailyAllowance(interval_s=1.0, per_day=100)
    assert allowance.take("a", 10.0)
    assert allowance.take("b", 10.0)
    assert not allowance.take("a", 10.99)
    assert allowance.take("a", 11.0)


def test_a_day_has_an_end_of_its_allowance_and_the_next_day_another() -> None:
    allowance = DailyAllowance(interval_s=0.0, per_day=3)
    assert [allowance.take(name, 5.0) for name in "abcd"] == [True, True, True, False]
    assert allowance.take("e", 86_400.0)


def test_what_is_refused_does_not_count() -> None:
    allowance = DailyAllowance(interval_s=1.0, per_day=2)
    assert [allowance.take("a", 0.0), allowance.take("a", 0.5), allowance.take("a", 1.0)] == [
        True,
        False,
        True,
    ]


def test_names_made_up_without_end_are_forgotten() -> None:
    allowance = DailyAllowance(interval_s=1000.0, per_day=10_000)
    assert all(allowance.take(f"name-{number}", 1.0) for number in range(300))
    assert allowance.take("name-0", 1.0)


def test_events_have_the_limits_of_the_cloud() -> None:
    allowance = DailyAllowance.of_events()
    taken = [allowance.take("hot", float(second)) for second in range(EVENTS_PER_DAY + 1)]
    assert taken == [True] * EVENTS_PER_DAY + [False]


def test_a_device_may_notify_once_in_five_seconds_and_a_hundred_times_a_day() -> None:
    allowance = DailyAllowance.of_notifications()
    assert allowance.take("notify", 0.0)
    assert not allowance.take("notify", 4.9)
    assert all(allowance.take("notify", 5.0 * step) for step in range(1, 100))
    assert not allowance.take("notify", 600.0)
    assert allowance.take("notify", 86_400.0)
