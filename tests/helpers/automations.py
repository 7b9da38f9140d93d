"""Rules, webhooks and notification services, as others see them."""

from dataclasses import dataclass, field

from blynk_gateway.core.automations import (
    ActionResult,
    AutomationState,
    AutomationStopped,
    ConditionState,
    DryRun,
    Run,
    RunOutcome,
    ServiceState,
    WebhookAnswer,
    WebhookState,
    unknown_automation,
    unknown_service,
    unknown_webhook,
)
from blynk_gateway.core.value import PinValue

HOT = AutomationState(
    slug="too-hot",
    name="Too hot",
    is_enabled=True,
    stopped="",
    when=("greenhouse/V5 above 30 for 2m",),
    conditions=("after 08:00 and before 20:00",),
    then=("set greenhouse/V1 to 1", "notify: It is {value} °C"),
    runs=2,
    is_running=False,
    last_run_ms=1_700_000_000_000,
    skipped="",
    skipped_ms=None,
    next_ms=None,
)
NIGHT = HOT._replace(
    slug="good-night",
    name="Good night / all off",
    when=(),
    conditions=(),
    then=("set pi/V1 to 0",),
    runs=0,
    last_run_ms=None,
)

HOT_RUN = Run(
    id=7,
    automation="too-hot",
    at_ms=1_700_000_000_000,
    cause="greenhouse/V5 = 30.5",
    cause_seq=812,
    outcome=RunOutcome.FAILED,
    actions=(
        ActionResult("set greenhouse/V1 to 1", "done"),
        ActionResult("notify: It is 30.5 °C", "ntfy answered 500", is_failed=True),
    ),
    ended_ms=1_700_000_000_250,
)

WOULD_RUN = DryRun(
    would_run=True,
    obstacles=(),
    conditions=(ConditionState("after 08:00 and before 20:00", is_met=True),),
    actions=("set greenhouse/V1 to 1", "notify: It is 31 °C"),
)

PARTICLE = WebhookState(
    name="particle-led",
    target="POST https://api.particle.io/v1/devices/{device}/led",
    is_off=False,
    failures=0,
    waiting=1,
    sent=41,
    merged=3,
    last_ms=1_700_000_000_000,
    last_result="200 OK",
)
ARRIVED = WebhookAnswer(
    is_ok=True,
    request="POST https://api.particle.io/v1/devices/greenhouse/led",
    status=200,
    result="200 OK",
    took_ms=87,
    body='{"return_value":1}',
)

PHONE = ServiceState(
    name="phone", kind="ntfy", waiting=0, sent=12, failed=1, last_ms=1_700_000_000_000, detail=""
)


@dataclass
class MemoryAutomations:
    """Rules that do nothing; what is asked of them is kept.

    Attributes:
        run_next: what `run` tells; None for a run that conditions or limit kept back.
        asked: every run, test and switch in order.
    """

    rules: list[AutomationState] = field(default_factory=lambda: [HOT, NIGHT])
    past: list[Run] = field(default_factory=lambda: [HOT_RUN])
    run_next: Run | None = HOT_RUN
    dry_run: DryRun = WOULD_RUN
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def states(self) -> list[AutomationState]:
        return self.rules

    def find(self, name: str) -> AutomationState:
        for one in self.rules:
            if name in (one.slug, one.name):
                return one
        raise unknown_automation(name)

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        return [one for one in self.past if slug in (None, one.automation)][:limit]

    def run(self, slug: str, by: str) -> Run | None:
        state = self._of(slug)
        if state.stopped:
            raise AutomationStopped(f"{slug}: {state.stopped}")
        self.asked.append(("run", slug, by))
        return self.run_next

    def test(self, slug: str, value: PinValue | None) -> DryRun:
        self._of(slug)
        self.asked.append(("test", slug, value))
        return self.dry_run

    def set_enabled(self, slug: str, is_enabled: bool) -> AutomationState:
        state = self._of(slug)._replace(is_enabled=is_enabled, stopped="")
        self.rules = [state if one.slug == slug else one for one in self.rules]
        self.asked.append(("set_enabled", slug, is_enabled))
        return state

    def _of(self, slug: str) -> AutomationState:
        # The port takes slugs here; names are for `find` alone.
        for one in self.rules:
            if one.slug == slug:
                return one
        raise unknown_automation(slug)


@dataclass
class MemoryWebhooks:
    """Webhooks that send nothing."""

    present: list[WebhookState] = field(default_factory=lambda: [PARTICLE])
    answer: WebhookAnswer = ARRIVED
    asked: list[tuple[str, PinValue | None]] = field(default_factory=list)

    def states(self) -> list[WebhookState]:
        return self.present

    async def test(self, name: str, value: PinValue | None) -> WebhookAnswer:
        if name not in {one.name for one in self.present}:
            raise unknown_webhook(name)
        self.asked.append((name, value))
        return self.answer


@dataclass
class MemoryNotifications:
    """Services that send nothing."""

    present: list[ServiceState] = field(default_factory=lambda: [PHONE])
    fault: str = ""
    asked: list[str] = field(default_factory=list)

    def states(self) -> list[ServiceState]:
        return self.present

    async def test(self, name: str) -> str:
        if name not in {one.name for one in self.present}:
            raise unknown_service(name)
        self.asked.append(name)
        return self.fault
