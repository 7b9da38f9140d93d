import time

from blynk_gateway.core.clock import SystemClock


def test_now_is_utc_in_milliseconds() -> None:
    before = time.time()
    now_ms = SystemClock().now_ms()
    after = time.time()
    assert int(before * 1000) <= now_ms <= int(after * 1000) + 1


def test_monotonic_is_in_seconds() -> None:
    before = time.monotonic()
    found = SystemClock().monotonic()
    assert before <= found <= time.monotonic()
