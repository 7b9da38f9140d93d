"""Log records for systemd's journal, with their fields: one datagram for each.

Not by systemd-python: its `sendv` keeps the interpreter while it waits, so that a journal that
does not read, or reads slowly, would stop every thread of the gateway. This never waits. What the
journal has no room for is counted, told when it reads again, and still in the ring (`log_ring`).

Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL, man 7 systemd.journal-fields.
"""

import logging
import os
import re
import socket
from pathlib import Path
from typing import Final

from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.log_fields import fields

SOCKET: Final = Path("/run/systemd/journal/socket")

IDENTIFIER: Final = "blynk-gateway"

PRIORITIES: Final = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
DEBUG_PRIORITY: Final = 7

MAX_MESSAGE: Final = 32_768
MAX_FIELD: Final = 2000
MAX_FIELDS: Final = 32
"""So that a record fits into one datagram, of which Linux takes some 200 kB."""

# Those that journalctl, or this module, gives a meaning.
_RESERVED = re.compile(
    r"MESSAGE(_ID)?|PRIORITY|CODE_(FILE|LINE|FUNC)|ERRNO|LOGGER|(SYSLOG|COREDUMP|OBJECT)_.*"
    r"|INVOCATION_ID|USER_INVOCATION_ID|(USER_)?UNIT|DOCUMENTATION|TID"
)
_NAME_CHARACTERS = 60
_LENGTH_BYTES = 8


def goes_to_journal(stderr: int = 2, path: Path = SOCKET) -> bool:
    """Whether standard error is the journal's, and the journal takes datagrams.

    Args:
        stderr: the descriptor. A program may have `$JOURNAL_STREAM` of a parent although its own
            output goes elsewhere.
    """
    try:
        stat = os.fstat(stderr)
        is_journal = os.environ.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"
        return is_journal and path.is_socket()
    except OSError:
        return False


def priority(level: int) -> int:
    """The journal's number for one of logging's."""
    return next((number for least, number in PRIORITIES if level >= least), DEBUG_PRIORITY)


class JournalHandler(logging.Handler):
    """Sends records; the formatter makes the line that people see.

    Args:
        path: the journal's socket.
    """

    def __init__(self, path: Path = SOCKET) -> None:
        super().__init__()
        self._path = str(path)
        self._lost = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; called with the handler's lock held."""
        try:
            datagram = self._datagram(record)
        except Exception:  # noqa: BLE001  as logging asks of a handler: a log call never raises
            self.handleError(record)
            return
        if self._lost and self._is_sent(self._lost_datagram()):
            self._lost = 0
        if not self._is_sent(datagram):
            self._lost += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def _is_sent(self, datagram: bytes) -> bool:
        try:
            self._socket.sendto(datagram, self._path)
        except OSError:
            # No room, or no journal. Standard error goes there too, and would block.
            return False
        return True

    def _datagram(self, record: logging.LogRecord) -> bytes:
        own = {
            "MESSAGE": self.format(record)[:MAX_MESSAGE],
            "PRIORITY": str(priority(record.levelno)),
            "SYSLOG_IDENTIFIER": IDENTIFIER,
            "LOGGER": record.name,
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
            "CODE_FUNC": record.funcName or "",
        }
        given = list(fields(record).items())[:MAX_FIELDS]
        if (code := _find_code(record)) is not None:
            given.append(("code", code))
        found = {_name(key): str(value)[:MAX_FIELD] for key, value in given}
        device, slash, pin = found.get("PIN", "").rpartition("/")
        if slash:
            # An address; whoever looks for a device finds what is said of its pins too.
            found = {"DEVICE": device} | found | {"PIN": pin}
        return b"".join(_encoded(name, text) for name, text in (found | own).items() if name)

    def _lost_datagram(self) -> bytes:
        lost = logging.makeLogRecord(
            {
                "name": __name__,
                "levelno": logging.WARNING,
                "levelname": "WARNING",
                "msg": "log lines lost, as the journal did not read",
                "count": self._lost,
            }
        )
        return self._datagram(lost)


def _find_code(record: logging.LogRecord) -> str | None:
    """The code of the error that the record tells of, as far as it has it."""
    error = record.exc_info[1] if record.exc_info else None
    told = (error, *fields(record).values())
    return next((one.code for one in told if isinstance(one, GatewayError)), None)


def _name(key: str) -> str:
    """The name of a field, empty if none can be made of the key."""
    name = re.sub(r"[^A-Z0-9]", "_", key.upper())[:_NAME_CHARACTERS].lstrip("_0123456789")
    return f"GATEWAY_{name}"[:_NAME_CHARACTERS] if _RESERVED.fullmatch(name) else name


def _encoded(name: str, text: str) -> bytes:
    value = text.encode("utf-8", "replace")
    if b"\n" not in value:
        return b"%s=%s\n" % (name.encode(), value)
    return b"%s\n%s%s\n" % (name.encode(), len(value).to_bytes(_LENGTH_BYTES, "little"), value)
