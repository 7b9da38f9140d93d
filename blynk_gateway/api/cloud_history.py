"""`/external/api/data/get` of the Blynk IoT dialect: a device's past as zip file or JSON.

Source: blynk-protocol §10.2. The zip file has one `<pin>_data.csv` for each pin with data, its head
`timestamp,NAME`; with `sendEvents=true` also `events.csv`.
"""

import zipfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web

from blynk_gateway.api.bodies import only_field
from blynk_gateway.api.cloud_call import CloudCall, Query, named_pin
from blynk_gateway.api.downloads import Downloads
from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.past import Past, off_loop
from blynk_gateway.api.replies import JSON_TYPE, to_json
from blynk_gateway.api.services import Services
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.device import Device
from blynk_gateway.core.history import Question
from blynk_gateway.core.periods import CloudPeriod, Granularity, SourceType, cloud_question
from blynk_gateway.core.value import printable
from blynk_gateway.errors import InvalidValue
from blynk_gateway.formats.plain import PlainPoint
from blynk_gateway.formats.text import cell, csv_rows

TIME_FORMATS: Final = {
    "TS": None,
    "ISO_US": "%m/%d/%y %I:%M:%S %p",
    "ISO_SIMPLE": "%Y-%m-%d %H:%M:%S",
}
PERIODS: Final = {str(period): period for period in CloudPeriod}
GRANULARITIES: Final = {str(granularity): granularity for granularity in Granularity}
SOURCES: Final = {str(source): source for source in SourceType}
OUTPUTS: Final = {"FILE": False, "JSON": True}
SWITCHES: Final = {"FALSE": False, "TRUE": True}

MAX_EVENTS: Final = 1000
"""Latest events in a file."""

_META: Final = [
    {"name": "data_stream_name", "type": "String"},
    {"name": "ts", "type": "UInt32"},
    {"name": "value", "type": "Float64"},
]

T = TypeVar("T")

Stamp: TypeAlias = Callable[[int], int | str]
"""Writes a time, given in UTC ms."""


class Stream(NamedTuple):
    """One datastream of an export."""

    name: str
    question: Question


