"""Who looks at what: one look into a table for each change."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from blynk_gateway.automations.rules.device_trigger import DeviceWatcher
from blynk_gateway.automations.rules.event_trigger import EventWatcher
from blynk_gateway.automations.rules.links import Links
from blynk_gateway.automations.rules.message_trigger import Heard, MessageWatcher
from blynk_gateway.automations.rules.pin_trigger import EachChange, EachWrite, PinEdge
from blynk_gateway.automations.rules.rule import Rule
from blynk_gateway.automations.rules.time_trigger import StartupWatcher
from blynk_gateway.core.change import EventChange, PinChange, StatusChange

SeePin: TypeAlias = Callable[[PinChange, float | None], None]


class PinEntry(NamedTuple):
    """Who looks at a pin.

    Attributes:
        has_tests: whether anyone wants its value as a number.
        watchers: each with the slug of its rule, or the name of a link.
    """

    has_tests: bool
    watchers: tuple[tuple[SeePin, str], ...]


class Dispatch:
    """All watchers, by what they look at; those of rules come first, in their order.

    Attributes:
        pins: by device and pin.
        devices, startups: few enough to ask each.
        events: by code.
        messages: by filter of topics.
    """

    def __init__(self, rules: Iterable[Rule], links: Links) -> None:
        pins: defaultdict[tuple[str, str], list[tuple[SeePin, str]]] = defaultdict(list)
        tested: set[tuple[str, str]] = set()
        self.devices: list[tuple[Callable[[StatusChange], None], str]] = []
        self.events: dict[str, list[tuple[Callable[[EventChange, int], None], str]]] = {}
        self.messages: dict[str, list[tuple[Callable[[Heard], None], str]]] = {}
        self.startups: list[tuple[Callable[[int], None], str]] = []
        for rule in rules:
            slug = rule.slug
            for watcher in rule.watchers.values():
                match watcher:
                    case PinEdge() | EachChange() | EachWrite():
                        address = watcher.trigger.pin
                        pins[address].append((watcher.see, slug))
                        if isinstance(watcher, PinEdge):
                            tested.add(address)
                    case DeviceWatcher():
                        self.devices.append((watcher.see, slug))
                    case EventWatcher():
                        code = watcher.trigger.code
                        self.events.setdefault(code, []).append((watcher.see, slug))
                    case MessageWatcher():
                        topic = watcher.trigger.topic
                        self.messages.setdefault(topic, []).append((watcher.see, slug))
                    case StartupWatcher():
                        self.startups.append((watcher.see, slug))
                    case _:
                        # The agenda calls those of time by itself.
                        pass
        for source, follower in links:
            pins[source].append((follower.see, str(follower.link)))
        self.pins = {
            address: PinEntry(address in tested, tuple(found)) for address, found in pins.items()
        }

    @property
    def needs_changes(self) -> bool:
        """Whether anybody looks at the bus."""
        return bool(self.pins or self.devices or self.events)
