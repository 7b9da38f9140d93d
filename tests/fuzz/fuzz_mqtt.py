"""Fuzz the broker: mutated topics and payloads through the router to every feature.

The promise under attack: no message makes anything fail; what is refused is told once; pins only
ever hold values that their datastreams take; what is published are topics and texts that a broker
takes, and not much of it for one message. No token is among them, and what a broker kept sets no
pin, but by bindings.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from blynk_gateway.broker.message import Message
from blynk_gateway.broker.retained import QUIET_S
from blynk_gateway.broker.router import Router
from blynk_gateway.config.mqtt.json_path import parse_json_path
from blynk_gateway.config.mqtt.options import (
    BindingOptions,
    DeviceApiOptions,
    Direction,
    MqttOptions,
)
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import check_size
from blynk_gateway.mqtt.bindings.listening import Listening
from blynk_gateway.mqtt.features import make_features
from tests.fuzz.mutation import CORPUS, mutate
from tests.fuzz.running import main
from tests.helpers.mqtt import Core, FakeOutlet, no_services
from tests.helpers.ports import MemoryBackups, MemoryGpio

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from tests.helpers.mqtt import Sent

STREAMS = [
    Datastream("V1", "Fan", DatastreamType.INT, minimum=0, maximum=1, default=("0",)),
    Datastream("V2", "Set point", DatastreamType.DOUBLE, minimum=5, maximum=30),
    Datastream("V3", "Temperature", DatastreamType.DOUBLE, is_writable=False),
    Datastream("V4", "Place", DatastreamType.LOCATION),
    Datastream("V5", "Mode", DatastreamType.ENUM, labels=((0, "off"), (1, "auto"))),
    Datastream("V6", "Alarm", DatastreamType.BOOL),
    Datastream("V7", "Colour", DatastreamType.INT, minimum=0, maximum=255, parameters=3),
    Datastream("V8", "Note", DatastreamType.STRING),
]

BINDINGS = (
    BindingOptions("zigbee2mqtt/kitchen", "greenhouse/V3", json=parse_json_path("temperature")),
    BindingOptions("zigbee2mqtt/kitchen", "greenhouse/V9", json=parse_json_path("list[0].a")),
    BindingOptions("tele/+/SENSOR", "{1}/V10", json=parse_json_path("ENERGY.Power"), round=1),
    BindingOptions("shellies/#", "greenhouse/V6", map={"on": "1", "off": "0"}),
    BindingOptions("counter/both", "greenhouse/V11", direction=Direction.BOTH, scale=0.1),
)

WORDS = [
    *(
        b"/",
        b"//",
        b"+",
        b"#",
        b"$SYS/",
        b"blynk/",
        b"/set",
        b"/get",
        b"v255",
        b"V256",
        b"d17",
        b"a0",
    ),
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"true", b"NaN", b"Infinity", b"1e999"),
    *(
        b"-0",
        b"1_000",
        b"9" * 400,
        b"[" * 300,
        b'{"a":' * 60,
        b"\\u0000",
        b"\\ud800",
        b"\xed\xa0\x80",
    ),
    *(
        b"\xff",
        b"\0",
        b"\x7f",
        b"\xef\xbf\xbe",
        b"\xf0\x9f\x98\x80",
        b"x" * 5000,
        b"greenhouse",
        b"pi",
    ),
    *(b"\n", b"\r", b"1", b"0", b"on", b"OFF", b"online", b"bridge/request/", b"homeassistant/"),
]

BETWEEN = b"\x1e"
MAX_MESSAGES = 4
MAX_PUBLISHED = 600
"""For one input; a `get` of all pins of a device is the most that one message asks for."""

MAX_TOPIC_BYTES = 65_535

OURS = ("blynk/", "device/")
"""Topics that no binding listens to."""

TOKEN = b"token-of-"
"""With these words the token of each device begins."""


class Messages:
    """Every feature on a connection to no broker."""

    def __init__(self, data_dir: Path) -> None:
        self.corpus = read_corpus()
        self.core = Core(
            MqttOptions(
                bindings=BINDINGS,
                device_api=DeviceApiOptions("device/{device}"),
            )
        )
        self.core.add("greenhouse", *STREAMS)
        self.outlet = FakeOutlet()
        services = replace(
            no_services(data_dir), reader=MemoryGpio(self.core.store), backups=MemoryBackups()
        )
        self._features = make_features(self.core.parts, services, lambda: None)
        self._router = Router()
        for feature in self._features:
            self._router.add(feature.subscriptions())

    async def connect(self) -> None:
        """Have every feature publish what has to stand there, after a look at what does."""
        for feature in self._features:
            connecting = asyncio.get_running_loop().create_task(feature.connected(self.outlet))
            if isinstance(feature, Listening):
                await asyncio.sleep(0)
                self.core.clock.advance(QUIET_S)  # type: ignore[attr-defined]
            await connecting

    def disconnect(self) -> None:
        """The broker is gone."""
        for feature in self._features:
            feature.disconnected()

    def make_input(self, rng: random.Random) -> bytes:
        """A few messages, mutated."""
        lines = []
        for line in rng.choices(self.corpus, k=rng.randrange(1, MAX_MESSAGES)):
            topic, _, payload = line.partition(b"\t")
            if rng.random() < 0.3:
                topic = mutate(topic, rng, WORDS, 3)
            kept = b"!" if rng.random() < 0.1 else b""
            lines.append(kept + topic + b"\t" + mutate(payload, rng, WORDS, 5))
        return BETWEEN.join(lines)

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Hand the messages over and look at all that came of them."""
        self.core.clock.advance(rng.choice((0.0, 0.3, 5.0, 90.0)))  # type: ignore[attr-defined]
        for message in map(_message, data.split(BETWEEN)):
            if message is None:
                continue
            if message.is_retained:
                self.outlet.retained[message.topic] = message.payload
            for handler in self._router.handlers(message.topic):
                handler(message)
            self._follow(message)
            await asyncio.sleep(0)
        if rng.random() < 0.02:
            self.disconnect()
            await self.connect()
        await asyncio.sleep(0)
        self._follow()
        self._check_published(self.outlet.take())

    def _follow(self, message: Message | None = None) -> None:
        is_kept = message and message.is_retained and message.topic.startswith(OURS)
        changes = self.core.changes()
        for change in changes:
            for feature in self._features:
                feature.changed(change, self.outlet)
            if isinstance(change, PinChange):
                assert not is_kept, f"{change} by what the broker had kept"
                check_size(change.value)
                datastream = self.core.store.find_datastream(change.device, change.pin)
                taken = change.value if datastream is None else datastream.accept(change.value)
                assert taken == change.value, f"{change} has a value that is not taken"

    def _check_published(self, sent: list[Sent]) -> None:
        assert len(sent) <= MAX_PUBLISHED, f"{len(sent)} messages were published"
        for one in sent:
            assert 0 < len(one.topic.encode()) <= MAX_TOPIC_BYTES, one.topic
            payload = one.payload.encode() if isinstance(one.payload, str) else one.payload
            assert TOKEN not in one.topic.encode() + payload, f"a token in {one}"
            is_json = one.topic.endswith(("/error", "/config", "/info", "/health", "/state"))
            if is_json and payload not in (b"", b"online", b"offline"):
                json.loads(payload)


def read_corpus() -> list[bytes]:
    """Messages, each as TOPIC, tab, PAYLOAD; `!` before it for one that the broker had kept."""
    return [
        line
        for path in sorted((CORPUS / "mqtt").glob("*.txt"))
        for line in path.read_bytes().splitlines()
        if not line.startswith(b"# ")
    ]


def _message(line: bytes) -> Message | None:
    """What a broker would deliver; None for what it would not."""
    topic, _, payload = line.removeprefix(b"!").partition(b"\t")
    try:
        text = topic.decode()
    except UnicodeDecodeError:
        # Brokers refuse it, and so does the library.
        return None
    if not text or set(text) & set("+#\0") or len(topic) > MAX_TOPIC_BYTES:
        return None
    return Message(text, payload, 0, line.startswith(b"!"))


@asynccontextmanager
async def opened() -> AsyncIterator[Messages]:
    """A target, ready."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        target = Messages(Path(directory))
        await target.connect()
        try:
            yield target
        finally:
            target.disconnect()


if __name__ == "__main__":
    main(__doc__, opened)
