"""All that Home Assistant is told of one device."""

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.outputs import PwmOptions
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.presentation import HIDDEN, Presentation
from blynk_gateway.mqtt.discovery.entities.description import Describer, Description
from blynk_gateway.mqtt.discovery.entities.lamp import Lamp
from blynk_gateway.mqtt.discovery.ids import Ids
from tests.helpers.mqtt import CONFIG, INSTANCE_ID, OWN, Core

LAMP = PwmOptions(name="lamp", type="pwm", pin="V2", line=18)


def described(
    core: Core,
    slug: str,
    *,
    texts: frozenset[str] = frozenset(),
    codes: tuple[str, ...] = (),
    peripherals: dict[str, PeripheralOptions] | None = None,
) -> Description:
    describer = Describer(
        Ids(INSTANCE_ID),
        core.parts.topics,
        core.store,
        OWN,
        lambda: peripherals or {},
        lambda: None,
    )
    return describer.describe(core.registry.get(slug), texts, codes)


def keys(description: Description) -> list[str]:
    return [entity.key for entity in description.entities]


def test_pins_come_in_natural_order_and_events_after_them() -> None:
    core = Core()
    pins = [Datastream(pin, pin, is_writable=False) for pin in ("V10", "V2", "V1")]
    core.add("shed", *pins)
    found = described(core, "shed", codes=("overheat",))
    assert keys(found) == ["v1_sensor", "v2_sensor", "v10_sensor", "event_overheat_event"]
    assert found.block["name"] == "Shed"


def test_own_device_has_its_peripherals_and_the_bridge() -> None:
    core = Core()
    dimmed = Datastream("V2", "lamp", DatastreamType.DOUBLE, 0, 255)
    core.redefine(OWN, dimmed, open_pins=frozenset())
    found = described(core, OWN, peripherals={"V2": LAMP})
    assert keys(found)[0] == "v2_light"
    assert "bridge_pairing_switch" in keys(found)
    assert found.lamps == {"V2": Lamp()}


def test_peripherals_are_those_of_the_own_device_only() -> None:
    core = Core()
    core.add("shed", Datastream("V2", "lamp", DatastreamType.DOUBLE, 0, 255))
    found = described(core, "shed", peripherals={"V2": LAMP})
    assert keys(found) == ["v2_number"]
    assert not found.lamps


def test_pin_that_is_not_to_be_shown_is_left_out() -> None:
    core = Core()
    core.add("shed", Datastream("V2", "a", presentation=Presentation(HIDDEN)))
    found = described(core, "shed")
    assert keys(found) == []
    assert found.pins == {"V2"}


def test_widget_that_was_labelled_but_never_written_is_there() -> None:
    core = Core()
    shed = core.add("shed")
    core.registry.set_property(shed, "V7", "onLabel", ("Open",), CONFIG)
    core.registry.set_property(shed, "V8", "color", ("#FFFFFF",), CONFIG)
    assert keys(described(core, "shed")) == ["v7_switch"]


def test_guessed_number_is_told_until_it_took_text() -> None:
    core = Core()
    core.add("shed")
    core.store.write("shed", "V1", ("21.5",), CONFIG, Intent.REPORT)
    found = described(core, "shed")
    assert found.guessed == {"V1"}
    assert found.entities[0].fields["state_class"] == "measurement"
    text = described(core, "shed", texts=frozenset({"V1"}))
    assert not text.guessed
    assert "state_class" not in text.entities[0].fields
