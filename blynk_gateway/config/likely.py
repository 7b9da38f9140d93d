"""What somebody likely meant who wrote a value in a way that seems natural, and is not ours.

Each function takes the text as written and returns one to try in its place; whoever calls it offers
that only if it would be accepted.
"""

import re

_NUMBER = re.compile(r"[A-Za-z_]*?\s*(\d{1,4})(?:\.0+)?", re.ASCII)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)", re.ASCII)
_DECIMAL = re.compile(r"([+-]?\d+)(?:[.,](\d+))?\s*\D{0,8}", re.ASCII)
_ADDRESS = re.compile(r"([\w -]+?)\s*[/.:]\s*(?:V|v|pin)?(\d{1,3})", re.ASCII)
_UNITS = {
    **dict.fromkeys(("", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("msec", "msecs", "millis", "milliseconds"), "ms"),
}

_WORDS = {
    **dict.fromkeys(("true", "yes", "1"), "on"),
    **dict.fromkeys(("false", "no", "0"), "off"),
    **dict.fromkeys(("connected", "up"), "online"),
    **dict.fromkeys(("disconnected", "down", "away"), "offline"),
    "dawn": "sunrise",
    "dusk": "sunset",
}


def likely_number(text: str) -> str:
    """`GPIO17`, `D17`, `17.0` → `17`; not `pin 11`, which counts the pins of the header."""
    match = _NUMBER.fullmatch(text)
    return str(int(match[1])) if match and not text.lower().startswith("pin") else ""


def likely_duration(text: str) -> str:
    """`5`, `5 s`, `5sec` → `5s`; `30min` → `30m`; `00:05:00` → `5m`."""
    if clock := _CLOCK.fullmatch(text):
        seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])
        step, unit = next(it for it in ((3600, "h"), (60, "m"), (1, "s")) if not seconds % it[0])
        return f"{seconds // step}{unit}"
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
    """`true`, `yes`, `1` → `on`; `false`, `no`, `0` → `off`; and `connected` → `online`."""
    return _WORDS.get(text.lower(), text)


def likely_decimal(text: str) -> str:
    """`30,5` → `30.5`; `30 °C` → `30`."""
    match = _DECIMAL.fullmatch(text)
    if not match:
        return ""
    return match[1] + (f".{match[2]}" if match[2] else "")


def likely_address(text: str) -> str:
    """`greenhouse.V5`, `Greenhouse/5` → `greenhouse/V5`."""
    match = _ADDRESS.fullmatch(text)
    return f"{likely_slug(match[1])}/V{match[2]}" if match else ""
