"""Runs rules.

1. What needs no waiting is done before `start` returns.
2. An action that fails never stops the next; only a circle of rules that cause each other does.
3. A second of waiting, all together, begins a new chain: what follows is no part of a circle.
4. A run that waits goes on after a restart of the gateway, at the moment that was meant. What was
   due meanwhile is done at once: delays that are over are left out, a pulse is ended.
5. A run that is broken off in a pulse switches its pin off.
6. A rule that is switched off begins nothing, also no run that is queued. What is under way goes on
   to its end: who switches off the rule of a pump does not want it to stay on.
"""

import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.runs import circle
from blynk_gateway.automations.runs.effects import Effects
from blynk_gateway.automations.runs.execution import NEW_CHAIN_MS, Executor
from blynk_gateway.automations.runs.filling import filled
from blynk_gateway.automations.runs.record import BROKEN_OFF, RECORDS_PER_RULE, Program, RunRecord
from blynk_gateway.automations.runs.waits import Waiting, from_json, to_json, waiting_of
from blynk_gateway.automations.runs.words import describe
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import AutomationOptions, Mode
from blynk_gateway.core.automations import Run, RunOutcome
from blynk_gateway.runtime.parts import Parts

log = logging.getLogger(__name__)

MAX_QUEUED = 10
"""Runs of one rule that wait for the one before; more do not begin."""

MAX_RECORDS = 5000
"""Runs of all rules together that are kept in memory, some 3 MB."""

LEAST_RECORDS = 5
"""Of each rule, however many rules there are."""


