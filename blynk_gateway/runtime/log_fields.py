"""The values of a log record that were given as `extra`."""

import logging
from math import isfinite
from typing import Any, TypeAlias

Plain: TypeAlias = bool | int | float | str | None
"""What JSON can say of one value."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """The values that were given as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def plain(value: object) -> Plain:
    """A value for JSON; anything but a number, a boolean and None becomes text."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float | None) else str(value)
