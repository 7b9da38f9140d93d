"""All that Home Assistant is told of one device, before it becomes messages."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.core.address import pin_order
from blynk_gateway.core.device import Device
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.stream import PinState
from blynk_gateway.mqtt.discovery.entities.bridge_entities import bridge_entities
from blynk_gateway.mqtt.discovery.entities.components import shown_as
from blynk_gateway.mqtt.discovery.entities.controls import lamp_of
from blynk_gateway.mqtt.discovery.entities.device_block import device_block
from blynk_gateway.mqtt.discovery.entities.entity import Entity, make_entity
from blynk_gateway.mqtt.discovery.entities.event_codes import event_entities
from blynk_gateway.mqtt.discovery.entities.lamp import Lamp
from blynk_gateway.mqtt.discovery.entities.pin_facts import STRUCTURAL, PinFacts, facts_of
from blynk_gateway.mqtt.discovery.entities.place import Fields, place_of
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics

if TYPE_CHECKING:
    from blynk_gateway.core.value import PinValue


class Description(NamedTuple):
    """One device as it is to be shown.

    Attributes:
        device: slug.
        block: the block `device` of its messages.
        pins: all of its pins, also those that are not to be shown.
        lamps: its pins that are shown as lights.
        events: its pins of which each value is shown as an event.
        guessed: its pins of which only the values say that they are numbers.
    """

    device: str
    block: Fields
    entities: tuple[Entity, ...]
    pins: frozenset[str]
    lamps: Mapping[str, Lamp]
    events: frozenset[str]
    guessed: frozenset[str]


class Describer:
    """Describes the devices of one gateway.

    Args:
        own: slug of the gateway's own device.
        peripherals: the options of what is at each of its pins.
        url: where the dashboard is, None if that is not known.
    """

    def __init__(
        self,
        ids: Ids,
        topics: Topics,
        store: PinStore,
        own: str,
        peripherals: Callable[[], Mapping[str, PeripheralOptions]],
        url: Callable[[], str | None],
    ) -> None:
        self._ids = ids
        self._topics = topics
        self._store = store
        self._own = own
        self._peripherals = peripherals
        self._url = url

    def describe(
        self, device: Device, texts: frozenset[str] = frozenset(), codes: Iterable[str] = ()
    ) -> Description:
        """One device as it is now.

        Args:
            texts: pins that took values that are no numbers.
            codes: of its events, as levels of topics.
        """
        slug = device.slug
        entities, lamps, events = [], {}, set()
        pins = list(self._facts(device, texts))
        for facts in pins:
            place = place_of(self._topics, slug, facts.pin)
            shown = shown_as(facts, place)
            if shown is None:
                continue
            component, fields = shown
            subject = facts.pin.lower()
            entities.append(make_entity(self._ids, slug, subject, facts.name, component, fields))
            lamp = lamp_of(facts) if component == "light" else None
            if lamp is not None:
                lamps[facts.pin] = lamp
            if fields.get("state_topic") == place.event:
                events.add(facts.pin)
        entities += event_entities(self._ids, self._topics, slug, codes)
        if slug == self._own:
            entities += bridge_entities(self._ids, self._topics, slug)
        block = device_block(device, self._ids, self._own, self._url())
        return Description(
            slug,
            block,
            tuple(entities),
            frozenset(facts.pin for facts in pins),
            lamps,
            frozenset(events),
            frozenset(facts.pin for facts in pins if facts.is_guessed),
        )

    def _facts(self, device: Device, texts: frozenset[str]) -> Iterable[PinFacts]:
        slug = device.slug
        is_own = slug == self._own
        peripherals = self._peripherals() if is_own else {}
        properties: dict[str, dict[str, PinValue]] = {}
        for (pin, name), value in device.properties.items():
            properties.setdefault(pin, {})[name] = value
        states = {state.pin: state for state in self._store.pins(slug)}
        for pin, set_ones in properties.items():
            # A button that a sketch has labelled can be pressed before it was ever written.
            if pin not in states and STRUCTURAL & set(set_ones):
                states[pin] = PinState(pin, (), 0, 0, None)
        for pin in sorted(states, key=pin_order):
            yield facts_of(
                states[pin],
                properties.get(pin, {}),
                peripherals.get(pin),
                is_own=is_own,
                is_text=pin in texts,
            )
