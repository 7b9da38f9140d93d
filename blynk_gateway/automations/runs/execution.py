"""Does the actions of one run after the other, and waits where they say so."""

import logging
from functools import partial
from typing import Protocol

from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.runs.effects import Effects
from blynk_gateway.automations.runs.filling import filled
from blynk_gateway.automations.runs.performer import Performer
from blynk_gateway.automations.runs.record import DONE, PENDING, RunRecord
from blynk_gateway.automations.runs.words import MAX_TEXT
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import Action, DelayAction, PulseAction, SetAction
from blynk_gateway.core.automations import RunOutcome
from blynk_gateway.core.store import MAX_DEPTH
from blynk_gateway.core.value import printable
from blynk_gateway.errors import GatewayError, LoopDetected
from blynk_gateway.runtime.parts import Parts

log = logging.getLogger(__name__)

NEW_CHAIN_MS = 1000
"""Waiting after which a run's effects are no part of a circle: slow circles, like a light that
blinks, are what people want."""

_RUNNING = RunOutcome.RUNNING
_SENT = ("sent", False)


class Follower(Protocol):
    """Hears how runs go on."""

    def waits(self, run: RunRecord) -> None:
        """It waits now, or for something else than before."""

    def ended(self, run: RunRecord) -> None:
        """It has done all that it ever will."""

    def learned(self, run: RunRecord) -> None:
        """What became of one of its actions was told, after it ended perhaps."""

    def circles(self, run: RunRecord) -> None:
        """It ended, in place of `ended`: it is one of a circle of runs."""


