"""Peers that behave badly, one way each: nobody else may notice.

All of them end by themselves within seconds, or when they are cancelled. What the gateway says to
them is of no interest.
"""

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import aiohttp

from bench.soak.devices import token_of
from bench.soak.ledger import SHOWN, Ledger
from bench.soak.wire import HARDWARE, INTERNAL, LOGIN, PING, Frames, Stream, frame, until_ok
from bench.soak.world import ROGUES, World, rogue_slug

SILENT_HEARTBEAT_S = 2
LOGIN_S = 30.0
LASTS_S = (1.0, 6.0)
FLOOD = 3_000
"""Messages at once; a quota lets 200 through, and 100 a second more."""

GARBAGE_BYTES = 20_000
KNOCKS = 40
REQUESTS = 60
AT_ONCE = 8
READ_BYTES = 1 << 16

Rogue = Callable[[World, Ledger, random.Random], Awaitable[None]]


async def _lasting(numbers: random.Random) -> None:
    await asyncio.sleep(numbers.uniform(*LASTS_S))


@contextlib.asynccontextmanager
async def _connected(the: World, ledger: Ledger) -> AsyncIterator[Stream]:
    """A connection, which vanishes at the end: the far end gets an RST."""
    carrier = await the.door.open("tcp")
    assert isinstance(carrier, Stream)
    ledger.connections += 1
    try:
        yield carrier
    finally:
        carrier.reset()


@contextlib.asynccontextmanager
async def _logged_in(the: World, ledger: Ledger, numbers: random.Random) -> AsyncIterator[Stream]:
    """A device that is not what it seems."""
    async with _connected(the, ledger) as carrier:
        await carrier.send(frame(LOGIN, 1, token_of(rogue_slug(numbers.randrange(ROGUES)))))
        async with asyncio.timeout(LOGIN_S):
            await until_ok(carrier, Frames(), 1)
        info = ("ver", "1.0.0", "h-beat", str(SILENT_HEARTBEAT_S), "buff-in", "1024")
        await carrier.send(frame(INTERNAL, 2, *info))
        yield carrier


