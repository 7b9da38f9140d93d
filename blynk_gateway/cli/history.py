"""`history`: the past of a pin as a chart, a list or a file, and how much past there is."""

import json
import sys
import time
from argparse import Namespace
from typing import Any, Final, NamedTuple

from blynk_gateway.cli.access import running
from blynk_gateway.cli.chart import ASCII, BRAILLE, LABEL_WIDTH, draw, label_of
from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.commands import WIDTH
from blynk_gateway.cli.history_export import PARQUET, STANDARD_OUTPUT, Span, export
from blynk_gateway.cli.output import cut, print_json, print_table, shown_value
from blynk_gateway.config.scalars import format_duration
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.periods import parse_time
from blynk_gateway.errors import InvalidValue

EXIT_BAD_USAGE: Final = 2

STATS: Final = "stats"
JSON: Final = "json"

LISTED: Final = 20
"""Latest values shown where there is nothing to draw."""

_COUNTED: Final = ("sum", "count")

_DAY_MS: Final = 86_400_000
_KIB: Final = 1024


class _Drawing(NamedTuple):
    """What a chart shows.

    Attributes:
        step_ms: 0 for points as written.
        extremes: lowest and highest of all points, drawn or not.
    """

    points: list[tuple[int, float]]
    step_ms: int
    extremes: tuple[float, float]
    last: list[Any]


def history(arguments: Namespace) -> int:
    """Draw, list or export the past of a pin, or say how much past there is."""
    form = JSON if arguments.json and arguments.format is None else arguments.format
    fault = _fault_of(arguments, form)
    if fault:
        sys.stderr.write(f"blynk-gateway: {fault}\n")
        return EXIT_BAD_USAGE
    if arguments.address.lower() == STATS:
        return _stats(running(arguments), is_json=form == JSON)
    address = parse_address(arguments.address)
    now_ms = SystemClock().now_ms()
    try:
        begin = parse_time(arguments.since, now_ms)
        # Not in the range itself, but what is written this millisecond is.
        end = now_ms + 1 if arguments.to is None else parse_time(arguments.to, now_ms)
    except InvalidValue as error:
        sys.stderr.write(f"blynk-gateway: {error}\n")
        return EXIT_BAD_USAGE
    span = Span(address, begin, end, arguments.step, arguments.agg)
    gateway = running(arguments)
    if form is not None:
        return export(gateway, span, form, arguments.output)
    _show(gateway, span)
    return 0


def _fault_of(arguments: Namespace, form: str | None) -> str:
    output = arguments.output
    if arguments.address.lower() == STATS and (form not in (None, JSON) or output is not None):
        return "stats is no export; found --format or --output; expected --json, or neither of them"
    if form is None and output is not None:
        return "--output goes with --format; found none; add one, such as --format csv"
    if form == PARQUET and output in STANDARD_OUTPUT:
        return "--format parquet is no text; expected --output FILE with it"
    return ""


def _show(gateway: ControlClient, span: Span) -> None:
    style = BRAILLE if _is_unicode() else ASCII
    columns = WIDTH - LABEL_WIDTH - 1
    wanted = {"step": span.step} if span.step else {"width": columns * style.dots_across}
    answer = _ask(gateway, span, **wanted)
    numbers = [(at_ms, value) for at_ms, value in answer["points"] if _is_number(value)]
    if not numbers:
        _list(gateway, span)
        return
    drawing = _Drawing(
        numbers,
        answer["step_ms"],
        _extremes(gateway, span, answer, [value for _, value in numbers]),
        (_ask(gateway, span, limit=1)["points"] or [list(numbers[-1])])[-1],
    )
    print(_title(span))
    for line in draw(
        numbers, span.from_ms, span.to_ms, style=style, width=WIDTH, step_ms=drawing.step_ms
    ):
        print(line)
    print(_times(span, columns))
    print(_summary(span, drawing, is_thinned=bool(answer.get("thinned"))))


def _list(gateway: ControlClient, span: Span) -> None:
    """The latest values, where none is a number."""
    points = _ask(gateway, span, limit=LISTED)["points"]
    print(_title(span))
    if not points:
        print("Nothing was written in this time.")
        return
    print(f"No numbers to draw; the latest {len(points)}:")
    for at_ms, value in points:
        print(cut(f"{_clock(at_ms, '%Y-%m-%d %H:%M:%S')}  {_text(value)}", WIDTH))


