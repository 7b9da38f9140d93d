"""Fuzz HTTP: raw bytes to the front door of a whole gateway.

The promise under attack: any bytes get an answer or a closed connection, soon; nothing fails by a
fault of the gateway, nothing is logged as one, it serves on, tasks do not pile up, and without a
token, session or password no pin changes.
"""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fuzz.gateway import (
    ADMIN,
    QUIET_S,
    TOKEN,
    VIEWER,
    Attacked,
    attacked,
)
from tests.fuzz.mutation import CORPUS, cut, mutate
from tests.fuzz.running import main
from tests.helpers.patience import PATIENCE_S

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

WORDS = [
    *(b"GET ", b"PUT ", b"DELETE ", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"\r\n", b"\r\n\r\n"),
    *(
        b"\n",
        b"\r",
        b": ",
        b" ",
        b"\t",
        b"%",
        b"%00",
        b"%2F",
        b"%2e%2e/",
        b"../",
        b"//",
        b"?",
        b"&",
    ),
    *(
        b"=",
        b"#",
        b"*",
        b"%FF",
        b"%ED%A0%80",
        b"\xff",
        b"\xc3\xa9",
        b"\0",
        b";",
        b",",
        b'"',
        b"{",
        b"[",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 99999999999999999999\r\n", b"0\r\n\r\n"),
    *(b"Content-Length: -1\r\n", b"Content-Length: 0\r\n", b"Expect: 100-continue\r\n"),
    *(b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"gzip, br"),
    *(b"Content-Encoding: gzip\r\n", b"Accept-Encoding: \r\n", b"Range: bytes=9-1\r\n"),
    *(
        b"Host: [::1\r\n",
        b"X-Forwarded-For: 1\r\n",
        b"Content-Type: application/json; charset=x\r\n",
    ),
    *(b"null", b"true", b"NaN", b"1e999", b"-0", b"9" * 400, b"[" * 200, b"\\u0000", b"\\ud800"),
    *(
        b"{}",
        b"[]",
        b'""',
        b"[[]]",
        b"x" * 5000,
        b"V1",
        b"V256",
        b"D17",
        b"A0",
        b"pi",
        b"now",
        b"-1d",
    ),
    *(TOKEN, ADMIN, VIEWER, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
]

CHANGING = ("/api/v1/restart", "/api/v1/backup", "/api/v1/settings/reload")
"""Routes whose every call costs a second or more; they have tests of their own."""


class Request(NamedTuple):
    """One of the corpus; `*` stands for the body's length."""

    head: bytes
    body: bytes


class Http:
    """The HTTP side of a gateway.

    Args:
        document: the gateway's own description of its routes.
    """

    def __init__(self, attacked: Attacked, document: dict[str, Any]) -> None:
        self._attacked = attacked
        self.corpus = read_corpus() + 2 * described(document)
        self._whole = b""

    def make_input(self, rng: random.Random) -> bytes:
        """One request, or a few of them on one connection, mutated."""
        many = rng.choice((1, 1, 1, 2, 3))
        whole = b"".join(self._filled(rng.choice(self.corpus), rng) for _ in range(many))
        if rng.random() < 0.6:
            self._whole = whole
            return whole
        return mutate(whole, rng, WORDS)

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Send it in pieces."""
        is_whole = data == self._whole
        pieces = cut(data, rng, 3)
        wait_s = PATIENCE_S if is_whole else QUIET_S
        answered = await self._attacked.exchange(pieces, rng, wait_s=wait_s)
        if is_whole:
            assert answered.data, "a request that is whole has no answer"
        await self._attacked.check(data, answered)

    def _filled(self, request: Request, rng: random.Random) -> bytes:
        body = mutate(request.body, rng, WORDS, 4) if rng.random() < 0.6 else request.body
        data = request.head.replace(b"Length: *", b"Length: %d" % len(body)) + body
        cookie = self._attacked.cookie
        for name, secret in (("token", TOKEN), ("admin", ADMIN), ("viewer", VIEWER)):
            data = data.replace(b"{%s}" % name.encode(), secret)
        return data.replace(b"{cookie}", cookie)


def read_corpus() -> list[Request]:
    """Requests of the files, with ### between them."""
    found = []
    for path in sorted((CORPUS / "http").glob("*.http")):
        for text in path.read_bytes().split(b"###\n"):
            head, _, body = text.replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
            found.append(Request(head + b"\r\n\r\n", body.removesuffix(b"\r\n")))
    return found


def described(document: dict[str, Any]) -> list[Request]:
    """A request for each route of the description, by an admin, with a body that it takes."""
    found = []
    named = {"slug": "greenhouse", "pin": "V1", "name": "nobody", "n": "17", "channel": "0"}
    for path, operations in document["paths"].items():
        if path in CHANGING:
            continue
        for method, operation in operations.items():
            target = re.sub(r"{(\w+)}", lambda one: named.get(one[1], "1"), path)
            query = "&".join(
                f"{one['name']}={_example(one['schema'])}"
                for one in operation.get("parameters", ())
                if one["in"] == "query"
            )
            head = f"{method.upper()} {target}{'?' if query else ''}{query} HTTP/1.1\r\n"
            head += "Host: gateway\r\nAuthorization: Bearer {admin}\r\n"
            body = b""
            if content := operation.get("requestBody", {}).get("content"):
                body = json.dumps(_example(content["application/json"]["schema"])).encode()
                head += "Content-Type: application/json\r\nContent-Length: *\r\n"
            found.append(Request(head.encode() + b"\r\n", body))
    return found


def _example(schema: dict[str, Any]) -> Any:  # noqa: ANN401 - of any type
    schema = next(iter(schema.get("anyOf") or schema.get("oneOf") or (schema,)))
    kind = schema.get("type")
    if kind == "object":
        return {name: _example(one) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema.get("items", {}))]
    number = schema.get("minimum", 1)
    plain = {"number": number, "integer": number, "boolean": True}.get(str(kind), "greenhouse")
    return schema.get("enum", [plain])[0]


@asynccontextmanager
async def opened() -> AsyncIterator[Http]:
    """A target, ready."""
    async with attacked() as target:
        yield Http(target, await target.document())


if __name__ == "__main__":
    main(__doc__, opened)
