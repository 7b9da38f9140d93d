"""Bindings on a real core, with a connection and time that a test drives."""

from collections.abc import Callable

from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import BindingOptions, MqttOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.mqtt.bindings.bindings import Bindings
from blynk_gateway.mqtt.commands.complaints import Complaints
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, FakeOutlet, Sent, matches

BOARD = Origin(OriginKind.DEVICE, "1")
MQTT = Origin(OriginKind.MQTT)
PERSON = Origin(OriginKind.API, "phone")


class FakeTimer:
    """One call to come."""

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class FakeTimers:
    """Meets `pauses.CallLater` in a clock's time."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._timers: list[FakeTimer] = []

    def __call__(self, wait_s: float, action: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self._clock.monotonic() + wait_s, action)
        self._timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass, then call what is due."""
        self._clock.advance(seconds)
        now = self._clock.monotonic()
        due = [one for one in self._timers if one.at <= now]
        self._timers = [one for one in self._timers if one.at > now]
        for one in due:
            if one.action is not None:
                one.action()


class Bench:
    """A gateway with device `lamp` and whatever bindings.

    Attributes:
        refused: error codes of complaints.
    """

    def __init__(self, *bindings: BindingOptions) -> None:
        self.clock = FakeClock()
        self.core = Core(MqttOptions(bindings=bindings), self.clock)
        self.core.add("lamp")
        self.outlet = FakeOutlet()
        self.timers = FakeTimers(self.clock)
        self.bindings = self.remake()

    def remake(self) -> Bindings:
        """Make the feature (again), as the adapter does at its start."""
        parts = self.core.parts
        self.bindings = Bindings(parts, Complaints(parts), self.timers)
        self.core.changes()
        return self.bindings

    async def connect(self) -> list[Sent]:
        """A new connection; gives what was published."""
        self.outlet = FakeOutlet()
        await self.bindings.connected(self.outlet)
        self.tell()
        return self.take()

    def receive(self, topic: str, payload: str | bytes, *, is_retained: bool = False) -> None:
        """A message comes from the broker."""
        data = payload.encode() if isinstance(payload, str) else payload
        for one in self.bindings.subscriptions():
            if matches(one.filter, topic):
                one.handler(Message(topic, data, one.qos, is_retained))

    def write(self, value: str, origin: Origin = BOARD, *, address: str = "lamp/V1") -> None:
        """A pin gets a value, and the feature hears of it if it is connected."""
        self.store(value, origin, address=address)
        self.tell()

    def store(self, value: str, origin: Origin = BOARD, *, address: str = "lamp/V1") -> None:
        """A pin gets a value of which the feature is not told yet."""
        device, _, pin = address.partition("/")
        self.core.store.write(device, pin, (value,), origin, Intent.REPORT)

    def tell(self) -> list[PinChange]:
        """Hand the feature what happened."""
        changes = self.core.changes()
        for change in changes:
            self.bindings.changed(change, self.outlet)
        return [change for change in changes if isinstance(change, PinChange)]

    def value(self, address: str = "lamp/V1") -> str | None:
        """What a pin has, parameters joined by blanks."""
        device, _, pin = address.partition("/")
        state = self.core.store.find(device, pin)
        return " ".join(state.value) if state is not None and state.value else None

    def take(self) -> list[Sent]:
        """What was published since the last call, complaints left out."""
        return [one for one in self.outlet.take() if not one.topic.endswith("/error")]

    def payloads(self) -> list[str | bytes]:
        """The payloads of what was published since the last call."""
        return [one.payload for one in self.take()]

    @property
    def refused(self) -> list[str]:
        return [one.json["error"] for one in self.outlet.sent if one.topic.endswith("/error")]

    def count(self, name: str) -> int:
        """A counter of health."""
        return self.core.parts.health.counters[name]
