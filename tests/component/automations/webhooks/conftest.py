"""Webhooks against a real server, with a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Payload
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.timers import Timers
from blynk_gateway.automations.webhooks.webhooks import WebhookSender
from blynk_gateway.config.options import GatewayOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret
from blynk_gateway.config.webhooks.options import WebhookOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.particle import Particle

DEVICE = Origin(OriginKind.DEVICE, "1")


class MemoryOutbox:
    """Keeps entries as long as the test lives."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Payload] = {}

    async def load(self, kind: str) -> list[tuple[str, Payload]]:
        return [(key, payload) for (one, key), payload in self.entries.items() if one == kind]

    def put(self, kind: str, key: str, payload: Payload) -> None:
        self.entries[kind, key] = payload

    def remove(self, kind: str, key: str) -> None:
        self.entries.pop((kind, key), None)


class World:
    """A gateway with one device, and a server to send to.

    Attributes:
        results: what `done` was told, in order.
    """

    def __init__(self, particle: Particle) -> None:
        self.particle = particle
        self.clock = FakeClock()
        self.parts = Parts.new(self.clock, Zone.of("UTC"), trusted(self.clock))
        self.outbox = MemoryOutbox()
        self.results: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        origin = Origin(OriginKind.GATEWAY)
        for slug, source in (("pi", DeviceSource.GATEWAY), ("greenhouse", DeviceSource.FILE)):
            definition = DeviceDefinition(
                slug=slug, name=slug.title(), token=f"token-of-{slug}", source=source
            )
            self.parts.registry.add(definition, origin)
        self.begin()

    def begin(self) -> None:
        """A sender as after a start of the gateway."""
        self.timers = Timers(self.clock)
        self.placeholders = Placeholders(self.parts, GatewayOptions)
        self.sender = WebhookSender(
            self.parts, self.timers, self.placeholders, self.outbox, self.sample
        )

    def sample(self, name: str) -> Cause | None:
        state = self.parts.store.find("greenhouse", "V1")
        return None if state is None else self.cause(*state.value)

    def cause(self, *value: str, pin: str = "V1", depth: int = 0) -> Cause:
        at_ms = self.clock.now_ms()
        return Cause("", at_ms, "greenhouse", pin, value, (), "", 7, depth)

    def submit(self, name: str, *value: str, pin: str = "V1") -> None:
        self.sender.submit(name, self.cause(*value, pin=pin), self.done)

    def done(self, result: str, is_failed: bool) -> None:
        self.results.put_nowait((result, is_failed))

    def write(self, *value: str) -> None:
        self.parts.store.write("greenhouse", "V1", value, DEVICE, Intent.REPORT)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.advance()

    def value(self, pin: str) -> tuple[str, ...]:
        state = self.parts.store.find("greenhouse", pin)
        return () if state is None else state.value

    async def define(self, *webhooks: WebhookOptions) -> None:
        """Have these webhooks, and begin to send."""
        self.sender.define({one.name: one for one in webhooks})
        await self.sender.start()

    def led(self, **changes: object) -> WebhookOptions:
        """The webhook of the documentation."""
        token = NamedSecret("particle", Secret("correct-horse"))
        led = WebhookOptions(
            name="led",
            url=MixedText((f"{self.particle.url}/v1/devices/0123abc/blynk_led",)),
            headers={"Authorization": MixedText(("Bearer ", token))},
            form={"args": MixedText(("{value}",))},
            min_interval_ms=60_000,
        )
        return replace(led, **changes)  # type: ignore[arg-type]  # as the options have them

    def plain(self, path: str, name: str = "plain", **changes: object) -> WebhookOptions:
        """A webhook that sends each value at once, whatever waits."""
        options = WebhookOptions(
            name, MixedText((f"{self.particle.url}/{path}",)), min_interval_ms=0, retries=0
        )
        return replace(options, **changes)  # type: ignore[arg-type]  # as the options have them


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with Particle("correct-horse") as particle:
        world = World(particle)
        yield world
        await world.sender.stop()
