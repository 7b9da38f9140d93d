"""From a topic to those who asked for it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from paho.mqtt.matcher import MQTTMatcher

from blynk_gateway.broker.message import Message, Subscription

MAX_TOPICS = 4096
"""Topics whose handlers are kept: to find them takes half as long as to carry out a command."""

MAX_KNOWN_TOPIC = 256
"""Characters of a topic whose handlers are kept. It may have 65,535 of them, and whoever publishes
thousands of such topics is not to fill the memory."""


class Router:
    """The subscriptions of one connection."""

    def __init__(self) -> None:
        self._matcher: Any = MQTTMatcher()  # type: ignore[no-untyped-call]  # has no types
        self._asked: dict[str, list[Subscription]] = {}
        self._known: dict[str, list[Callable[[Message], None]]] = {}

    def add(self, subscriptions: Iterable[Subscription]) -> None:
        """Take subscriptions; several may have one filter."""
        self._known.clear()
        for one in subscriptions:
            if one.filter not in self._asked:
                self._asked[one.filter] = []
                self._matcher[one.filter] = self._asked[one.filter]
            self._asked[one.filter].append(one)

    def filters(self) -> list[tuple[str, int]]:
        """What to ask the broker for: filters and their QoS.

        A filter that another one covers is left out: brokers may deliver a message once for each
        filter that matches.
        """
        covering = {one: self._covering(one) for one in self._asked}
        qos = {one: 0 for one, wider in covering.items() if not wider}
        for one, wider in covering.items():
            asked = max(each.qos for each in self._asked[one])
            for each in wider or (one,):
                if each in qos:
                    qos[each] = max(qos[each], asked)
        return list(qos.items())

    def handlers(self, topic: str) -> Sequence[Callable[[Message], None]]:
        """Who is to hear of a message; who asked with one filter, in the order of asking."""
        handlers = self._known.get(topic)
        if handlers is None:
            matching = self._matcher.iter_match(topic)
            handlers = [one.handler for each in matching for one in each]
            if len(topic) <= MAX_KNOWN_TOPIC:
                if len(self._known) >= MAX_TOPICS:
                    self._known.clear()
                self._known[topic] = handlers
        return handlers

    def _covering(self, narrow: str) -> set[str]:
        """The other filters that cover this one; found without a look at each of thousands."""
        # A filter is matched, as if it were a topic, by whatever covers it, and by little else.
        matching = (each[0].filter for each in self._matcher.iter_match(narrow))
        return {wide for wide in matching if wide != narrow and covers(wide, narrow)}


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that `narrow` matches is matched by `wide`; topic filters both."""
    wide_levels, narrow_levels = wide.split("/"), narrow.split("/")
    if narrow[:1] == "$" and wide[:1] in ("+", "#"):
        return False
    for index, level in enumerate(wide_levels):
        if level == "#":
            return True
        if index == len(narrow_levels):
            return False
        if narrow_levels[index] == "#" or level not in ("+", narrow_levels[index]):
            return False
    return len(wide_levels) == len(narrow_levels)
