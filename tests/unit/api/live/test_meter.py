"""Time that work used, and the pauses in it."""

import pytest

from blynk_gateway.api.live.meter import HOLD_S, Meter
from tests.helpers.clock import FakeClock


async def test_used_time_is_counted_up() -> None:
    clock = FakeClock()
    meter = Meter(clock)
    clock.advance(0.5)
    await meter.pause()
    clock.advance(0.25)
    meter.stop()
    meter.stop()
    assert meter.used_s == pytest.approx(0.75)


async def test_loop_is_given_back_only_after_a_while() -> None:
    clock = FakeClock()
    meter = Meter(clock)
    await meter.breathe()
    assert meter.used_s == 0
    clock.advance(2 * HOLD_S)
    await meter.breathe()
    assert meter.used_s == pytest.approx(2 * HOLD_S)
