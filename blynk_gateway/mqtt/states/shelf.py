"""The retained topics that a feature has published, to be cleared when their subject is gone."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from blynk_gateway.mqtt.feature import Outlet

K = TypeVar("K", bound=Hashable)


class Shelf(Generic[K]):
    """Topics by device and by what they tell of there, `V5` for example.

    Args:
        name: makes a topic; asked once for each.

    Attributes:
        topics: only to be read: this is how to find one in the shortest time.
    """

    __slots__ = ("_name", "topics")

    def __init__(self, name: Callable[[str, K], str]) -> None:
        self._name = name
        self.topics: dict[str, dict[K, str]] = {}

    def topic(self, device: str, key: K) -> str:
        """The topic, which is on the shelf from now on."""
        topics = self.topics.setdefault(device, {})
        topic = topics.get(key)
        if topic is None:
            topic = topics[key] = self._name(device, key)
        return topic

    def withdraw(self, outlet: Outlet, device: str, *, is_gone: Callable[[K], bool]) -> list[str]:
        """Clear the topics of a device that tell of something that is gone; returns these."""
        topics = self.topics.get(device, {})
        cleared = [topics.pop(key) for key in list(topics) if is_gone(key)]
        for topic in cleared:
            outlet.publish(topic, "", retain=True)
        if not topics:
            self.topics.pop(device, None)
        return cleared
