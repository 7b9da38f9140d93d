"""Logging: a fixed phrase and fields, in the form that fits where standard error goes.

Under systemd records go to the journal with their fields, or, where it takes only lines, each line
begins with `<priority>`; on a terminal it begins with the time; with `json` each is one object.
Records carry their values as `extra` fields.
"""

import json
import logging
import os
import sys
from typing import Any

from blynk_gateway.core.clock import Clock
from blynk_gateway.runtime.journal_log import JournalHandler, goes_to_journal, priority
from blynk_gateway.runtime.log_fields import fields, plain
from blynk_gateway.runtime.log_level import set_level
from blynk_gateway.runtime.log_ring import LogRing

MAX_PEER_TEXT = 80


def set_up(level: str, form: str = "auto", *, shown: str | None = None) -> None:
    """Send all logs to standard error, and keep the latest in memory.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        form: `auto` (systemd's journal if standard error goes there, else text), `text`, `json`.
        shown: from which level up they go to standard error, if not from `level`.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(JsonFormatter())
    elif form == "auto" and goes_to_journal():
        handler = JournalHandler()
        handler.setFormatter(LineFormatter())
    elif form == "auto" and os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(PriorityFormatter())
    else:
        handler.setFormatter(TextFormatter())
    if shown is not None:
        handler.setLevel(shown.upper())
    root = logging.getLogger()
    root.handlers[:] = [handler, LogRing()]
    set_level(level)
    # aiohttp logs each malformed request with a traceback; a peer must not be able to do that.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


def safe(text: str, limit: int = MAX_PEER_TEXT) -> str:
    """Text from a peer, fit for a log: printable, one line, cut at `limit` characters."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return clean if len(clean) <= limit else clean[:limit] + "…"


def masked(token: str) -> str:
    """A token as it may be shown: its first four characters, of a short one fewer."""
    return safe(token[: min(4, len(token) // 2)]) + "…"


class Repeats:
    """Lets one line of a kind through per period and counts the others.

    Args:
        period_s: silence after each line that got through.
    """

    MAX_KEYS = 1000

    def __init__(self, clock: Clock, period_s: float = 60.0) -> None:
        self._clock = clock
        self._period_s = period_s
        self._seen: dict[object, tuple[float, int]] = {}

    def allow(self, key: object) -> int | None:
        """How many lines with this key were held back since the last one, or None to hold back."""
        now = self._clock.monotonic()
        next_at, held_back = self._seen.get(key, (0.0, 0))
        if now < next_at:
            self._seen[key] = (next_at, held_back + 1)
            return None
        if len(self._seen) >= self.MAX_KEYS:
            self._seen.clear()
        self._seen[key] = (now + self._period_s, 0)
        return held_back


class LineFormatter(logging.Formatter):
    """`message key=value`, for who adds time and level."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        traceback = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return f"{_line(record)}{traceback}"


class TextFormatter(LineFormatter):
    """`12:34:56 WARNING message key=value`, for a terminal."""

    default_time_format = "%H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        head = f"{self.formatTime(record, self.default_time_format)} {record.levelname:<7}"
        return f"{head} {super().format(record)}"


class PriorityFormatter(LineFormatter):
    """`<4>message key=value`, which the journal reads; it adds the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        number = priority(record.levelno)
        return "\n".join(f"<{number}>{line}" for line in super().format(record).splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        entry: dict[str, Any] = {
            **{key: plain(value) for key, value in fields(record).items()},
            "time_ms": int(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _line(record: logging.LogRecord) -> str:
    pairs = (f"{key}={_quoted(value)}" for key, value in fields(record).items())
    return " ".join((record.getMessage(), *pairs))


def _quoted(value: object) -> str:
    text = str(value)
    if text.isprintable() and text and not any(char in ' "=' for char in text):
        return text
    # Escaped, so that no field can forge a line.
    return json.dumps(text, ensure_ascii=not text.isprintable())
