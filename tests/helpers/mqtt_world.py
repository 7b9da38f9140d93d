"""Several gateways' bindings on one simulated broker, in simulated time.

Messages take random times, but never overtake each other between the same two parties, as with a
real broker. What is simulated is the network and the state topics; the core and the bindings are
the real ones.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from functools import partial

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.config.mqtt.options import BindingOptions, MqttOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.value import PinValue
from blynk_gateway.mqtt.bindings.bindings import Bindings
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.payload import parse_payload, value_payload
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, matches

DEVICE = "dev"
PIN = "V1"

BOARD = Origin(OriginKind.DEVICE, "board")
MQTT = Origin(OriginKind.MQTT)

Handler = Callable[[str, bytes, bool], None]


class World:
    """Time, and what is to happen.

    Attributes:
        now: seconds.
    """

    def __init__(self, seed: int) -> None:
        self.clock = FakeClock()
        self.now = 0.0
        self.random = random.Random(seed)  # noqa: S311  nothing secret
        self._agenda: list[tuple[float, int, Event]] = []
        self._order = itertools.count()

    def later(self, wait_s: float, action: Callable[[], None]) -> "Event":
        """Do something after so many seconds."""
        event = Event(action)
        heapq.heappush(self._agenda, (self.now + wait_s, next(self._order), event))
        return event

    def run(self, until_s: float) -> None:
        """Let time pass."""
        while self._agenda and self._agenda[0][0] <= until_s:
            at, _, event = heapq.heappop(self._agenda)
            self.clock.advance(at - self.now)
            self.now = at
            event.happen()
        self.clock.advance(until_s - self.now)
        self.now = until_s


class Event:
    """Something that will happen unless it is called off."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action

    def happen(self) -> None:
        if self._action is not None:
            self._action()

    def cancel(self) -> None:
        self._action = None


class Wire:
    """One way between two parties: nothing overtakes."""

    def __init__(self, world: World, slowest_s: float) -> None:
        self._world = world
        self._slowest_s = slowest_s
        self._free_at = 0.0

    def send(self, action: Callable[[], None]) -> None:
        at = self._world.now + self._world.random.uniform(0.0005, self._slowest_s)
        self._free_at = max(self._free_at, at)
        self._world.later(self._free_at - self._world.now, action)


class SimulatedBroker:
    """Delivers each message to everyone who asked for it, in one order.

    Attributes:
        published: time, topic and payload of every message so far.
        retained: by topic.
    """

    def __init__(self, world: World) -> None:
        self.published: list[tuple[float, str, bytes]] = []
        self.retained: dict[str, bytes] = {}
        self._world = world
        self._subscribers: list[tuple[str, Wire, Handler]] = []

    def subscribe(self, topic_filter: str, wire: Wire, handler: Handler) -> None:
        self._subscribers.append((topic_filter, wire, handler))
        for topic, payload in self.retained.items():
            if matches(topic_filter, topic):
                wire.send(partial(handler, topic, payload, True))

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.published.append((self._world.now, topic, payload))
        if retain:
            self.retained[topic] = payload
        for topic_filter, wire, handler in self._subscribers:
            if matches(topic_filter, topic):
                wire.send(partial(handler, topic, payload, False))


class SimulatedGateway:
    """A core with one device and its bindings; its state topic is `NAME/dev/v1`."""

    def __init__(
        self,
        world: World,
        broker: SimulatedBroker,
        name: str,
        bindings: Sequence[BindingOptions],
        slowest_s: float,
    ) -> None:
        self.name = name
        self.core = Core(MqttOptions(base_topic=name, bindings=tuple(bindings)), world.clock)
        self.core.add(DEVICE)
        self._world = world
        self._broker = broker
        self._up = Wire(world, slowest_s)
        self._down = Wire(world, slowest_s)
        self._state = self.core.parts.topics.pin(DEVICE, PIN)
        self._is_waking = False
        parts = self.core.parts
        self.bindings = Bindings(parts, Complaints(parts), self._later)
        self.core.changes()

    def connect(self) -> None:
        """Subscribe, and publish what has to stand there."""
        for one in self.bindings.subscriptions():
            self._broker.subscribe(one.filter, self._down, self._deliverer(one))
        self._broker.subscribe(f"{self._state}/set", self._down, self._set)
        for _ in self.bindings.connected(self).__await__():
            raise AssertionError("it waited")
        self._republish()

    def write(self, value: PinValue, origin: Origin = BOARD) -> None:
        """Give the pin a value."""
        self.core.store.write(DEVICE, PIN, value, origin, Intent.COMMAND)
        self._wake()

    @property
    def value(self) -> PinValue:
        state = self.core.store.find(DEVICE, PIN)
        return () if state is None else state.value

    def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        done: Callable[[], None] | None = None,
    ) -> None:
        data = payload.encode() if isinstance(payload, str) else payload

        def arrive() -> None:
            self._broker.publish(topic, data, retain)
            if done is not None:
                done()

        self._up.send(arrive)

    async def room(self) -> None:
        pass

    async def collect(self, *filters: str) -> dict[str, bytes]:
        raise AssertionError(filters)

    def _republish(self) -> None:
        if self.value:
            self.publish(self._state, value_payload(self.value), retain=True)

    def _deliverer(self, subscription: Subscription) -> Handler:
        def deliver(topic: str, payload: bytes, is_retained: bool) -> None:
            subscription.handler(Message(topic, payload, 0, is_retained))
            self._wake()

        return deliver

    def _set(self, _topic: str, payload: bytes, is_retained: bool) -> None:
        if not is_retained:
            self.write(parse_payload(payload), MQTT)

    def _later(self, wait_s: float, action: Callable[[], None]) -> Event:
        def act() -> None:
            action()
            self._wake()

        return self._world.later(wait_s, act)

    def _wake(self) -> None:
        # The mailbox is read a moment later, as on the real loop.
        if not self._is_waking:
            self._is_waking = True
            self._world.later(self._world.random.uniform(0, 0.003), self._follow)

    def _follow(self) -> None:
        self._is_waking = False
        for change in self.core.changes():
            if isinstance(change, PinChange):
                brought = change.origin.kind is OriginKind.BINDING
                if not (brought and change.value == change.previous):
                    self.publish(self._state, value_payload(change.value), retain=True)
            self.bindings.changed(change, self)