class CloudHistory:
    """Answers `data/get`."""

    def __init__(self, services: Services, downloads: Downloads) -> None:
        self._services = services
        self._downloads = downloads
        self._past = Past(services)

    async def get(self, call: CloudCall) -> web.StreamResponse:
        """The link to a file, or the data itself."""
        query, device = call.query, call.device
        stamp = _stamp(query)
        is_json = _constant(query, "output", OUTPUTS, "FILE")
        with_events = _constant(query, "sendEvents", SWITCHES, "FALSE")
        streams = await self._streams(device, query)
        if not streams:
            raise Refusal("No data", 500)
        if is_json:
            answer = web.StreamResponse(
                headers={"Content-Type": JSON_TYPE, "Access-Control-Allow-Origin": "*"}
            )
            return await self._downloads.exports.send(
                call.request, answer, self._json(streams, stamp)
            )
        since_ms = streams[0].question.from_ms if with_events else None
        now_ms = self._services.clock.now_ms()
        at = datetime.fromtimestamp(now_ms / 1000, UTC)
        path = self._downloads.offer(
            f"device_data_{device.slug}_{at:%Y-%m-%dT%H-%M-%S}",
            "zip",
            lambda: self._zip(device, streams, stamp, since_ms),
        )
        link = f"{call.request.scheme}://{call.request.host}{path}"
        return web.Response(
            body=to_json({"link": link}),
            headers={"Content-Type": JSON_TYPE, "Access-Control-Allow-Origin": "*"},
        )

    async def _streams(self, device: Device, query: Query) -> list[Stream]:
        """The datastreams with data, in the order of their pins."""
        names = (
            _constant(query, "period", PERIODS, CloudPeriod.MONTH),
            _constant(query, "granularityType", GRANULARITIES, Granularity.RAW_DATA),
            _constant(query, "sourceType", SOURCES, SourceType.AVG),
        )
        wanted = named_pin(query)
        found = []
        for state in self._services.store.pins(device.slug):
            if wanted in (None, state.pin):
                name = state.pin if state.datastream is None else state.datastream.name
                question = await self._question(PinAddress(device.slug, state.pin), *names)
                if question is not None:
                    found.append(Stream(printable(name), question))
        return found

    async def _question(
        self, address: PinAddress, period: str, granularity: str, source: str
    ) -> Question | None:
        """The question for one pin, None if its answer would be empty."""
        now_ms = self._services.clock.now_ms()
        try:
            question = cloud_question(
                address, now_ms, period=period, granularity=granularity, source=source
            )
        except InvalidValue:
            # The names are known; what is left is raw data of three months.
            raise Refusal("RAW_DATA is not supported for the THREE_MONTHS period", 500) from None
        if question.step_ms:
            return question if await self._past.has_points(question) else None
        return await self._past.finest(address, question.from_ms, question.to_ms)

    async def _json(self, streams: list[Stream], stamp: Stamp) -> AsyncGenerator[bytes, None]:
        head, rows = b'{"meta":' + to_json(_META) + b',"data":[', 0
        for stream in streams:
            async with aclosing(self._past.batches(stream.question)) as batches:
                async for batch in batches:
                    if not batch.points:
                        continue
                    documents = [
                        {"data_stream_name": stream.name, "ts": stamp(at_ms), "value": value}
                        for at_ms, value in batch.points
                    ]
                    text = (await off_loop(to_json, documents))[1:-1]
                    yield head + (b"," if rows else b"") + text
                    head = b""
                    rows += len(documents)
        yield head + f'],"rows":{rows},"rows_before_limit_at_least":{rows}}}\n'.encode()

    async def _zip(
        self, device: Device, streams: list[Stream], stamp: Stamp, since_ms: int | None
    ) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece; its members' sizes stand behind them."""
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for stream in streams:
                info = self._member(f"{stream.question.address.pin.lower()}_data.csv")
                with archive.open(info, "w", force_zip64=True) as member:
                    member.write(csv_rows([("timestamp", stream.name)]).encode())
                    async with aclosing(self._past.batches(stream.question)) as batches:
                        async for batch in batches:
                            await off_loop(
                                lambda some: member.write(_rows(some, stamp)),
                                batch.points,
                            )
                            yield sink.take()
            if since_ms is not None:
                archive.writestr(
                    self._member("events.csv"), await self._events(device, stamp, since_ms)
                )
        yield sink.take()

    def _member(self, name: str) -> zipfile.ZipInfo:
        at = datetime.fromtimestamp(self._services.clock.now_ms() / 1000, UTC)
        info = zipfile.ZipInfo(name, (max(at.year, 1980), *at.timetuple()[1:6]))
        info.compress_type = zipfile.ZIP_DEFLATED
        return info

    async def _events(self, device: Device, stamp: Stamp, since_ms: int) -> str:
        events = await self._services.journal.events(device.slug, MAX_EVENTS)
        rows: list[tuple[object, ...]] = [("timestamp", "code", "description")]
        rows += [
            (stamp(event.at_ms), printable(event.code), printable(event.description))
            for event in reversed(events)
            if event.at_ms >= since_ms
        ]
        return csv_rows(rows)


class _Sink:
    """Takes a zip file's bytes and hands them on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _rows(points: list[PlainPoint], stamp: Stamp) -> bytes:
    return csv_rows([(stamp(at_ms), cell(value)) for at_ms, value in points]).encode()


def _stamp(query: Query) -> Stamp:
    pattern = _constant(query, "format", TIME_FORMATS, "TS")
    zone = _zone(only_field(query, "tzName") or "UTC")
    if pattern is None:
        return lambda at_ms: at_ms
    return lambda at_ms: datetime.fromtimestamp(at_ms / 1000, zone).strftime(pattern)


def _zone(name: str) -> tzinfo:
    if name in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Refusal(f"Unknown time-zone ID: {name[:40]}", 500) from None


def _constant(query: Query, name: str, constants: dict[str, T], default: str) -> T:
    """What a word of the query stands for, letters of either case."""
    word = only_field(query, name) or default
    if word.upper() not in constants:
        raise Refusal(f"No enum constant {name}.{word[:40]}", 500)
    return constants[word.upper()]
