"""One device over the MQTT interface of the server above."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping, Sequence

from blynk_gateway import __version__
from blynk_gateway.broker.message import Message as Heard
from blynk_gateway.core.json_text import decode_json, whole_number
from blynk_gateway.core.value import MAX_VALUE_BYTES, PinValue, decode_value, encode_value
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.logs import Repeats, masked, safe
from blynk_gateway.upstream.route import Past, Refusal, RouteSetup, ServerDown, Write
from blynk_gateway.upstream.routes.mqtt.line import Line
from blynk_gateway.upstream.routes.mqtt.lines import Lines
from blynk_gateway.upstream.routes.mqtt.packing import Message, Packing

log = logging.getLogger(__name__)

QUIET_S = 2.0
"""After the last answer. Nothing tells which one it is, and what has no value gets none."""

SLOW_S = 10.0
"""The same as long as the server has not told the time, which is asked for last: until then its
answers may be on the way. An answer that comes later looks like a command."""

RECEIVE_BYTES = MAX_VALUE_BYTES
"""Of a message that the server may send us."""

_TIME = "utc/all/json"


class MqttRoute:
    """Meets `upstream.route.Route`. Only one question is asked at a time.

    Args:
        lines: shared by the routes to one server.
    """

    max_live = 100
    max_past = 1000

    def __init__(self, setup: RouteSetup, lines: Lines) -> None:
        self.place = ""
        self._setup = setup
        self._lines = lines
        self._packing = Packing(lines.prefix(setup), setup.datastream_of)
        self._repeats = Repeats(setup.clock)
        self._line: Line | None = None
        self._asked: set[str] = set()
        self._answers: dict[str, bytes] = {}
        self._answered: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Connect and log in, and say what we are."""
        template_id = self._setup.mapping.template_id
        told = {"ver": __version__, "rxbuff": RECEIVE_BYTES}
        info = told if template_id is None else {"tmpl": template_id, "type": template_id, **told}
        hello = self._packing.one(("info", "mcu"), json.dumps(info).encode())
        assert hello is not None, "it is short"
        line = self._line = await self._lines.take(self._setup, self._heard, [hello])
        self._setup.spent_more(1)
        self.place = line.place
        line.over.add_done_callback(lambda _: self._remember(line))

    def cost_of_live(self, writes: Sequence[Write]) -> int:
        """One for each message that it takes."""
        return len(self._packing.live(writes).messages)

    def cost_of_past(self, points: Sequence[Past]) -> int:
        """One for each message that it takes."""
        return len(self._packing.past(points).messages)

    async def ask(self, pins: Sequence[str]) -> Mapping[str, PinValue]:
        """What stands above; takes longer, mostly `QUIET_S`, if anything has no value there."""
        topics = {f"ds/{pin}": pin for pin in pins}
        questions = self._packing.questions("get/ds", pins)
        answers = await self._ask(questions, topics) if questions else {}
        # Empty is what was never written or is erased.
        return {pin: decode_value(answers[one]) for one, pin in topics.items() if answers.get(one)}

    async def ask_time(self) -> int | None:
        """UTC ms at the server now."""
        answers = await self._ask([], (_TIME,))
        return _time_in(answers[_TIME]) if _TIME in answers else None

    async def ask_metadata(self, field: str) -> str | None:
        """A metadata field."""
        topic = f"meta/{field}"
        questions = self._packing.questions("get/meta", (field,))
        answers = await self._ask(questions, (topic,)) if questions else {}
        return _text(answers[topic]) if topic in answers else None

    async def send_live(self, writes: Sequence[Write]) -> list[Refusal]:
        """Publish what is so now."""
        packed = self._packing.live(writes)
        await self._send(packed.messages)
        return packed.refusals

    async def send_past(self, points: Sequence[Past]) -> list[Refusal]:
        """Publish what was so, with its times."""
        packed = self._packing.past(points)
        await self._send(packed.messages)
        return packed.refusals

    async def set_property(self, pin: str, name: str, value: PinValue) -> None:
        """Set a widget property."""
        await self._send_one(("ds", pin, "prop", name), encode_value(value))

    async def set_metadata(self, field: str, value: str) -> None:
        """Set a metadata field."""
        await self._send_one(("meta", field), encode_value((value,)))

    async def log_event(self, code: str, description: str) -> None:
        """Log an event, of a long description as much as a message holds."""
        room = max(0, self._packing.room(f"event/{code}"))
        cut = encode_value((description,))[:room].decode(errors="ignore")
        await self._send_one(("event", code), cut.encode())

    async def clear_event(self, code: str, *, is_all: bool) -> None:
        """Do nothing: the interface has no such message. Source: blynk-protocol §11."""

    async def ended(self) -> PeerError:
        """Return why, when the connection has ended by itself."""
        return await asyncio.shield(self._live_line().over)

    async def close(self) -> None:
        """End it, at once."""
        line, self._line = self._line, None
        if line is not None:
            await self._lines.give_back(line, self._setup)

    async def _send_one(self, levels: Sequence[str], payload: bytes) -> None:
        """Publish a message, unless there can be no such one."""
        message = self._packing.one(levels, payload)
        if message is not None:
            await self._send([message])
        else:
            self._warn("server above cannot be told", kind=levels[0], size_bytes=len(payload))

    async def _send(self, messages: Sequence[Message]) -> None:
        await self._live_line().send(messages)

    async def _ask(self, questions: Sequence[Message], topics: Iterable[str]) -> dict[str, bytes]:
        """What comes for these topics, until all did or nothing more does; asks for the time."""
        wanted = set(topics)
        line, self._asked, self._answers = self._live_line(), wanted | {_TIME}, {}
        clock = self._packing.one(("get", *_TIME.split("/")), b"")
        assert clock is not None, "it is short"
        try:
            # One is what asking was to cost.
            self._setup.spent_more(len(questions))
            await line.send([*questions, clock])
            while wanted & self._asked:
                self._answered = asyncio.get_running_loop().create_future()
                wait_s = SLOW_S if _TIME in self._asked else QUIET_S
                if not await line.within(self._answered, wait_s):
                    break
            return self._answers
        finally:
            self._asked = set()

    def _live_line(self) -> Line:
        if self._line is None:
            raise ServerDown(f"{self.place}: the connection is closed; expected an open one")
        return self._line

    def _heard(self, topic: str, message: Heard) -> None:
        if message.is_retained:
            # Of some other time; who wants to know what stands asks.
            return
        payload = message.payload
        kind, _, name = topic.partition("/")
        if len(payload) > RECEIVE_BYTES:
            self._warn("message from above is too large", size_bytes=len(payload))
        elif topic in self._asked:
            self._asked.discard(topic)
            self._answers[topic] = payload
            if self._answered is not None and not self._answered.done():
                self._answered.set_result(None)
        elif kind == "ds":
            if topic in self._answers:
                # While others are waited for: this stands then, and no more what was answered.
                self._answers[topic] = payload
            self._setup.below.written(name, decode_value(payload))
        elif kind == "meta":
            self._setup.below.metadata_set(name, _text(payload))
        elif kind == "diag":
            token = self._setup.mapping.token.reveal()
            text = safe(_text(payload).replace(token, masked(token)), 200)
            self._warn("server above complains", said=text)

    def _warn(self, phrase: str, **details: object) -> None:
        if (held_back := self._repeats.allow(phrase)) is not None:
            log.warning(phrase, extra={"to": self._key, **details, "held_back": held_back})

    @property
    def _key(self) -> str:
        return f"{self._setup.upstream.name}/{self._setup.mapping.slug}"

    def _remember(self, line: Line) -> None:
        if line.sent_to is not None:
            self._setup.remember(line.sent_to)


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")


def _time_in(payload: bytes) -> int | None:
    """UTC ms, of `{"time": 1732200000000, …}`."""
    try:
        answer = decode_json(_text(payload))
    except ValueError:
        return None
    return whole_number(answer.get("time")) if isinstance(answer, dict) else None
