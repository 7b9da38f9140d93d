"""At the end all must have the same: store, broker, dashboard, server above, and the database."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from bench.crash_check import read
from bench.crash_load import current_values
from bench.mqtt_wire import Client
from bench.soak.devices import slug_of
from bench.soak.ledger import COUNTED, Count, Ledger
from bench.soak.people import Dashboard
from bench.soak.world import LINKED, MAPPED, RULED, World

AGREED_S = 30.0
PERIOD_S = 0.5
QUIET_S = 0.5

Values: TypeAlias = dict[str, list[str]]
"""By address."""


async def differences(the: World, ledger: Ledger, dashboard: Dashboard) -> list[str]:
    """What differs still when everybody had time to be told, in words."""
    deadline = time.monotonic() + AGREED_S
    while True:
        stored = await _stored(the, list(the.config["devices"]))
        published = await asyncio.to_thread(_published, the.broker.port)
        above = await _above(the)
        found = [
            *_by_ledger(stored, ledger.counts),
            *_by_rules(stored),
            *_compared("MQTT", published, stored, lambda address: "/V" in address),
            *_compared("the dashboard", dashboard.view, stored, dashboard.view.__contains__),
            *_compared("the server above", above, stored, above.__contains__),
        ]
        if not found or time.monotonic() > deadline:
            return found
        await asyncio.sleep(PERIOD_S)


def _by_ledger(stored: Values, counts: Mapping[str, Count]) -> list[str]:
    found = []
    for slug, count in counts.items():
        value = stored.get(f"{slug}/{COUNTED}", [])
        if count.sent and not (value and count.highest <= int(value[0]) <= count.sent):
            found.append(f"{slug}/{COUNTED} is {value}, and {count.highest} was accepted last")
    return found


def _by_rules(stored: Values) -> list[str]:
    first, second, third = (slug_of(number) for number in range(3))
    pairs = (
        (f"{second}/{COUNTED}", f"{first}/{LINKED}"),
        (f"{third}/{COUNTED}", f"{third}/{RULED}"),
    )
    return [
        f"{target} is {stored.get(target)}, {source} {stored.get(source)}"
        for source, target in pairs
        if stored.get(source) != stored.get(target)
    ]


def _compared(
    who: str, there: Values, stored: Values, concerns: Callable[[str], bool]
) -> list[str]:
    return [
        f"{who} has {there.get(address, [])} for {address}, not {value}"
        for address, value in stored.items()
        if value and concerns(address) and there.get(address, []) != value
    ]


async def _stored(the: World, slugs: Sequence[str]) -> Values:
    found = {}
    for slug in slugs:
        for pin, value in (await current_values(the.gateway.control_path, slug)).items():
            found[f"{slug}/{pin}"] = value
    return found


async def _above(the: World) -> Values:
    found = {}
    for number in range(MAPPED):
        slug = slug_of(number)
        values = await current_values(the.above.control_path, slug)
        found[f"{slug}/{COUNTED}"] = values.get(COUNTED, [])
    return found


def _published(port: int) -> Values:
    """What the broker retains."""
    client = Client(port, "soak-end")
    found = {}
    try:
        client.subscribe("blynk/+/+")
        while messages := client.receive(QUIET_S, with_retained=True):
            for topic, text in messages:
                _, slug, name = topic.split("/")
                if name[1:].isdigit():
                    value = json.loads(text) if text.startswith("[") else [text]
                    found[f"{slug}/{name.upper()}"] = value
    finally:
        client.close()
    return found


def numbers_in(database: Path) -> tuple[str, dict[str, list[int]]]:
    """The verdict of SQLite on the file, and the numbers of each device in the order of changes."""
    contents = read(database)
    found = {}
    for (slug, pin), points in contents.archived.items():
        if pin == COUNTED:
            found[slug] = list(points)
    for (slug, pin), points in contents.waiting.items():
        if pin == COUNTED:
            found[slug] = found.get(slug, []) + points
    return contents.integrity, {
        slug: [int(point.value[0]) for point in sorted(points)] for slug, points in found.items()
    }
