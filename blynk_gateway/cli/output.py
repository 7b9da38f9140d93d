"""What commands print: JSON for programs, tables of at most 80 columns for people."""

import json
import time
from collections.abc import Sequence

from blynk_gateway.cli.client import Json
from blynk_gateway.cli.commands import WIDTH

_GAP = "  "


def print_json(value: Json) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their heads; the widest column is cut as long as a line is too long."""
    lines = [list(heads), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    for line in lines:
        cells = (cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True))
        print(_GAP.join(cells).rstrip())


def date_of(at_ms: int) -> str:
    """A day, in the time zone of this machine."""
    return time.strftime("%Y-%m-%d", time.localtime(at_ms / 1000))


def shown(text: str) -> str:
    """Text of strangers for a terminal: control characters as escapes, so one line and harmless."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def shown_value(value: Sequence[str]) -> str:
    """A pin's value on one line: the text itself, or a JSON array if it has several parameters."""
    if len(value) == 1:
        return shown(value[0])
    return shown(json.dumps(list(value), ensure_ascii=False))


def cut(text: str, width: int) -> str:
    """The text, with an ellipsis at its end if it is longer than `width`."""
    return text if len(text) <= width else text[: width - 1] + "…"
