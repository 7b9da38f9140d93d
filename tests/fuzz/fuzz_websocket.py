"""Fuzz WebSockets: frames to `/websockets` of devices and `/api/v1/ws` of people.

The promise under attack is that of HTTP; besides, whatever comes after a handshake ends no other
connection, and a connection ends when its peer breaks the protocol or goes away.
"""

from __future__ import annotations

import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from tests.fuzz.gateway import QUIET_S, TOKEN, VIEWER, Attacked, attacked
from tests.fuzz.mutation import CORPUS, cut, mutate, read_conversations, shuffle
from tests.fuzz.running import main
from tests.helpers.patience import PATIENCE_S

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable

HANDSHAKE: Final = (
    b"GET %b HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%b\r\n"
)

WORDS = [
    *(b"\r\n", b"Upgrade: h2c\r\n", b"Sec-WebSocket-Version: 8\r\n", b"Sec-WebSocket-Key: \r\n"),
    *(b"Sec-WebSocket-Extensions: permessage-deflate\r\n", b"Sec-WebSocket-Protocol: a,,b\r\n"),
    *(b"Origin: http://elsewhere\r\n", b"Cookie: blynk_gateway=k\r\n", VIEWER),
    *(b"\x81\xfe\xff\xff", b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x88\x80", b"\x89\xfe"),
]

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0

FLOOD = 400
"""Pings in a row: enough to fill a queue that grows with each of them."""


class WebSockets:
    """Both ways to speak WebSocket."""

    def __init__(self, attacked: Attacked) -> None:
        self._attacked = attacked
        self._is_let_in = True
        self.conversations = [
            [chunk.replace(chunk[5:37], TOKEN) if len(chunk) == 37 else chunk for chunk in chunks]
            for chunks in read_conversations("frames")
        ]
        self.texts = (CORPUS / "websocket/people.txt").read_bytes().splitlines()

    def make_input(self, rng: random.Random) -> bytes:
        """A handshake and the frames behind it."""
        self._is_let_in = rng.random() < 0.7
        if rng.random() < 0.5:
            head = HANDSHAKE % (b"/websockets", b"")
            token = TOKEN if self._is_let_in else TOKEN[::-1]
            messages = [
                (BINARY, one.replace(TOKEN, token))
                for one in shuffle(rng.choice(self.conversations), rng)
            ]
        else:
            path = rng.choice((b"/api/v1/ws", b"/api/v1/ws?every_ms=50"))
            login = rng.choice(
                (
                    b"Authorization: Bearer %b\r\n" % VIEWER,
                    b"Cookie: %b\r\n" % self._attacked.cookie,
                )
            )
            head = HANDSHAKE % (path, login + b"Origin: http://gateway\r\n")
            messages = [(TEXT, one) for one in rng.choices(self.texts, k=rng.randrange(1, 6))]
        if rng.random() < 0.2:
            head = mutate(head, rng, WORDS)
        frames = b"".join(
            _framed(kind, mutate(one, rng, (), 3) if rng.random() < 0.3 else one, rng)
            for kind, one in messages
        )
        return head + (mutate(frames, rng, WORDS, 4) if rng.random() < 0.3 else frames)

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Send it in pieces; what answers a handshake is the first that comes back."""
        is_handshake = data.startswith(HANDSHAKE[:3]) and b"\r\n\r\n" in data
        wait_s = PATIENCE_S if is_handshake and b"Upgrade: websocket\r\n" in data else QUIET_S
        answered = await self._attacked.exchange(cut(data, rng, 4), rng, wait_s=wait_s)
        # A token may lie in two frames: it is known, not looked for.
        await self._attacked.check(data, answered, is_let_in=self._is_let_in)


def _framed(kind: int, payload: bytes, rng: random.Random) -> bytes:
    """A message as frames: mostly right, sometimes as no client should send them."""
    middle = rng.randrange(len(payload) + 1)
    ways: list[Callable[[], bytes]] = [
        lambda: (
            _frame(kind, payload[:middle], is_last=False)
            + _frame(PING, b"between")
            + _frame(CONTINUATION, payload[middle:])
        ),
        lambda: _frame(rng.choice((TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION, 3, 15)), payload),
        lambda: _frame(kind, payload, is_masked=False),
        lambda: _frame(kind, payload, said=rng.choice((0, 125, 1 << 16, 1 << 31, (1 << 63) - 1))),
        lambda: _frame(rng.choice((PING, PONG)), b"x" * rng.choice((0, 125, 126))) * FLOOD,
        lambda: _frame(CLOSE, rng.choice((b"", b"\x03", b"\x03\xe8bye", b"\0\0\xff", b"\xff"))),
        lambda: _frame(kind, payload, reserved=rng.randrange(1, 8)),
        lambda: _frame(kind, b"", is_last=False) * rng.randrange(1, FLOOD),
    ]
    return rng.choice(ways)() if rng.random() < 0.2 else _frame(kind, payload)


def _frame(
    kind: int,
    payload: bytes,
    *,
    is_last: bool = True,
    is_masked: bool = True,
    reserved: int = 0,
    said: int | None = None,
) -> bytes:
    """One frame; `said` is the length that it tells instead of its own."""
    size = len(payload) if said is None else said
    first = is_last << 7 | reserved << 4 | kind
    mask_bit = is_masked << 7
    if size < 126:
        head = struct.pack(">BB", first, mask_bit | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack(">BBQ", first, mask_bit | 127, size)
    # A mask of zeros leaves the payload as it is.
    return head + (b"\0\0\0\0" if is_masked else b"") + payload


@asynccontextmanager
async def opened() -> AsyncIterator[WebSockets]:
    """A target, ready."""
    async with attacked() as target:
        yield WebSockets(target)


if __name__ == "__main__":
    main(__doc__, opened)
