import pytest

from blynk_gateway.core.quota import TokenBucket


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
