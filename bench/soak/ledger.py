"""What the soak gave the gateway and what came back: the facts that the verdicts are made of.

Times are seconds of the monotonic clock. A number is accepted when the answer to a ping that was
sent behind it came back, or its HTTP request was answered with 200.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

COUNTED, SHOWN = "V1", "V20"
"""Pins: what a device counts up, and what people set."""


class Window(NamedTuple):
    """A fault: when it began, when it was taken back, and when the gateway was well again."""

    kind: str
    begin: float
    end: float
    well: float

    def meets(self, begin: float, end: float, after_s: float = 0.0) -> bool:
        """Whether it goes on, or so long after it was taken back, in a stretch of time."""
        return self.begin <= end and begin <= self.end + after_s


class Ping(NamedTuple):
    """A ping of a well-behaved device."""

    at: float
    took_s: float


class Drop(NamedTuple):
    """A connection of a well-behaved peer that ended without its wish."""

    at: float
    who: str
    why: str


class Accepted(NamedTuple):
    """Numbers that one answer stood for."""

    at: float
    first: int
    last: int


@dataclass
class Command:
    """A value that people set.

    Attributes:
        connection: of the device's, in the order of its making.
        ended_at: when that connection had ended before the command came.
    """

    at: float
    slug: str
    value: str
    route: str
    connection: int
    came_at: float | None = None
    ended_at: float | None = None


@dataclass
class Count:
    """The numbers 1, 2, 3 … of a device.

    Attributes:
        sent: the highest.
        accepted: which were accepted, and when, oldest first. Of those between nobody knows.
    """

    sent: int = 0
    accepted: list[Accepted] = field(default_factory=list)

    @property
    def highest(self) -> int:
        """The highest accepted number."""
        return self.accepted[-1].last if self.accepted else 0


class Ledger:
    """Everything that was noted.

    Attributes:
        counts: by slug.
        messages: that all peers sent, rogues included.
        connections: that were made.
        refused: writes of well-behaved devices that were not taken, in words.
    """

    def __init__(self) -> None:
        self.counts: dict[str, Count] = {}
        self.pings: list[Ping] = []
        self.drops: list[Drop] = []
        self.commands: list[Command] = []
        self.refused: list[str] = []
        self.messages = 0
        self.connections = 0
        self.windows: list[Window] = []
        self.did: Counter[str] = Counter()
        self._awaited: dict[tuple[str, str], Command] = {}

    def accept(self, slug: str, first: int, last: int) -> None:
        """Note that numbers were answered for, just now."""
        self.counts[slug].accepted.append(Accepted(time.monotonic(), first, last))

    def command(self, slug: str, value: str, route: str, connection: int) -> Command:
        """Note what people are about to set."""
        noted = Command(time.monotonic(), slug, value, route, connection)
        self.commands.append(noted)
        self._awaited[slug, value] = noted
        return noted

    def withdraw(self, command: Command) -> None:
        """Forget a command that was not taken."""
        self.commands.remove(command)
        self._awaited.pop((command.slug, command.value), None)

    def came(self, slug: str, value: str) -> None:
        """Note that a device was told a value."""
        if (command := self._awaited.pop((slug, value), None)) is not None:
            command.came_at = time.monotonic()

    def ended(self, slug: str, connection: int) -> None:
        """Note that a device's connection is over: what it was not told yet goes with it."""
        now = time.monotonic()
        gone = [
            key
            for key, command in self._awaited.items()
            if key[0] == slug and command.connection == connection
        ]
        for key in gone:
            self._awaited.pop(key).ended_at = now
