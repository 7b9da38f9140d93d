"""A device above by HTTPS alone: nothing is held open, and nothing comes down by itself.

What is above has to be asked for. There are no words for resolving an event.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from blynk_gateway.core.json_text import DIGITS, Json, decode_json, scalar_text, scalar_texts
from blynk_gateway.core.value import SEPARATOR, PinValue
from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.route import (
    Past,
    Place,
    Refusal,
    RouteSetup,
    ServerDown,
    TooFast,
    Write,
)
from blynk_gateway.upstream.routes.https.answers import Complaint, portal
from blynk_gateway.upstream.routes.https.calls import MAX_VALUES_BYTES, HttpsCalls
from blynk_gateway.upstream.routes.https.live import LiveValues
from blynk_gateway.upstream.routes.https.past import PastPoints
from blynk_gateway.upstream.routes.https.points import MAX_POINTS
from blynk_gateway.upstream.routes.https.refused import RefusedPins

log = logging.getLogger(__name__)

MAX_WRITES = 100

INLINE_CHARACTERS = 10_000
"""Of JSON that is faster decoded than a thread is woken for it."""


class HttpsRoute:
    """Meets `upstream.route.Route`.

    Opening it and asking for values are one request each.
    """

    max_live = MAX_WRITES
    max_past = MAX_POINTS

    def __init__(self, setup: RouteSetup) -> None:
        self._setup = setup
        self._calls = HttpsCalls(setup)
        refused = RefusedPins(setup.clock)
        self._live = LiveValues(self._calls, refused)
        self._past = PastPoints(self._calls, refused, setup.datastream_of)
        self._end: PeerError | None = None
        self._has_ended = asyncio.Event()

    @property
    def place(self) -> str:
        """The server in use."""
        return self._calls.place_text

    async def open(self) -> None:
        """See that the server is there and knows the token."""
        upstream, remembered = self._setup.upstream, self._setup.remembered
        with self._ending():
            if remembered is not None and await self._opens(remembered):
                return
            await self._open(Place(upstream.host, upstream.ports[0]))

    def cost_of_live(self, writes: Sequence[Write]) -> int:
        """Requests."""
        return self._live.cost(writes)

    def cost_of_past(self, points: Sequence[Past]) -> int:
        """Requests."""
        return self._past.cost(points)

    async def ask(self, pins: Sequence[str]) -> Mapping[str, PinValue]:
        """What stands above.

        All values are asked for: a single pin that is not there would spoil the answer for others.
        """
        if not pins:
            return {}
        with self._ending():
            text = await self._calls.get("getAll", limit=MAX_VALUES_BYTES)
            document = await self._decoded(text)
        names = {pin.upper(): pin for pin in pins}
        found = {}
        for name, item in document.items():
            pin, texts = names.get(name.upper()), scalar_texts(item, DIGITS)
            if pin is not None and texts:
                found[pin] = tuple(SEPARATOR.join(texts).split(SEPARATOR))
        return found

    async def ask_time(self) -> int | None:
        """UTC ms at the server by its last answer; right to a second."""
        return self._calls.time_ms()

    async def ask_metadata(self, field: str) -> str | None:
        """A metadata field by its name; None where the server wants a number for it."""
        with self._ending():
            try:
                text = await self._calls.get("device/meta", ("metaFieldName", field))
            except Complaint as complaint:
                self._let_go("metadata field", complaint)
                return None
            document = await self._decoded(text)
        return scalar_text(document.get("value"), DIGITS)

    async def send_live(self, writes: Sequence[Write]) -> list[Refusal]:
        """Tell what is so now."""
        with self._ending():
            return await self._live.send(writes)

    async def send_past(self, points: Sequence[Past]) -> list[Refusal]:
        """Tell what was so."""
        with self._ending():
            return await self._past.send(points)

    async def set_property(self, pin: str, name: str, value: PinValue) -> None:
        """Set a widget property."""
        fields = [("pin", pin), *((name, text) for text in value)]
        await self._tell("property", "update/property", *fields)

    async def set_metadata(self, field: str, value: str) -> None:
        """Set a metadata field."""
        fields = [("metaFieldName", field), ("value", value)]
        await self._tell("metadata field", "device/meta/update", *fields)

    async def log_event(self, code: str, description: str) -> None:
        """Log an event."""
        fields = [("code", code)]
        if description:
            fields.append(("description", description))
        await self._tell("event", "logEvent", *fields)

    async def clear_event(self, code: str, *, is_all: bool) -> None:
        """Do nothing: the interface cannot say it."""

    async def ended(self) -> PeerError:
        """Return when a request has failed, or after `close`."""
        await self._has_ended.wait()
        return self._end or ServerDown(f"{self.place}: closed")

    async def close(self) -> None:
        """End it."""
        self._has_ended.set()
        await self._calls.close()

    async def _opens(self, place: Place) -> bool:
        """Open it at a remembered place, or forget that."""
        try:
            await self._open(place)
        except TooFast:
            raise
        except PeerError as error:
            log.debug("remembered server let go", extra={"place": self.place, "reason": error})
            self._setup.remember(None)
            return False
        return True

    async def _open(self, place: Place) -> None:
        await self._calls.open(place)
        text = await self._calls.get("isHardwareConnected")
        if text.strip() not in ("true", "false"):
            raise portal(self.place, "something that is neither true nor false")

    async def _tell(self, what: str, path: str, *fields: tuple[str, str]) -> None:
        with self._ending():
            try:
                await self._calls.tell(path, *fields)
            except Complaint as complaint:
                self._let_go(what, complaint)

    def _let_go(self, what: str, complaint: Complaint) -> None:
        log.debug(
            "not taken above",
            extra={"what": what, "place": self.place, "reason": complaint.reason},
        )

    async def _decoded(self, text: str) -> dict[str, Json]:
        try:
            if len(text) <= INLINE_CHARACTERS:
                document = decode_json(text)
            else:
                document = await asyncio.to_thread(decode_json, text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise portal(self.place, "something that is no object of JSON")
        return document

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """What is raised within ends the route, but for a server that has only had too much."""
        if self._end is not None:
            raise self._end
        try:
            yield
        except TooFast:
            raise
        except PeerError as error:
            self._end = error
            self._has_ended.set()
            raise