async def _vanish(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Devices that lose power: an RST in the middle of a message."""
    for _ in range(numbers.randint(3, 10)):
        async with _logged_in(the, ledger, numbers) as carrier:
            message = frame(HARDWARE, 3, "vw", "1", "7" * 50)
            await carrier.send(message * 3 + message[: numbers.randrange(len(message))])
            await asyncio.sleep(numbers.uniform(0, 0.2))


async def _fall_silent(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Devices out of reach: no word and no FIN, until the heartbeat gives them up."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(numbers.randint(2, 6)):
            await stack.enter_async_context(_logged_in(the, ledger, numbers))
        await asyncio.sleep(3 * SILENT_HEARTBEAT_S)


async def _read_nothing(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """A device that takes no more bytes, while people set a pin of it all the time."""
    slug = rogue_slug(numbers.randrange(ROGUES))
    async with _connected(the, ledger) as carrier:
        carrier.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of TCP it can
        await carrier.send(frame(LOGIN, 1, token_of(slug)))
        async with asyncio.TaskGroup() as group:
            for one in range(AT_ONCE):
                group.create_task(_set_often(the, slug, numbers), name=f"setter {one}")


async def _set_often(the: World, slug: str, numbers: random.Random) -> None:
    for number in range(REQUESTS):
        with contextlib.suppress(OSError, aiohttp.ClientError):
            await the.ask(f"/api/v1/pins/{slug}/{SHOWN}", {"value": f"{number}" * 200})
        await asyncio.sleep(numbers.uniform(0, 0.05))


async def _talk_nonsense(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Random bytes, before a login, behind it, and to the TLS port."""
    for port in (the.door.port, the.door.tls_port, the.door.port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        ledger.connections += 1
        with contextlib.closing(writer):
            writer.write(numbers.randbytes(numbers.randrange(1, GARBAGE_BYTES)))
            await asyncio.sleep(numbers.uniform(0.05, 0.5))
    async with _logged_in(the, ledger, numbers) as carrier:
        await carrier.send(numbers.randbytes(numbers.randrange(1, GARBAGE_BYTES)))
        await carrier.send(struct.pack(">BHH", HARDWARE, 9, 0xFFFF) + b"x" * 70_000)
        await asyncio.sleep(0.2)


async def _flood(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Far more messages than the quota lets through."""
    async with _logged_in(the, ledger, numbers) as carrier:
        message = frame(HARDWARE, 5, "vw", "1", "1")
        for _ in range(numbers.randint(1, 4)):
            ledger.messages += FLOOD
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LASTS_S[1]):
                    await carrier.send(message * FLOOD + frame(PING, 6))
            await asyncio.sleep(0.2)


async def _knock(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Tokens that nobody has, by both ways in."""
    for _ in range(KNOCKS):
        token = numbers.randbytes(16).hex()
        _, writer = await asyncio.open_connection("127.0.0.1", the.door.port)
        ledger.connections += 1
        with contextlib.closing(writer):
            writer.write(
                frame(LOGIN, 1, token)
                if numbers.random() < 0.5  # noqa: PLR2004 - a coin
                else f"GET /{token}/get/V1 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            )
            await asyncio.sleep(numbers.uniform(0, 0.03))


async def _dawdle(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Logins, requests and handshakes that never come to their end."""
    beginnings = (
        (the.door.port, frame(LOGIN, 1, "0" * 32)[:9]),
        (the.door.port, b"GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: "),
        (the.door.port, b"POST /api/v1/session HTTP/1.1\r\nContent-Length: 500\r\n\r\n{"),
        (the.door.tls_port, b"\x16\x03\x01\x02\x00\x01"),
        (the.door.tls_port, b""),
    )
    async with contextlib.AsyncExitStack() as stack:
        for port, text in beginnings * 4:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            ledger.connections += 1
            stack.callback(writer.close)
            writer.write(text)
        await _lasting(numbers)


async def _request_much(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Many requests at once: values, history, pages, metrics, and what is not there."""
    slugs = [slug for slug in the.config["devices"] if slug.startswith("soak")]

    async def some() -> None:
        for _ in range(REQUESTS // AT_ONCE):
            slug = numbers.choice(slugs)
            target = numbers.choice(
                (
                    f"/{token_of(slug)}/get/V1",
                    f"/external/api/get?token={token_of(slug)}&v1",
                    f"/api/v1/devices/{slug}/pins",
                    f"/api/v1/history/{slug}/V1?from=-1h&step=1m",
                    f"/api/v1/history/{slug}/V1?from=-1h&step=raw",
                    "/api/v1/history-stats",
                    "/api/v1/events",
                    "/metrics",
                    "/",
                    "/nothing/at/all",
                )
            )
            ledger.did["requests"] += 1
            async with the.door.session.get(
                f"http://127.0.0.1:{the.door.port}{target}",
                headers={"Authorization": f"Bearer {the.api_token}"},
            ) as answer:
                await answer.read()

    async with asyncio.TaskGroup() as group:
        for one in range(AT_ONCE):
            group.create_task(some(), name=f"requests {one}")


async def _subscribe_and_sleep(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Dashboards and followers of changes that ask for everything and read nothing."""
    head = f"Authorization: Bearer {the.api_token}\r\nHost: localhost\r\n"
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: c29ha3NvYWtzb2Frc29haw==\r\n"
    )
    async with contextlib.AsyncExitStack() as stack:
        for target, more in (("/api/v1/ws", upgrade), ("/api/v1/changes", "")):
            carrier = await stack.enter_async_context(_connected(the, ledger))
            carrier.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of TCP it can
            await carrier.send(f"GET {target} HTTP/1.1\r\n{head}{more}\r\n".encode())
        await _lasting(numbers)


async def _back_up(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """A backup under load; half of them are given up halfway."""
    async with the.door.session.get(
        f"http://127.0.0.1:{the.door.port}/api/v1/backup",
        headers={"Authorization": f"Bearer {the.api_token}"},
    ) as answer:
        while await answer.content.read(READ_BYTES) and numbers.random() < 0.95:  # noqa: PLR2004
            pass
        ledger.did["backups"] += answer.content.at_eof()


ROGUES_BY_NAME: Mapping[str, Rogue] = {
    "vanish": _vanish,
    "fall silent": _fall_silent,
    "read nothing": _read_nothing,
    "nonsense": _talk_nonsense,
    "flood": _flood,
    "unknown tokens": _knock,
    "dawdle": _dawdle,
    "many requests": _request_much,
    "sleeping subscribers": _subscribe_and_sleep,
    "backup": _back_up,
}


async def misbehave(the: World, ledger: Ledger, numbers: random.Random) -> None:
    """Be one rogue after the other, each kind about as often as any other, until cancelled."""
    while True:
        for name in numbers.sample(list(ROGUES_BY_NAME), len(ROGUES_BY_NAME)):
            # Nobody has to be kind to them: cut, refused or answered late, all is well.
            with contextlib.suppress(Exception):
                await ROGUES_BY_NAME[name](the, ledger, numbers)
                ledger.did[name] += 1
            await asyncio.sleep(numbers.uniform(0.1, 1.0))