class Executor:
    """Executes runs."""

    def __init__(
        self,
        parts: Parts,
        timers: Timers,
        effects: Effects,
        placeholders: Placeholders,
        follower: Follower,
    ) -> None:
        self._clock = parts.clock
        self._timers = timers
        self._placeholders = placeholders
        self._follower = follower
        self._performer = Performer(parts, effects, placeholders, self._told)

    def begin(self, run: RunRecord) -> None:
        """Begin a run; what needs no waiting is done when this returns."""
        if run.depth > MAX_DEPTH:
            run.results.append(("not done: it runs in a circle", True))
            self._circle(run)
        else:
            self._go(run)

    def go_on(self, run: RunRecord, left_ms: int) -> None:
        """Go on with a run that waited when the gateway stopped.

        Args:
            left_ms: how much of the wait is left; below 0 for how long it is over.
        """
        # No more than it was: the clock may not be set yet.
        left_ms = min(left_ms, run.wait_ms)
        self.pass_time(run, NEW_CHAIN_MS)
        if left_ms > 0:
            self._wait(run, run.wait_ms, left_ms)
            return
        run.late_ms = -left_ms
        if isinstance(run.program.options.then[run.index], PulseAction):
            # Its end, whatever was left of it: blinking that nobody saw is not made up for.
            self.switch_off(run)
            run.results[run.index] = DONE
            run.index += 1
            run.phase = 0
        self._go(run)

    def switch_off(self, run: RunRecord) -> None:
        """End the pulse in which a run was broken off."""
        if run.switched_on is None:
            return
        (address, value), run.switched_on = run.switched_on, None
        try:
            self._performer.write(address, value, run)
        except GatewayError as error:
            log.warning(
                "pulse not ended",
                extra={"rule": run.slug, "pin": str(address), "reason": error},
            )

    def pass_time(self, run: RunRecord, ms: int) -> None:
        """Note that a run waited."""
        run.waited_ms += ms
        if run.waited_ms >= NEW_CHAIN_MS:
            run.depth = 1
            run.cause = run.cause._replace(depth=0)

    def _go(self, run: RunRecord) -> None:
        """Do what comes next, until the run waits or has ended."""
        run.timer = None
        steps = run.program.steps
        while run.outcome is _RUNNING and run.index < len(steps):
            action, waits, has_placeholders = steps[run.index]
            if run.phase == 0:
                run.results.append(PENDING)
            if has_placeholders:
                action = self._filled(run, action)
            if not waits:
                self._perform(run, action)
            elif self._advance(run, action):
                return
            run.index += 1
            run.phase = 0
        if run.outcome is _RUNNING:
            run.outcome = RunOutcome.FAILED if run.is_failed else RunOutcome.DONE
            run.ended_ms = self._clock.now_ms()
            self._follower.ended(run)

    def _filled(self, run: RunRecord, action: Action) -> Action:
        """The action with what its placeholders stood for when it began."""
        shown = None if run.shown is None else run.shown.get(run.index)
        if shown is None or isinstance(shown, str):
            name = run.program.options.name
            shown = filled(action, self._placeholders, run.cause, name)
            run.show(run.index, shown)
        return shown

    def _perform(self, run: RunRecord, action: Action) -> bool:
        """Do an action; returns whether it worked as far as is known."""
        index = run.index
        try:
            result = self._performer.perform(action, run)
        except LoopDetected as error:
            self._told(run, index, str(error), True)
            self._circle(run)
        except GatewayError as error:
            self._told(run, index, str(error), True)
        except Exception:
            # A fault of the gateway itself: the rule's other actions are not to suffer from it.
            log.exception("action failed", extra={"rule": run.slug, "action": index + 1})
            self._told(run, index, "a fault of the gateway; see its log", True)
        else:
            # Nothing to say: it is told later, or was within the call.
            if result:
                run.results[index] = (
                    DONE if result == "done" else _SENT if result == "sent" else (result, False)
                )
            return True
        return False

    def _advance(self, run: RunRecord, action: Action) -> bool:
        """Go on with an action that takes time; returns whether the run waits now."""
        if isinstance(action, DelayAction):
            wait_ms = self._delay(run, action)
        else:
            assert isinstance(action, PulseAction)
            wait_ms = self._flank(run, action)
        if run.outcome is not _RUNNING:
            return False
        run.phase += 1
        if wait_ms <= 0:
            if not run.results[run.index][1]:
                run.results[run.index] = DONE
            return False
        self.pass_time(run, wait_ms)
        self._wait(run, wait_ms, wait_ms)
        return True

    def _delay(self, run: RunRecord, action: DelayAction) -> int:
        if run.phase:
            return 0
        # After a restart of the gateway: so much of it passed already.
        passed_ms = min(run.late_ms, action.ms)
        run.late_ms -= passed_ms
        return action.ms - passed_ms

    def _flank(self, run: RunRecord, action: PulseAction) -> int:
        """The next flank of a pulse; returns how long until the one after, 0 for none."""
        number, is_off = divmod(run.phase, 2)
        # A pulse has its whole length, however late it is.
        run.late_ms = 0
        run.switched_on = None
        value = action.off if is_off else action.on
        if not self._perform(run, SetAction({action.pin: value})):
            return 0
        run.results[run.index] = PENDING
        if is_off:
            return action.off_ms if number + 1 < action.times else 0
        run.switched_on = action.pin, action.off
        return action.on_ms

    def _wait(self, run: RunRecord, wait_ms: int, left_ms: int) -> None:
        run.wait_ms = wait_ms
        run.due_at = self._clock.monotonic() + left_ms / 1000
        run.timer = self._timers.after(left_ms / 1000, partial(self._go, run))
        self._follower.waits(run)

    def _told(self, run: RunRecord, index: int, result: str, is_failed: bool) -> None:
        run.results[index] = (printable(result)[:MAX_TEXT], is_failed)
        if is_failed:
            run.is_failed = True
            if run.outcome is RunOutcome.DONE:
                run.outcome = RunOutcome.FAILED
        if run.outcome is not _RUNNING:
            self._follower.learned(run)

    def _circle(self, run: RunRecord) -> None:
        if run.outcome is _RUNNING:
            run.outcome = RunOutcome.FAILED
            run.ended_ms = self._clock.now_ms()
        self._follower.circles(run)
