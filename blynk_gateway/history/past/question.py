"""What may be asked: everything else is refused before anybody reads a file for it."""

from blynk_gateway.core.history import Question
from blynk_gateway.core.periods import MAX_TIME_MS
from blynk_gateway.errors import InvalidValue

MIN_STEP_MS = 10

MAX_STEP_MS = 3653 * 86_400_000
"""Ten years."""

MAX_STEPS = 1_000_000

MAX_POINTS = 1_000_000
"""Raw points in one answer: some 250 MB as Python objects. An export has no bound."""

MAX_WIDTH = 100_000


def check(question: Question) -> None:
    """Refuse what is absurd.

    Raises:
        InvalidValue: where, what was found, what was expected, and what to do.
    """
    where = f"history of {question.address}"
    check_range(where, question.from_ms, question.to_ms)
    step_ms, width, limit = question.step_ms, question.width, question.limit
    if width is not None and not 1 <= width <= MAX_WIDTH:
        raise InvalidValue(
            f"{where}: the width is {width}; expected 1 to {MAX_WIDTH}:"
            " give the pixels of the chart"
        )
    if limit is not None and not 1 <= limit <= MAX_POINTS:
        raise InvalidValue(
            f"{where}: the limit is {limit}; expected 1 to {MAX_POINTS}: export what is more"
        )
    if step_ms != 0:
        _check_step(where, question)
        if width is not None:
            raise InvalidValue(
                f"{where}: both a step of {step_ms} ms and a width of {width};"
                " expected one of them: leave one out"
            )


def check_range(where: str, from_ms: int, to_ms: int) -> None:
    """Refuse a range that is reversed or no time of ours.

    Raises:
        InvalidValue: as for `check`.
    """
    if from_ms < 0 or to_ms > MAX_TIME_MS:
        raise InvalidValue(
            f"{where}: the range is {from_ms} to {to_ms} ms; expected from 1970 to 9999:"
            " give UTC milliseconds since 1970"
        )
    if from_ms > to_ms:
        raise InvalidValue(
            f"{where}: the range ends at {to_ms} ms, before it begins at {from_ms} ms;"
            " expected the begin first: swap them"
        )


def _check_step(where: str, question: Question) -> None:
    step_ms = question.step_ms
    if not MIN_STEP_MS <= step_ms <= MAX_STEP_MS:
        raise InvalidValue(
            f"{where}: the step is {step_ms} ms; expected 0 for raw points, or {MIN_STEP_MS} ms to"
            f" {MAX_STEP_MS} ms, ten years: choose another"
        )
    steps = (question.to_ms - question.from_ms) // step_ms
    if steps > MAX_STEPS:
        raise InvalidValue(
            f"{where}: {steps} steps of {step_ms} ms; expected at most {MAX_STEPS}:"
            " ask for longer steps or a shorter range"
        )
