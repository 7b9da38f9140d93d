"""A connection to no broker that keeps what it is given, and a real core for features."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.change import Change, Origin, OriginKind
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.mqtt.feature import Feature, MqttParts
from blynk_gateway.mqtt.messages import RuleMessages
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.mqtt.topics import Topics
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.patience import PATIENCE_S

Json: TypeAlias = Any
"""Of any shape."""

OWN = "pi"
INSTANCE_ID = "0123456789abcdef0123456789abcdef"
RUN_ID = "fedcba9876543210"

CONFIG = Origin(OriginKind.GATEWAY, "config")


class Sent(NamedTuple):
    """A message that was published."""

    topic: str
    payload: str | bytes
    qos: int = 0
    retain: bool = False

    @property
    def json(self) -> Json:
        """The payload as JSON."""
        return json.loads(self.payload)


class FakeOutlet:
    """Meets `mqtt.feature.Outlet`: keeps every message, and what a broker would retain of them.

    Args:
        retained: topic to payload: what the broker has from before.

    Attributes:
        sent: every message so far, in order.
        rooms: how often it was asked for room.
        held: whether `done` is kept in `waiting` instead of being called at once.
    """

    def __init__(self, retained: Mapping[str, str | bytes] | None = None) -> None:
        self.sent: list[Sent] = []
        self.retained: dict[str, bytes] = {
            topic: _bytes(payload) for topic, payload in (retained or {}).items()
        }
        self.rooms = 0
        self.held = False
        self.waiting: list[Callable[[], None]] = []

    def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        done: Callable[[], None] | None = None,
    ) -> None:
        # As a real one must: neither can be sent.
        assert not set("+#\0") & set(topic), topic
        content = _bytes(payload)
        self.sent.append(Sent(topic, payload, qos, retain))
        if retain:
            self.retained[topic] = content
            if not content:
                del self.retained[topic]
        if done is not None:
            if self.held:
                self.waiting.append(done)
            else:
                done()

    async def room(self) -> None:
        self.rooms += 1

    async def collect(self, *filters: str) -> dict[str, bytes]:
        return {
            topic: payload
            for topic, payload in self.retained.items()
            if any(matches(one, topic) for one in filters)
        }

    def take(self) -> list[Sent]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent

    def of(self, topic: str) -> list[str | bytes]:
        """The payloads of one topic, in order."""
        return [one.payload for one in self.sent if one.topic == topic]

    @property
    def texts(self) -> dict[str, str]:
        """What a broker retains now, by topic."""
        return {topic: payload.decode() for topic, payload in self.retained.items()}


class Core:
    """A real core with the gateway's own device `pi`, and one feature's worth of connection.

    Args:
        options: of `mqtt`.
        clock: a `FakeClock` unless given.

    Attributes:
        parts: what a feature is made with.
    """

    def __init__(self, options: MqttOptions | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        options = options or MqttOptions()
        self.parts = MqttParts.beside(
            Parts.new(self.clock, Zone.of("Europe/Berlin"), trusted(self.clock)),
            instance_id=INSTANCE_ID,
            run_id=RUN_ID,
            started_at=self.clock.monotonic(),
            own=OWN,
            options=options,
            topics=Topics(options.base_topic),
        )
        self.store = self.parts.store
        self.registry = self.parts.registry
        self.bus = self.parts.bus
        own = self.add(OWN, source=DeviceSource.GATEWAY, open_pins=frozenset())
        self.registry.connected(own, CONFIG)
        self._mailbox = Mailbox(1_000_000, Overflow.CONFLATE)
        self.bus.subscribe(self._mailbox, origin=None, echo=True)

    def add(self, slug: str, *datastreams: Datastream, **definition: object) -> Device:
        """Add a device with these datastreams."""
        return self.registry.add(defined(slug, *datastreams, **definition), CONFIG)

    def redefine(self, slug: str, *datastreams: Datastream, **definition: object) -> None:
        """Give a device another definition."""
        self.registry.redefine(defined(slug, *datastreams, **definition), CONFIG)

    def changes(self) -> list[Change]:
        """What happened since the last call."""
        return self._mailbox.drain()

    def tell(self, outlet: FakeOutlet, *features: Feature) -> None:
        """Hand what happened since the last call to features, as the adapter does."""
        for change in self.changes():
            for feature in features:
                feature.changed(change, outlet)


def no_services(data_dir: Path = Path("nowhere")) -> MqttServices:
    """What features use of the rest of a gateway that does nothing."""
    return MqttServices(
        reader=None,  # type: ignore[arg-type]  # nothing is read
        backups=None,  # type: ignore[arg-type]  # nor backed up
        data_dir=data_dir,
        backlog=lambda: 0,
        reload=None,
        restart=None,
        peripherals=dict,
        quota=QuotaOptions,
        url=lambda: None,
        messages=RuleMessages(FakeClock()),
    )


def defined(slug: str, *datastreams: Datastream, **definition: object) -> DeviceDefinition:
    """A device's definition, with a token made of its slug."""
    known = {field.name for field in fields(DeviceDefinition)}
    assert set(definition) <= known, definition
    definition.setdefault("name", slug.capitalize())
    definition.setdefault("token", f"token-of-{slug}")
    streams = {stream.pin: stream for stream in datastreams}
    given: dict[str, Any] = definition
    return DeviceDefinition(slug=slug, datastreams=streams, **given)


async def reached(condition: Callable[[], object]) -> None:
    """Return as soon as the condition is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals what tests look at
            await asyncio.sleep(0.001)


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic filter takes a topic."""
    return _match(topic_filter.split("/"), topic.split("/"))


def _match(wanted: list[str], levels: list[str]) -> bool:
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def retained_of(sent: Iterable[Sent]) -> dict[str, str | bytes]:
    """The last retained payload of each topic among messages."""
    return {one.topic: one.payload for one in sent if one.retain}


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
