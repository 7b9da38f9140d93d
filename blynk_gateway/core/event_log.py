"""The event timelines of devices: what is added to them, and how much by a device itself."""

from typing import TYPE_CHECKING

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import EventChange, EventKind, Origin
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.events import ALL, MAX_EVENT_CODE, MAX_EVENT_DESCRIPTION
from blynk_gateway.core.quota import DailyAllowance
from blynk_gateway.errors import InvalidValue

if TYPE_CHECKING:
    from blynk_gateway.core.device import Device

_MAX_CODES = 256
"""Codes of a device that are remembered as having open events."""


class OpenCodes:
    """How many events of each code are open, of one device.

    So firmware that resolves again and again does not fill the timeline.
    """

    __slots__ = ("_is_complete", "_open")

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._is_complete = True

    def is_closed(self, code: str) -> bool:
        """Whether surely none is open."""
        return self._is_complete and code not in self._open

    def logged(self, code: str) -> None:
        """Note an event."""
        if code in self._open or len(self._open) < _MAX_CODES:
            self._open[code] = self._open.get(code, 0) + 1
        else:
            self._is_complete = False

    def resolve(self, code: str, *, is_all: bool) -> bool:
        """Note that the latest one or all were resolved; False if none can have been open."""
        if self.is_closed(code):
            return False
        count = self._open.pop(code, 0)
        if count > 1 and not is_all:
            self._open[code] = count - 1
        return True


class EventBook:
    """What the registry keeps for the events of one device: its limits, and what is open."""

    __slots__ = ("codes", "logs", "resolutions")

    def __init__(self) -> None:
        self.codes = OpenCodes()
        self.logs = DailyAllowance.of_events()
        # No pause between two: what was logged a moment ago may be over.
        self.resolutions = DailyAllowance.of_resolutions()


class EventLog:
    """Adds entries to timelines: they are published, and the journal keeps them."""

    def __init__(self, bus: PinBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    def may_log(self, device: "Device", code: str) -> bool:
        """Whether a device itself may log one more event of this code; True counts it."""
        return _book_of(device).logs.take(code, self._clock.monotonic())

    def may_resolve(self, device: "Device", code: str) -> bool:
        """Whether a device itself may resolve events of this code once more; True counts it.

        It always may where nothing is open: that is not recorded.
        """
        book = _book_of(device)
        return book.codes.is_closed(code) or book.resolutions.take(code, self._clock.monotonic())

    def restore(self, device: "Device", kind: EventKind, code: str, description: str) -> None:
        """Note an entry that an earlier run recorded, oldest first, without telling anyone."""
        if kind is EventKind.LOGGED:
            _book_of(device).codes.logged(code)
        elif kind is EventKind.RESOLVED:
            _book_of(device).codes.resolve(code, is_all=description == ALL)

    def record(
        self, device: "Device", kind: EventKind, code: str, description: str, origin: Origin
    ) -> None:
        """Add an entry; not where an event is to be resolved and surely none is open.

        Raises:
            InvalidValue: no code, or code or description too long.
        """
        if not 0 < len(code) <= MAX_EVENT_CODE:
            raise InvalidValue(
                f"the event code has {len(code)} characters; expected 1 to {MAX_EVENT_CODE}"
            )
        if len(description) > MAX_EVENT_DESCRIPTION:
            raise InvalidValue(
                f"the event description has {len(description)} characters;"
                f" expected at most {MAX_EVENT_DESCRIPTION}"
            )
        if kind is EventKind.LOGGED:
            _book_of(device).codes.logged(code)
        elif kind is EventKind.RESOLVED and not _book_of(device).codes.resolve(
            code, is_all=description == ALL
        ):
            return
        self._bus.publish(
            EventChange(
                self._bus.take_seq(),
                device.slug,
                kind,
                code,
                description,
                origin,
                self._clock.now_ms(),
            )
        )


def _book_of(device: "Device") -> EventBook:
    if device.event_book is None:
        device.event_book = EventBook()
    return device.event_book
