"""MQTT messages for who is no part of the adapter that speaks with the broker (made by `mqtt`)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class TopicMessage(NamedTuple):
    """A message that came in, not a retained one."""

    topic: str
    payload: bytes


class Messages(Protocol):
    """Publishes and hears messages."""

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> None:
        """Hand a message to the broker.

        Raises:
            PeerDown: there is no connection now, or none is configured; nothing is kept for later.
        """

    def listen(self, filters: Sequence[str], heard: Callable[[str, TopicMessage], None]) -> None:
        """Hear what matches these filters from the next (re)configuration on, and nothing else.

        Args:
            heard: called with the filter and the message, once for each filter that matches.
        """