class Runner:
    """All runs of all rules; meets `execution.Follower`.

    Attributes:
        changed_waits: rules of which a run began or ceased to wait since somebody emptied it.
        hurry: called when one begins to, which should be saved at once.
    """

    def __init__(
        self, parts: Parts, timers: Timers, effects: Effects, placeholders: Placeholders
    ) -> None:
        self._clock = parts.clock
        self._effects = effects
        self._placeholders = placeholders
        self._executor = Executor(parts, timers, effects, placeholders, self)
        self._programs: dict[str, Program] = {}
        self._records_each = RECORDS_PER_RULE
        self._next_id = 1
        self._unsaved: set[str] = set()
        self._orphans: list[RunRecord] = []
        self.changed_waits: set[str] = set()
        self.hurry: Callable[[], None] = lambda: None
        # Until then the moments on disk are those of a wrong clock.
        parts.clock_quality.on_trusted(self._touch_waits)

    def start(self, options: AutomationOptions, cause: Cause) -> RunRecord | None:
        """Run a rule; what needs no waiting is done when this returns.

        Returns:
            None if it does not run now: it is running already, or too many of its runs wait.
        """
        slug = options.slug
        program = self._programs.get(slug)
        if program is None or program.options is not options:
            program = self._program(options)
        before = program.active
        if before is not None:
            return self._start_beside(before, program, cause)
        run = self._new_run(program, cause)
        self._begin(run)
        return run

    def render(self, options: AutomationOptions, cause: Cause) -> tuple[str, ...]:
        """The actions in words as they would be done now."""
        return tuple(
            describe(filled(action, self._placeholders, cause, options.name))
            for action in options.then
        )

    def keep(self, automations: Mapping[str, AutomationOptions]) -> None:
        """After a reload: these are the rules. Ends runs of those that are gone or do otherwise."""
        share = MAX_RECORDS // max(len(automations), 1)
        self._records_each = min(max(share, LEAST_RECORDS), RECORDS_PER_RULE)
        for slug, program in list(self._programs.items()):
            options = automations.get(slug)
            if options is None:
                self._end_all(program, "the rule was removed")
                self._orphans += [run for run in program.records if not run.is_saved]
                del self._programs[slug]
            else:
                kept = self._program(options)
                kept.records = deque(kept.records, maxlen=self._records_each)

    def is_free(self, options: AutomationOptions) -> bool:
        """Whether a run would begin now, or be queued."""
        program = self._programs.get(options.slug)
        return program is None or program.active is None or not _is_full(program, options.mode)

    def drop_queue(self, slug: str) -> None:
        """Runs of a rule that wait for the one under way do not begin."""
        program = self._programs.get(slug)
        while program is not None and program.queue:
            self._break_off(program.queue.popleft())

    def is_running(self, slug: str) -> bool:
        """Whether a run of a rule is under way."""
        program = self._programs.get(slug)
        return program is not None and program.active is not None

    def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs of one rule or of all since the gateway started, newest first."""
        if slug is None:
            every = (run for program in self._programs.values() for run in program.records)
            latest = heapq.nlargest(limit, every, key=lambda run: run.id)
        else:
            program = self._programs.get(slug)
            latest = [] if program is None else list(program.records)[::-1][:limit]
        return [run.view() for run in latest]

    def take_unsaved(self, limit: int) -> list[Run]:
        """The latest runs that are new or changed, as many as `limit`; they count as saved then.

        Of a flood only those are ever taken that are still among the latest of their rule.
        """
        unsaved = [*self._orphans]
        for slug in self._unsaved:
            if program := self._programs.get(slug):
                unsaved += [run for run in program.records if not run.is_saved]
        self._orphans = []
        self._unsaved.clear()
        latest = heapq.nlargest(limit, unsaved, key=lambda run: run.id)
        for run in latest:
            run.is_saved = True
        self._unsaved.update(run.slug for run in unsaved if not run.is_saved)
        return [run.view() for run in latest]

    def running(self) -> set[int]:
        """Numbers of all runs that are under way, or will be."""
        programs = self._programs.values()
        behind = {run.id for program in programs for run in program.queue}
        return behind | {program.active.id for program in programs if program.active is not None}

    def number_from(self, next_id: int) -> None:
        """Go on with the numbers of an earlier run of the gateway."""
        self._next_id = max(self._next_id, next_id)

    def waiting(self) -> list[dict[str, Any]]:
        """Every run that waits, fit for JSON."""
        found = (self.saved_wait(slug) for slug in self._programs)
        return [one for one in found if one is not None]

    def saved_wait(self, slug: str) -> dict[str, Any] | None:
        """The run of a rule that waits, fit for JSON; None if none does."""
        program = self._programs.get(slug)
        run = None if program is None else program.active
        if run is None or run.timer is None:
            return None
        left_ms = round((run.due_at - self._clock.monotonic()) * 1000)
        return to_json(waiting_of(run, left_ms, self._clock.now_ms()))

    def resume(
        self, waiting: Iterable[Mapping[str, Any]], automations: Mapping[str, AutomationOptions]
    ) -> None:
        """Go on with runs that an earlier run of the gateway left waiting."""
        for document in waiting:
            try:
                one = from_json(document)
            except ValueError as error:
                log.warning("run not resumed", extra={"reason": error})
                continue
            self.number_from(max([one.id, *(queued.id for queued in one.queue)]) + 1)
            options = automations.get(one.automation)
            self.changed_waits.add(one.automation)
            if options is not None and one.fits(options.then):
                self._resume(self._program(options), one)
            else:
                self._end_unknown(one)

    def stop(self) -> None:
        """Do nothing more. Runs that wait stay so, to be saved."""
        for program in self._programs.values():
            if program.active is not None and program.active.timer is not None:
                program.active.timer.cancel()
        self._touch_waits()

    def _program(self, options: AutomationOptions) -> Program:
        """The rule's program; what runs of one that did otherwise ends."""
        old = self._programs.get(options.slug)
        if old is not None and old.options.then == options.then:
            old.options = options
            return old
        program = Program(options, self._records_each)
        self._programs[options.slug] = program
        if old is not None:
            self._end_all(old, "the rule changed")
            program.records.extend(old.records)
        return program

    def _new_run(self, program: Program, cause: Cause) -> RunRecord:
        run = RunRecord(self._next_id, program, cause, self._clock.now_ms())
        self._next_id += 1
        program.records.append(run)
        self._unsaved.add(program.options.slug)
        return run

    def waits(self, run: RunRecord) -> None:
        """It waits now, or for something else than before."""
        self.changed_waits.add(run.slug)
        self.hurry()

    def ended(self, run: RunRecord) -> None:
        """It has done all that it ever will: the next one begins."""
        program = run.program
        self.learned(run)
        if run.waited_ms:
            self.changed_waits.add(run.slug)
        if program.active is run:
            program.active = None
            if program.queue:
                self._begin(program.queue.popleft())

    def learned(self, run: RunRecord) -> None:
        """What became of one of its actions was told, after it ended perhaps."""
        run.is_saved = False
        self._unsaved.add(run.slug)

    def circles(self, run: RunRecord) -> None:
        """It ended since it is one of a circle of runs: so do those behind it."""
        self.drop_queue(run.slug)
        self.ended(run)
        every = (one for program in self._programs.values() for one in program.records)
        self._effects.loop_detected(run.slug, circle.describe(run, every))

    def _start_beside(self, before: RunRecord, program: Program, cause: Cause) -> RunRecord | None:
        """Run a rule that is running."""
        mode = program.options.mode
        if _is_full(program, mode):
            return None
        run = self._new_run(program, cause)
        if mode is Mode.QUEUED:
            run.queued_at = self._clock.monotonic()
            program.queue.append(run)
            self.changed_waits.add(run.slug)
            return run
        program.active = None
        self._break_off(before)
        pulse = before.switched_on
        self._begin(run)
        # Only now: a light that the new run keeps on must not go off in between.
        if pulse is None or pulse != run.switched_on:
            self._executor.switch_off(before)
        return run

    def _begin(self, run: RunRecord) -> None:
        run.program.active = run
        if run.queued_at:
            waited_s = self._clock.monotonic() - run.queued_at
            self._executor.pass_time(run, round(waited_s * 1000))
        self._executor.begin(run)

    def _resume(self, program: Program, one: Waiting) -> None:
        run = self._kept_run(program, one.id, one.cause, one.at_ms)
        run.index, run.phase, run.wait_ms = one.step, one.phase, one.wait_ms
        run.results = list(one.results)
        run.switched_on = one.switched_on
        for index, words in one.words.items():
            run.show(index, words)
        for queued in one.queue:
            behind = self._kept_run(program, queued.id, queued.cause, queued.at_ms)
            self._executor.pass_time(behind, NEW_CHAIN_MS)
            program.queue.append(behind)
        program.active = run
        self._executor.go_on(run, one.due_ms - self._clock.now_ms())

    def _kept_run(self, program: Program, number: int, cause: Cause, at_ms: int) -> RunRecord:
        run = RunRecord(number, program, cause, at_ms)
        program.records.append(run)
        self._unsaved.add(program.options.slug)
        return run

    def _end_unknown(self, one: Waiting) -> None:
        """End a run that waited when the gateway stopped, of a rule that is another one now."""
        log.warning(
            "run ended",
            extra={"rule": one.automation, "run": one.id, "reason": "the rule changed"},
        )
        if one.switched_on is not None:
            program = Program(AutomationOptions(one.automation, one.automation, ()))
            run = RunRecord(one.id, program, one.cause, one.at_ms)
            run.switched_on = one.switched_on
            self._executor.pass_time(run, NEW_CHAIN_MS)
            self._executor.switch_off(run)

    def _end_all(self, program: Program, reason: str) -> None:
        """End the run of a rule that is under way, and those behind it."""
        runs = [*([program.active] if program.active else []), *program.queue]
        program.active = None
        program.queue.clear()
        for run in runs:
            # A warning: what it switched on by `set` stays on.
            log.warning("run ended", extra={"rule": run.slug, "run": run.id, "reason": reason})
            self._break_off(run)
            self._executor.switch_off(run)

    def _break_off(self, run: RunRecord) -> None:
        if run.timer is not None:
            run.timer.cancel()
            run.timer = None
            run.results[run.index] = BROKEN_OFF
        run.outcome = RunOutcome.ENDED
        run.ended_ms = self._clock.now_ms()
        self.learned(run)
        self.changed_waits.add(run.slug)

    def _touch_waits(self) -> None:
        self.changed_waits.update(slug for slug in self._programs if self.is_running(slug))


def _is_full(program: Program, mode: Mode) -> bool:
    """Whether a run under way lets no other begin, or be queued."""
    return mode is Mode.SINGLE or (mode is Mode.QUEUED and len(program.queue) >= MAX_QUEUED)
