"""Home Assistant, asked by `validate.py`, finds what is wrong; else its silence means nothing."""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.helpers.home_assistant import validate

TOPIC = "homeassistant/device/blynk_shed/config"
SENSOR = {
    "platform": "sensor",
    "unique_id": "blynk_shed_v5",
    "name": "Temperature",
    "device_class": "temperature",
    "unit_of_measurement": "°C",
    "state_topic": "blynk/shed/v5",
    "default_entity_id": "sensor.shed_temperature",
}
NUMBER = {
    "platform": "number",
    "unique_id": "blynk_shed_v6",
    "name": "Target",
    "min": 5,
    "max": 30,
    "step": 0.5,
    "state_topic": "blynk/shed/v6",
    "command_topic": "blynk/shed/v6/set",
}
CONFIG: dict[str, Any] = {
    "device": {"identifiers": ["blynk_shed"], "name": "Shed"},
    "origin": {"name": "Blynk Gateway"},
    "availability": [{"topic": "blynk/bridge/state"}, {"topic": "blynk/shed/availability"}],
    "availability_mode": "all",
    "components": {"v5": SENSOR, "v6": NUMBER},
}
STATES = {
    "blynk/bridge/state": "online",
    "blynk/shed/availability": "online",
    "blynk/shed/v5": "21.5",
    "blynk/shed/v6": "19",
}

Change = Callable[[dict[str, Any]], object]


def of(component: str, **options: object) -> Change:
    """Change options of a component; None takes one away."""

    def change(config: dict[str, Any]) -> None:
        found = config["components"][component]
        found |= options
        for key in [key for key, value in options.items() if value is None]:
            del found[key]

    return change


def device(**options: object) -> Change:
    return lambda config: config["device"].update(options)


def top(**options: object) -> Change:
    return lambda config: config.update(options)


FAULTS: dict[str, tuple[Change, str]] = {
    "base topic": (top(**{"~": "blynk/shed"}), "extra keys not allowed @ data['~']"),
    "no device": (lambda config: config.pop("device"), "required key not provided"),
    "no origin": (lambda config: config.pop("origin"), "required key not provided"),
    "no identifiers": (device(identifiers=[]), "at least one identifying value"),
    "unknown platform": (of("v5", platform="thermometer"), "must be one of"),
    "no unique id": (of("v5", unique_id=None), "required key not provided @ data['components']"),
    "taken unique id": (
        lambda config: config["components"].update(v7=dict(SENSOR)),
        "unique_id blynk_shed_v5 is taken",
    ),
    "object id": (of("v5", object_id="shed"), "gone from Home Assistant 2026.4"),
    "entity id": (of("v5", default_entity_id="switch.x"), "default_entity_id switch.x is not of"),
    "unit": (of("v5", unit_of_measurement="C"), "not valid together with device class"),
    "device class": (of("v5", device_class="warmth"), "device_class"),
    "min over max": (of("v6", min=40), "max must be >= min"),
    "step": (of("v6", step=0.0001), "step"),
    "wildcard": (of("v6", command_topic="blynk/+/set"), "command_topic"),
    "typing error": (of("v5", state_clas="measurement"), "state_clas would be dropped"),
    "category": (of("v5", entity_category="config"), "cannot be of the category config"),
    "url": (device(configuration_url="192.168.1.5:8080"), "configuration_url"),
    "via": (device(via_device="blynk_other"), "there is no device blynk_other"),
    "availability": (
        lambda config: config["availability"].append({"topic": "blynk/none"}),
        "nothing stands on blynk/none",
    ),
    "state out of range": (of("v6", max=10), "(range 5.0 - 10.0)"),
    "state that is no number": (of("v5", state_topic="blynk/bridge/state"), "non-numeric"),
    "template": (of("v5", value_template="{{ value"), "value_template"),
}


async def test_home_assistant_objects_to_each_fault_and_to_nothing_else() -> None:
    configs = [copy.deepcopy(CONFIG) for _ in FAULTS]
    for config, (change, _) in zip(configs, FAULTS.values(), strict=True):
        change(config)
    brokers = [{**STATES, TOPIC: json.dumps(config)} for config in (CONFIG, *configs)]
    whole, *verdicts = await validate(*brokers)
    assert whole.faults == {}
    assert whole.states() == {"Temperature": ("sensor", "21.5"), "Target": ("number", 19)}
    unseen = {
        name: verdict.faults
        for verdict, (name, (_, expected)) in zip(verdicts, FAULTS.items(), strict=True)
        if not any(expected in text for text in verdict.faults.get(TOPIC, ()))
    }
    assert unseen == {}


async def test_a_config_of_one_entity_is_held_against_the_same_schemas() -> None:
    shared = {key: value for key, value in CONFIG.items() if key != "components"}
    config = {**shared, **{key: value for key, value in NUMBER.items() if key != "platform"}}
    topic = "homeassistant/number/blynk_shed/v6/config"
    good, bad, unknown = await validate(
        {**STATES, topic: json.dumps(config)},
        {**STATES, topic: json.dumps({**config, "min": 40})},
        {**STATES, "homeassistant/thermometer/blynk_shed/v6/config": json.dumps(config)},
    )
    assert (good.faults, good.states()) == ({}, {"Target": ("number", 19)})
    assert "max must be >= min" in bad.faults[topic][0]
    assert list(unknown.faults.values()) == [["unknown component thermometer"]]
