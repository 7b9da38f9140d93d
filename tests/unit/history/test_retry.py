"""Tries again, ever more rarely."""

from blynk_gateway.history.retry import MAX_RETRY_S, RETRY_S, Retry


def test_each_failure_waits_longer_up_to_a_bound() -> None:
    retry = Retry()
    now = 1000.0
    for wait_s in (RETRY_S, 2, 4, 8, 16, MAX_RETRY_S, MAX_RETRY_S):
        assert retry.failed(now) == wait_s
        assert retry.is_failing
        assert not retry.is_due(now + wait_s - 0.001)
        now += wait_s
        assert retry.is_due(now)


def test_success_begins_anew() -> None:
    retry = Retry()
    assert retry.is_due(1000.0)
    retry.failed(1000.0)
    retry.failed(1000.0)
    retry.succeeded()
    assert not retry.is_failing
    assert retry.is_due(1000.0)
    retry.failed(1000.0)
    assert retry.is_due(1000.0 + RETRY_S)
