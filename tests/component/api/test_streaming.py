"""Long answers; what the peer's pace does to them is in `v1/test_history.py`."""

import asyncio
import gzip
import os
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest

from blynk_gateway.api.streaming import SHORT_PIECES, Exports, gzipped, takes_gzip
from blynk_gateway.runtime.health import Health
from blynk_gateway.runtime.tasks import spawn


async def pieces(*given: bytes) -> AsyncGenerator[bytes, None]:
    for piece in given:
        yield piece


@pytest.mark.parametrize(
    "given", [(), (b"",), (b"a", b"", b"b"), tuple(os.urandom(50_000) for _ in range(5))]
)
async def test_gzip_holds_the_pieces_and_none_of_its_own_is_empty(
    given: tuple[bytes, ...],
) -> None:
    packed = [piece async for piece in gzipped(pieces(*given))]
    assert all(packed)
    assert gzip.decompress(b"".join(packed)) == b"".join(given)


class Answer:
    """Takes everything."""

    def __init__(self) -> None:
        self.body = b""

    async def prepare(self, request: object) -> None:
        """Begin."""

    async def write(self, piece: bytes) -> None:
        self.body += piece


async def test_long_answers_take_turns_and_short_ones_wait_for_none_of_them() -> None:
    exports: Any = Exports(Health())
    at_work = 0
    most = 0
    is_at_work, may_end = asyncio.Event(), asyncio.Event()

    async def long() -> AsyncGenerator[bytes, None]:
        nonlocal at_work, most
        for number in range(SHORT_PIECES + 3):
            if number > SHORT_PIECES:
                at_work += 1
                is_at_work.set()
                most = max(most, at_work)
                await may_end.wait()
                at_work -= 1
            yield b"x"

    answers = [Answer() for _ in range(5)]
    sending = [
        spawn(exports.send(None, answer, long()), name=f"long {number}")
        for number, answer in enumerate(answers)
    ]
    await is_at_work.wait()
    short = Answer()
    await exports.send(None, short, pieces(*[b"y"] * SHORT_PIECES))
    assert short.body == b"y" * SHORT_PIECES
    may_end.set()
    await asyncio.gather(*sending)
    assert most == 1
    assert {answer.body for answer in answers} == {b"x" * (SHORT_PIECES + 3)}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("deflate", False),
        ("", False),
        ("identity", False),
    ],
)
def test_gzip_goes_to_those_who_ask(header: str, expected: bool) -> None:
    request: Any = SimpleNamespace(headers={"Accept-Encoding": header})
    assert takes_gzip(request) is expected
