"""Messages of a broker, and who wants to hear them."""

from collections.abc import Callable
from typing import NamedTuple


class Message(NamedTuple):
    """A message from the broker.

    Attributes:
        is_retained: whether the broker had kept it from before we subscribed.
    """

    topic: str
    payload: bytes
    qos: int = 0
    is_retained: bool = False


class Subscription(NamedTuple):
    """What somebody wants to hear.

    Attributes:
        filter: a topic filter, with + and # as MQTT has them.
        handler: called on the loop's thread with each message, in the broker's order.
    """

    filter: str
    handler: Callable[[Message], None]
    qos: int = 0
