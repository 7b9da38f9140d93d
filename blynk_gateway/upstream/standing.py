"""What one mapping remembers between its connections, and with its note between starts."""

import contextlib
from collections import deque
from typing import Any

from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.value import SEPARATOR, PinValue
from blynk_gateway.errors import UnknownPin
from blynk_gateway.upstream.lanes.progress import Progress
from blynk_gateway.upstream.route import Place

RESEND_S = 5.0
"""What was acknowledged so short before a connection ended is told again: a server that crashes
loses what it had not committed, which a server like this one does once a second."""

REMEMBER_EVERY_S = 0.5

MAX_REPLACED = 1000
"""Values that are remembered for that, of all pins together."""

_DAY_MS = 86_400_000


class Standing:
    """How far a mapping is, and what both ends know.

    Args:
        note: of an earlier run; None to begin with what is new.
        newest: the number of the latest change; what the note does not know up to there is backlog.

    Attributes:
        progress: which changes are done with.
        agreed: the latest value of each pin that both ends had at once.
        doubtful: values before those, to which a server that crashed may have gone back.
        place: where the server sent us; None for the configured one.
        properties: digest of the widget properties that the server knows; "" for none.
        events_seq: events up to this number were told.
        sent, merged, given_up: as in `core.upstream.MappingState`.
        waiting: points of the backlog; None until they are counted.
        oldest_ms: UTC of the oldest of them.
        clock_offset_ms: the server's clock minus ours.
    """

    def __init__(self, note: dict[str, Any] | None, newest: int) -> None:
        note = note or {}
        self.progress = Progress.from_note(note.get("progress"), newest)
        self.progress.begin_live(newest)
        self.agreed = _agreed(note.get("agreed"))
        self.doubtful: dict[PinAddress, list[PinValue]] = {}
        self._replaced: deque[tuple[float, PinAddress, PinValue]] = deque(maxlen=MAX_REPLACED)
        self._before: deque[tuple[float, dict[str, Any]]] = deque()
        self.place = _place(note.get("place"))
        properties = note.get("properties")
        self.properties = properties if isinstance(properties, str) else ""
        events_seq = note.get("events_seq")
        self.events_seq = min(events_seq, newest) if isinstance(events_seq, int) else newest
        self._import_day, self._imported = _pair(note.get("imported"))
        self.sent = self.merged = self.given_up = 0
        self.waiting: int | None = 0 if self.progress.backlog() is None else None
        self.oldest_ms: int | None = None
        self.clock_offset_ms: int | None = None

    def imported(self, now_ms: int) -> int:
        """Points with times of their own that went up today, UTC."""
        return self._imported if now_ms // _DAY_MS == self._import_day else 0

    def count_imported(self, points: int, now_ms: int) -> None:
        """Note that so many more went up."""
        self._imported = self.imported(now_ms) + points
        self._import_day = now_ms // _DAY_MS

    def agree(self, address: PinAddress, value: PinValue, now: float) -> None:
        """Note what both ends have now."""
        before = self.agreed.get(address)
        if before is not None and before != value:
            self._replaced.append((now, address, before))
        self.agreed[address] = value

    def remember(self, now: float) -> None:
        """Note how far it is, to fall back to if the connection ends soon."""
        before = self._before
        if not before or now >= before[-1][0] + REMEMBER_EVERY_S:
            before.append((now, self.progress.note()))
            while len(before) > 1 and before[1][0] <= now - RESEND_S:
                before.popleft()

    def fall_back(self, newest: int, now: float) -> None:
        """The connection has ended: take what was told at last for not told."""
        if self._before:
            _, note = self._before[0]
            self.progress = Progress.from_note(note, newest)
            self._before.clear()
            self.doubtful = {}
            for at, address, value in self._replaced:
                if at >= now - RESEND_S:
                    self.doubtful.setdefault(address, []).append(value)
            self._replaced.clear()

    def note(self) -> dict[str, Any]:
        """What the next start needs, for JSON."""
        return {
            "progress": self.progress.note(),
            "agreed": {str(pin): SEPARATOR.join(value) for pin, value in self.agreed.items()},
            "place": None if self.place is None else list(self.place),
            "properties": self.properties,
            "events_seq": self.events_seq,
            "imported": [self._import_day, self._imported],
        }


def _agreed(note: object) -> dict[PinAddress, PinValue]:
    agreed: dict[PinAddress, PinValue] = {}
    for pin, value in note.items() if isinstance(note, dict) else ():
        with contextlib.suppress(UnknownPin):
            if isinstance(value, str):
                agreed[parse_address(pin)] = tuple(value.split(SEPARATOR))
    return agreed


def _place(note: object) -> Place | None:
    match note:
        case [str(host), int(port)]:
            return Place(host, port)
        case _:
            return None


def _pair(note: object) -> tuple[int, int]:
    match note:
        case [int(day), int(count)]:
            return day, count
        case _:
            return 0, 0
