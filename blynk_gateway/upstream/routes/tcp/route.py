"""One device at a Blynk server, over the device protocol.

1. One batch or question is under way at a time; each waits for the ping behind it (`exchange.py`).
2. What the server writes is a command, unless it answers a sync of ours.
3. The route ends with its link: nothing is connected anew here.
4. Points of the past are told by the server's clock, and only to one that tells the time. What goes
   up as so now is stamped there: by a clock of ours that is ahead, older points would look newer
   and become what stands. One that tells no time has none yet, or is a legacy one, which knows no
   points of the past either and takes each for what is so now.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from blynk_gateway.core.past import MAX_AGE_MS
from blynk_gateway.core.value import SEPARATOR, PinValue, encode_value
from blynk_gateway.errors import PeerError
from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import Status
from blynk_gateway.protocol.events import (
    ClientEvent,
    InternalReceived,
    PinsWritten,
    ResponseReceived,
    TimeQuery,
)
from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.route import (
    Past,
    PastFull,
    Place,
    Refusal,
    RouteSetup,
    ServerDown,
    TooFast,
    Write,
)
from blynk_gateway.upstream.routes.tcp.dialing import place_text
from blynk_gateway.upstream.routes.tcp.entry import Entry
from blynk_gateway.upstream.routes.tcp.exchange import Exchange

if TYPE_CHECKING:
    from blynk_gateway.upstream.routes.tcp.link import Link

log = logging.getLogger(__name__)

MAX_BATCH = 100
"""Points sent before an answer is waited for. With a time each they are 300 frames: as much as a
server with the usual 100 a second takes without refusing any."""

MAX_VALUE_BYTES = 32_000
"""Of one value. Source: bodies of up to 2^15 bytes are documented, blynk-protocol §1.1."""

ANSWER_S = 3.0
"""For a question that may be met by silence."""

FLOOD_PAUSE_S = 60.0
"""After status 1. The Java server and ours say it once a minute at most: of what is sent before,
more may be dropped without a word."""

NO_TIME_PAUSE_S = 600.0
"""Before a server that told no time is asked again."""

_WAY_MS = 60_000
"""How long a point may be on its way: what is older than a month then counts as new there."""

_INFO_ID = 2
_GROUP_FRAMES = 2
_MAX_TIME_DIGITS = 15

_FATAL = frozenset({Status.NOT_AUTHENTICATED, Status.INVALID_TOKEN})
"""After a login they say that the server does not know us any more; what the token is worth will
be told at the next login."""

Queue = Callable[[ClientConnection, Exchange], None]


class TcpRoute:
    """Meets `upstream.route.Route`; what comes down may be told before `open` returns."""

    def __init__(self, setup: RouteSetup) -> None:
        upstream = setup.upstream
        self.place = place_text(Place(upstream.host, upstream.ports[0]))
        self.max_live = MAX_BATCH
        self.max_past = MAX_BATCH
        self._setup = setup
        self._below = setup.below
        self._turn = asyncio.Lock()
        self._link: Link | None = None
        self._exchange: Exchange | None = None
        # The latest with a sync. Given up halfway, its answers may come until a ping is answered.
        self._syncing: Exchange | None = None
        # Whether more than login and info was answered, as it is by each ping at the latest.
        self._is_settled = False
        # How far at most the server's clock is behind ours; None as long as it has told no time.
        self._behind_ms: int | None = None
        self._error: PeerError | None = None
        self._over = asyncio.Event()
        self._ignored: set[str] = set()
        mapped = {one.remote for one in setup.mapping.pins}
        # A server writes a D pin in mode `pwm` as it writes an A pin.
        self._analog = {f"A{pin[1:]}": pin for pin in mapped if pin[0] == "D"}
        self._analog = {told: pin for told, pin in self._analog.items() if told not in mapped}

    async def open(self) -> None:
        """Connect and log in, redirects included.

        Raises:
            ServerRefused: the token is not valid.
            ServerDown: it did not come about.
        """
        link = await Entry(self._setup, self._take).open()
        self._link = link
        self.place = link.where
        link.on_end = self._end
        if self._error is not None:
            await self.close()
            raise self._error

    def cost_of_live(self, writes: Sequence[Write]) -> int:
        """A frame each; pings do not count."""
        return len(writes)

    def cost_of_past(self, points: Sequence[Past]) -> int:
        """A frame each, and two for each group of those that share a time."""
        groups = sum(1 for _ in groupby(points, lambda one: one.at_ms))
        return len(points) + _GROUP_FRAMES * groups

    async def ask(self, pins: Sequence[str]) -> Mapping[str, PinValue]:
        """What stands above, of those pins that have a value there."""

        def queue(client: ClientConnection, exchange: Exchange) -> None:
            exchange.sync(client, pins)
            self._syncing = exchange

        return (await self._fenced(queue)).values if pins else {}

    async def ask_time(self) -> int | None:
        """UTC ms at the server now, None if it does not tell."""
        clock = self._setup.clock
        asked_ms = clock.now_ms()
        at_ms = _time_in(await self._asked(lambda client: client.request_time(TimeQuery.TIME)))
        if at_ms is not None:
            self._behind_ms = clock.now_ms() - at_ms if at_ms < asked_ms else 0
        return at_ms

    async def ask_metadata(self, field: str) -> str | None:
        """A metadata field, None if the server has none of this name."""
        answer = await self._asked(lambda client: client.request_metadata(field))
        match answer:
            case ["meta", told, *value] if told == field and value:
                return SEPARATOR.join(value)
            case _:
                return None

    async def send_live(self, writes: Sequence[Write]) -> list[Refusal]:
        """Tell what is so now, in order; at most `max_live`."""

        def queue(client: ClientConnection, exchange: Exchange) -> None:
            for at, (pin, value) in enumerate(writes):
                if at not in unfit:
                    exchange.sent(client.write_pin(pin, value), (at,))

        unfit = _unfit([one.value for one in writes])
        return await self._send(queue, len(writes), unfit)

    async def send_past(self, points: Sequence[Past]) -> list[Refusal]:
        """Tell what was so, with its times, in order for each pin; at most `max_past`."""

        def queue(client: ClientConnection, exchange: Exchange) -> None:
            numbered = ((at, one) for at, one in enumerate(points) if at not in unfit)
            for at_ms, grouped in groupby(numbered, lambda one: one[1].at_ms):
                group = list(grouped)
                # A server that knows no groups does not know when all these were.
                exchange.sent(client.open_group(at_ms - behind_ms), [at for at, _ in group])
                for at, one in group:
                    exchange.sent(client.write_pin(one.pin, one.value), (at,))
                client.close_group()

        if self._behind_ms is None and await self.ask_time() is None:
            text = f"{self.place}: it tells no time; expected one that takes points of the past"
            if "past" not in self._ignored:
                self._ignored.add("past")
                hint = "for a legacy server set `backlog: false`; else its clock is not set yet"
                log.warning("backlog waits", extra={"reason": text, "hint": hint})
            raise PastFull(text, NO_TIME_PAUSE_S)
        behind_ms = self._behind_ms or 0
        oldest_ms = self._setup.clock.now_ms() - MAX_AGE_MS + _WAY_MS
        unfit = _unfit([one.value for one in points]) | {
            at: Refusal(at, "older than a month")
            for at, one in enumerate(points)
            if one.at_ms < oldest_ms
        }
        return await self._send(queue, len(points), unfit)

    async def set_property(self, pin: str, name: str, value: PinValue) -> None:
        """Set a widget property; one that the server does not know is let go."""
        # Only virtual pins have any.
        if pin[0] == "V":
            await self._tell(name, lambda client: client.set_property((pin,), name, *value))

    async def set_metadata(self, field: str, value: str) -> None:
        """Set a metadata field; one that the server does not know is let go."""
        await self._tell(field, lambda client: client.set_metadata(field, value))

    async def log_event(self, code: str, description: str) -> None:
        """Log an event; one that the server does not know is let go."""
        await self._tell(code, lambda client: client.log_event(code, description or None))

    async def clear_event(self, code: str, *, is_all: bool) -> None:
        """Resolve the last event of this code, or all of them."""
        await self._tell(code, lambda client: client.clear_event(code, is_all=is_all))

    async def ended(self) -> PeerError:
        """Return why, when the connection has ended; also after `close`."""
        await self._over.wait()
        assert self._error is not None, "the reason is set before"
        return self._error

    async def close(self) -> None:
        """End it, at once. May be repeated."""
        self._end(ServerDown(f"{self.place}: closed by this gateway"))
        if self._link is not None:
            await self._link.close()

    async def _send(self, queue: Queue, count: int, unfit: dict[int, Refusal]) -> list[Refusal]:
        if len(unfit) == count:
            return list(unfit.values())
        exchange = await self._fenced(queue)
        refusals = unfit | exchange.refusals
        return [refusals[at] for at in sorted(refusals)]

    async def _tell(self, subject: str, queue: Callable[[ClientConnection], int]) -> None:
        exchange = await self._fenced(lambda client, batch: batch.sent(queue(client), (0,)))
        for refusal in exchange.refusals.values():
            values = {"place": self.place, "subject": safe(subject), "reason": refusal.reason}
            log.debug("not taken above", extra=values)

    async def _fenced(self, queue: Queue) -> Exchange:
        """Send something and a ping behind it; return when that is answered."""

        def fenced(client: ClientConnection, exchange: Exchange) -> None:
            queue(client, exchange)
            exchange.fence = client.ping()

        exchange = await self._run(fenced, None)
        self._syncing = None
        return exchange

    async def _asked(self, ask: Callable[[ClientConnection], int]) -> tuple[str, ...]:
        """Ask something that may be met by silence, the empty answer."""

        def question(client: ClientConnection, exchange: Exchange) -> None:
            exchange.question = ask(client)

        return (await self._run(question, ANSWER_S)).answer

    async def _run(self, queue: Queue, patience_s: float | None) -> Exchange:
        """One exchange, when it is its turn.

        Args:
            patience_s: None for as long as the server may be silent; then it has to answer.

        Raises:
            TooFast: the server said so.
            PeerError: the connection has ended.
        """
        async with self._turn:
            if self._error is not None:
                raise self._error
            link = self._link
            assert link is not None, "the route is open"
            exchange = self._exchange = Exchange()
            queue(link.client, exchange)
            try:
                link.flush()
                is_settled = await exchange.settle(patience_s or link.client.patience_s)
            finally:
                self._exchange = None
        if exchange.is_flooded:
            text = f"{self.place}: status 1, too many messages; expected to send them slower"
            if not is_settled:
                # The Java server drops headers alone and takes what is behind them for frames: this
                # connection is of no use any more, and the next one has a quota of its own.
                link.end(ServerDown(f"{text}, and an answer to a ping"))
            raise TooFast(text, FLOOD_PAUSE_S)
        if not is_settled and patience_s is None:
            text = f"no answer within {link.client.patience_s:g} s; expected one to a ping"
            error = ServerDown(f"{self.place}: {text}")
            link.end(error)
            raise error
        return exchange

    def _take(self, event: ClientEvent) -> None:
        match event:
            case PinsWritten(writes):
                for write in writes:
                    self._take_write(*write)
            case ResponseReceived(message_id, status):
                self._take_status(message_id, status)
            case InternalReceived(parts, message_id):
                self._take_internal(parts, message_id)
            case _:
                # Reads of pins, too: what is known here goes up by itself.
                self._ignore(type(event).__name__)

    def _take_write(self, pin: str, value: PinValue, message_id: int) -> None:
        if self._syncing is not None and self._syncing.take_write(pin, value, message_id):
            return
        # A server of ours sets the outputs of a board that logs in. That is no command: what stands
        # there is asked for.
        if pin[0] == "V" or self._is_settled:
            self._below.written(self._analog.get(pin, pin), value)

    def _take_status(self, message_id: int, status: int) -> None:
        self._is_settled |= message_id > _INFO_ID
        if status in _FATAL and self._link is not None:
            self._link.end(ServerDown(f"{self.place}: status {status}; expected to be logged in"))
        elif self._exchange is not None:
            self._exchange.take_status(message_id, status)

    def _take_internal(self, parts: tuple[str, ...], message_id: int) -> None:
        if self._exchange is not None and self._exchange.take_answer(parts, message_id):
            return
        match parts:
            case ["acon" | "adis" as state, *_]:
                self._below.app_changed(state == "acon")
            case ["meta", field, *value] if value:
                self._below.metadata_set(field, SEPARATOR.join(value))
            case ["ota" | "dbg" | "vfs" as kind, *_]:
                self._ignore(kind)
            case _:
                self._ignore("internal")

    def _ignore(self, kind: str) -> None:
        """Say once what of the server is left out."""
        if kind not in self._ignored:
            self._ignored.add(kind)
            log.info("ignored what a server above sent", extra={"place": self.place, "kind": kind})

    def _end(self, error: PeerError) -> None:
        if self._error is not None:
            return
        self._error = error
        self._over.set()
        if self._link is not None and self._link.redirected is not None:
            self._setup.remember(self._link.redirected)
        if self._exchange is not None:
            self._exchange.finish(error)


def _time_in(answer: Sequence[str]) -> int | None:
    match answer:
        case ["utc", "time", text] if text.isascii() and text.isdigit():
            return int(text) if len(text) <= _MAX_TIME_DIGITS else None
        case _:
            return None


def _unfit(values: Sequence[PinValue]) -> dict[int, Refusal]:
    """What no server takes, by its index."""
    return {
        at: Refusal(at, f"longer than {MAX_VALUE_BYTES} bytes" if value else "no value")
        for at, value in enumerate(values)
        if not value or len(encode_value(value)) > MAX_VALUE_BYTES
    }
