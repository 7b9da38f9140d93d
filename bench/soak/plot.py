"""The course of a soak as a picture: SVG, drawn by hand, with a ground of its own.

With its own ground it looks the same on a light page and on a dark one.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from bench.soak.ledger import Ping, Window
from bench.soak.samples import Sample

WIDTH, PANEL_HEIGHT, GAP = 960, 110, 34
LEFT, RIGHT, TOP = 84, 20, 52
MARKS_HEIGHT = 17
HEIGHT_AT_MOST = 1000
"""All faults and all panels."""

MIN_MARK = 2.0
TICKS = 3
MAX_TIMES = 12
MINUTE_S = 60

GROUND, INK, FAINT, GRID, LINE = "#ffffff", "#24292f", "#57606a", "#d8dee4", "#0550ae"
FONT = "font-family='system-ui,sans-serif'"
COLOURS: Mapping[str, str] = {
    "kill -9": "#a40e26",
    "restart": "#a40e26",
    "hang": "#a40e26",
    "disk full": "#9a6700",
    "database locked": "#9a6700",
    "changed file": "#1a7f37",
    "faulty file": "#1a7f37",
    "broker killed": "#8250df",
    "broker hangs": "#8250df",
    "above killed": "#0a7ea4",
    "above hangs": "#0a7ea4",
}


class Panel(NamedTuple):
    """A curve; a break between two points is one in the line.

    Attributes:
        points: seconds and values, in pieces.
    """

    title: str
    pieces: Sequence[Sequence[tuple[float, float]]]
    is_logarithmic: bool = False


def panels(samples: Sequence[Sample], pings: Sequence[Ping], began: float) -> list[Panel]:
    """What there is to show."""
    lives: dict[int, list[Sample]] = {}
    for sample in samples:
        lives.setdefault(sample.pid, []).append(sample)
    memory = [[(one.at - began, one.rss_mib) for one in life] for life in lives.values()]
    files = [[(one.at - began, float(one.fds)) for one in life] for life in lives.values()]
    rates = [
        (later.at - began, (later.messages - one.messages) / (later.at - one.at))
        for one, later in itertools.pairwise(samples)
    ]
    return [
        Panel("Resident memory, MiB", memory),
        Panel("Open file descriptors", files),
        Panel("Messages sent to it, a second", [rates]),
        Panel("Slowest ping of each second, ms", [_slowest(pings, began)], is_logarithmic=True),
    ]


def _slowest(pings: Iterable[Ping], began: float) -> list[tuple[float, float]]:
    by_second: dict[int, float] = {}
    for ping in pings:
        second = int(ping.at - began)
        by_second[second] = max(by_second.get(second, 0.0), ping.took_s * 1e3)
    return sorted((float(second), value) for second, value in by_second.items())


def picture(
    title: str,
    shown: Sequence[Panel],
    windows: Sequence[Window],
    began: float,
    judged: tuple[float, float],
) -> str:
    """The picture.

    Args:
        windows: faults; each is a bar above and a shade behind the curves.
        judged: seconds between which memory and descriptors have to be flat.
    """
    kinds = [kind for kind in COLOURS if any(window.kind == kind for window in windows)]
    lengths = [point[0] for panel in shown for piece in panel.pieces for point in piece]
    seconds = max(lengths, default=1.0) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / seconds
    marks_top = TOP
    first = marks_top + MARKS_HEIGHT * len(kinds) + GAP
    height = first + len(shown) * (PANEL_HEIGHT + GAP) + 10
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' role='img'"
        f" aria-label='{escape(title, quote=True)}'>",
        f"<rect width='{WIDTH}' height='{height}' rx='6' fill='{GROUND}'/>",
        _text(LEFT, 30, title, size=16),
    ]
    for row, kind in enumerate(kinds):
        y = marks_top + row * MARKS_HEIGHT
        parts.append(_text(LEFT - 6, y + 11, kind, anchor="end", size=8.5, colour=COLOURS[kind]))
        for window in windows:
            if window.kind == kind:
                x = LEFT + (window.begin - began) * scale
                wide = max(MIN_MARK, (min(window.end, began + seconds) - window.begin) * scale)
                colour = COLOURS[kind]
                parts.append(
                    f"<rect x='{x:.1f}' y='{y + 2}' width='{wide:.1f}' height='12'"
                    f" fill='{colour}'/>"
                    f"<rect x='{x:.1f}' y='{first}' width='{wide:.1f}'"
                    f" height='{height - first - 44}' fill='{colour}' opacity='0.09'/>"
                )
    for row, panel in enumerate(shown):
        parts += _panel(panel, first + row * (PANEL_HEIGHT + GAP), scale)
    bottom = first + (len(shown) - 1) * (PANEL_HEIGHT + GAP) + PANEL_HEIGHT
    parts += _time_axis(bottom, seconds, scale)
    begin, end = (LEFT + at * scale for at in judged)
    parts.append(
        f"<path d='M{begin:.1f} {first - 8}H{end:.1f}' stroke='{INK}' stroke-width='2'/>"
        + _text((begin + end) / 2, first - 12, "flat from here to there", anchor="middle", size=10)
    )
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: float, scale: float) -> list[str]:
    values = [value for piece in panel.pieces for _, value in piece]
    low, high, ticks = _axis(values, is_logarithmic=panel.is_logarithmic)

    def y_of(value: float) -> float:
        place = math.log10(max(value, 10**low)) if panel.is_logarithmic else value
        return top + PANEL_HEIGHT * (1 - (place - low) / (high - low))

    parts = [_text(LEFT, top - 7, panel.title, size=11, colour=INK)]
    for tick in ticks:
        y = y_of(tick)
        parts.append(f"<path d='M{LEFT} {y:.1f}H{WIDTH - RIGHT}' stroke='{GRID}'/>")
        parts.append(_text(LEFT - 6, y + 4, f"{tick:,g}", anchor="end", size=10, colour=FAINT))
    for piece in panel.pieces:
        if piece:
            places = " ".join(f"{LEFT + at * scale:.1f},{y_of(value):.1f}" for at, value in piece)
            parts.append(
                f"<polyline points='{places}' fill='none' stroke='{LINE}' stroke-width='1.4'"
                " stroke-linejoin='round'/>"
            )
    return parts


def _axis(values: Sequence[float], *, is_logarithmic: bool) -> tuple[float, float, Sequence[float]]:
    """Lower and upper end, and where the lines are; of a logarithmic one the ends are exponents."""
    if is_logarithmic:
        least = min((value for value in values if value > 0), default=1.0)
        low = math.floor(math.log10(least))
        high = max(low + 1, math.ceil(math.log10(max(values, default=10.0) or 10.0)))
        return low, high, [10.0**exponent for exponent in range(low, high + 1)]
    most = max(values, default=1.0) or 1.0
    rough = most / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
    high = math.ceil(most / step) * step
    return 0.0, high, [number * step for number in range(round(high / step) + 1)]


def _time_axis(bottom: float, seconds: float, scale: float) -> list[str]:
    step = next(
        (one for one in (5, 15, 30, 60, 120, 300, 600, 1800, 3600) if seconds / one <= MAX_TIMES),
        7200,
    )
    parts = []
    for number in range(int(seconds / step) + 1):
        at = number * step
        told = f"{at / MINUTE_S:g} min" if step >= MINUTE_S else f"{at} s"
        x = LEFT + at * scale
        parts.append(f"<path d='M{x:.1f} {bottom}v4' stroke='{FAINT}'/>")
        parts.append(_text(x, bottom + 17, told, anchor="middle", size=10, colour=FAINT))
    return parts


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: float = 12, colour: str = INK
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}'"
        f" text-anchor='{anchor}' {FONT}>{escape(text)}</text>"
    )
