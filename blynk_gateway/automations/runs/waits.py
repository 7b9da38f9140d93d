"""A run that waits, as it is kept over a restart of the gateway."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.runs.record import Result, RunRecord
from blynk_gateway.config.automations.options import Action
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.value import PinValue


class QueuedRun(NamedTuple):
    """A run that begins when the one before it ends."""

    id: int
    at_ms: int
    cause: Cause


class Waiting(NamedTuple):
    """Where a run stands.

    Attributes:
        digest: of the actions that it was to do: it goes on only if they are the same.
        step, phase: the action that waits, and how far it is.
        wait_ms, due_ms: length of the wait, and when it ends, UTC.
        results, words: of the actions so far; words of those that were filled in, by index.
        switched_on: a pin that is on for a pulse, and the value that ends that.
    """

    automation: str
    digest: str
    id: int
    at_ms: int
    cause: Cause
    step: int
    phase: int
    wait_ms: int
    due_ms: int
    results: tuple[Result, ...]
    words: Mapping[int, str]
    switched_on: tuple[PinAddress, PinValue] | None
    queue: tuple[QueuedRun, ...]

    def fits(self, actions: Sequence[Action]) -> bool:
        """Whether these are the actions that the run was to do."""
        return (
            digest(actions) == self.digest
            and 0 <= self.step < len(actions)
            and len(self.results) == self.step + 1
        )


def digest(actions: Sequence[Action]) -> str:
    """What tells whether actions are still the same, also after a restart."""
    return hashlib.sha256(repr(actions).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def waiting_of(run: RunRecord, left_ms: int, now_ms: int) -> Waiting:
    """Where a run stands that waits for `left_ms` more."""
    shown = run.shown or {}
    return Waiting(
        run.slug,
        digest(run.program.options.then),
        run.id,
        run.at_ms,
        run.cause,
        run.index,
        run.phase,
        run.wait_ms,
        now_ms + left_ms,
        tuple(run.results),
        {index: run.words(index) for index in shown},
        run.switched_on,
        tuple(QueuedRun(one.id, one.at_ms, one.cause) for one in run.program.queue),
    )


def to_json(waiting: Waiting) -> dict[str, Any]:
    """As an object that JSON can hold."""
    document = waiting._asdict()
    document["words"] = [[index, words] for index, words in waiting.words.items()]
    return document


def from_json(document: Mapping[str, Any]) -> Waiting:
    """The inverse of `to_json`.

    Raises:
        ValueError: it is none, as one of another version may be.
    """
    try:
        switched_on = document["switched_on"]
        return Waiting(
            str(document["automation"]),
            str(document["digest"]),
            int(document["id"]),
            int(document["at_ms"]),
            _cause(document["cause"]),
            int(document["step"]),
            int(document["phase"]),
            int(document["wait_ms"]),
            int(document["due_ms"]),
            tuple((str(text), bool(is_failed)) for text, is_failed in document["results"]),
            {int(index): str(words) for index, words in document["words"]},
            None if switched_on is None else (PinAddress(*switched_on[0]), tuple(switched_on[1])),
            tuple(
                QueuedRun(int(number), int(at_ms), _cause(cause))
                for number, at_ms, cause in document["queue"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no run that waits: {error!r}") from error


def _cause(fields: Sequence[Any]) -> Cause:
    cause = Cause(*fields)
    return cause._replace(value=tuple(cause.value), previous=tuple(cause.previous))
