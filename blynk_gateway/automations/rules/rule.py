"""One rule at run time: whether it may run, and since when it did not."""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.conditions import Conditions
from blynk_gateway.automations.rules.conditions import describe as describe_condition
from blynk_gateway.automations.rules.time_trigger import TimeWatcher
from blynk_gateway.automations.rules.wording import describe
from blynk_gateway.automations.runs.record import RunRecord, cause_text
from blynk_gateway.automations.runs.words import duration
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    Condition,
    PublishAction,
    SceneAction,
    Trigger,
    WebhookAction,
)
from blynk_gateway.core.automations import ConditionState
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.quota import TokenBucket

if TYPE_CHECKING:
    from blynk_gateway.automations.rules.watcher import Watcher

log = logging.getLogger(__name__)

FUSE_PER_SECOND = 50
FUSE_BURST = 200
"""Runs that messages and other programs start: those that come back to a rule which publishes have
no number and no depth, and are known by their pace alone."""

_OUTWARD = PublishAction | WebhookAction | SceneAction

SWITCHED_OFF = "switched off"
RUNNING = "still running"


class Starter(Protocol):
    """Runs what a rule does."""

    def start(self, options: AutomationOptions, cause: Cause) -> RunRecord | None:
        """Begin a run; None if one is under way and may not be disturbed."""

    def is_free(self, options: AutomationOptions) -> bool:
        """Whether a run would begin now, or be queued."""

    def drop_queue(self, slug: str) -> None:
        """Runs of a rule that wait for the one under way do not begin."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all rules share.

    Attributes:
        touched: called with the slug of a rule whose state changed.
        stopped: called with a rule that was stopped, or goes on.
    """

    clock: Clock
    conditions: Conditions
    starter: Starter
    touched: Callable[[str], None]
    stopped: Callable[["Rule"], None]


