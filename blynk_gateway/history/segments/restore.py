"""Reads what an earlier run left: current values, devices and what they told us."""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.definition import DeviceDefinition, new_token
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.value import SEPARATOR, PinValue, decode_value
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.segments.definitions import load
from blynk_gateway.history.segments.recorder import Recorder
from blynk_gateway.history.segments.segment import Point, decode

SEGMENTS_AT_A_TIME = 100

_PAST = Intent.PAST

_RESTORE = Origin(OriginKind.RESTORE)

_SETTINGS = {"instance_id": str, "gateway_token": str, "reserved_seq": int, "checkpoint_seq": int}


class Restored(NamedTuple):
    """What an earlier run left; everything is by slug.

    Attributes:
        definitions: devices added by command or paired.
        values: device, pin, value and UTC ms.
        properties: by pin and name.
        modes: learned modes of direct pins, by pin.
        infos: pairs of the latest info message.
        last_seen: UTC ms.
        events: device, kind, code and description of what was logged and resolved, oldest first.
        next_seq: no change has this number or a higher one.
        instance_id: random, for the life of the database.
        gateway_token: the gateway's own auth token where the configuration gives none.
    """

    definitions: list[DeviceDefinition]
    values: list[tuple[str, str, PinValue, int]]
    properties: dict[str, dict[tuple[str, str], PinValue]]
    metadata: dict[str, dict[str, str]]
    modes: dict[str, dict[str, DirectPin]]
    infos: dict[str, tuple[tuple[str, str], ...]]
    last_seen: dict[str, int]
    events: list[tuple[str, EventKind, str, str]]
    next_seq: int
    instance_id: str
    gateway_token: str


async def restore(database: Database) -> tuple[Restored, Recorder]:
    """Read everything, and make the recorder that goes on from there.

    Raises:
        HistoryCorrupt: the file is damaged.
        HistoryError: it cannot be read now, or a new one cannot be written.
    """
    settings = await _settings(database)
    streams = await database.fetch("SELECT id, device, pin FROM stream")
    definitions = [
        load(text)
        for (text,) in await database.fetch("SELECT definition FROM device ORDER BY device")
    ]
    counted = await database.fetch("SELECT seq FROM sqlite_sequence WHERE name = 'stream'")
    recorder = Recorder(
        next_seq=settings["reserved_seq"] + 1,
        checkpoint_seq=settings["checkpoint_seq"],
        streams={(device, pin): stream for stream, device, pin in streams},
        next_stream=counted[0][0] + 1 if counted else 1,
        devices=[definition.slug for definition in definitions],
    )
    addresses = {stream: (device, pin) for stream, device, pin in streams}
    saved = await database.fetch("SELECT stream, value, at_ms, seq FROM value")
    values = {stream: (decode_value(value), at_ms) for stream, value, at_ms, _ in saved}
    saved_seqs = {stream: seq for stream, _, _, seq in saved}
    replayed = await _replay(database, recorder.checkpoint_seq, addresses)
    recorder.unsaved = {
        stream: change
        for stream, change in replayed.items()
        # In a file of version 3 a value may be saved that came back behind points of the past.
        if change.seq > saved_seqs.get(stream, 0)
    }
    values.update((stream, (one.value, one.at_ms)) for stream, one in recorder.unsaved.items())
    states = await database.fetch("SELECT device, info, last_seen_ms FROM state")
    restored = Restored(
        definitions=definitions,
        values=[(*addresses[stream], *values[stream]) for stream in values if stream in addresses],
        properties=await _properties(database),
        metadata=await _metadata(database),
        modes=await _modes(database),
        infos={device: _pairs(info) for device, info, _ in states},
        last_seen={device: at_ms for device, _, at_ms in states},
        events=await _events(database),
        next_seq=recorder.last_seq + 1,
        instance_id=settings["instance_id"],
        gateway_token=settings["gateway_token"],
    )
    return restored, recorder


async def _settings(database: Database) -> dict[str, Any]:
    settings = dict(await database.fetch("SELECT name, value FROM setting"))
    if not settings:
        settings = {
            "instance_id": secrets.token_hex(16),
            "gateway_token": new_token(),
            "reserved_seq": 0,
            "checkpoint_seq": 0,
        }
        insertion = "INSERT OR REPLACE INTO setting VALUES (?, ?)"
        await database.write((insertion, setting) for setting in settings.items())
    for name, kind in _SETTINGS.items():
        if not isinstance(settings.get(name), kind):
            found = "nothing" if name not in settings else type(settings[name]).__name__
            raise HistoryCorrupt(f"the setting {name} is {found}; expected {kind.__name__}")
    return settings


async def _replay(
    database: Database, after_seq: int, addresses: Mapping[int, tuple[str, str]]
) -> dict[int, PinChange]:
    """The latest value of each stream after a number; streams that were removed are left out."""
    latest: dict[int, Point] = {}
    while segments := await database.fetch(
        "SELECT last_seq, body FROM segment WHERE first_seq > ? ORDER BY first_seq LIMIT ?",
        (after_seq, SEGMENTS_AT_A_TIME),
    ):
        for last_seq, body in segments:
            latest.update(
                (point.stream, point) for point in decode(body) if point.intent is not _PAST
            )
            after_seq = last_seq
    return {
        stream: PinChange(
            point.seq,
            *addresses[stream],
            point.value,
            previous=(),
            origin=_RESTORE,
            intent=point.intent,
            at_ms=point.at_ms,
            cause=None,
            depth=0,
        )
        for stream, point in latest.items()
        if stream in addresses
    }


async def _properties(database: Database) -> dict[str, dict[tuple[str, str], PinValue]]:
    properties: defaultdict[str, dict[tuple[str, str], PinValue]] = defaultdict(dict)
    for device, pin, name, value in await database.fetch("SELECT * FROM property"):
        properties[device][pin, name] = decode_value(value)
    return dict(properties)


async def _metadata(database: Database) -> dict[str, dict[str, str]]:
    metadata: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for device, field, value in await database.fetch("SELECT * FROM metadata"):
        metadata[device][_text(field)] = _text(value)
    return dict(metadata)


async def _modes(database: Database) -> dict[str, dict[str, DirectPin]]:
    modes: defaultdict[str, dict[str, DirectPin]] = defaultdict(dict)
    for device, pin, mode, every_ms in await database.fetch("SELECT * FROM pin_mode"):
        modes[device][pin] = DirectPin(PinMode(mode), every_ms)
    return dict(modes)


async def _events(database: Database) -> list[tuple[str, EventKind, str, str]]:
    rows = await database.fetch(
        "SELECT device, kind, code, description FROM event WHERE kind IN (?, ?) ORDER BY seq",
        (EventKind.LOGGED, EventKind.RESOLVED),
    )
    return [
        (device, EventKind(kind), _text(code), _text(text)) for device, kind, code, text in rows
    ]


def _pairs(info: bytes) -> tuple[tuple[str, str], ...]:
    texts = decode_value(info)
    return tuple(zip(texts[::2], texts[1::2], strict=False))


def _text(body: bytes) -> str:
    return SEPARATOR.join(decode_value(body))
