"""Follows the bus for all rules and links, and runs what begins.

One mailbox and one task serve all of them: a change costs one look into a table, whatever the
number of rules that look at other pins. A change that comes while others wait is never conflated
below `MAILBOX_LIMIT`.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from blynk_gateway.automations.rules.comparison import first_number
from blynk_gateway.automations.rules.conditions import Conditions
from blynk_gateway.automations.rules.device_trigger import DeviceWatcher
from blynk_gateway.automations.rules.dispatch import Dispatch, PinEntry
from blynk_gateway.automations.rules.event_trigger import EventWatcher
from blynk_gateway.automations.rules.links import Links
from blynk_gateway.automations.rules.message_trigger import Heard, MessageWatcher
from blynk_gateway.automations.rules.pin_trigger import Fires, pin_watcher
from blynk_gateway.automations.rules.rule import Rule, Starter, Surroundings
from blynk_gateway.automations.rules.time_trigger import StartupWatcher, TimeWatcher
from blynk_gateway.automations.rules.watcher import Watcher
from blynk_gateway.automations.schedule.agenda import Agenda
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    CronTrigger,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    PinTrigger,
    StartupTrigger,
    SunTrigger,
    TimeTrigger,
    Trigger,
)
from blynk_gateway.core.automations import unknown_automation
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    EventKind,
    Origin,
    OriginKind,
    PinChange,
    StatusChange,
)
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.links import Link
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.messages import Messages, TopicMessage
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts

log = logging.getLogger(__name__)

MAILBOX_LIMIT = 10_000
"""A second of the busiest house; beyond it each pin's latest value counts."""

SLICE = 50
"""Looks of rules at changes, after which others get their turn: some 2 ms if each runs its rule."""

MAX_DEPTHS = 10_000
"""Events of rules that are on their way: as many as changes wait."""

COMPONENT = "rules"
STOPPED = "rule_stopped"
"""Code of the system event."""

FAULTS = "rules_faulty"
"""Counter of what no user can mend."""


