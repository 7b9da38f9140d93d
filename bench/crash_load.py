"""A storm of writes by devices and imports over HTTP, and a ledger of what was answered for.

Every stream gets the numbers 1, 2, 3 …, so that what is there tells what is missing. A number is
accepted when the answer to a ping that was sent behind it came back on the same connection, or when
its import was answered with status 200.
"""

import asyncio
import contextlib
import json
import math
import random
import struct
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NUMBERS = tuple(f"V{number}" for number in range(1, 9))
PAIRS = "V9"
"""Gets its number twice, as two parameters."""

LATE = "V100"
"""Gets points of the last days."""

LATE_MS = (3_600_000, 5 * 86_400_000)
OLD = "V101"
"""Gets points that retention deletes as soon as they are archived; only sums of them stay."""

OLD_MS = (12 * 86_400_000, 30 * 86_400_000)
KEEP_RAW = "10d"

ROUNDS_AT_MOST = 20
IMPORT_POINTS = 20
IMPORT_EVERY_S = 0.1

_LOGIN, _RESPONSE, _PING, _HARDWARE = 29, 0, 6, 20
_HEAD = struct.Struct(">BHH")
_OK = 200


def token_of(slug: str) -> str:
    """The auth token of a device."""
    return slug.encode().hex().ljust(32, "0")


def configuration(port: int, devices: int, commit_every_s: float) -> dict[str, Any]:
    """What the daemon is to be started with; JSON is YAML."""
    return {
        "server": {
            "listen": [f"127.0.0.1:{port}"],
            "listen_tls": [],
            "quota": {"messages_per_second": 0},
        },
        "devices": {slug: {"token": token_of(slug)} for slug in slugs(devices)},
        "history": {
            "commit_every": f"{round(commit_every_s * 1000)}ms",
            "retention": {"raw": KEEP_RAW},
            "snapshots": {"every": "1h"},
        },
    }


def slugs(devices: int) -> list[str]:
    """The names of so many devices."""
    return [f"crash-{number}" for number in range(1, devices + 1)]


@dataclass
class Stream:
    """What a stream was given, by a look at the file and since then.

    Attributes:
        sent: the highest number.
        looked: the highest number sent before the latest look.
        found: how many there were at that look.
        lost: numbers that were not there, and will not come any more.
        acks: when numbers up to this one were accepted, by the monotonic clock; since the look.
    """

    sent: int = 0
    looked: int = 0
    found: int = 0
    lost: set[int] = field(default_factory=set)
    acks: list[tuple[float, int]] = field(default_factory=list)

    def accepted(self, before: float = math.inf) -> int:
        """Numbers up to this one were accepted before a time."""
        return max((number for at, number in self.acks if at <= before), default=self.looked)

    def settle(self, found: int, lost: set[int], *, goes_on: bool) -> None:
        """Note what a look at the file gave.

        Args:
            goes_on: what is lost is sent again, as there is nothing behind it.
        """
        self.found = found
        if goes_on:
            self.sent = found
        self.lost = set() if goes_on else lost
        self.looked = self.sent
        self.acks.clear()


class Ledger:
    """What a data directory was given.

    Attributes:
        streams: by device and pin.
        reserved_seq: the highest number of a change that was reserved, at the latest look.
        seen_seq: the highest that was told over the API.
        refused: imports that were not taken, in words.
    """

    def __init__(self, devices: int) -> None:
        pins = (*NUMBERS, PAIRS, LATE, OLD)
        self.streams = {(slug, pin): Stream() for slug in slugs(devices) for pin in pins}
        self.reserved_seq = 0
        self.seen_seq = 0
        self.refused: list[str] = []

    def accept(self, slug: str, numbers: Mapping[str, int]) -> None:
        """Note that numbers were answered for, just now."""
        now = time.monotonic()
        for pin, number in numbers.items():
            self.streams[slug, pin].acks.append((now, number))


async def storm(port: int, ledger: Ledger, pause_s: float) -> None:
    """Write as all devices at once, until cancelled or until the gateway is gone.

    Args:
        pause_s: how long each device waits between its messages, on average.
    """
    devices = sorted({slug for slug, _ in ledger.streams})
    async with asyncio.TaskGroup() as group:
        for slug in devices:
            group.create_task(_until_gone(_write(port, slug, ledger, pause_s)), name=slug)
            group.create_task(_until_gone(_import(port, slug, ledger)), name=f"{slug} import")


