"""Rows without gaps, for dashboards that make themselves."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from blynk_gateway.core.dashboards.model import Box
from blynk_gateway.core.dashboards.widget_types import Size


def fill_rows(columns: int, sizes: Sequence[Size]) -> list[Box]:
    """A box for each size: rows of equal ones, below each other in their order.

    Those of a row are made wider until it is full, and rows of one size have as many each.
    """
    boxes: list[Box] = []
    y = 0
    for size, same in groupby(sizes):
        for count in _counts(len(list(same)), columns // min(size.width, columns)):
            x = 0
            for at in range(count):
                width = columns // count + (at < columns % count)
                boxes.append(Box(x, y, width, size.height))
                x += width
            y += size.height
    return boxes


def _counts(total: int, most: int) -> Iterator[int]:
    """How many stand in each row, the fuller ones first."""
    rows = -(-total // most)
    for row in range(rows):
        yield total // rows + (row < total % rows)
