import pytest

from blynk_gateway.automations.runs.filling import filled, needs_filling
from blynk_gateway.config.automations.options import (
    Action,
    DelayAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    PulseAction,
    SceneAction,
    SetAction,
)
from blynk_gateway.core.address import PinAddress
from tests.unit.automations.runs.system import System

PIN = PinAddress("a", "V1")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (SetAction({PIN: ("{value}",)}), SetAction({PIN: ("30", "1")})),
        (PropertyAction({PIN: {"label": ("{rule}",)}}), PropertyAction({PIN: {"label": ("Hot",)}})),
        (PulseAction(PIN, on=("{value[0]}",)), PulseAction(PIN, on=("30",))),
        (PulseAction(PIN, off=("{value[1]}",)), PulseAction(PIN, off=("1",))),
        (
            PublishAction("home/pin/{device}", "%s {value}", retain=True, qos=1),
            PublishAction("home/pin/a", "%s 30, 1", retain=True, qos=1),
        ),
        (NotifyAction("/pin/", "{rule}", ("phone",)), NotifyAction("30, 1", "Hot", ("phone",))),
        (EventAction("hot", "{device}: %s", "pi"), EventAction("hot", "a: 30, 1", "pi")),
    ],
)
def test_action_is_filled_in(action: Action, expected: Action) -> None:
    system = System()
    cause = system.cause(device="a", value=("30", "1"))
    assert needs_filling(action)
    assert filled(action, system.placeholders, cause, "Hot") == expected


@pytest.mark.parametrize(
    "action",
    [
        SetAction({PIN: ("1", "/pin/")}),
        PropertyAction({PIN: {"label": ("{hot}",)}}),
        PulseAction(PIN),
        PublishAction("home/pin/1", "%s"),
        NotifyAction("hot", "Home"),
        EventAction("hot", "30"),
        DelayAction(1000),
        SceneAction("night"),
    ],
)
def test_action_without_placeholders_stays_as_it_is(action: Action) -> None:
    system = System()
    assert not needs_filling(action)
    assert filled(action, system.placeholders, system.cause(), "Hot") == action
