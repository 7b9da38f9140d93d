import pytest

from blynk_gateway.automations.schedule.wording import days_text, describe, describe_window
from blynk_gateway.config.automations.options import (
    CronTrigger,
    DayTime,
    SunEvent,
    SunTrigger,
    TimeCondition,
    TimeTrigger,
)

WEEKDAYS = frozenset(range(5))


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (TimeTrigger((27_000,)), "at 07:30"),
        (TimeTrigger((0, 70_230), WEEKDAYS), "at 00:00, 19:30:30 on weekdays"),
        (TimeTrigger((60,), frozenset({2, 0})), "at 00:01 on mon, wed"),
        (CronTrigger("*/15 6-22 * * 1-5"), "cron */15 6-22 * * 1-5"),
        (SunTrigger(SunEvent.SUNSET), "sunset"),
        (SunTrigger(SunEvent.SUNSET, -1_800_000), "sunset -30m"),
        (
            SunTrigger(SunEvent.SUNRISE, 5_400_000, frozenset({5, 6})),
            "sunrise +90m on weekend",
        ),
    ],
)
def test_a_trigger_reads_as_in_the_file(
    trigger: TimeTrigger | CronTrigger | SunTrigger, text: str
) -> None:
    assert describe(trigger) == text


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (TimeCondition(), "any day"),
        (TimeCondition(after=DayTime(79_200)), "after 22:00"),
        (TimeCondition(days=WEEKDAYS), "on weekdays"),
        (
            TimeCondition(DayTime(79_200), DayTime(0, SunEvent.SUNRISE, 1_800_000), WEEKDAYS),
            "after 22:00 before sunrise +30m on weekdays",
        ),
    ],
)
def test_a_window_reads_as_in_the_file(window: TimeCondition, text: str) -> None:
    assert describe_window(window) == text


def test_all_days_need_no_words() -> None:
    assert days_text(range(7)) == ""
    assert days_text([6]) == "sun"
