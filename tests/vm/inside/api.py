"""The gateway over HTTP: by its control socket as root is, and as a device over TCP."""

import http.client
import json
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, Self

from tests.vm.inside.outcome import Failed, expect
from tests.vm.inside.service import DATA

PORT = 8080
LIMIT_S = 30.0

_OK = 200
_NO_CONTENT = 204
_PAUSE_S = 0.2
"""Between two writes: they are to be counted, not to be a load."""


class _ControlConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(DATA / "control.sock"))


def ask(method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  JSON of any shape
    """The answer of the running gateway to an administrator.

    Raises:
        Failed: it refuses.
        OSError: it does not run.
    """
    connection = _ControlConnection("localhost", timeout=LIMIT_S)
    try:
        text = None if body is None else json.dumps(body)
        headers = {} if text is None else {"Content-Type": "application/json"}
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        found = answer.read().decode()
    finally:
        connection.close()
    if answer.status not in (_OK, _NO_CONTENT):
        raise Failed(f"{method} {path}: {answer.status} {found}")
    return json.loads(found) if found else None


def value(address: str) -> list[str]:
    """What a pin has."""
    found: list[str] = ask("GET", f"/api/v1/pins/{address}")["value"]
    return found


def find_value(address: str) -> list[str]:
    """What a pin has; nothing if it was never written."""
    try:
        return value(address)
    except Failed as failed:
        if "pin.unknown" in str(failed):
            return []
        raise


def write(address: str, *values: str) -> None:
    """Write a pin."""
    ask("PUT", f"/api/v1/pins/{address}", {"value": list(values)})


def health() -> dict[str, Any]:
    """The whole of /api/health."""
    found: dict[str, Any] = ask("GET", "/api/health")
    return found


def component(name: str) -> str:
    """State of a component; empty if there is none of this name."""
    for one, found in dict(health().get("components", {})).items():
        if one == name:
            return str(found["state"] if isinstance(found, dict) else found)
    return ""


def numbers(address: str) -> list[int]:
    """Every number in a pin's history, as it was written."""
    query = urllib.parse.urlencode({"from": "0", "to": "4000000000000", "limit": "100000"})
    points = ask("GET", f"/api/v1/history/{address}?{query}")["points"]
    return [int(float(point[1])) for point in points]


@dataclass
class Ledger:
    """What the gateway accepted.

    Attributes:
        accepted: each number, and when the answer came.
        refused: connections that nobody took.
        longest_s: the longest time from a request to its answer.
    """

    accepted: list[tuple[int, float]] = field(default_factory=list)
    refused: int = 0
    longest_s: float = 0.0

    def count(self) -> int:
        """How many were accepted."""
        return len(self.accepted)

    def missing(self, address: str, before: float = float("inf")) -> int:
        """How many of those that were accepted before a time are not in the history."""
        kept = set(numbers(address))
        return sum(number not in kept for number, at in self.accepted if at < before)


class Writer:
    """Writes 1, 2, 3, … to a pin over HTTP as a device, each when the one before was accepted.

    A connection that breaks is opened again, as any client would.
    """

    def __init__(self, token: str, pin: str, first: int = 1) -> None:
        self.ledger = Ledger()
        self._path = f"/{token}/update/{pin}?value="
        self._next = first
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(LIMIT_S)

    def await_more(self, count: int, limit_s: float = LIMIT_S) -> None:
        """Return when so many more were accepted.

        Raises:
            Failed: they were not.
        """
        goal = self.ledger.count() + count
        end = time.monotonic() + limit_s
        while self.ledger.count() < goal:
            expect(time.monotonic() < end, f"writes are accepted within {limit_s:g} s")
            time.sleep(_PAUSE_S)

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=LIMIT_S)
        while not self._ended.wait(_PAUSE_S):
            began = time.monotonic()
            try:
                connection.request("GET", f"{self._path}{self._next}")
                answer = connection.getresponse()
                answer.read()
            except ConnectionRefusedError:
                self.ledger.refused += 1
                connection.close()
                continue
            except (OSError, http.client.HTTPException):
                connection.close()
                continue
            if answer.status == _OK:
                took_s = time.monotonic() - began
                self.ledger.longest_s = max(self.ledger.longest_s, took_s)
                self.ledger.accepted.append((self._next, began + took_s))
                self._next += 1
