"""The ready dashboard of the demo: the house at a glance, and a page for what is behind it."""

from collections.abc import Mapping

from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.dashboards.model import Box, Dashboard, OptionValue, Page, Widget


def _one(
    kind: str,
    pin: str,
    title: str,
    desktop: Box,
    phone: Box,
    options: Mapping[str, OptionValue] | None = None,
) -> Widget:
    address = parse_address(pin)
    return Widget(kind, title, address, desktop=desktop, phone=phone, options=options or {})


def _chart(title: str, pins: str, desktop: Box, phone: Box, time: str) -> Widget:
    addresses: tuple[PinAddress, ...] = tuple(map(parse_address, pins.split()))
    options = {"range": time}
    return Widget("chart", title, pins=addresses, desktop=desktop, phone=phone, options=options)


def _of_device(kind: str, device: str, desktop: Box, phone: Box) -> Widget:
    options = {"device": device} if device else {}
    return Widget(kind, desktop=desktop, phone=phone, options=options)


_GREEN, _BLUE, _AMBER = "#2E9E6B", "#2F7FD1", "#C77800"

_HOME = Page(
    "Home",
    (
        _one(
            "gauge",
            "greenhouse/V0",
            "Temperature",
            Box(0, 0, 3, 3),
            Box(0, 0, 2, 3),
            {"min": 10.0, "max": 35.0, "color": _AMBER},
        ),
        _one(
            "gauge",
            "greenhouse/V1",
            "Humidity",
            Box(3, 0, 3, 3),
            Box(2, 0, 2, 3),
            {"min": 0.0, "max": 100.0, "color": _BLUE},
        ),
        _one(
            "gauge",
            "workshop/V0",
            "Power",
            Box(6, 0, 3, 3),
            Box(0, 5, 2, 3),
            {"min": 0.0, "max": 200.0, "color": _GREEN},
        ),
        _one("gauge", "pi/V4", "Soil moisture", Box(9, 0, 3, 3), Box(2, 5, 2, 3)),
        _one("switch", "greenhouse/V3", "Fan", Box(0, 3, 2, 2), Box(0, 3, 2, 2)),
        _one("switch", "workshop/V2", "Relay", Box(2, 3, 2, 2), Box(2, 3, 2, 2)),
        _one("switch", "pi/V1", "LED", Box(4, 3, 2, 2), Box(0, 8, 2, 2)),
        _one("slider", "pi/V2", "Lamp", Box(6, 3, 4, 2), Box(0, 10, 4, 2)),
        _one("led", "pi/V3", "Button", Box(10, 3, 2, 2), Box(2, 8, 2, 2), {"max": 1.0}),
        _chart(
            "Climate",
            "greenhouse/V0 greenhouse/V1",
            Box(0, 5, 8, 5),
            Box(0, 12, 4, 5),
            "1h",
        ),
        _one("rgb", "workshop/V3", "Workshop lamp", Box(8, 5, 4, 5), Box(0, 17, 4, 5)),
        _one("value", "greenhouse/V2", "Light", Box(0, 10, 3, 2), Box(0, 22, 2, 2)),
        _one("value", "workshop/V1", "Energy", Box(3, 10, 3, 2), Box(2, 22, 2, 2)),
        _of_device("device", "greenhouse", Box(6, 10, 3, 2), Box(0, 24, 4, 2)),
        _of_device("device", "workshop", Box(9, 10, 3, 2), Box(0, 26, 4, 2)),
    ),
)

_BEHIND = Page(
    "Pi and power",
    (
        Widget("header", desktop=Box(0, 0, 12, 5), phone=Box(0, 0, 4, 8)),
        _chart("Power", "workshop/V0", Box(0, 5, 8, 5), Box(0, 8, 4, 5), "1h"),
        _one(
            "level",
            "pi/V5",
            "CPU load",
            Box(8, 5, 4, 2),
            Box(0, 13, 4, 2),
            {"min": 0.0, "max": 100.0},
        ),
        _one("switch", "pi/D5", "Line 5", Box(8, 7, 2, 2), Box(0, 15, 2, 2)),
        _one("switch", "pi/D6", "Line 6", Box(10, 7, 2, 2), Box(2, 15, 2, 2)),
        _of_device("device", "pi", Box(8, 9, 4, 2), Box(0, 17, 4, 2)),
        _of_device("events", "", Box(0, 10, 8, 5), Box(0, 19, 4, 6)),
    ),
)

HOME = Dashboard("home", "Demo home", (_HOME, _BEHIND))
