"""What a mapping and its way to the server above ask of each other.

A route is one connection of one device; it lives once. It knows nothing of budgets, places in the
journal or authority: it sends what it is given, and returns when that has arrived.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from blynk_gateway.config.upstream.options import MappingOptions, UpstreamOptions
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PeerDown, PeerError, PeerRefused


class Write(NamedTuple):
    """A value that is so now; `pin` is its name above."""

    pin: str
    value: PinValue


class Past(NamedTuple):
    """A value that was so, UTC ms."""

    at_ms: int
    pin: str
    value: PinValue


class Refusal(NamedTuple):
    """One of what was sent, which the server will never take, and why.

    Attributes:
        at: its index in what was sent.
    """

    at: int
    reason: str


class Place(NamedTuple):
    """A server that we were sent to."""

    host: str
    port: int


class ServerDown(PeerDown):
    """The server above cannot be reached or does not answer; it is tried again."""

    code = "upstream.down"
    hint = "Check `server` and `tls`, and that this gateway reaches the Internet."


class ServerRefused(PeerRefused):
    """The server above does not want this device; trying again does not help."""

    code = "upstream.refused"
    hint = "Correct the device's token in `upstream:` and reload."


class Moved(PeerDown):
    """The server sent us elsewhere; the place is remembered, and asked at once."""

    code = "upstream.moved"


class TooFast(PeerDown):
    """The server says that it was too much; what was sent has to be sent again, slower.

    The connection goes on.
    """

    code = "upstream.too_fast"
    hint = "Set a lower `rate`, or a `budget`, in `upstream:`."

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PastFull(TooFast):
    """The server takes no more points of the past for now; it is nothing to live values."""

    code = "upstream.past_full"
    hint = "Set `backlog: {points_per_day: …}` to what the server takes."


class Below(Protocol):
    """Takes what comes down; called on the loop's thread, in the server's order."""

    def written(self, pin: str, value: PinValue) -> None:
        """Somebody above wrote a pin; not for answers to `Route.ask`."""

    def metadata_set(self, field: str, value: str) -> None:
        """A metadata field has this value above."""

    def app_changed(self, is_active: bool) -> None:
        """An app above began or ceased to look at the device."""


class Route(Protocol):
    """One way to one device above.

    Every method that sends returns when the server has acknowledged it, and raises PeerError when
    that cannot be known any more: what was sent may be there or not. `TooFast` leaves the route
    open; after any other the route has ended.

    Attributes:
        max_live, max_past: the most that is sent at once.
    """

    max_live: int
    max_past: int

    @property
    def place(self) -> str:
        """Where it leads, `fra1.blynk.cloud:443`."""

    async def open(self) -> None:
        """Connect and log in, redirects included.

        Raises:
            ServerRefused: the token is not valid.
            PeerDown: it did not come about; also a web page where the server should be.
        """

    def cost_of_live(self, writes: Sequence[Write]) -> int:
        """How many messages of a quota `send_live` will take."""

    def cost_of_past(self, points: Sequence[Past]) -> int:
        """How many messages of a quota `send_past` will take."""

    async def ask(self, pins: Sequence[str]) -> Mapping[str, PinValue]:
        """What stands above, of those pins that have a value there."""

    async def ask_time(self) -> int | None:
        """UTC ms at the server now, None if it does not tell."""

    async def ask_metadata(self, field: str) -> str | None:
        """A metadata field, None if the server has none of this name."""

    async def send_live(self, writes: Sequence[Write]) -> list[Refusal]:
        """Tell what is so now, in order; at most `max_live`."""

    async def send_past(self, points: Sequence[Past]) -> list[Refusal]:
        """Tell what was so, with its times, in order for each pin; at most `max_past`.

        What stands above now must not change by it.
        """

    async def set_property(self, pin: str, name: str, value: PinValue) -> None:
        """Set a widget property; one that the server does not know is let go."""

    async def set_metadata(self, field: str, value: str) -> None:
        """Set a metadata field; one that the server does not know is let go."""

    async def log_event(self, code: str, description: str) -> None:
        """Log an event; one that the server does not know is let go."""

    async def clear_event(self, code: str, *, is_all: bool) -> None:
        """Resolve the last event of this code, or all of them."""

    async def ended(self) -> PeerError:
        """Return why, when the connection has ended by itself."""

    async def close(self) -> None:
        """End it, at once. May be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSetup:
    """What every route is made of.

    Attributes:
        remembered: where the server sent us once; to be tried first, and forgotten by
            `remember(None)` if it does not answer.
        remember: keeps a place for the next connection and the next start.
        datastream_of: what is known here of a pin, by its name above; None for nothing.
        spent_more: told how many messages sending took beyond what it was to cost.
    """

    upstream: UpstreamOptions
    mapping: MappingOptions
    below: Below
    clock: Clock
    remembered: Place | None
    remember: Callable[[Place | None], None]
    datastream_of: Callable[[str], Datastream | None]
    spent_more: Callable[[int], None]
