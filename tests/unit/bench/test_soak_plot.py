"""The picture of a soak is whole, whatever was measured."""

import math
from xml.etree import ElementTree as ET

from bench.soak.ledger import Ping, Window
from bench.soak.plot import COLOURS, HEIGHT_AT_MOST, WIDTH, panels, picture
from bench.soak.samples import Sample

SVG = "{http://www.w3.org/2000/svg}"


def drawn(samples: list[Sample], pings: list[Ping], windows: list[Window]) -> ET.Element:
    text = picture("A < B & 'C'", panels(samples, pings, 1000.0), windows, 1000.0, (10.0, 20.0))
    return ET.fromstring(text)  # noqa: S314 - our own


def places(line: ET.Element) -> list[tuple[float, float]]:
    found = []
    for pair in line.attrib["points"].split():
        x, y = map(float, pair.split(","))
        found.append((x, y))
    return found


def test_each_start_of_the_gateway_is_a_line_of_its_own_and_all_lies_within_the_picture() -> None:
    samples = [
        Sample(1000.0 + at, 1 + (at >= 30), 60 + at / 10, 500 + at, 5, 1, 300 * at)
        for at in range(60)
    ]
    pings = [Ping(1000.0 + at, 0.001 * (1 + at % 7) ** 4) for at in range(60)]
    windows = [
        Window(kind, 1000.0 + 2 * number, 1001.0 + 2 * number, 1002.0 + 2 * number)
        for number, kind in enumerate(COLOURS)
    ]
    # One that was not over when the run broke off.
    windows.append(Window("hang", 1055.0, math.inf, math.inf))
    root = drawn(samples, pings, windows)
    lines = root.findall(f"{SVG}polyline")
    assert [len(places(line)) for line in lines] == [30, 30, 30, 30, 59, 60]
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == WIDTH
    assert height <= HEIGHT_AT_MOST
    assert all(0 <= x <= width and 0 <= y <= height for line in lines for x, y in places(line))
    bars = [bar for bar in root.findall(f"{SVG}rect") if "x" in bar.attrib]
    assert len(bars) == 2 * len(windows)
    assert all(float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width + 1 for bar in bars)
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert "A < B & 'C'" in texts
    assert set(COLOURS) <= set(texts)


def test_growth_goes_up_in_the_picture() -> None:
    samples = [Sample(1000.0 + at, 1, 50.0 + at, 40, 5, 1, at) for at in range(20)]
    memory = places(drawn(samples, [], []).findall(f"{SVG}polyline")[0])
    assert memory == sorted(memory, key=lambda place: (place[0], -place[1]))
    assert memory[0][1] > memory[-1][1]


def test_a_run_that_measured_nothing_has_a_picture_too() -> None:
    root = drawn([], [], [])
    assert not root.findall(f"{SVG}polyline")
