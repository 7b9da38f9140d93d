from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import Box, Dashboard, Page, Widget
from blynk_gateway.core.dashboards.placing import place, placed
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES, Size

SIZES = st.builds(Size, st.integers(1, 14), st.integers(1, 6))
LED = Widget("led", pin=PinAddress("pi", "V1"))


@st.composite
def pages(draw: st.DrawFn) -> tuple[int, list[Box | None], list[Size]]:
    """Columns, own places that do not overlap, and sizes."""
    columns = draw(st.integers(1, 12))
    sizes = draw(st.lists(SIZES, max_size=30))
    boxes: list[Box | None] = []
    for size in sizes:
        width = min(size.width, columns)
        x, y = draw(st.integers(0, columns - width)), draw(st.integers(0, 12))
        box = Box(x, y, width, size.height)
        is_free = not any(other is not None and box.overlaps(other) for other in boxes)
        boxes.append(box if is_free and draw(st.booleans()) else None)
    return columns, boxes, sizes


@settings(deadline=None)
@given(pages())
def test_every_widget_is_inside_the_grid_and_none_on_another(
    page: tuple[int, list[Box | None], list[Size]],
) -> None:
    columns, boxes, sizes = page
    found = place(columns, boxes, sizes)
    assert len(found) == len(boxes)
    for one, other in combinations(found, 2):
        assert not one.overlaps(other)
    for box, own, size in zip(found, boxes, sizes, strict=True):
        assert own in (None, box)
        assert box.x >= 0 <= box.y
        assert box.x + box.width <= columns
        assert (box.width, box.height) == (min(size.width, columns), size.height)


@settings(deadline=None)
@given(pages())
def test_no_widget_could_stand_higher(
    page: tuple[int, list[Box | None], list[Size]],
) -> None:
    columns, boxes, sizes = page
    found = place(columns, boxes, sizes)
    taken = [box for box in boxes if box is not None]
    for box, own in zip(found, boxes, strict=True):
        if own is None:
            higher = (
                box._replace(x=x, y=y) for y in range(box.y) for x in range(columns - box.width + 1)
            )
            assert all(any(place.overlaps(other) for other in taken) for place in higher)
            taken.append(box)


def test_widgets_go_side_by_side_then_below_and_into_gaps() -> None:
    sizes = [Size(3, 2), Size(2, 1), Size(2, 1), Size(9, 1)]
    assert place(4, [None] * 4, sizes) == [
        Box(0, 0, 3, 2),
        Box(0, 2, 2, 1),
        Box(2, 2, 2, 1),
        Box(0, 3, 4, 1),
    ]


def test_dashboard_is_placed_page_by_page_in_both_layouts() -> None:
    own = Widget("led", pin=LED.pin, desktop=Box(0, 0, 2, 2))
    page = Page("One", (LED, own))
    made = placed(Dashboard("home", "Home", (page, page)))
    for one in made.pages:
        assert [widget.desktop for widget in one.widgets] == [Box(2, 0, 2, 2), Box(0, 0, 2, 2)]
        assert [widget.phone for widget in one.widgets] == [Box(0, 0, 2, 2), Box(2, 0, 2, 2)]
    assert placed(made) == made


def test_each_type_has_its_usual_size() -> None:
    page = Page(widgets=tuple(Widget(name) for name in WIDGET_TYPES))
    for widget in placed(Dashboard("home", "Home", (page,))).widgets():
        assert widget.desktop is not None
        assert widget.desktop[2:] == WIDGET_TYPES[widget.type].desktop
