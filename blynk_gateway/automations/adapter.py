"""All automations of one gateway: builds their parts, starts and stops them, tells how they are.

Order of a start: rules and links follow the bus before the first device is let in; what an earlier
run of the gateway left goes on; the rules for a start come last. At a stop rules are silenced
first: what ends with the gateway is no news to act on.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from blynk_gateway import __version__
from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.doors import Doors
from blynk_gateway.automations.event_notices import EventNotices
from blynk_gateway.automations.notifications.notifier import Notifier
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.rules.conditions import describe as describe_condition
from blynk_gateway.automations.rules.engine import Engine
from blynk_gateway.automations.rules.rule import Rule
from blynk_gateway.automations.rules.wording import describe as describe_trigger
from blynk_gateway.automations.runs.runner import Runner
from blynk_gateway.automations.runs.words import describe as describe_action
from blynk_gateway.automations.saving import Saving
from blynk_gateway.automations.schedule.agenda import Agenda
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.system_events import SystemEvents
from blynk_gateway.automations.timers import Timers
from blynk_gateway.automations.webhooks.webhooks import WebhookSender
from blynk_gateway.config import Options
from blynk_gateway.config.automations.options import AutomationOptions, PinTrigger, WebhookAction
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.automation_records import AutomationRecords
from blynk_gateway.core.automations import (
    AutomationState,
    AutomationStopped,
    DryRun,
    Run,
    unknown_automation,
)
from blynk_gateway.core.device import Device
from blynk_gateway.core.links import Link
from blynk_gateway.core.messages import Messages
from blynk_gateway.core.ports import Journal
from blynk_gateway.core.value import PinValue
from blynk_gateway.runtime.last_stop import LastStop
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

if TYPE_CHECKING:
    import asyncio


class AutomationsAdapter:
    """Meets `core.automations.Automations`.

    Args:
        options: those in force.
        records: the tables that survive a restart.
        messages: MQTT.
        journal: the timeline.
        own: the gateway's own device, None while there is none.

    Attributes:
        webhooks, notifier: meet `core.automations.Webhooks` and `Notifications`.
    """

    def __init__(
        self,
        parts: Parts,
        options: Callable[[], Options],
        records: AutomationRecords,
        messages: Messages,
        journal: Journal,
        own: Callable[[], Device | None],
    ) -> None:
        self._clock = parts.clock
        self._store = parts.store
        self._options = options
        self._timers = Timers(parts.clock)
        self._sky = Sky(None, parts.zone)
        self._saving = Saving(records, parts.clock)
        placeholders = Placeholders(parts, lambda: options().gateway)
        self.webhooks = WebhookSender(
            parts, self._timers, placeholders, self._saving, self._sample_of_webhook
        )
        self.notifier = Notifier(parts, self._timers, self._saving)
        doors = Doors(messages, self.webhooks, self.notifier)
        self._runner = Runner(parts, self._timers, doors, placeholders)
        self._agenda = Agenda(parts.clock, parts.clock_quality, parts.zone, self._timers, self._sky)
        self._engine = doors.engine = Engine(
            parts, self._timers, self._runner, self._agenda, messages, self._sky
        )
        self._notices = EventNotices(parts, self._timers, self.notifier.notify)
        self._system_events = SystemEvents(parts, self._timers, journal, own)
        self._workers: list[asyncio.Task[None]] = []
        self._saver: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow the bus from now on. Values and devices are restored, and nobody is let in yet.

        Raises:
            HistoryError: what an earlier run left cannot be read.
        """
        saved = await self._saving.restore()
        self._define()
        rules = {rule.slug: rule.options for rule in self._engine.rules.values()}
        for slug, state in saved.states.items():
            self._engine.restore(slug, state)
        self._runner.number_from(saved.next_run)
        for slug in saved.states.keys() - rules.keys():
            self._saving.forget(slug)
        await self.webhooks.start()
        await self.notifier.start()
        # After these, which would find twice what a run that is due hands over at once.
        self._runner.resume(saved.waiting, rules)
        self._saving.attach(self._runner, self._engine)
        self._saver = spawn(self._saving.run(), name="automation records")
        self._workers = [
            spawn(self._engine.run(), name="rules"),
            spawn(self._timers.run(), name="rule timers"),
            spawn(self._notices.run(), name="event notices"),
        ]
        self._system_events.start()
        self._agenda.start()

    def started(self, last: LastStop) -> None:
        """The gateway serves: tell so, and run the rules for a start.

        Args:
            last: how the gateway stopped the last time.
        """
        self._system_events.started(__version__, last)
        self._engine.started()

    def reload(self) -> None:
        """Apply the options that are in force now; what did not change goes on."""
        self._define()

    async def silence(self) -> None:
        """Let no rule begin any more; what waits stays for the next start. May be repeated."""
        self._agenda.stop()
        await self._system_events.stop()
        for worker in self._workers:
            await cancel(worker)
        self._workers.clear()
        self._runner.stop()

    async def stop(self) -> None:
        """End everything and save it. May be repeated, and follow a start that failed."""
        await self.silence()
        await self.webhooks.stop()
        await self.notifier.stop()
        if self._saver is not None:
            await cancel(self._saver)
            self._saver = None
            await self._saving.close()

    @property
    def disabled_links(self) -> set[Link]:
        """Links that ran in a circle."""
        return self._engine.links.disabled

    def states(self) -> list[AutomationState]:
        """How all rules are, in the order of the configuration."""
        return [self._state(rule) for rule in self._engine.rules.values()]

    def find(self, name: str) -> AutomationState:
        """The rule with this slug or name.

        Raises:
            UnknownAutomation: there is none.
        """
        return self._state(self._rule(name))

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs of one rule or of all, newest first."""
        return await self._saving.runs(slug, limit)

    def run(self, slug: str, by: str) -> Run | None:
        """Run a rule by hand; conditions and limit hold as always.

        Raises:
            UnknownAutomation: there is none.
            AutomationStopped: it is switched off, or was stopped.
        """
        rule = self._rule(slug)
        if rule.stopped or not rule.is_enabled:
            why = f"stopped: {rule.stopped}" if rule.stopped else "switched off"
            raise AutomationStopped(f"the automation {rule.slug} is {why}")
        run = rule.fire(Cause(f"by {by}", self._clock.now_ms()))
        return None if run is None else run.view()

    def test(self, slug: str, value: PinValue | None) -> DryRun:
        """What a run would do now; nothing is done.

        Raises:
            UnknownAutomation: there is none.
        """
        rule = self._rule(slug)
        cause = self._sample(rule.options) or Cause("by hand", self._clock.now_ms())
        if value is not None:
            cause = cause._replace(value=value)
        obstacles, conditions = rule.obstacles(), rule.conditions()
        return DryRun(
            not obstacles and all(one.is_met for one in conditions),
            obstacles,
            conditions,
            self._runner.render(rule.options, cause),
        )

    def set_enabled(self, slug: str, is_enabled: bool) -> AutomationState:
        """Switch a rule on or off; on also ends a stop.

        Raises:
            UnknownAutomation: there is none.
        """
        rule = self._rule(slug)
        self._engine.set_enabled(rule.slug, is_enabled)
        return self._state(rule)

    def _define(self) -> None:
        options = self._options()
        self._sky.move(options.gateway.location)
        self.webhooks.define(options.webhooks)
        self.notifier.define(options.notifications)
        self._runner.keep({rule.slug: rule for rule in options.automations})
        self._engine.define(options.automations, options.links)
        self._agenda.refresh()

    def _rule(self, name: str) -> Rule:
        rule = self._engine.rules.get(name)
        if rule is None:
            folded = name.casefold()
            rules = self._engine.rules.values()
            rule = next((one for one in rules if one.options.name.casefold() == folded), None)
        if rule is None:
            raise unknown_automation(name, suggestion(name, self._engine.rules))
        return rule

    def _state(self, rule: Rule) -> AutomationState:
        options = rule.options
        return AutomationState(
            slug=rule.slug,
            name=options.name,
            is_enabled=rule.is_enabled,
            stopped=rule.stopped,
            when=tuple(map(describe_trigger, options.when)),
            conditions=tuple(map(describe_condition, options.conditions)),
            then=tuple(map(describe_action, options.then)),
            runs=rule.runs,
            is_running=self._runner.is_running(rule.slug),
            last_run_ms=rule.last_run_ms,
            skipped=rule.skipped,
            skipped_ms=rule.skipped_ms,
            next_ms=rule.next_ms,
        )

    def _sample_of_webhook(self, name: str) -> Cause | None:
        """What the first rule that uses a webhook would send now."""
        for rule in self._options().automations:
            if WebhookAction(name) in rule.then and (cause := self._sample(rule)) is not None:
                return cause
        return None

    def _sample(self, rule: AutomationOptions) -> Cause | None:
        """The cause as it would be if the first pin that the rule looks at were written now."""
        for pin in _pins(rule):
            state = self._store.find(*pin.pin)
            value = () if state is None else state.value
            return Cause("by hand", self._clock.now_ms(), *pin.pin, value=value, previous=value)
        return None


def _pins(rule: AutomationOptions) -> Iterator[PinTrigger]:
    return (one for one in rule.when if isinstance(one, PinTrigger))