class Rule:
    """One rule.

    Attributes:
        options: replaced by a reload.
        watchers: of each of its triggers.
        stopped: why the gateway stopped it, empty if it did not.
        runs: how often it ran since the gateway started.
        skips: how often it was to run and did not.
        skipped, skipped_ms: why and when it did not the last time.
    """

    def __init__(self, options: AutomationOptions, surroundings: Surroundings) -> None:
        self.options = options
        self.watchers: dict[Trigger, Watcher] = {}
        self.stopped = ""
        self.runs = 0
        self.skips = 0
        self.last_run_ms: int | None = None
        self._skip: Callable[[], str] | str = ""
        self.skipped_ms: int | None = None
        self._clock = surroundings.clock
        self._conditions = surroundings.conditions
        self._starter = surroundings.starter
        self._start = surroundings.starter.start
        self._touched = surroundings.touched
        self._told = surroundings.stopped
        self._switched: bool | None = None
        self._free_at = 0.0
        self._fuse: TokenBucket | None = None

    @property
    def slug(self) -> str:
        """How it is called."""
        return self.options.slug

    @property
    def is_enabled(self) -> bool:
        """As it was switched last, else as the file says."""
        return self.options.enabled if self._switched is None else self._switched

    @property
    def skipped(self) -> str:
        """Why it was to run last and did not, empty for never."""
        return self._skip if isinstance(self._skip, str) else self._skip()

    def fire(self, cause: Cause) -> RunRecord | None:
        """Run, if nothing is in the way; None if something is, which `skipped` tells."""
        refusal = self._refusal()
        if refusal:
            self._pass_over(refusal)
            return None
        options = self.options
        # Before the run, in which a circle of scenes may lead back to here.
        before = self._free_at, self.last_run_ms
        if options.limit_ms:
            self._free_at = self._clock.monotonic() + options.limit_ms / 1000
        self.last_run_ms = self._clock.now_ms()
        run = self._start(options, cause)
        if run is None:
            self._free_at, self.last_run_ms = before
            self._pass_over(RUNNING)
            return None
        self.runs += 1
        self._touched(options.slug)
        return run

    def fire_freely(self, cause: Cause) -> RunRecord | None:
        """Run for a cause of which nobody knows what led to it: too many runs are a loop."""
        run = self.fire(cause)
        if run is None:
            return None
        now = self._clock.monotonic()
        if self._fuse is None:
            self._fuse = TokenBucket(FUSE_PER_SECOND, FUSE_BURST, now)
        if not self._fuse.take(1, now):
            self.stop_for(
                f"what comes from outside ran it more than {FUSE_PER_SECOND} times a second, the"
                f" last was {cause_text(cause)}; expected fewer: does it hear what it sends?"
            )
        return run

    def fire_from_outside(self, cause: Cause) -> RunRecord | None:
        """Run for a pin that another program wrote: it may do so since the rule sent something."""
        is_free = any(isinstance(action, _OUTWARD) for action in self.options.then)
        return self.fire_freely(cause) if is_free else self.fire(cause)

    def stop_for(self, reason: str) -> None:
        """Stop it: it runs in a circle. Switching it on, or a reload, lets it go on."""
        if not self.stopped:
            self.stopped = reason
            self._starter.drop_queue(self.slug)
            log.error("rule stopped", extra={"rule": self.slug, "reason": reason})
            self._told(self)

    def switch(self, *, is_enabled: bool) -> None:
        """Switch it on or off, whatever the file says; on also ends a stop.

        A run that waits goes on also when it is off: it may have to switch off a pump.
        """
        self._switched = None if is_enabled is self.options.enabled else is_enabled
        if is_enabled:
            self._go_on()
        else:
            self._starter.drop_queue(self.slug)
        self._touched(self.slug)

    def redefine(self, options: AutomationOptions) -> None:
        """Take what a reload brings; a stopped rule gets a new chance."""
        self.options = options
        if self._switched is options.enabled:
            self._switched = None
        self._go_on()

    def obstacles(self) -> tuple[str, ...]:
        """What would keep it from running now, besides its conditions."""
        found = []
        if self.stopped:
            found.append(f"stopped: {self.stopped}")
        if not self.is_enabled:
            found.append(SWITCHED_OFF)
        if left_s := self._limit_left_s():
            found.append(_limited(left_s))
        if not self._starter.is_free(self.options):
            found.append(RUNNING)
        return tuple(found)

    @property
    def next_ms(self) -> int | None:
        """UTC of the next moment of its schedules, None for none."""
        moments = (one.next_ms for one in self.watchers.values() if isinstance(one, TimeWatcher))
        return min((moment for moment in moments if moment is not None), default=None)

    def conditions(self) -> tuple[ConditionState, ...]:
        """Each of its conditions in words, and whether it holds now."""
        return tuple(
            ConditionState(describe_condition(one), self._conditions.is_met(one))
            for one in self.options.conditions
        )

    def state(self) -> dict[str, Json]:
        """What must survive a restart."""
        watched = ((one, watcher.state()) for one, watcher in self.watchers.items())
        return {
            "last_run_ms": self.last_run_ms,
            "switched": self._switched,
            "triggers": {describe(one): state for one, state in watched if state is not None},
        }

    def restore(self, state: Mapping[str, Json]) -> None:
        """Go on where an earlier run of the gateway stopped; nothing fires by this."""
        switched = state.get("switched")
        if isinstance(switched, bool) and switched is not self.options.enabled:
            self._switched = switched
        last_run_ms = state.get("last_run_ms")
        if type(last_run_ms) is int:
            self.last_run_ms = last_run_ms
            # A clock that was wrong then must not block it for longer than the limit.
            passed_ms = min(max(self._clock.now_ms() - last_run_ms, 0), self.options.limit_ms)
            rest_ms = self.options.limit_ms - passed_ms
            self._free_at = self._clock.monotonic() + rest_ms / 1000
        triggers = state.get("triggers")
        if isinstance(triggers, dict):
            for trigger, watcher in self.watchers.items():
                text = describe(trigger)
                if text in triggers:
                    watcher.restore(triggers[text])

    def _refusal(self) -> Callable[[], str] | str:
        """What is in the way, empty for nothing."""
        if self.stopped:
            return f"stopped: {self.stopped}"
        if not self.is_enabled:
            return SWITCHED_OFF
        for condition in self.options.conditions:
            if not self._conditions.is_met(condition):
                return partial(_not_met, condition)
        left_s = self._limit_left_s()
        return partial(_limited, left_s) if left_s else ""

    def _limit_left_s(self) -> float:
        """How long the limit goes on, 0 if it is over."""
        if not self.options.limit_ms:
            return 0.0
        return max(self._free_at - self._clock.monotonic(), 0.0)

    def _go_on(self) -> None:
        if self.stopped:
            self.stopped = ""
            self._fuse = None
            self._told(self)

    def _pass_over(self, reason: Callable[[], str] | str) -> None:
        self.skips += 1
        self._skip = reason
        self.skipped_ms = self._clock.now_ms()


def _limited(left_s: float) -> str:
    # Whole seconds, the last one in full: `1 s` and not `0 ms`.
    return f"limit: {duration(math.ceil(left_s) * 1000)} left"


def _not_met(condition: Condition) -> str:
    return f"condition: {describe_condition(condition)}"
