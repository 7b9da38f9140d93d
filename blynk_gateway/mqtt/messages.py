"""Messages of rules: what these publish, and what they hear.

1. Nothing is kept for a broker that is away: a rule is told that it is, and goes on.
2. Retained messages are left out: at each connection they would tell of the past as news.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.change import Change
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.messages import TopicMessage
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.errors import PeerDown
from blynk_gateway.mqtt.feature import Outlet

PUBLISHED_PER_S = 500
PUBLISHED_BURST = 2000
"""Messages of all rules together: nobody awaits the broker here, and its queue is our memory."""


class RuleMessages:
    """Feature, and meets `core.messages.Messages`. Lives as long as the gateway."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bucket = TokenBucket(PUBLISHED_PER_S, PUBLISHED_BURST, clock.monotonic())
        self._outlet: Outlet | None = None
        self._heard: Callable[[str, TopicMessage], None] | None = None
        self.filters: tuple[str, ...] = ()

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> None:
        """Hand a message to the broker.

        Raises:
            PeerDown: there is no connection now, or rules publish too much.
        """
        if self._outlet is None:
            raise PeerDown("the MQTT broker is not connected; expected it to be")
        if not self._bucket.take(1, self._clock.monotonic()):
            raise PeerDown(
                f"rules publish more than {PUBLISHED_PER_S} MQTT messages a second; expected fewer"
            )
        self._outlet.publish(topic, payload, qos=qos, retain=retain)

    def listen(self, filters: Sequence[str], heard: Callable[[str, TopicMessage], None]) -> None:
        """Hear what matches these filters from the next connection on, and nothing else."""
        self.filters = tuple(dict.fromkeys(filters))
        self._heard = heard

    def subscriptions(self) -> Iterable[Subscription]:
        """What rules want to hear."""
        return [Subscription(one, partial(self._received, one)) for one in self.filters]

    async def connected(self, outlet: Outlet) -> None:
        """Publish by this connection from now on."""
        self._outlet = outlet

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Rules follow the core themselves."""

    def disconnected(self) -> None:
        """Publish nothing until there is another connection."""
        self._outlet = None

    def _received(self, topic_filter: str, message: Message) -> None:
        if self._heard is not None and not message.is_retained:
            self._heard(topic_filter, TopicMessage(message.topic, message.payload))
