"""The latest log records in memory, for people who look at the gateway from a browser.

Records are kept as plain texts and numbers: an object or an exception in a record would keep alive
whatever it refers to. What is kept is bounded in records and in characters.
"""

import logging
from collections import deque
from itertools import islice
from typing import NamedTuple

from blynk_gateway.runtime.log_fields import Plain, fields, plain

MAX_RECORDS = 1000
MAX_CHARACTERS = 512 * 1024
"""Of all records together; a thousand usual ones have a fifth of it."""

MAX_TEXT = 1000
"""Of a message, and of each field."""

MAX_TRACEBACK = 8000
"""The end of one; it names what went wrong."""

MAX_FIELDS = 32

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
"""Names of levels, the least severe first."""


class LogEntry(NamedTuple):
    """One record.

    Attributes:
        n: rises by one with each record since the start.
        level: `debug`, `info`, `warning`, `error` or `critical`.
        fields: what was given as `extra`, and `traceback` where there is one.
    """

    n: int
    at_ms: int
    level: str
    logger: str
    message: str
    fields: dict[str, Plain]


class LogRing(logging.Handler):
    """Keeps the latest records; meant to be one of the root logger's handlers."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: deque[tuple[int, LogEntry]] = deque()
        self._characters = 0
        self.last = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; called with the handler's lock held."""
        try:
            entry, size = self._entry(record)
        except Exception:  # noqa: BLE001  as logging asks of a handler: a log call never raises
            self.handleError(record)
            return
        self.last = entry.n
        self._entries.append((size, entry))
        self._characters += size
        while len(self._entries) > MAX_RECORDS or self._characters > MAX_CHARACTERS:
            self._characters -= self._entries.popleft()[0]

    def entries(self, after: int = 0, level: int = 0, limit: int = MAX_RECORDS) -> list[LogEntry]:
        """The latest records, oldest first.

        Args:
            after: only records behind this number.
            level: only records of at least this level, one of logging's numbers.
            limit: so many at most.
        """
        # Threads log too.
        self.acquire()
        try:
            kept = [entry for _, entry in self._entries]
        finally:
            self.release()
        wanted = (
            entry for entry in reversed(kept) if entry.n > after and LEVELS[entry.level] >= level
        )
        return list(islice(wanted, limit))[::-1]

    def _entry(self, record: logging.LogRecord) -> tuple[LogEntry, int]:
        message = _cut(record.getMessage())
        values = {
            _cut(key): _cut(value) if isinstance(value, str) else value
            for key, given in islice(fields(record).items(), MAX_FIELDS)
            for value in (plain(given),)
        }
        if record.exc_info:
            # At once: the exception would keep every frame it went through alive.
            values["traceback"] = _FORMATTER.formatException(record.exc_info)[-MAX_TRACEBACK:]
        entry = LogEntry(
            self.last + 1,
            int(record.created * 1000),
            _level_name(record.levelno),
            record.name,
            message,
            values,
        )
        return entry, len(message) + sum(len(key) + len(str(one)) for key, one in values.items())


def current_ring() -> LogRing:
    """The ring that the root logger writes to; where there is none, one that stays empty."""
    handlers = logging.getLogger().handlers
    return next((one for one in handlers if isinstance(one, LogRing)), None) or LogRing()


_FORMATTER = logging.Formatter()


def _level_name(number: int) -> str:
    return next((name for name, least in reversed(LEVELS.items()) if number >= least), "debug")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
