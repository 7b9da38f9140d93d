"""What a check finds."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well as it could, or may stop to."""

    FAULT = "fault"
    """Something that is configured does not work."""


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        check: what was looked at, a word or two.
        text: what was found, and what was expected if that is something else.
        advice: what to do; empty if all is well.
    """

    level: Level
    check: str
    text: str
    advice: str = ""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, check, text)


def warning(check: str, text: str, advice: str) -> Finding:
    """It could be better."""
    return Finding(Level.WARNING, check, text, advice)


def fault(check: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(Level.FAULT, check, text, advice)
