"""A small chart for the terminal: dots of Braille patterns, or plain ASCII.

Neighbouring points are joined by a line unless they are so far apart that something is missing
in between: a gap stays a gap.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

LABEL_WIDTH: Final = 10
"""Columns of the numbers at the left, the blank behind them included."""

ROWS: Final = 12

_BRAILLE: Final = 0x2800
_BRAILLE_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of the dots of a cell by column and row. Source: Unicode, block Braille Patterns."""

_ASCII_DOTS: Final = (" ", "'", ".", ":")
"""Nothing, the upper dot, the lower one, both."""

_GAP_INTERVALS: Final = 3.0
_GAP_STEPS: Final = 1.5
"""What is further apart than so many usual intervals, or steps, has a gap in between."""

_LONG: Final = 1e7
"""Whole numbers below this are written in full."""

_NUMBER_FORMS: Final = (".5g", ".4g", ".3g", ".2g", ".1e")
"""Others as exactly as there is room."""

_SMALLEST_SPAN: Final = 1e-300
"""What is closer together is drawn as one value: its halves could not be told apart."""


class Style(NamedTuple):
    """How charts are drawn.

    Attributes:
        dots_across, dots_down: dots of one character.
        corner, side, floor: of the axes.
    """

    dots_across: int
    dots_down: int
    corner: str
    side: str
    floor: str


BRAILLE: Final = Style(2, 4, "└", "┤", "─")
ASCII: Final = Style(1, 2, "+", "|", "-")


class Scale(NamedTuple):
    """Which part of the world is drawn: times in ms, and values."""

    from_ms: int
    to_ms: int
    low: float
    high: float


def draw(
    points: Sequence[tuple[int, float]],
    from_ms: int,
    to_ms: int,
    *,
    style: Style,
    width: int,
    step_ms: int = 0,
) -> list[str]:
    """The lines of a chart with its vertical axis and the line below it.

    Args:
        points: times and values, at least one, oldest first.
        width: columns of the whole.
        step_ms: what each point stands for, 0 if they are as they were written.
    """
    columns = width - LABEL_WIDTH - 1
    values = [value for _, value in points]
    low, high = _limits(min(values), max(values))
    scale = Scale(from_ms, to_ms, low, high)
    grid = _Grid(columns, ROWS, style)
    grid.plot(points, scale, _gap_ms(points, step_ms, (to_ms - from_ms) / grid.across))
    labels = {0: high, ROWS // 2: low / 2 + high / 2, ROWS - 1: low}
    lines = []
    for row, text in enumerate(grid.lines()):
        label = label_of(labels[row]) if row in labels else ""
        lines.append(f"{label:>{LABEL_WIDTH - 1}} {style.side}{text}".rstrip())
    lines.append(" " * LABEL_WIDTH + style.corner + style.floor * columns)
    return lines


def label_of(value: float) -> str:
    """A number in at most nine characters."""
    if abs(value) < _LONG and value == int(value):
        return str(int(value))
    texts = [format(value, form) for form in _NUMBER_FORMS]
    return next((text for text in texts if len(text) < LABEL_WIDTH), texts[-1])


def _limits(low: float, high: float) -> tuple[float, float]:
    """Lowest and highest value of the axis; a constant runs along the middle."""
    if high / 2 - low / 2 > _SMALLEST_SPAN:
        return low, high
    margin = abs(low) / 10 or 1.0
    return low - margin, high + margin


def _gap_ms(points: Sequence[tuple[int, float]], step_ms: int, dot_ms: float) -> float:
    """How far apart neighbours may be that are joined by a line."""
    if step_ms:
        return max(_GAP_STEPS * step_ms, dot_ms)
    intervals = [after[0] - before[0] for before, after in pairwise(points)]
    usual = median(intervals) if intervals else 0
    return max(_GAP_INTERVALS * usual, 2 * dot_ms)


class _Grid:
    """Dots."""

    def __init__(self, columns: int, rows: int, style: Style) -> None:
        self._style = style
        self.across = columns * style.dots_across
        self._down = rows * style.dots_down
        self._dots: set[tuple[int, int]] = set()

    def plot(self, points: Sequence[tuple[int, float]], scale: Scale, gap_ms: float) -> None:
        """Draw a line through points, but for gaps."""
        before: tuple[int, tuple[int, int]] | None = None
        for at_ms, value in points:
            dot = self._place(at_ms, value, scale)
            if before is not None and at_ms - before[0] <= gap_ms:
                self._join(before[1], dot)
            else:
                self._dots.add(dot)
            before = at_ms, dot

    def lines(self) -> list[str]:
        """The characters, row by row."""
        style = self._style
        return [
            "".join(
                self._character(column, row) for column in range(0, self.across, style.dots_across)
            )
            for row in range(0, self._down, style.dots_down)
        ]

    def _place(self, at_ms: int, value: float, scale: Scale) -> tuple[int, int]:
        x = (at_ms - scale.from_ms) * self.across // (scale.to_ms - scale.from_ms)
        # Halves before the difference: limits of ±1e308 are numbers too.
        height = scale.high / 2 - scale.low / 2
        share = (value / 2 - scale.low / 2) / height
        y = round((1 - share) * (self._down - 1))
        # A step may begin before the range does.
        return min(max(x, 0), self.across - 1), min(max(y, 0), self._down - 1)

    def _join(self, begin: tuple[int, int], end: tuple[int, int]) -> None:
        length = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
        for part in range(length + 1):
            share = part / length
            self._dots.add(
                (
                    round(begin[0] + (end[0] - begin[0]) * share),
                    round(begin[1] + (end[1] - begin[1]) * share),
                )
            )

    def _character(self, left: int, top: int) -> str:
        if self._style.dots_across == 1:
            return _ASCII_DOTS[((left, top) in self._dots) + 2 * ((left, top + 1) in self._dots)]
        bits = sum(
            bit
            for x, column in enumerate(_BRAILLE_DOTS)
            for y, bit in enumerate(column)
            if (left + x, top + y) in self._dots
        )
        return chr(_BRAILLE + bits) if bits else " "
