"""What somebody likely meant who wrote a value in a way that seems natural, and is not ours.

Each function takes the text as written and returns one to try in its place; whoever calls it offers
that only if it would be accepted.
"""

import re

_NUMBER = re.compile(r"[A-Za-z_]*?\s*(\d{1,4})(?:\.0+)?", re.ASCII)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", re.ASCII)
_UNITS = {
    **dict.fromkeys(("", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("msec", "msecs", "millis", "milliseconds"), "ms"),
}


def likely_number(text: str) -> str:
    """`GPIO17`, `D17`, `17.0` → `17`; not `pin 11`, which counts the pins of the header."""
    match = _NUMBER.fullmatch(text)
    return str(int(match[1])) if match and not text.lower().startswith("pin") else ""


def likely_duration(text: str) -> str:
    """`5`, `5 s`, `5sec` → `5s`; `30min` → `30m`."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        return ""
    unit = match[2].lower()
    return match[1] + _UNITS.get(unit, unit)


def likely_size(text: str) -> str:
    """`8G`, `8 GB`, `8gb`, `8GiB` → `8GB`."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        return ""
    return match[1] + match[2].upper().replace("I", "").removesuffix("B") + "B"


def likely_slug(text: str) -> str:
    """`Garden Pump`, `garden_pump` → `garden-pump`."""
    return re.sub(r"[\s_]+", "-", text.strip()).lower()


def likely_virtual_pin(text: str) -> str:
    """`1`, `pi/V1`, `V1 ` → `V1`."""
    name = text.strip().rpartition("/")[2]
    return f"V{name}" if name.isdigit() else name


def likely_physical_pin(text: str) -> str:
    """`5`, `GPIO5` → `D5`."""
    number = likely_number(text)
    return f"D{number}" if number and not text.upper().startswith("V") else ""


def likely_word(text: str) -> str:
    """`true`, `yes` → `on`; `false`, `no` → `off`: one and the same to many who write YAML."""
    return {"true": "on", "yes": "on", "false": "off", "no": "off"}.get(text.lower(), text)