def _ask(gateway: ControlClient, span: Span, **wanted: object) -> Any:  # noqa: ANN401  decoded JSON
    return gateway.request("GET", span.path(**wanted))


def _extremes(
    gateway: ControlClient, span: Span, answer: dict[str, Any], values: list[float]
) -> tuple[float, float]:
    """Lowest and highest of everything: averages know neither, thinned points have both.

    But of sums and counts, which are other numbers than the values.
    """
    step_ms = answer["step_ms"]
    if span.agg in _COUNTED or not step_ms:
        return min(values), max(values)
    found = []
    for aggregate, choose in (("min", min), ("max", max)):
        points = _ask(gateway, span, step=step_ms, agg=aggregate)["points"]
        found.append(choose([value for _, value in points], default=choose(values)))
    return found[0], found[1]


def _summary(span: Span, drawing: _Drawing, *, is_thinned: bool) -> str:
    low, high = drawing.extremes
    at_ms, value = drawing.last
    what = "point" if len(drawing.points) == 1 else "points"
    if drawing.step_ms:
        what = f"steps of {format_duration(drawing.step_ms)}, {span.agg}"
    elif is_thinned:
        what = "points of more"
    return cut(
        f"min {label_of(low)}  max {label_of(high)}  last {_text(value)}"
        f" at {_clock(at_ms, _pattern(span))}  ({len(drawing.points)} {what})",
        WIDTH,
    )


def _title(span: Span) -> str:
    pattern = "%Y-%m-%d %H:%M"
    return f"{span.address}  {_clock(span.from_ms, pattern)} to {_clock(span.to_ms, pattern)}"


def _times(span: Span, columns: int) -> str:
    """Begin, middle and end below the chart."""
    begin, middle, end = (
        _clock(at_ms, _pattern(span))
        for at_ms in (span.from_ms, (span.from_ms + span.to_ms) // 2, span.to_ms)
    )
    room = columns - len(begin) - len(end)
    return " " * (LABEL_WIDTH + 1) + begin + middle.center(room) + end


def _pattern(span: Span) -> str:
    length = span.to_ms - span.from_ms
    if length <= _DAY_MS + 1:
        return "%H:%M" if length > _DAY_MS // 24 else "%H:%M:%S"
    return "%m-%d %H:%M" if length <= 30 * _DAY_MS else "%Y-%m-%d"


def _clock(at_ms: int, pattern: str) -> str:
    return time.strftime(pattern, time.localtime(at_ms / 1000))


def _text(value: Any) -> str:  # noqa: ANN401  decoded JSON
    if _is_number(value):
        return json.dumps(value)
    return shown_value(value if isinstance(value, list) else [value])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


_DOUBTFUL_SHOWN = 5
"""A Pi without a real-time clock has one for each boot; JSON has them all."""


def _stats(gateway: ControlClient, *, is_json: bool) -> int:
    found = gateway.request("GET", "/api/v1/history-stats")
    if is_json:
        print_json(found)
        return 0
    oldest = found["oldest_ms"]
    print(f"Points   {found['points']}")
    print(f"Oldest   {'none' if oldest is None else _clock(oldest, '%Y-%m-%d %H:%M:%S')}")
    print(f"File     {_size(found['file_bytes'])}")
    for level, since in found["levels"].items():
        begin = "none" if since is None else f"since {_clock(since, '%Y-%m-%d %H:%M')}"
        print(f"{level.capitalize() + 's':<8} {begin}")
    for one in found["doubtful"][-_DOUBTFUL_SHOWN:]:
        end = "now" if one["to_ms"] is None else _clock(one["to_ms"], "%Y-%m-%d %H:%M")
        print(f"Times    {one['quality']} {_clock(one['from_ms'], '%Y-%m-%d %H:%M')} to {end}")
    if found["streams"]:
        print()
        rows = [(one["address"], str(one["points"])) for one in found["streams"]]
        print_table(("PIN", "POINTS"), rows)
    return 0


def _size(size: int) -> str:
    return f"{size / _KIB / _KIB:.1f} MiB" if size >= _KIB * _KIB else f"{size / _KIB:.0f} KiB"
