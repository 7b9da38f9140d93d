from blynk_gateway.automations.rules.dispatch import Dispatch
from blynk_gateway.automations.rules.links import Links
from blynk_gateway.config.automations.options import (
    DeviceState,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    StartupTrigger,
    TimeTrigger,
)
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.links import Link
from tests.helpers.rules import RuleRig, options, pin_trigger


def test_everyone_stands_where_he_is_looked_for(rig: RuleRig) -> None:
    link = Link(parse_address("a/V5"), parse_address("b/V1"))
    rig.define(
        options(pin_trigger("a/V5", "above", 3), pin_trigger("a/V6", "any"), slug="pins"),
        options(pin_trigger("a/V5", "changes"), slug="changes"),
        options(EventTrigger("hot"), MessageTrigger("t/+"), slug="others"),
        options(
            DeviceTrigger("", DeviceState.STALE), StartupTrigger(), TimeTrigger((0,)), slug="rest"
        ),
    )
    links = Links(rig.store)
    links.define([link])
    found = Dispatch(rig.engine.rules.values(), links)
    owners = {pin: [owner for _, owner in entry.watchers] for pin, entry in found.pins.items()}
    assert owners == {
        ("a", "V5"): ["pins", "changes", "a/V5 -> b/V1"],
        ("a", "V6"): ["pins"],
    }
    assert found.pins["a", "V5"].has_tests
    assert not found.pins["a", "V6"].has_tests
    assert [owner for _, owner in found.events["hot"]] == ["others"]
    assert [owner for _, owner in found.messages["t/+"]] == ["others"]
    assert [owner for _, owner in found.devices] == ["rest"]
    assert [owner for _, owner in found.startups] == ["rest"]
    assert found.needs_changes


def test_without_rules_nobody_looks(rig: RuleRig) -> None:
    assert not Dispatch((), Links(rig.store)).needs_changes
