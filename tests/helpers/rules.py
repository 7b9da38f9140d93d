"""A rule engine on a clock that stands still, and a runner that only notes what it is to run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.engine import Engine
from blynk_gateway.automations.rules.rule import Rule
from blynk_gateway.automations.runs.record import Program, RunRecord
from blynk_gateway.automations.schedule.agenda import Agenda
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import (
    Action,
    AutomationOptions,
    Comparison,
    Op,
    PinTrigger,
    SetAction,
    Trigger,
)
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.links import Link
from blynk_gateway.core.messages import TopicMessage
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

DEVICE = Origin(OriginKind.DEVICE, "1")
OWN = "pi"
SET = SetAction({parse_address("pi/V1"): ("1",)})


def comparison(
    op: str, *bounds: float | str, hysteresis: float = 0, parameter: int = 0
) -> Comparison:
    """A test by the word of the configuration."""
    values = [float(one) for one in bounds if not isinstance(one, str)]
    low, high = (values * 2)[:2] if values else (0.0, 0.0)
    text = next((one for one in bounds if isinstance(one, str)), "")
    return Comparison(Op(op), low, high, text, hysteresis, parameter)


def pin_trigger(
    address: str, op: str, *bounds: float | str, for_ms: int = 0, hysteresis: float = 0
) -> PinTrigger:
    """A trigger of a pin."""
    test = comparison(op, *bounds, hysteresis=hysteresis)
    return PinTrigger(parse_address(address), test, for_ms)


def options(
    *when: Trigger, slug: str = "rule", then: Sequence[Action] = (SET,), limit_ms: int = 0
) -> AutomationOptions:
    """A rule."""
    return AutomationOptions(slug.title(), slug, tuple(then), when, limit_ms=limit_ms)


class NotedRuns:
    """Meets `Starter`.

    Attributes:
        causes: of all runs, by rule, in order.
        dropped: rules whose queues were emptied.
        is_busy: whether the run before is still under way.
        act: called at each run.
    """

    def __init__(self) -> None:
        self.causes: list[tuple[str, Cause]] = []
        self.dropped: list[str] = []
        self.is_busy = False
        self.act: Callable[[AutomationOptions, Cause], None] = lambda _, __: None

    def start(self, options: AutomationOptions, cause: Cause) -> RunRecord | None:
        if self.is_busy:
            return None
        self.causes.append((options.slug, cause))
        self.act(options, cause)
        return RunRecord(len(self.causes), Program(options), cause, cause.at_ms)

    def is_free(self, options: AutomationOptions) -> bool:
        return not self.is_busy

    def drop_queue(self, slug: str) -> None:
        self.dropped.append(slug)

    def take(self) -> list[str]:
        """Slugs of the rules that ran since the last call."""
        found = [slug for slug, _ in self.causes]
        self.causes.clear()
        return found


class HeardMessages:
    """Meets `core.messages.Messages`.

    Attributes:
        filters: that somebody listens to.
    """

    def __init__(self) -> None:
        self.filters: tuple[str, ...] = ()
        self._heard: Callable[[str, TopicMessage], None] = lambda _, __: None

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> None:
        raise AssertionError("nobody publishes here")

    def listen(self, filters: Sequence[str], heard: Callable[[str, TopicMessage], None]) -> None:
        self.filters = tuple(filters)
        self._heard = heard

    def bring(self, topic: str, payload: bytes | str, *filters: str) -> None:
        """A message comes that these filters fit, by default the topic itself."""
        message = TopicMessage(topic, payload.encode() if isinstance(payload, str) else payload)
        for one in filters or (topic,):
            self._heard(one, message)


class RuleRig:
    """Devices `a` and `b` and the gateway's own, `pi`."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        zone = Zone.of("UTC")
        self.parts = Parts.new(self.clock, zone, trusted(self.clock))
        self.bus, self.store, self.registry = (
            self.parts.bus,
            self.parts.store,
            self.parts.registry,
        )
        for slug in ("a", "b"):
            self.add(slug)
        self.add(OWN, DeviceSource.GATEWAY)
        self.runs = NotedRuns()
        self.messages = HeardMessages()
        self.timers = Timers(self.clock)
        self.sky = Sky(None, zone)
        self.agenda = Agenda(self.clock, self.parts.clock_quality, zone, self.timers, self.sky)
        self.engine = self.new_engine()

    def new_engine(self) -> Engine:
        """Another engine in the same gateway, as after a restart."""
        return Engine(self.parts, self.timers, self.runs, self.agenda, self.messages, self.sky)

    def add(
        self,
        slug: str,
        source: DeviceSource = DeviceSource.FILE,
        stale_after_ms: int | None = None,
    ) -> None:
        """Add a device."""
        definition = DeviceDefinition(
            slug=slug,
            name=slug.title(),
            token=f"{slug:0>32}",
            source=source,
            stale_after_ms=stale_after_ms,
        )
        self.registry.add(definition, Origin(OriginKind.GATEWAY))

    def define(self, *rules: AutomationOptions, links: Iterable[Link] = ()) -> None:
        """Follow these."""
        self.engine.define(rules, links)

    @property
    def rule(self) -> Rule:
        """The only rule, or the first one."""
        return next(iter(self.engine.rules.values()))

    def write(
        self, address: str, *value: str, origin: Origin = DEVICE, intent: Intent = Intent.REPORT
    ) -> None:
        """Write a pin."""
        device, pin = parse_address(address)
        self.store.write(device, pin, value, origin, intent)

    async def wrote(self, address: str, *value: str) -> list[str]:
        """Write a pin; returns the rules that ran."""
        self.write(address, *value)
        return await self.ran()

    async def ran(self) -> list[str]:
        """The rules that ran since the last look, once the engine has nothing left to see."""
        await self.settled()
        return self.runs.take()

    async def settled(self) -> None:
        """Return when the engine has nothing left to see."""
        while True:
            before = self.bus.next_seq, len(self.runs.causes)
            for _ in range(5):
                await asyncio.sleep(0)
            if (self.bus.next_seq, len(self.runs.causes)) == before:
                return

    def pass_time(self, seconds: float) -> list[str]:
        """Let time pass and call what is due; returns the rules that ran."""
        self.clock.advance(seconds)
        self.timers.advance()
        return self.runs.take()

    def connect(self, slug: str) -> None:
        """The device comes."""
        self.registry.connected(self.registry.get(slug), DEVICE)

    def disconnect(self, slug: str) -> None:
        """The device goes."""
        self.registry.disconnected(self.registry.get(slug), DEVICE)


@asynccontextmanager
async def rule_rig() -> AsyncIterator[RuleRig]:
    """A rig whose engine runs."""
    rig = RuleRig()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(rig.engine.run(), name="engine")
        await asyncio.sleep(0)
        yield rig
        running.cancel()
