"""Several pins side by side: one row for each step that any of them has something in."""

from collections.abc import Sequence
from typing import NamedTuple

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Answer
from blynk_gateway.errors import InvalidValue


class Joined(NamedTuple):
    """Rows, oldest first: begin of the step in UTC ms, and a value of each pin, None for a gap."""

    addresses: list[PinAddress]
    step_ms: int
    rows: list[tuple[int, list[float | None]]]


def join(answers: Sequence[Answer]) -> Joined:
    """Join answers on their steps.

    Raises:
        InvalidValue: their steps are of different lengths, or they hold the points themselves.
    """
    lengths = sorted({answer.step_ms for answer in answers})
    if len(lengths) > 1 or 0 in lengths:
        pins = ", ".join(str(answer.address) for answer in answers)
        found = ", ".join(f"{length} ms" if length else "raw points" for length in lengths)
        raise InvalidValue(
            f"history of {pins}: the answers have {found}; expected the same steps for all:"
            " ask each for the same step"
        )
    columns = [dict(answer.steps) for answer in answers]
    return Joined(
        [answer.address for answer in answers],
        lengths[0] if lengths else 0,
        [
            (at_ms, [column.get(at_ms) for column in columns])
            for at_ms in sorted(set().union(*columns))
        ],
    )