async def watch(control: Path, ledger: Ledger) -> None:
    """Note the numbers of changes as they are told, until cancelled or the gateway is gone."""

    async def follow() -> None:
        async with _get(control, "/api/v1/changes") as reader:
            while line := await reader.readline():
                if line.startswith(b"{"):
                    ledger.seen_seq = max(ledger.seen_seq, json.loads(line)["seq"])

    await _until_gone(follow())


async def back_up(control: Path) -> None:
    """Fetch backups and throw them away, until cancelled or until the gateway is gone."""

    async def fetch() -> None:
        while True:
            async with _get(control, "/api/v1/backup") as reader:
                while await reader.read(1 << 16):
                    pass

    await _until_gone(fetch())


async def current_values(control: Path, slug: str) -> dict[str, list[str]]:
    """The value of each pin of a device, as the gateway tells it."""
    async with _get(control, f"/api/v1/devices/{slug}/pins") as reader:
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
    return {pin["address"].partition("/")[2]: pin["value"] for pin in json.loads(body)["pins"]}


async def _write(port: int, slug: str, ledger: Ledger, pause_s: float) -> None:
    streams = {pin: ledger.streams[slug, pin] for pin in (*NUMBERS, PAIRS)}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        writer.write(_frame(_LOGIN, 1, token_of(slug)))
        await _answer(reader, 1)
        message_id = 1
        while True:
            message_id = message_id % 0xFFFF + 1
            body = bytearray()
            for _ in range(random.randint(1, ROUNDS_AT_MOST)):  # noqa: S311 - no secret
                for pin, stream in streams.items():
                    stream.sent += 1
                    values = [str(stream.sent)] * (2 if pin == PAIRS else 1)
                    body += _frame(_HARDWARE, message_id, "vw", pin[1:], *values)
            writer.write(body + _frame(_PING, message_id))
            await writer.drain()
            await _answer(reader, message_id)
            ledger.accept(slug, {pin: stream.sent for pin, stream in streams.items()})
            await asyncio.sleep(random.uniform(0, 2 * pause_s))  # noqa: S311 - no secret


async def _import(port: int, slug: str, ledger: Ledger) -> None:
    while True:
        for pin, (youngest_ms, oldest_ms) in ((LATE, LATE_MS), (OLD, OLD_MS)):
            stream = ledger.streams[slug, pin]
            now_ms = int(time.time() * 1000)
            points = [
                [now_ms - random.randint(youngest_ms, oldest_ms), stream.sent + 1 + number]  # noqa: S311 - no secret
                for number in range(IMPORT_POINTS)
            ]
            stream.sent += IMPORT_POINTS
            head = await _post(
                port,
                f"/external/api/batch/update?token={token_of(slug)}&pin={pin}",
                json.dumps(points).encode(),
            )
            if f" {_OK} " in head:
                ledger.accept(slug, {pin: stream.sent})
            elif head:
                ledger.refused.append(f"import into {slug}/{pin}: {head}")
        await asyncio.sleep(IMPORT_EVERY_S)


async def _post(port: int, target: str, body: bytes) -> str:
    """The first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        writer.write(
            f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        return (await reader.readline()).decode().strip()


@contextlib.asynccontextmanager
async def _get(control: Path, target: str) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_unix_connection(control)
    with contextlib.closing(writer):
        # 1.0: an answer of unknown length then ends with the connection, and has no frames in it.
        writer.write(f"GET {target} HTTP/1.0\r\n\r\n".encode())
        yield reader


async def _answer(reader: asyncio.StreamReader, message_id: int) -> None:
    """Return when the response to a message is there.

    Raises:
        ConnectionError: it is refused, or will not come.
    """
    while True:
        command, answered, status = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        if command != _RESPONSE:
            await reader.readexactly(status)
        elif status != _OK:
            raise ConnectionError(f"message {answered} was answered with status {status}")
        elif answered == message_id:
            return


def _frame(command: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return _HEAD.pack(command, message_id, len(body)) + body


async def _until_gone(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await work
