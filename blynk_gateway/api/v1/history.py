"""`/api/v1/history`: the past of pins, in any form, range and step; and how much there is of it."""

import re
from collections.abc import AsyncGenerator
from typing import Final, NamedTuple

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import BadQuestion
from blynk_gateway.api.past import Past, as_table, as_text
from blynk_gateway.api.replies import JSON_TYPE, api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.streaming import Exports, gzipped, takes_gzip
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind
from blynk_gateway.config.scalars import parse_duration
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.address import PinAddress, parse_address, parse_pin
from blynk_gateway.core.history import Aggregate, Question
from blynk_gateway.core.json_text import Literal, whole_number
from blynk_gateway.core.periods import LEGACY_PERIODS, legacy_span, parse_time
from blynk_gateway.core.value import printable
from blynk_gateway.errors import InvalidValue
from blynk_gateway.formats.table import TABLES
from blynk_gateway.formats.text import FORMS, TextFormat

DEFAULT_FROM: Final = "-1d"
DEFAULT_WIDTH: Final = 1000
"""Points that a chart as wide as a screen can show."""

MAX_WIDTH: Final = 10_000
MAX_LIMIT: Final = 100_000
"""Latest points in one answer; they are in memory together. A range has no limit."""

MAX_PINS: Final = 32

SERIES: Final = "series"
ROWS: Final = "rows"

AUTOMATIC: Final = "auto"
RAW: Final = "raw"

_TYPES: Final = {
    TextFormat.JSON: JSON_TYPE,
    TextFormat.CSV: "text/csv; charset=utf-8; header=present",
    TextFormat.NDJSON: "application/x-ndjson",
    TextFormat.INFLUX: "text/plain; charset=utf-8",
}
_WHOLE: Final = re.compile(r"[0-9]{1,15}")

RANGE: Final = {
    "from": Field(
        Kind.TEXT, f"ms since 1970, ISO 8601, or -1d before now; {DEFAULT_FROM} if left out", False
    ),
    "to": Field(Kind.TEXT, "likewise, not included; now if left out", False),
    "step": Field(
        Kind.TEXT,
        f"ms or a duration such as 1h; {RAW} for the points as written; if left out, or"
        f" {AUTOMATIC}, as fits `width`",
        False,
    ),
    "period": Field(
        Kind.TEXT,
        "instead of range and step: a chart period of the legacy server, up to now",
        False,
        {"enum": list(LEGACY_PERIODS)},
    ),
    "agg": Field(
        Kind.TEXT,
        "of each step; avg if left out",
        False,
        {"enum": [str(aggregate) for aggregate in Aggregate]},
    ),
    "width": Field(
        Kind.NUMBER,
        f"points at most, {DEFAULT_WIDTH} if left out",
        False,
        {"type": "integer", "minimum": 2, "maximum": MAX_WIDTH},
    ),
    "limit": Field(
        Kind.NUMBER,
        "the latest so many of the range only",
        False,
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    ),
    "format": Field(
        Kind.TEXT,
        "json if left out",
        False,
        {"enum": [str(form) for form in TextFormat]},
    ),
}
JOINED: Final = {
    "pins": Field(Kind.TEXT, f"1 to {MAX_PINS} addresses, separated by commas", True),
    **RANGE,
    "layout": Field(
        Kind.TEXT,
        f"{SERIES}, one behind the other, if left out; {ROWS}: side by side, with a `step`",
        False,
        {"enum": [SERIES, ROWS]},
    ),
}


class Wanted(NamedTuple):
    """What a query asks for; `width` and `limit` as in `Question`."""

    from_ms: int
    to_ms: int
    step_ms: int
    width: int | None
    aggregate: Aggregate
    limit: int | None
    form: TextFormat

    def of(self, address: PinAddress) -> Question:
        """The question for one pin."""
        return Question(address, *self[:6])


class HistoryRoutes:
    """Handlers of the past.

    Args:
        exports: sends what is long.
    """

    def __init__(self, services: Services, exports: Exports) -> None:
        self._services = services
        self._exports = exports
        self._past = Past(services)

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                "GET",
                "/history/{slug}/{pin}",
                Role.VIEWER,
                self.one,
                "A pin's past.",
                query=RANGE,
            ),
            Route(
                "GET",
                "/history",
                Role.VIEWER,
                self.joined,
                "Several pins' past.",
                query=JOINED,
                minds_scope=True,
            ),
            Route("GET", "/history-stats", Role.VIEWER, self.stats, "How much past there is."),
        ]

    async def one(self, call: Call) -> web.StreamResponse:
        """The past of one pin."""
        found = call.request.match_info
        device = self._services.registry.get(found["slug"].lower())
        address = PinAddress(device.slug, parse_pin(found["pin"]))
        wanted = self._wanted(call, [address])
        form = FORMS[wanted.form](False)
        pieces = as_text(self._past, form, [wanted.of(address)])
        return await self._send(call, wanted.form, pieces)

    async def joined(self, call: Call) -> web.StreamResponse:
        """The past of several pins in one answer."""
        texts = [text for text in (_field(call, "pins") or "").split(",") if text]
        if not 0 < len(texts) <= MAX_PINS:
            raise BadQuestion(
                f"pins: expected 1 to {MAX_PINS} addresses such as greenhouse/V5,"
                f" found {len(texts)}"
            )
        addresses = list(dict.fromkeys(parse_address(text) for text in texts))
        for address in addresses:
            call.caller.check_pin(address)
        wanted = self._wanted(call, addresses)
        questions = [wanted.of(address) for address in addresses]
        layout = _word({"layout": _field(call, "layout") or SERIES}, "layout", [SERIES, ROWS])
        if layout == ROWS:
            _check_rows(wanted)
            pieces = as_table(self._past, TABLES[wanted.form](), questions)
        else:
            pieces = as_text(self._past, FORMS[wanted.form](True), questions)
        return await self._send(call, wanted.form, pieces)

    async def stats(self, _call: Call) -> web.Response:
        """How much there is."""
        found = await self._services.history.stats()
        return api_json(
            {
                "points": found.points,
                "oldest_ms": found.oldest_ms,
                "file_bytes": found.file_bytes,
                "levels": found.levels,
                "streams": [
                    {"address": str(address), "points": points} for address, points in found.streams
                ],
                "doubtful": [one._asdict() for one in found.doubtful],
            }
        )

    def _wanted(self, call: Call, addresses: list[PinAddress]) -> Wanted:
        for address in addresses:
            self._past.check_known(address)
        return parse_wanted(call.request, self._services.clock.now_ms())

    async def _send(
        self, call: Call, form: TextFormat, pieces: AsyncGenerator[bytes, None]
    ) -> web.StreamResponse:
        headers = {
            "Content-Type": _TYPES[form],
            "Cache-Control": "no-store",
            "Vary": "Accept-Encoding",
        }
        if takes_gzip(call.request):
            headers["Content-Encoding"] = "gzip"
            pieces = gzipped(pieces)
        return await self._exports.send(call.request, web.StreamResponse(headers=headers), pieces)


