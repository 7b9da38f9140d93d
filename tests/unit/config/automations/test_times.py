from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config import Options
from blynk_gateway.config.automations import times
from blynk_gateway.config.automations.options import (
    CronTrigger,
    DayTime,
    SunEvent,
    SunTrigger,
    TimeCondition,
    TimeTrigger,
)

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00", 0), ("7:30", 27_000), ("07:30:15", 27_015), ("23:59:59", 86_399)],
)
def test_time_of_day_is_seconds_since_midnight(text: str, seconds: int) -> None:
    assert times.parse_time(text) == seconds


@pytest.mark.parametrize("text", ["24:00", "7", "7:5", "12:60", "12:00:60", "1e1:00", "", "٣:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        times.parse_time(text)


@given(st.integers(0, 86_399))
def test_time_is_written_as_it_is_read(seconds: int) -> None:
    assert times.parse_time(times.format_time(seconds)) == seconds


@given(st.integers(-times.MAX_OFFSET_MS, times.MAX_OFFSET_MS), st.sampled_from(SunEvent))
def test_time_of_the_sun_is_written_as_it_is_read(offset_ms: int, sun: SunEvent) -> None:
    time = DayTime(sun=sun, offset_ms=offset_ms)
    assert times.parse_day_time(times.format_day_time(time)) == time
    assert times.parse_offset(times.format_offset(offset_ms)) == offset_ms


@pytest.mark.parametrize("text", ["sunset1h", "sunset+", "sun", "sunset+13h", "sunset+ 1 h", "x"])
def test_what_is_no_time_of_the_sun_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        times.parse_day_time(text)


def test_blanks_around_the_sign_do_no_harm() -> None:
    assert times.parse_day_time("sunrise - 1h") == DayTime(sun=SunEvent.SUNRISE, offset_ms=-HOUR_MS)


def test_days_and_times_stand_alone_or_in_lists(options_of: OptionsOf) -> None:
    rule = options_of("""
gateway: {location: {latitude: 1, longitude: 1}}
automations:
  - name: a
    when:
      - {at: 07:30, days: weekdays}
      - {at: ["7:30", "19:00"], days: [sat, mon]}
      - {at: "12:00", days: [weekend, Fri]}
      - {sun: sunset, offset: 30m, days: sun}
      - {cron: "@daily"}
    if: {after: sunset-1h, before: "06:00"}
    then: {delay: 1s}
""").automations[0]
    assert rule.when == (
        TimeTrigger((27_000,), frozenset(range(5))),
        TimeTrigger((27_000, 68_400), frozenset({0, 5})),
        TimeTrigger((43_200,), frozenset({4, 5, 6})),
        SunTrigger(SunEvent.SUNSET, 1_800_000, frozenset({6})),
        CronTrigger("@daily"),
    )
    before = DayTime(21_600)
    assert rule.conditions == (
        TimeCondition(DayTime(sun=SunEvent.SUNSET, offset_ms=-HOUR_MS), before),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('at: "7:30 pm"', "19:30"),
        ('at: "12 am"', "00:00"),
        ("at: 7h30", "07:30"),
        ("at: 7.30", "07:30"),
        ("at: 24:00", "00:00"),
        ("at: 08:00, days: Monday", "mon"),
        ("at: 08:00, days: workday", "weekdays"),
    ],
)
def test_what_was_likely_meant_is_told(faults_of: FaultsOf, written: str, meant: str) -> None:
    (fault,) = faults_of(f"automations: [{{name: a, when: {{{written}}}, then: {{delay: 1s}}}}]")
    assert f'did you mean "{meant}"?' in fault


@pytest.mark.parametrize("written", ["at: [], days: mon", "at: 08:00, days: []", "at: , days: mon"])
def test_no_time_and_no_day_are_faults(faults_of: FaultsOf, written: str) -> None:
    (fault,) = faults_of(f"automations: [{{name: a, when: {{{written}}}, then: {{delay: 1s}}}}]")
    assert "found an empty list" in fault or "found nothing" in fault


@pytest.mark.parametrize(
    ("rule", "likely"),
    [
        ("when: {at: '7:30', days: Monday}", "mon"),
        ("when: {at: '7:30', days: mon-fri}", "weekdays"),
        ("when: {at: '7:30', days: sat - sun}", "weekend"),
        ("when: {sun: sunset, offset: '-00:30:00'}", "-30m"),
        ("when: {sun: sunset, offset: -30 min}", "-30m"),
        ("if: {after: sunset + 30 min}", "sunset+30m"),
        ("if: {after: 10 pm}", "22:00"),
    ],
)
def test_time_written_by_habit_is_told_as_we_write_it(
    faults_of: FaultsOf, rule: str, likely: str
) -> None:
    place = "gateway: {location: {latitude: 52, longitude: 13}}"
    (fault,) = faults_of(f"{place}\nautomations: [{{name: a, {rule}, then: {{delay: 1s}}}}]")
    assert fault.endswith(f'did you mean "{likely}"?')


def test_several_days_in_a_text_are_not_taken_for_the_first(faults_of: FaultsOf) -> None:
    rule = "{name: a, when: {at: '7:30', days: 'mon, tue'}, then: {delay: 1s}}"
    (fault,) = faults_of(f"automations: [{rule}]")
    assert fault.endswith("weekdays, weekend, or a list of these")
