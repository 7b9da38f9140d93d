from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import Box, Dashboard, Page, Widget

FAN = PinAddress("greenhouse", "V1")
PUMP = PinAddress("pi", "V1")


def test_boxes_that_share_a_cell_overlap() -> None:
    box = Box(2, 2, 2, 2)
    assert box.overlaps(box)
    assert box.overlaps(Box(3, 3, 5, 5))
    assert box.overlaps(Box(0, 0, 12, 12))


def test_boxes_side_by_side_do_not_overlap() -> None:
    box = Box(2, 2, 2, 2)
    for other in (Box(0, 2, 2, 2), Box(4, 2, 2, 2), Box(2, 0, 2, 2), Box(2, 4, 2, 2)):
        assert not box.overlaps(other)


def test_dashboard_knows_every_pin_and_device_of_all_pages() -> None:
    pages = (
        Page(widgets=(Widget("led", pin=FAN), Widget("chart", pins=(FAN, PUMP)))),
        Page(widgets=(Widget("device", options={"device": "shed"}), Widget("header"))),
    )
    dashboard = Dashboard("home", "Home", pages)
    assert [widget.type for widget in dashboard.widgets()] == ["led", "chart", "device", "header"]
    assert dashboard.pins() == {FAN, PUMP}
    assert dashboard.devices() == {"greenhouse", "pi", "shed"}


def test_dashboard_has_a_page() -> None:
    assert Dashboard("home", "Home").pages == (Page(),)
