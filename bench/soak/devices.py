"""Well-behaved devices: whatever happens to others, they must be served.

Each counts up on one pin, fences what it wrote with a ping, and notes in the ledger what was
accepted, how long pings took, what it was told, and when it was dropped.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import aiohttp

from bench.soak.ledger import COUNTED, SHOWN, Count, Drop, Ledger, Ping
from bench.soak.wire import (
    EVENT_LOG,
    GROUP,
    HARDWARE,
    INTERNAL,
    LEGACY_LOGIN,
    LOGIN,
    OK,
    PING,
    PROPERTY,
    RESPONSE,
    SYNC,
    Carrier,
    Door,
    Frame,
    Frames,
    frame,
    until_ok,
)

ANSWER_S = 60.0
"""Longer than any excuse: what is not answered then never will be."""

RETRY_S = (1.0, 4.0)
CARRIERS = ("tcp",) * 7 + ("tls", "tls", "ws", "wss", "http")
"""How many of twelve devices use which."""

ASLEEP_EVERY = 8
"""Of so many devices one sleeps between its messages, as those on batteries do."""

TEXT, BIG, ODD = "V2", "V3", "V4"
"""Pins written beside the counting one."""


class Generation(NamedTuple):
    """A client library: how it logs in, and what it says of itself."""

    login: int
    info: Sequence[str]


GENERATIONS = (
    Generation(LOGIN, ("ver", "1.3.2", "h-beat", "45", "buff-in", "1024", "dev", "ESP32")),
    Generation(LOGIN, ("ver", "0.6.1", "h-beat", "10", "buff-in", "256", "dev", "ESP8266")),
    Generation(LEGACY_LOGIN, ("ver", "0.5.4", "h-beat", "10", "buff-in", "256", "dev", "UNO")),
    Generation(LEGACY_LOGIN, ("ver", "0.2.6", "buff-in", "1024", "h-beat", "10", "dev", "python")),
    Generation(LOGIN, ("ver", "0.2.0", "h-beat", "10", "buff-in", "1024", "dev", "python")),
)


def slug_of(number: int) -> str:
    """The name of a device."""
    return f"soak-{number}"


def token_of(slug: str) -> str:
    """The auth token of a device."""
    return slug.encode().hex().ljust(32, "0")[-32:]


class SoakDevice:
    """A device; `run` lives its life.

    Args:
        number: decides on carrier and generation, and of course on the name.
        pause_s: between its messages, on average.

    Attributes:
        connection: how many it made so far.
        is_there: whether it is logged in.
    """

    def __init__(self, number: int, door: Door, ledger: Ledger, pause_s: float) -> None:
        self.slug = slug_of(number)
        self.carrier_name = CARRIERS[number % len(CARRIERS)]
        self.connection = 0
        self.is_there = False
        self.is_leaving = False
        self._generation = GENERATIONS[number % len(GENERATIONS)]
        self._sleeps = number % ASLEEP_EVERY == ASLEEP_EVERY - 1
        self._door = door
        self._ledger = ledger
        self._pause_s = pause_s
        self._numbers = random.Random(number)  # noqa: S311 - no secret
        self._count = ledger.counts.setdefault(self.slug, Count())
        self._message_id = 1
        self._answers: dict[int, asyncio.Future[None]] = {}

    async def run(self) -> None:
        """Connect, live, and connect again, until `is_leaving` is set or cancelled."""
        while not self.is_leaving:
            try:
                if self.carrier_name == "http":
                    await self._ask()
                else:
                    await self._live()
            except* (OSError, aiohttp.ClientError) as group:
                self._lost(str(group.exceptions[0]))
            await asyncio.sleep(self._numbers.uniform(*RETRY_S))

    def _lost(self, why: str) -> None:
        """Note a drop; not to be let in is one, too."""
        self._ledger.drops.append(Drop(time.monotonic(), self.slug, why))
        self.is_there = False

    async def _live(self) -> None:
        carrier = await self._door.open(self.carrier_name)
        frames = Frames()
        self.connection += 1
        self._ledger.connections += 1
        try:
            await carrier.send(frame(self._generation.login, 1, token_of(self.slug)))
            async with asyncio.timeout(ANSWER_S):
                others = await until_ok(carrier, frames, 1)
            self.is_there = True
            for one in others:
                self._take(one)
            await carrier.send(frame(INTERNAL, 2, *self._generation.info))
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._listen(carrier, frames), name=self.slug)
                await self._speak(carrier)
                self.is_there = False
                reader.cancel()
        finally:
            self._ledger.ended(self.slug, self.connection)
            for answer in self._answers.values():
                answer.cancel()
            self._answers.clear()
            await carrier.close()

    async def _listen(self, carrier: Carrier, frames: Frames) -> None:
        while data := await carrier.receive():
            for one in frames.feed(data):
                self._take(one)
        raise ConnectionResetError("the gateway ended the connection")

    def _take(self, one: Frame) -> None:
        if one.command == RESPONSE:
            if (answer := self._answers.pop(one.message_id, None)) is not None:
                if not answer.done():
                    answer.set_result(None)
            elif one.body != b"%d" % OK:
                self._ledger.refused.append(f"{self.slug}: {one.body.decode()}")
        elif one.command == HARDWARE and one.body.startswith(b"vw\0%s\0" % SHOWN[1:].encode()):
            self._ledger.came(self.slug, one.body.split(b"\0", 2)[2].decode())

    async def _speak(self, carrier: Carrier) -> None:
        rounds = self._numbers.randint(3, 12) if self._sleeps else 1 << 30
        for _ in range(rounds):
            if self.is_leaving:
                return
            first = self._count.sent + 1
            body = self._some_messages()
            message_id = self._next_id()
            answer = asyncio.get_running_loop().create_future()
            self._answers[message_id] = answer
            began = time.monotonic()
            await carrier.send(body + frame(PING, message_id))
            try:
                async with asyncio.timeout(ANSWER_S):
                    await answer
            except TimeoutError:
                raise ConnectionResetError(f"no answer to a ping in {ANSWER_S:g} s") from None
            now = time.monotonic()
            self._ledger.pings.append(Ping(began, now - began))
            self._ledger.accept(self.slug, first, self._count.sent)
            await asyncio.sleep(self._numbers.uniform(0.5, 1.5) * self._pause_s)

    def _some_messages(self) -> bytes:
        """One to four numbers, and now and then something of all else that a sketch sends."""
        body = bytearray()
        for _ in range(self._numbers.randint(1, 4)):
            self._count.sent += 1
            body += self._frame(HARDWARE, "vw", COUNTED[1:], str(self._count.sent))
        extras: dict[float, Callable[[], bytes]] = {
            0.10: lambda: self._frame(HARDWARE, "vw", TEXT[1:], "température ✓"),
            0.05: lambda: self._frame(HARDWARE, "vw", BIG[1:], "x" * 200),
            0.04: lambda: self._frame(HARDWARE, "vw", ODD[1:], "1", "2.5", "three"),
            0.08: lambda: self._frame(SYNC, "vr", SHOWN[1:]),
            0.02: lambda: self._frame(SYNC),
            0.06: lambda: self._frame(PROPERTY, COUNTED[1:], "color", "#23C48E"),
            0.03: lambda: (
                self._frame(GROUP, "b")
                + self._frame(HARDWARE, "vw", TEXT[1:], "grouped")
                + self._frame(GROUP, "e")
            ),
            # A device may log a hundred a day.
            0.001: lambda: self._frame(EVENT_LOG, "soak", "still here"),
        }
        for chance, make in extras.items():
            if self._numbers.random() < chance:
                body += make()
        return bytes(body)

    def _frame(self, command: int, *parts: str) -> bytes:
        self._ledger.messages += 1
        return frame(command, self._next_id(), *parts)

    def _next_id(self) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    async def _ask(self) -> None:
        """Be a device that knows HTTP only."""
        token = token_of(self.slug)
        base = f"http://127.0.0.1:{self._door.port}"
        while not self.is_leaving:
            self._count.sent += 1
            number = self._count.sent
            target = self._numbers.choice(
                (
                    f"/{token}/update/{COUNTED}?value={number}",
                    f"/external/api/update?token={token}&{COUNTED.lower()}={number}",
                )
            )
            self._ledger.messages += 1
            async with (
                asyncio.timeout(ANSWER_S),
                self._door.session.get(base + target) as answer,
            ):
                text = await answer.text()
                if answer.status == OK:
                    self._ledger.accept(self.slug, number, number)
                else:
                    self._ledger.refused.append(f"{self.slug}: {answer.status} {text[:80]}")
            await asyncio.sleep(self._numbers.uniform(0.5, 1.5) * self._pause_s)


async def leave(devices: Sequence[SoakDevice], tasks: Sequence[asyncio.Task[None]]) -> None:
    """Have all devices finish what they are about, and go."""
    for device in devices:
        device.is_leaving = True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_S):
            await asyncio.wait(tasks)
