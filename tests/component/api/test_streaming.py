"""Long answers; what the peer's pace does to them is in `v1/test_history.py`."""

import gzip
import os
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest

from blynk_gateway.api.streaming import gzipped, takes_gzip


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
