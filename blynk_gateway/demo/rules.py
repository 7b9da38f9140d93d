"""The rules of the demo: one that fires when its sun has warmed the greenhouse, and a scene."""

from collections.abc import Mapping

from blynk_gateway.config.automations.options import (
    AutomationOptions,
    Comparison,
    EventAction,
    Op,
    PinTrigger,
    PulseAction,
    SetAction,
)
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.events import EventDefinition, EventType

HOT_ABOVE_C = 26.0

EVENTS: Mapping[str, Mapping[str, EventDefinition]] = {
    "greenhouse": {"hot": EventDefinition("hot", "Too hot", EventType.WARNING)},
}
"""Declared events by device."""

RULES = (
    AutomationOptions(
        name="Too hot",
        slug="too-hot",
        when=(
            PinTrigger(
                parse_address("greenhouse/V0"),
                Comparison(Op.ABOVE, low=HOT_ABOVE_C, hysteresis=1.0),
                for_ms=5000,
            ),
        ),
        then=(EventAction("hot", "{value} {unit} in the greenhouse"),),
    ),
    AutomationOptions(
        name="Good night",
        slug="good-night",
        then=(
            SetAction({parse_address("pi/V2"): ("0",), parse_address("workshop/V2"): ("0",)}),
            PulseAction(parse_address("pi/V1"), on_ms=300, off_ms=300, times=3),
        ),
    ),
)