def parse_wanted(request: web.Request, now_ms: int) -> Wanted:
    """What the query asks for.

    Raises:
        BadQuestion: a field that makes no sense, or a range that ends before it begins.
    """
    fields = {name: values[0] for name, values in parse_query(request).items() if values[0] != ""}
    if "period" in fields:
        fields |= _period(fields, now_ms)
    from_ms = _time(fields, "from", now_ms, DEFAULT_FROM)
    # Not included in the range, and a point of this very millisecond is wanted.
    to_ms = _time(fields, "to", now_ms, None)
    if from_ms >= to_ms:
        raise BadQuestion(
            f"the range from {from_ms} to {to_ms} holds no time; expected `from` before `to`"
        )
    width = _count(fields, "width", 2, MAX_WIDTH)
    limit = _count(fields, "limit", 1, MAX_LIMIT)
    step_ms = _step(fields)
    if width is not None and step_ms is not None:
        raise BadQuestion("width goes with an automatic step; expected either `width` or `step`")
    if step_ms is None and width is None and limit is None:
        width = DEFAULT_WIDTH
    return Wanted(
        from_ms,
        to_ms,
        step_ms or 0,
        width,
        Aggregate(_word({"agg": Aggregate.AVG, **fields}, "agg", [str(one) for one in Aggregate])),
        limit,
        TextFormat(
            _word({"format": TextFormat.JSON, **fields}, "format", [str(one) for one in TextFormat])
        ),
    )


def _period(fields: dict[str, str], now_ms: int) -> dict[str, str]:
    """The fields that a period of the legacy server stands for."""
    for name in ("from", "to", "step", "width"):
        if name in fields:
            raise BadQuestion(
                f"period says from when to when, and the step; expected it without `{name}`"
            )
    try:
        span = legacy_span(fields["period"], now_ms)
    except InvalidValue as error:
        raise BadQuestion(str(error)) from None
    return {"from": str(span.from_ms), "to": str(span.to_ms), "step": str(span.step_ms)}


def _check_rows(wanted: Wanted) -> None:
    if not wanted.step_ms:
        raise BadQuestion(
            "layout=rows puts steps side by side; expected a step with it, such as step=1h"
        )
    if wanted.form not in TABLES:
        forms = ", ".join(TABLES)
        raise BadQuestion(f"format={wanted.form} has no columns; expected {forms} for layout=rows")


def _field(call: Call, name: str) -> str | None:
    return only_field(parse_query(call.request), name)


def _time(fields: dict[str, str], name: str, now_ms: int, default: str | None) -> int:
    text = fields.get(name, default)
    if text is None:
        return now_ms + 1
    if "T" in text:
        # The plus of a time zone, which nobody remembers to escape.
        text = text.replace(" ", "+")
    try:
        return parse_time(text, now_ms)
    except InvalidValue as error:
        raise BadQuestion(f"{name}: {error}") from None


def _step(fields: dict[str, str]) -> int | None:
    """The step in ms, 0 for points as written, None for an automatic one."""
    text = fields.get("step", AUTOMATIC)
    if text == AUTOMATIC:
        return None
    if text == RAW:
        return 0
    try:
        return int(text) if _WHOLE.fullmatch(text) else parse_duration(text)
    except ValueError:
        raise BadQuestion(
            f"step: found {printable(text)[:40]!r}; expected milliseconds, a duration such as 1h,"
            f" {RAW} or {AUTOMATIC}"
        ) from None


def _count(fields: dict[str, str], name: str, least: int, most: int) -> int | None:
    if name not in fields:
        return None
    count = whole_number(Literal(fields[name]))
    if count is None or not least <= count <= most:
        raise BadQuestion(f"{name}: expected a whole number from {least} to {most}")
    return count


def _word(fields: dict[str, str], name: str, words: list[str]) -> str:
    word = fields[name]
    if word not in words:
        found = printable(word)[:40]
        raise BadQuestion(f"{name}: found {found!r}; expected one of {', '.join(words)}")
    return word
