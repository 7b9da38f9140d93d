"""docs/reference/mqtt.md: every topic that is used stands there, and none that is not."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blynk_gateway.config.mqtt.options import Discovery, MqttOptions
from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.presentation import Presentation
from blynk_gateway.mqtt.adapter import MqttAdapter
from blynk_gateway.mqtt.features import make_features
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import INSTANCE_ID, OWN, Core, matches, no_services

PAGE = Path(__file__).parents[3] / "docs/reference/mqtt.md"

ORIGIN = Origin(OriginKind.API)


def documented(heading: str) -> list[str]:
    """Topics of the table under a heading, as topic filters."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    topics = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    return [re.sub(r"<\w+>", "+", topic) for topic in topics]


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as running:
        yield running


def most_special(filters: Iterable[str], topic: str) -> str | None:
    """The row that describes a topic: the one with the fewest variables."""
    fitting = [one for one in filters if matches(one, topic)]
    return min(fitting, key=lambda one: one.count("+"), default=None)


async def test_published_topics_are_those_of_the_page(broker: Broker, tmp_path: Path) -> None:
    core = Core(MqttOptions(host="127.0.0.1", port=broker.port), SystemClock())
    number = DatastreamType.INT
    core.add(
        "shed",
        Datastream("V1", "Fan", number, 0, 1),
        Datastream("V2", "Lamp", number, 0, 255, default=("1", "2", "3")),
        Datastream("V3", "Bell", presentation=Presentation("event")),
    )
    shed = core.registry.get("shed")
    adapter = MqttAdapter(core.parts, no_services(tmp_path))
    async with Listener(broker.port) as listener:
        adapter.start(core.parts.options, OWN, INSTANCE_ID)
        await listener.expect("blynk/bridge/state", "online")
        core.store.write("shed", "V1", ("1",), ORIGIN, Intent.COMMAND)
        core.registry.set_property(shed, "V1", "label", ("Fan",), ORIGIN)
        core.registry.record_event(shed, EventKind.LOGGED, "hot", "30 °C", ORIGIN)
        listener.publish("blynk/shed/v1/set", "nonsense")
        listener.publish("blynk/nobody/v1/set", "1")
        listener.publish("blynk/bridge/request/health", "")
        await listener.expect(f"homeassistant/device/blynk_{INSTANCE_ID[:12]}_shed/config")
        core.store.write("shed", "V3", ("1",), ORIGIN, Intent.COMMAND)
        published = documented("Published")
        used: set[str | None] = set()

        def all_seen() -> bool:
            taken = {"blynk/shed/v1/set", "blynk/nobody/v1/set", "blynk/bridge/request/health"}
            seen = {one.topic for one in listener.heard} - taken
            used.update(most_special(published, topic) for topic in seen)
            return len(used) >= len(published) - 1

        await listener.until(all_seen)
        entities = replace(core.parts.options, discovery=Discovery.ENTITY)
        await adapter.reconfigure(entities, OWN)
        await listener.until(lambda: all_seen() and len(used) == len(published))
        await adapter.stop()
    assert used == set(published)


def test_taken_topics_are_those_that_are_subscribed_to(tmp_path: Path) -> None:
    parts = Core().parts
    asked = {
        one.filter
        for feature in make_features(parts, no_services(tmp_path), lambda: None)
        for one in feature.subscriptions()
    }
    # Those of its own that it hears are to notice what a broker forgot.
    own = {parts.topics.bridge(name) for name in ("state", "info", "health")}
    assert asked - own == set(documented("Taken"))
