"""Triggers in words."""

from blynk_gateway.automations.rules import comparison
from blynk_gateway.automations.rules.causes import clipped
from blynk_gateway.automations.schedule import wording
from blynk_gateway.config.automations.options import (
    CronTrigger,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    PinTrigger,
    StartupTrigger,
    SunTrigger,
    TimeTrigger,
    Trigger,
)
from blynk_gateway.config.mqtt.json_path import format_json_path
from blynk_gateway.config.scalars import format_duration


def describe(trigger: Trigger) -> str:
    """The trigger in words: `greenhouse/V5 above 30 for 2m`."""
    match trigger:
        case PinTrigger():
            text = f"{trigger.pin} {comparison.describe(trigger.test)}"
            return _with_time(text, trigger.for_ms)
        case DeviceTrigger():
            text = f"{trigger.device or 'any device'} becomes {trigger.becomes}"
            return _with_time(text, trigger.for_ms)
        case EventTrigger():
            return _event(trigger)
        case MessageTrigger():
            return _message(trigger)
        case TimeTrigger() | CronTrigger() | SunTrigger():
            return wording.describe(trigger)
        case StartupTrigger():
            return "startup"


def _with_time(text: str, for_ms: int) -> str:
    return f"{text} for {format_duration(for_ms)}" if for_ms else text


def _event(trigger: EventTrigger) -> str:
    text = f"event {trigger.code}"
    if trigger.text is not None:
        text = f'{text} "{clipped(trigger.text)}"'
    text = f"{text} of {trigger.device or 'any device'}"
    return f"{text} is resolved" if trigger.is_resolved else text


def _message(trigger: MessageTrigger) -> str:
    text = f"MQTT {clipped(trigger.topic)}"
    if trigger.json is not None:
        text = f"{text} {clipped(format_json_path(trigger.json))}"
    return text if trigger.test is None else f"{text} {comparison.describe(trigger.test)}"