class Engine:
    """All rules and links.

    Attributes:
        rules: by slug, in the order of the configuration.
        dirty: slugs of rules whose state changed since somebody cleared it.
    """

    def __init__(
        self,
        parts: Parts,
        timers: Timers,
        runner: Starter,
        agenda: Agenda,
        messages: Messages,
        sky: Sky,
    ) -> None:
        self._parts = parts
        self._timers = timers
        self._agenda = agenda
        self._messages = messages
        self.rules: dict[str, Rule] = {}
        self.links = Links(parts.store)
        self.dirty: set[str] = set()
        self._woken = asyncio.Event()
        self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._woken.set)
        self._dispatch = Dispatch((), self.links)
        self._depths: dict[int, int] = {}
        self._faulty: set[str] = set()
        self._heard: Heard | None = None
        self._is_running = False
        self._surroundings = Surroundings(
            clock=parts.clock,
            conditions=Conditions(parts, sky),
            starter=runner,
            touched=self.dirty.add,
            stopped=self._tell_stopped,
        )

    def define(self, automations: Iterable[AutomationOptions], links: Iterable[Link]) -> None:
        """Follow these and no others.

        Rules that are known keep their state, triggers that are known theirs; a new trigger takes
        what stands now as known. Stopped rules and links get a new chance.
        """
        former, self.rules = self.rules, {}
        for options in automations:
            rule = former.pop(options.slug, None)
            if rule is None:
                rule = Rule(options, self._surroundings)
            else:
                rule.redefine(options)
            self._watch(rule)
            self.rules[options.slug] = rule
        for gone in former.values():
            _end(gone.watchers.values())
            self.dirty.discard(gone.slug)
        self.links.define(links)
        self._faulty.clear()
        self._dispatch = Dispatch(self.rules.values(), self.links)
        self._messages.listen(tuple(self._dispatch.messages), self._hear)
        # Without anybody who looks no change needs to come here at all.
        bus = self._parts.bus
        bus.unsubscribe(self._mailbox)
        if self._dispatch.needs_changes:
            bus.subscribe(self._mailbox, origin=None, echo=True)
        else:
            self._mailbox.drain()
        self._report_stopped()

    async def run(self) -> None:
        """Follow the bus until cancelled."""
        self._is_running = True
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                changes = iter(self._mailbox.drain())
                while self._see_some(changes):  # noqa: ASYNC110  it works, and does not wait
                    await asyncio.sleep(0)
                if len(self._mailbox):
                    # What the rules did themselves; `wait` would not let anyone else run.
                    await asyncio.sleep(0)
        finally:
            self._is_running = False

    def started(self) -> None:
        """The gateway has started: run what is to run then."""
        now_ms = self._parts.clock.now_ms()
        for see, owner in self._dispatch.startups:
            with self._guard(owner):
                see(now_ms)

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        """Switch a rule on or off; on also ends a stop.

        Raises:
            UnknownAutomation: there is none.
        """
        rule = self.rules.get(slug)
        if rule is None:
            raise unknown_automation(slug)
        rule.switch(is_enabled=is_enabled)

    def state_of(self, slug: str) -> dict[str, Json]:
        """What of a rule must survive a restart; nothing of one that is not known."""
        rule = self.rules.get(slug)
        return {} if rule is None else rule.state()

    def restore(self, slug: str, state: dict[str, Json]) -> None:
        """Give a rule the state that an earlier run of the gateway left; nothing fires by this.

        A rule that is not known needs none.
        """
        rule = self.rules.get(slug)
        if rule is not None:
            rule.restore(state)

    def note_depth(self, seq: int, depth: int) -> None:
        """Remember how many changes led to an event, which does not say so itself."""
        if self._dispatch.events:
            self._depths[seq] = depth
            if len(self._depths) > MAX_DEPTHS:
                del self._depths[next(iter(self._depths))]

    def _watch(self, rule: Rule) -> None:
        """Give a rule the watchers of its triggers; those that it has stay."""
        former, rule.watchers = rule.watchers, {}
        for trigger in rule.options.when:
            watcher = former.pop(trigger, None) or rule.watchers.get(trigger)
            if watcher is None:
                watcher = self._watcher(trigger, rule)
                watcher.begin()
            rule.watchers[trigger] = watcher
        _end(former.values())

    def _watcher(self, trigger: Trigger, rule: Rule) -> Watcher:
        touched = partial(self.dirty.add, rule.slug)
        match trigger:
            case PinTrigger():
                fire = Fires(rule.fire, rule.fire_from_outside)
                return pin_watcher(trigger, fire, touched, self._parts, self._timers)
            case DeviceTrigger():
                return DeviceWatcher(trigger, rule.fire, touched, self._parts, self._timers)
            case EventTrigger():
                return EventWatcher(trigger, rule.fire)
            case MessageTrigger():
                return MessageWatcher(trigger, rule.fire_freely)
            case TimeTrigger() | CronTrigger() | SunTrigger():
                return TimeWatcher(trigger, rule.fire, self._agenda)
            case StartupTrigger():
                return StartupWatcher(trigger, rule.fire)

    def _see_some(self, changes: Iterator[Change]) -> bool:
        """Look at as many as one turn has room for; returns whether there may be more."""
        pins = self._dispatch.pins
        room = SLICE
        for change in changes:
            if type(change) is not PinChange:
                room -= 1
                self._see(change)
            elif (entry := pins.get((change.device, change.pin))) is None:
                room -= 1
            else:
                room -= len(entry.watchers)
                self._see_pin(change, entry)
            if room <= 0:
                return True
        return False

    def _see_pin(self, change: PinChange, entry: PinEntry) -> None:
        first = first_number(change.value) if entry.has_tests else None
        for see, owner in entry.watchers:
            # Here and not around all: what one rule does wrong keeps no other from seeing it.
            try:
                see(change, first)
            except Exception as error:  # noqa: BLE001  logged by `_failed`
                self._failed(owner, error)

    def _see(self, change: Change) -> None:
        match change:
            case StatusChange():
                for see_status, owner in self._dispatch.devices:
                    with self._guard(owner):
                        see_status(change)
            case EventChange():
                depth = self._depths.pop(change.seq, 0)
                for see_event, owner in self._dispatch.events.get(change.code, ()):
                    with self._guard(owner):
                        see_event(change, depth)
            case DefinitionChange() if change.definition is None:
                for rule in self.rules.values():
                    for watcher in rule.watchers.values():
                        watcher.forget(change.device)

    def _hear(self, topic: str, message: TopicMessage) -> None:
        """A message came that fits a filter; several filters may fit the same one."""
        if not self._is_running:
            return
        heard = self._heard
        if heard is None or heard.message is not message:
            heard = self._heard = Heard(message, self._parts.clock.now_ms())
        for see, owner in self._dispatch.messages.get(topic, ()):
            with self._guard(owner):
                see(heard)

    @contextmanager
    def _guard(self, owner: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  logged by `_failed`
            self._failed(owner, error)

    def _failed(self, owner: str, error: Exception) -> None:
        """Log a fault of ours, once for each rule: the next change may bring it again."""
        self._parts.health.count(FAULTS)
        if owner not in self._faulty:
            self._faulty.add(owner)
            log.error("rule failed", extra={"rule": owner}, exc_info=error)

    def _tell_stopped(self, rule: Rule) -> None:
        self._report_stopped()
        own = next(
            (
                device
                for device in self._parts.registry
                if device.definition.source is DeviceSource.GATEWAY
            ),
            None,
        )
        if rule.stopped and own is not None:
            text = f"{rule.options.name}: {rule.stopped}"[:MAX_EVENT_DESCRIPTION]
            origin = Origin(OriginKind.AUTOMATION, rule.slug)
            self._parts.registry.record_event(own, EventKind.SYSTEM, STOPPED, text, origin)

    def _report_stopped(self) -> None:
        stopped = [f"{rule.slug}: {rule.stopped}" for rule in self.rules.values() if rule.stopped]
        if not stopped:
            self._parts.health.report(COMPONENT, HealthState.OK)
            return
        self._parts.health.report(
            COMPONENT,
            HealthState.DEGRADED,
            f"stopped: {'; '.join(stopped)}. Mend them and reload, or switch them on:"
            " blynk-gateway automation enable NAME",
        )


def _end(watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        watcher.end()
