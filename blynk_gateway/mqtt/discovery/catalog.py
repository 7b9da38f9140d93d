"""What is to be told of devices, and which of them have to be described anew after a change."""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    EventKind,
    ModeChange,
    PinChange,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.events import SystemCode
from blynk_gateway.core.value import number
from blynk_gateway.mqtt.discovery.entities.description import Describer, Description
from blynk_gateway.mqtt.discovery.entities.event_codes import MAX_CODES
from blynk_gateway.mqtt.discovery.entities.pin_facts import USED
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.feature import MqttParts
from blynk_gateway.mqtt.states.events import event_level
from blynk_gateway.runtime.logs import Repeats

log = logging.getLogger(__name__)

WARN_EVERY_S = 3600.0


class Known(NamedTuple):
    """What a device was when it was last described."""

    pins: frozenset[str] = frozenset()
    guessed: frozenset[str] = frozenset()
    info: tuple[tuple[str, str], ...] | None = None


_UNKNOWN = Known()


class Catalog:
    """All devices, with what only their past tells: codes of events, pins that took text.

    Args:
        peripherals: the options of what is at each pin of the gateway's own device.
        url: where the dashboard is, None if that is not known.
    """

    def __init__(
        self,
        parts: MqttParts,
        ids: Ids,
        peripherals: Callable[[], Mapping[str, PeripheralOptions]],
        url: Callable[[], str | None],
    ) -> None:
        self._registry = parts.registry
        self._own = parts.own
        self._describer = Describer(ids, parts.topics, parts.store, parts.own, peripherals, url)
        self._known: dict[str, Known] = {}
        self._texts: dict[str, frozenset[str]] = {}
        self._codes: dict[str, tuple[str, ...]] = {}
        self._warned = Repeats(parts.clock, WARN_EVERY_S)

    def slugs(self) -> list[str]:
        """All devices; the gateway's own goes first, as the others refer to it."""
        return sorted((device.slug for device in self._registry), key=self.order)

    def order(self, slug: str) -> tuple[bool, str]:
        """Sort key of devices."""
        return slug != self._own, slug

    def describe(self, slug: str) -> Description | None:
        """A device as it is now; None for one that is gone."""
        device = self._registry.find(slug)
        if device is None:
            for kept in (self._known, self._texts, self._codes):
                kept.pop(slug, None)
            return None
        texts, codes = self._texts.get(slug, frozenset()), self._codes.get(slug, ())
        description = self._describer.describe(device, texts, codes)
        self._known[slug] = Known(description.pins, description.guessed, device.info)
        return description

    def adopt(self, slug: str, code: str) -> bool:
        """Note the code of an event, as the level of a topic; whether it was new."""
        codes = self._codes.get(slug, ())
        if code in codes:
            return False
        if len(codes) >= MAX_CODES:
            if self._warned.allow(slug) is not None:
                log.warning("too many event codes", extra={"device": slug, "limit": MAX_CODES})
            return False
        # In one order, whenever they came.
        self._codes[slug] = tuple(sorted((*codes, code)))
        return True

    def is_news(self, change: Change) -> bool:
        """Whether its device has to be described anew."""
        match change:
            case PinChange():
                return self._is_other_pin(change)
            case PropertyChange():
                return change.name in USED
            case StatusChange():
                return self._known.get(change.device, _UNKNOWN).info != change.info
            case EventChange():
                return self._has_entity(change) and self.adopt(
                    change.device, event_level(change.code)
                )
            case DefinitionChange() | ModeChange():
                return True
            case _:
                return False

    def _has_entity(self, event: EventChange) -> bool:
        """Whether events of its code are an entity."""
        if event.kind is EventKind.SYSTEM:
            # That a device came and went is told by its availability; of a hundred devices each
            # would have three entities that say it once more. A start is over before the broker is
            # connected, mostly.
            return event.device == self._own and event.code != SystemCode.RESTART
        # What is done to buttons is told by the entities of their pins.
        return event.kind is not EventKind.INPUT

    def _is_other_pin(self, change: PinChange) -> bool:
        """Whether a pin is shown otherwise with this value than with the one before."""
        known = self._known.get(change.device, _UNKNOWN)
        if change.pin in known.guessed and number(change.value) is None:
            texts = self._texts.get(change.device, frozenset())
            self._texts[change.device] = texts | {change.pin}
            return True
        # The first value of all comes after one of length 0.
        return change.pin not in known.pins or len(change.value) != len(change.previous)
