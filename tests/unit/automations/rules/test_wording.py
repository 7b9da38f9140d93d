import pytest

from blynk_gateway.automations.rules.wording import describe
from blynk_gateway.config.automations.options import (
    CronTrigger,
    DeviceState,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    StartupTrigger,
    SunEvent,
    SunTrigger,
    TimeTrigger,
    Trigger,
)
from tests.helpers.rules import comparison, pin_trigger


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (pin_trigger("a/V5", "changes"), "a/V5 changes"),
        (
            pin_trigger("a/V5", "above", 30, for_ms=120_000, hysteresis=1),
            "a/V5 above 30 (hysteresis 1) for 2m",
        ),
        (DeviceTrigger("a", DeviceState.STALE), "a becomes stale"),
        (DeviceTrigger("", DeviceState.OFFLINE, 5000), "any device becomes offline for 5s"),
        (EventTrigger("hot"), "event hot of any device"),
        (
            EventTrigger("hot", "a", "very\n", is_resolved=True),
            'event hot "very\N{REPLACEMENT CHARACTER}" of a is resolved',
        ),
        (MessageTrigger("t/+"), "MQTT t/+"),
        (MessageTrigger("t", ("a", 0), comparison("on")), "MQTT t a[0] is on"),
        (TimeTrigger((27_000,), frozenset(range(5))), "at 07:30 on weekdays"),
        (CronTrigger("*/5 * * * *"), "cron */5 * * * *"),
        (SunTrigger(SunEvent.SUNSET, -1_800_000), "sunset -30m"),
        (StartupTrigger(), "startup"),
    ],
)
def test_words_say_what_starts_a_rule(trigger: Trigger, words: str) -> None:
    assert describe(trigger) == words
