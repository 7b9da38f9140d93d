"""What commands print: JSON for programs, tables of at most 80 columns for people."""

import json
import textwrap
import time
from collections.abc import Sequence

from blynk_gateway.cli.client import Json
from blynk_gateway.cli.commands import WIDTH

_GAP = "  "

_LEAST = 4
"""Characters of a column that is cut; below, nobody could tell what it is."""


def print_json(value: Json) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, is_first_whole: bool = False
) -> None:
    """Print rows under their heads; the widest column is cut as long as a line is too long.

    Args:
        heads: of the columns.
        rows: their cells.
        is_first_whole: never cut the first column, which has what the next command is given.
    """
    lines = [list(heads), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    first = 1 if is_first_whole else 0
    while sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widest = max(widths[first:])
        if widest <= _LEAST:
            break
        widths[widths.index(widest, first)] -= 1
    for line in lines:
        cells = (cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True))
        print(_GAP.join(cells).rstrip())


def date_of(at_ms: int) -> str:
    """A day, in the time zone of this machine."""
    return time.strftime("%Y-%m-%d", time.localtime(at_ms / 1000))


def moment_of(at_ms: int | None) -> str:
    """A minute, in the time zone of this machine; `never` for None."""
    if at_ms is None:
        return "never"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_ms / 1000))


def print_paragraph(head: str, text: str) -> None:
    """Print a text behind its head, of as many lines as it takes, the further ones indented."""
    indent = " " * len(head)
    print(textwrap.fill(shown(text), WIDTH, initial_indent=head, subsequent_indent=indent))


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
