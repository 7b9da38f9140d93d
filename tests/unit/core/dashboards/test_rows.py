from itertools import combinations, groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.core.dashboards.model import Box
from blynk_gateway.core.dashboards.rows import fill_rows
from blynk_gateway.core.dashboards.widget_types import Size

SMALL, BAR = Size(2, 2), Size(4, 3)


@pytest.mark.parametrize(
    ("count", "widths"),
    [
        (1, [12]),
        (2, [6, 6]),
        (5, [3, 3, 2, 2, 2]),
        (6, [2, 2, 2, 2, 2, 2]),
        (7, [3, 3, 3, 3, 4, 4, 4]),
    ],
)
def test_row_is_filled_and_rows_have_as_many_each(count: int, widths: list[int]) -> None:
    assert [box.width for box in fill_rows(12, [SMALL] * count)] == widths


def test_each_size_has_rows_of_its_own() -> None:
    assert fill_rows(4, [SMALL, SMALL, BAR, SMALL]) == [
        Box(0, 0, 2, 2),
        Box(2, 0, 2, 2),
        Box(0, 2, 4, 3),
        Box(0, 5, 4, 2),
    ]


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.lists(st.builds(Size, st.integers(1, 12), st.integers(1, 5)), max_size=40),
)
def test_rows_are_full_and_nothing_stands_on_another(columns: int, sizes: list[Size]) -> None:
    boxes = fill_rows(columns, sizes)
    for box, size in zip(boxes, sizes, strict=True):
        assert box.width >= min(size.width, columns)
        assert box.height == size.height
    for y, row in groupby(boxes, key=lambda box: box.y):
        ends = 0
        for box in row:
            assert (box.x, box.y) == (ends, y)
            ends += box.width
        assert ends == columns
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
