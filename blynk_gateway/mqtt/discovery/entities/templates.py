"""Templates for Home Assistant and openHAB: Jinja2 of the plainest kind.

Text of devices and owners stands in them as string literals only, so that none of it is run.
"""

import json
from collections.abc import Mapping

MAX_STATE = 255
"""Longest state that Home Assistant takes, characters."""

ROUNDED = "{{ value | float(0) | round | int }}"
"""For what takes whole numbers only."""

RAW = "{{ value }}"
"""A command as it is, where another form is usual."""

UNKNOWN = "None"
"""What templates give for a state that is not known."""


def shortened(text: str = "value") -> str:
    """A text, given as an expression, cut where it is too long: else it would be refused."""
    return f"{{{{ {text}[:{MAX_STATE}] }}}}"


def literal(value: object) -> str:
    """Text or a dictionary as an expression."""
    # JSON is Jinja here: both know the same escapes. Not ASCII: a pair of surrogates would become
    # two characters.
    return json.dumps(value, ensure_ascii=False)


def mapping(rows: Mapping[str, str], otherwise: str) -> str:
    """An expression: another text for each value, and one for all that have none."""
    return f"{literal(rows)}.get(value, {literal(otherwise)})"


def mapped(rows: Mapping[str, str], otherwise: str = UNKNOWN) -> str:
    """Another text for each value: `{{ {"0": "Off"}.get(value, "None") }}`."""
    return f"{{{{ {mapping(rows, otherwise)} }}}}"


def switched(on: str, off: str, threshold: float) -> str:
    """`on` for numbers above a threshold, else `off`."""
    return f"{{{{ {literal(on)} if value | float(0) > {threshold:.15g} else {literal(off)} }}}}"


def event(kind: str, **attributes: str) -> str:
    """The JSON that an `event` takes; all are expressions.

    Args:
        kind: its type.
    """
    return _object({"event_type": kind} | attributes)


def position(*, longitude: int, latitude: int) -> str:
    """JSON of a place, from an array of texts, by their indexes."""
    return _object(
        {
            "latitude": f"value_json[{latitude}] | float(0)",
            "longitude": f"value_json[{longitude}] | float(0)",
        }
    )


def item(name: str) -> str:
    """One key of a JSON object."""
    return f"{{{{ value_json.{name} }}}}"


def _object(pairs: Mapping[str, str]) -> str:
    inside = ", ".join(f"{literal(key)}: {expression}" for key, expression in pairs.items())
    return f"{{{{ {{{inside}}} | tojson }}}}"
