import re
from pathlib import Path

import pytest

from blynk_gateway.config.dashboards.widgets import MAX_ROW, BoxKind, WidgetKind
from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.nodes import compose_text
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import Box, Widget
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES, OptionKind

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs/guide/dashboards.md").read_text()

VALUES = {
    OptionKind.TEXT: '"/a"',
    OptionKind.NUMBER: "2",
    OptionKind.BOOLEAN: "true",
    OptionKind.COLOR: '"#00ff7F"',
    OptionKind.LIST: "[]",
    OptionKind.DEVICE: "shed",
    OptionKind.AUTOMATION: "Too hot",
}


def read(text: str) -> tuple[Widget | None, list[str]]:
    """What a text gives, and its complaints."""
    report = Report()
    node = compose_text(text, "", report)
    assert node is not None
    scope = Scope(Path(), report, {})
    try:
        widget = WidgetKind().read(node, "w", scope)
    except Rejected:
        widget = None
    return widget, [f"{fault.key}: {fault.text}" for fault in report.faults]


def whole(name: str) -> str:
    """A widget with everything that its type may have."""
    kind = WIDGET_TYPES[name]
    parts = [f"type: {name}", "title: Title"]
    if kind.takes_one:
        parts.append("pin: pi/v1")
    elif kind.takes_many:
        parts.append("pins: [pi/V1, pi/v2]")
    for option in kind.options:
        value = option.choices[0] if option.choices else VALUES[option.kind]
        parts.append(f"{option.name}: {'1' if option.name == 'min' else value}")
    return "{" + ", ".join([*parts, "desktop: [0, 1, 2, 3]", "phone: [0, 1, 4, 2]"]) + "}"


@pytest.mark.parametrize("name", WIDGET_TYPES)
def test_every_key_of_a_type_is_read_and_written_again(name: str) -> None:
    widget, faults = read(whole(name))
    assert faults == []
    assert widget is not None
    assert (widget.type, widget.title) == (name, "Title")
    assert (widget.desktop, widget.phone) == (Box(0, 1, 2, 3), Box(0, 1, 4, 2))
    assert set(widget.options) == {option.name for option in WIDGET_TYPES[name].options}
    assert read(WidgetKind().flow(widget)) == (widget, [])


@pytest.mark.parametrize("name", WIDGET_TYPES)
def test_every_key_of_a_type_is_in_the_guide(name: str) -> None:
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` |"))
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    kind = WIDGET_TYPES[name]
    pins = " or ".join(
        [*(["`pin`"] if kind.takes_one else []), *(["`pins`"] if kind.takes_many else [])]
    )
    told = pins if kind.counts[0] or not pins else f"{pins}?"
    assert cells[1] == told
    assert re.findall(r"`([a-z_]+)`", cells[3]) == [option.name for option in kind.options]


def test_null_is_as_good_as_no_key() -> None:
    text = "{type: slider, pin: pi/V1, title: null, min: ~, color: null, desktop: null, phone:}"
    assert read(text) == (Widget("slider", pin=PinAddress("pi", "V1")), [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{type: led}", "w: found no pin, expected one"),
        (
            "{type: led, pin: null}",
            "w.pin: found nothing, expected a pin address such as greenhouse/V5",
        ),
        ("{type: chart, pins: []}", "w.pins: found 0, expected 1 to 8 pins"),
        ("{type: joystick}", "w: found no pin or pins, expected one of the two"),
        ("{type: rgb, pins: [pi/V1]}", "w.pins: found 1, expected 3 pins"),
        (
            "{type: rgb, pin: pi/V1, pins: [pi/V1, pi/V2, pi/V3]}",
            "w: found both pin and pins, expected one of the two",
        ),
        (
            "{type: slider, pin: pi/V1, min: 2, max: 1}",
            "w.min: found 2, expected less than max, which is 1",
        ),
        ("{type: slider, pin: pi/V1, step: 0}", "w.step: found 0, expected more than 0"),
        (
            "{type: value, pin: pi/V1, decimals: 10}",
            'w.decimals: found "10", expected a whole number from 0 to 9',
        ),
        (
            "{type: button, pin: pi/V1, mode: pusch}",
            'w.mode: found "pusch", expected one of push, switch; did you mean "push"?',
        ),
        (
            '{type: led, pin: pi/V1, color: "#12345"}',
            'w.color: found "#12345", expected a colour such as "#23C48E", in quotes',
        ),
        (
            '{type: value, pin: pi/V1, unit: "a\\nb"}',
            'w.unit: found "a\\x0ab", expected a text of at most 256 characters in one line',
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(text: str, fault: str) -> None:
    assert read(text)[1] == [fault]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.test/a.png",
        "ftp://nas/a",
        "http://",
        "http://a b",
        "",
        "/" + "a" * 1024,
    ],
)
def test_address_that_a_browser_might_run_is_refused(url: str) -> None:
    assert len(read(f'{{type: video, url: "{url}"}}')[1]) == 1
    assert len(read(f'{{type: image, urls: ["{url}"]}}')[1]) == 1


@pytest.mark.parametrize("url", ["http://nas/a.png", "https://a.b:8/c?d=e", "/uploads/x/y.png"])
def test_address_of_a_picture_is_taken(url: str) -> None:
    widget, faults = read(f'{{type: image, urls: ["{url}"], url: "{url}"}}')
    assert faults == []
    assert widget is not None
    assert widget.options == {"urls": (url,), "url": url}


@pytest.mark.parametrize(
    "box",
    [
        "1",
        "[]",
        "[0, 0, 1]",
        "[0, 0, 1, 1, 1]",
        "[-1, 0, 1, 1]",
        "[0, 0, 0, 1]",
        "[0, 0, 1, 0]",
        "[0, 0, 1, 51]",
        "[0, 0, 13, 1]",
        "[12, 0, 1, 1]",
        "[11, 0, 2, 1]",
        f"[0, {MAX_ROW + 1}, 1, 1]",
        "[0, 0, 1.5, 1]",
        "[0, 0, [1], 1]",
    ],
)
def test_place_outside_the_grid_is_refused(box: str) -> None:
    faults = read(f"{{type: header, desktop: {box}}}")[1]
    assert len(faults) == 1
    assert faults[0].startswith("w.desktop: found ")


def test_place_is_shown_as_it_is_read() -> None:
    assert BoxKind(12).flow(Box(1, 2, 3, 4)) == "[1, 2, 3, 4]"
