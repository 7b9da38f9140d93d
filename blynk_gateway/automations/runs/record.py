"""One run as it goes on. Words are made when somebody looks: a run may be one of thousands."""

from collections import deque
from typing import TYPE_CHECKING, Final

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.runs.filling import needs_filling
from blynk_gateway.automations.runs.words import MAX_TEXT, describe
from blynk_gateway.config.automations.options import (
    Action,
    AutomationOptions,
    DelayAction,
    PulseAction,
)
from blynk_gateway.core.automations import ActionResult, Run, RunOutcome
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.value import printable

if TYPE_CHECKING:
    from blynk_gateway.automations.timers import Timer
    from blynk_gateway.core.address import PinAddress
    from blynk_gateway.core.value import PinValue

RECORDS_PER_RULE = 50
"""Latest runs of a rule that are kept in memory."""

Result = tuple[str, bool]
"""What became of an action, for people, and whether it failed."""

PENDING: Final[Result] = ("", False)
DONE: Final[Result] = ("done", False)
BROKEN_OFF: Final[Result] = ("broken off", False)
NOT_DONE: Final[Result] = ("not done", False)


class Program:
    """A rule's actions, ready to run, and its runs.

    Attributes:
        steps: each action with whether it waits, and whether it has placeholders.
        active: the run under way, None for none.
        queue: runs that begin after it.
        records: its latest runs, oldest first.
    """

    __slots__ = ("active", "options", "origin", "queue", "records", "steps")

    def __init__(self, options: AutomationOptions, records: int = RECORDS_PER_RULE) -> None:
        self.options = options
        self.origin = Origin(OriginKind.AUTOMATION, options.slug)
        self.steps = tuple(
            (action, isinstance(action, DelayAction | PulseAction), needs_filling(action))
            for action in options.then
        )
        self.active: RunRecord | None = None
        self.queue: deque[RunRecord] = deque()
        self.records: deque[RunRecord] = deque(maxlen=records)


class RunRecord:
    """One run; changed by the runner only.

    Attributes:
        depth: how many changes led to what it does.
        index, phase: the action that is next, and how far that is if it waits.
        results: of each action so far.
        shown: actions that were filled in, or their words, by index.
        switched_on: a pin that is on for a pulse, and the value that ends that.
        timer, due_at: what ends the wait, and its monotonic seconds; `wait_ms` is its length.
        waited_ms: all waits so far, together.
        late_ms: by how much it is late after a restart of the gateway.
        queued_at: monotonic seconds since which it waits for the run before it, 0 for never.
        is_saved: whether it stands in the database as it is now.
    """

    __slots__ = (
        "at_ms",
        "cause",
        "depth",
        "due_at",
        "ended_ms",
        "id",
        "index",
        "is_failed",
        "is_saved",
        "late_ms",
        "outcome",
        "phase",
        "program",
        "queued_at",
        "results",
        "shown",
        "switched_on",
        "timer",
        "wait_ms",
        "waited_ms",
    )

    def __init__(self, number: int, program: Program, cause: Cause, at_ms: int) -> None:
        self.id = number
        self.program = program
        self.cause = cause
        self.at_ms = at_ms
        self.depth = cause.depth + 1
        self.outcome = RunOutcome.RUNNING
        self.ended_ms: int | None = None
        self.is_failed = False
        self.is_saved = False
        self.index = 0
        self.phase = 0
        self.results: list[Result] = []
        self.shown: dict[int, Action | str] | None = None
        self.switched_on: tuple[PinAddress, PinValue] | None = None
        self.timer: Timer | None = None
        self.due_at = 0.0
        self.wait_ms = 0
        self.waited_ms = 0
        self.late_ms = 0
        self.queued_at = 0.0

    @property
    def slug(self) -> str:
        """Of its rule."""
        return self.program.options.slug

    @property
    def is_running(self) -> bool:
        """Whether there is more to come."""
        return self.outcome is RunOutcome.RUNNING

    def show(self, index: int, action: Action | str) -> None:
        """Remember what an action became when it was filled in."""
        if self.shown is None:
            self.shown = {}
        self.shown[index] = action

    def words(self, index: int) -> str:
        """One action for people."""
        shown = self.program.options.then[index]
        action = shown if self.shown is None else self.shown.get(index, shown)
        return action if isinstance(action, str) else describe(action)

    def view(self) -> Run:
        """The run as others see it."""
        rest = PENDING if self.is_running else NOT_DONE
        results = [*self.results, *[rest] * (len(self.program.steps) - len(self.results))]
        return Run(
            self.id,
            self.slug,
            self.at_ms,
            cause_text(self.cause),
            self.cause.seq,
            self.outcome,
            tuple(
                ActionResult(self.words(index), text, is_failed)
                for index, (text, is_failed) in enumerate(results)
            ),
            self.ended_ms,
        )


def cause_text(cause: Cause) -> str:
    """Why a rule runs, for people: its own text, or `greenhouse/V5 = 30.5`."""
    text = cause.text
    if not text and cause.pin:
        text = f"{cause.device}/{cause.pin} = {', '.join(cause.value)}"
    return printable(text)[:MAX_TEXT]
