"""A time window as a peripheral: at start, at its ends, over changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from blynk_gateway.config.gpio.sensors import TimeWindowOptions
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors.time_window import TimeWindow
from tests.helpers.clock import FakeClock
from tests.helpers.gpio import Rig

# The zone of `Rig`; its clocks went forward on 31 March 2024 at 2:00, back on 27 October at 3:00.
BERLIN = ZoneInfo("Europe/Berlin")


def clock_at(*local: int, fold: int = 0, before_ms: int = 50) -> FakeClock:
    """A clock that is a little before a local time."""
    moment = datetime(*local, tzinfo=BERLIN).replace(fold=fold)  # type: ignore[arg-type,misc]  # mypy counts no arguments
    return FakeClock(round(moment.timestamp() * 1000) - before_ms)


def window(rig: Rig, start: tuple[int, int], end: tuple[int, int]) -> TimeWindow:
    (start_hour, start_minute), (end_hour, end_minute) = start, end
    options = TimeWindowOptions(
        name="day",
        type="time_window",
        pin="V1",
        start=start_hour * 60 + start_minute,
        end=end_hour * 60 + end_minute,
    )
    return TimeWindow(options, rig.host)


@pytest.mark.parametrize(
    ("clock", "start", "end", "before", "after"),
    [
        (clock_at(2024, 1, 5, 8, 0), (8, 0), (10, 0), "0", "1"),
        (clock_at(2024, 1, 5, 10, 0), (8, 0), (10, 0), "1", "0"),
        (clock_at(2024, 7, 5, 22, 0), (22, 0), (6, 0), "0", "1"),
        (clock_at(2024, 7, 6, 6, 0), (22, 0), (6, 0), "1", "0"),
        (clock_at(2024, 7, 6, 0, 0), (8, 0), (0, 0), "1", "0"),
        # 1:59:59 is followed by 3:00:00, in which a window from 2:30 has begun.
        (clock_at(2024, 3, 31, 3, 0), (2, 30), (5, 0), "0", "1"),
        # 2:59:59 is followed by 2:00:00: a window until 2:30 holds once more.
        (clock_at(2024, 10, 27, 2, 0, fold=1), (1, 0), (2, 30), "0", "1"),
    ],
)
async def test_window_turns_when_its_minute_begins(
    clock: FakeClock, start: tuple[int, int], end: tuple[int, int], before: str, after: str
) -> None:
    with Rig(clock) as rig:
        one = window(rig, start, end)
        one.open(Opening.START)
        assert rig.values("V1") == [before]
        assert one.actual == (before,)
        await rig.settled()
        rig.advance(0.06)
        await rig.reached(lambda: rig.values("V1") == [before, after])
        assert one.actual == (after,)
        await one.close()
        await one.close()
        assert not one.actual


async def test_minute_in_which_nothing_turns_reports_nothing() -> None:
    with Rig(clock_at(2024, 1, 5, 9, 0)) as rig:
        one = window(rig, (8, 0), (10, 0))
        one.open(Opening.START)
        looks = 0
        now_ms = rig.clock.now_ms

        def counted() -> int:
            nonlocal looks
            looks += 1
            return now_ms()

        rig.clock.now_ms = counted  # type: ignore[method-assign]  # looks are what is counted
        await rig.reached(lambda: looks > 2)
        assert rig.values("V1") == ["1"]
        await one.close()


async def test_clock_that_was_set_is_followed_at_the_next_minute() -> None:
    with Rig(clock_at(2024, 1, 5, 9, 0)) as rig:
        one = window(rig, (8, 0), (10, 0))
        one.open(Opening.START)
        # As if the machine had had no time at its start, and got it now.
        await rig.settled()
        rig.advance(5 * 3600)
        await rig.reached(lambda: rig.values("V1") == ["1", "0"])
        await one.close()


async def test_window_that_is_opened_again_reports_again() -> None:
    with Rig(clock_at(2024, 1, 5, 9, 0)) as rig:
        one = window(rig, (8, 0), (10, 0))
        for _ in range(2):
            one.open(Opening.START)
            await one.close()
        assert rig.values("V1") == ["1", "1"]
