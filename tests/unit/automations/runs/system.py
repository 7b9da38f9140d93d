"""A runner with the core around it, a clock that stands still, and doors that remember."""

from typing import TYPE_CHECKING

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.runs.record import RunRecord
from blynk_gateway.automations.runs.runner import Runner
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import (
    Action,
    AutomationOptions,
    Mode,
    NotifyAction,
    SetAction,
)
from blynk_gateway.config.options import GatewayOptions
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.automations import Run, UnknownAutomation
from blynk_gateway.core.change import Change, Origin, OriginKind, PinChange
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blynk_gateway.errors import GatewayError

OWNER = Origin(OriginKind.GATEWAY, "test")


def rule(name: str, *then: Action, mode: Mode = Mode.SINGLE) -> AutomationOptions:
    return AutomationOptions(name, name.lower().replace(" ", "-"), then, mode=mode)


def setting(**values: str) -> SetAction:
    """`setting(a_V1="1")` sets a/V1."""
    return SetAction(
        {parse_address(key.replace("_", "/")): (value,) for key, value in values.items()}
    )


def results(run: Run | RunRecord | None) -> list[tuple[str, str, bool]]:
    assert run is not None
    view = run.view() if isinstance(run, RunRecord) else run
    return [(action, result, is_failed) for action, result, is_failed in view.actions]


class Board:
    """Publishes to a list; raises what `failure` is."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, int, bool]] = []
        self.failure: Exception | None = None

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> None:
        if self.failure is not None:
            raise self.failure
        self.published.append((topic, payload, qos, retain))

    def listen(self, filters: object, heard: object) -> None:
        raise AssertionError("nobody listens here")


class Doors:
    """Meets `runs.effects.Effects`; scenes are the rules in `scenes`."""

    def __init__(self) -> None:
        self.messages = Board()
        self.scenes: dict[str, AutomationOptions] = {}
        self.runner: Runner
        self.switched: list[tuple[str, bool]] = []
        self.loops: list[tuple[str, str]] = []
        self.webhooks: list[tuple[str, Cause, str, Done]] = []
        self.notices: list[tuple[str, str, str, Done]] = []
        self.depths: list[tuple[int, int]] = []
        self.webhook_failure: GatewayError | None = None

    def run_scene(self, slug: str, cause: Cause) -> str:
        if slug not in self.scenes:
            raise UnknownAutomation(f"no automation has the slug {slug!r}")
        return "" if self.runner.start(self.scenes[slug], cause) else "running"

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        self.switched.append((slug, is_enabled))

    def loop_detected(self, slug: str, reason: str) -> None:
        self.loops.append((slug, reason))

    def webhook(self, name: str, cause: Cause, rule: str, done: Done) -> None:
        if self.webhook_failure is not None:
            raise self.webhook_failure
        self.webhooks.append((name, cause, rule, done))

    def notify(self, action: NotifyAction, rule: str, title: str, text: str, done: Done) -> None:
        self.notices.append((rule, title, text, done))

    def note_depth(self, seq: int, depth: int) -> None:
        self.depths.append((seq, depth))


class System:
    """Devices `a` (A board) and `pi`, the gateway's own."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock(1_800_000_000_000)
        self.parts = Parts.new(self.clock, Zone.of("Europe/Berlin"), trusted(self.clock))
        self.timers = Timers(self.clock)
        self.doors = Doors()
        self.options = GatewayOptions()
        self.placeholders = Placeholders(self.parts, lambda: self.options)
        self.runner = Runner(self.parts, self.timers, self.doors, self.placeholders)
        self.doors.runner = self.runner
        self.mailbox = Mailbox(1000, Overflow.CONFLATE)
        datastreams = {
            "V9": Datastream("V9", "Meter", is_writable=False),
            "V5": Datastream("V5", "Temperature", unit="°C"),
        }
        for slug, name in (("a", "A board"), ("pi", "Blynk Gateway")):
            definition = DeviceDefinition(
                slug,
                name,
                f"token-of-{slug}",
                datastreams=datastreams if slug == "a" else {},
                metadata={"Room": "cellar"},
            )
            self.parts.registry.add(definition, OWNER)
        self.parts.bus.subscribe(self.mailbox, origin=None, echo=True)

    @property
    def changes(self) -> list[Change]:
        """What was published since this was asked last."""
        return self.mailbox.drain()

    @property
    def writes(self) -> list[str]:
        """`a/V1 = 1` of each pin that was written since this was asked last."""
        return [
            f"{change.device}/{change.pin} = {' '.join(change.value)}"
            for change in self.changes
            if isinstance(change, PinChange)
        ]

    def start(self, options: AutomationOptions, cause: Cause | None = None) -> RunRecord | None:
        return self.runner.start(options, cause or self.cause())

    def cause(self, **fields: object) -> Cause:
        return Cause("by hand", self.clock.now_ms())._replace(**fields)  # type: ignore[arg-type]  # whatever a test gives

    def advance(self, seconds: float) -> None:
        """Let time pass, as the gateway would notice it."""
        end = self.clock.monotonic() + seconds
        while (wait_s := self.timers.advance()) is not None:
            if self.clock.monotonic() + wait_s > end:
                break
            self.clock.advance(wait_s)
        self.clock.advance(end - self.clock.monotonic())
        self.timers.advance()

    def restarted(self, after_s: float, *options: AutomationOptions) -> "System":
        """The gateway anew, so much later, with these rules."""
        self.runner.stop()
        waiting = self.runner.waiting()
        clock = FakeClock(self.clock.now_ms())
        clock.advance(after_s)
        system = System(clock)
        rules: Mapping[str, AutomationOptions] = {one.slug: one for one in options}
        system.runner.resume(waiting, rules)
        return system
