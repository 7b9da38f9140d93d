"""Finds room on the grid for widgets that have no place of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from blynk_gateway.core.dashboards.model import (
    DESKTOP_COLUMNS,
    PHONE_COLUMNS,
    Box,
    Dashboard,
    Page,
)
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES, Size


def placed(dashboard: Dashboard) -> Dashboard:
    """The dashboard with every widget in a place; those that have one stay."""
    return replace(dashboard, pages=tuple(map(_placed_page, dashboard.pages)))


def place(columns: int, boxes: Sequence[Box | None], sizes: Sequence[Size]) -> list[Box]:
    """A box for each widget: its own, else the first room from top and left in their order.

    Args:
        boxes: own places, inside the grid.
        sizes: of those that have none; wider ones than the grid become as wide as it.
    """
    grid = _Grid(columns, (box for box in boxes if box is not None))
    return [grid.take(size) if box is None else box for box, size in zip(boxes, sizes, strict=True)]


class _Grid:
    """Which cells are taken: one number for each row, one bit for each column."""

    def __init__(self, columns: int, boxes: Iterable[Box]) -> None:
        self._columns = columns
        self._rows: dict[int, int] = {}
        self._first = 0
        for box in boxes:
            self._fill(box)

    def take(self, size: Size) -> Box:
        """The first room of this size, taken."""
        width = min(size.width, self._columns)
        full = (1 << self._columns) - 1
        # Rows without a free cell at the top are never looked at again.
        while self._rows.get(self._first, 0) == full:
            self._first += 1
        y = self._first
        while True:
            taken = 0
            for row in range(y, y + size.height):
                taken |= self._rows.get(row, 0)
            for x in range(self._columns - width + 1):
                if not taken & (((1 << width) - 1) << x):
                    box = Box(x, y, width, size.height)
                    self._fill(box)
                    return box
            y += 1

    def _fill(self, box: Box) -> None:
        bits = ((1 << box.width) - 1) << box.x
        for row in range(box.y, box.y + box.height):
            self._rows[row] = self._rows.get(row, 0) | bits


def _placed_page(page: Page) -> Page:
    types = [WIDGET_TYPES[widget.type] for widget in page.widgets]
    desktop = place(
        DESKTOP_COLUMNS,
        [widget.desktop for widget in page.widgets],
        [one.desktop for one in types],
    )
    phone = place(
        PHONE_COLUMNS,
        [widget.phone for widget in page.widgets],
        [one.phone for one in types],
    )
    return replace(
        page,
        widgets=tuple(
            replace(widget, desktop=wide, phone=narrow)
            for widget, wide, narrow in zip(page.widgets, desktop, phone, strict=True)
        ),
    )
