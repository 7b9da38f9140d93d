import pytest

from blynk_gateway.config.automations.devices import names_device
from blynk_gateway.config.automations.options import (
    Action,
    AnyCondition,
    AutomationOptions,
    Comparison,
    Condition,
    DelayAction,
    DeviceCondition,
    DeviceState,
    DeviceTrigger,
    EventAction,
    EventTrigger,
    NotCondition,
    Op,
    PinCondition,
    PinTrigger,
    PropertyAction,
    PulseAction,
    SetAction,
    StartupTrigger,
    Trigger,
)
from blynk_gateway.core.address import PinAddress

V1 = PinAddress("shed", "V1")
TEST = Comparison(Op.ON)


@pytest.mark.parametrize(
    "trigger",
    [
        PinTrigger(V1, TEST),
        DeviceTrigger("shed", DeviceState.ONLINE),
        EventTrigger("hot", "shed"),
    ],
    ids=str,
)
def test_trigger_names_its_device(trigger: Trigger) -> None:
    rule = AutomationOptions("R", "r", (DelayAction(1),), when=(StartupTrigger(), trigger))
    assert names_device(rule, "shed")
    assert not names_device(rule, "attic")


@pytest.mark.parametrize(
    "condition",
    [
        PinCondition(V1, TEST),
        DeviceCondition("shed", DeviceState.STALE),
        NotCondition(AnyCondition((PinCondition(V1, TEST),))),
    ],
    ids=str,
)
def test_condition_names_its_device_also_inside_of_another(condition: Condition) -> None:
    rule = AutomationOptions("R", "r", (DelayAction(1),), conditions=(condition,))
    assert names_device(rule, "shed")
    assert not names_device(rule, "attic")


@pytest.mark.parametrize(
    "action",
    [
        SetAction({PinAddress("attic", "V1"): ("0",), V1: ("1",)}),
        PropertyAction({V1: {"color": ("#FFFFFF",)}}),
        PulseAction(V1),
        EventAction("hot", device="shed"),
    ],
    ids=str,
)
def test_action_names_its_devices(action: Action) -> None:
    rule = AutomationOptions("R", "r", (DelayAction(1), action))
    assert names_device(rule, "shed")
    assert not names_device(rule, "cellar")
