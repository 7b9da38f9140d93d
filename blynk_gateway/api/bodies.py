"""Request bodies and queries: read within limits, parsed without surprises."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from aiohttp import web

from blynk_gateway.api.faults import RequestError, TooLarge, TooSlow
from blynk_gateway.core.json_text import WORDS, Json, decode_json, scalar_texts
from blynk_gateway.core.value import PinValue, printable

MAX_BODY_BYTES = 2 * 1024 * 1024
"""Longest body but for uploads. Source: the cloud's limit, blynk-protocol §10.2."""

MAX_VALUE_BODY_BYTES = 64 * 1024
"""Longest body of one value or text: 4,096 bytes fit however they are escaped. A million numbers,
which fit in `MAX_BODY_BYTES`, would keep devices waiting while they are parsed."""

BODY_WITHIN_S = 30.0
MAX_QUERY_FIELDS = 1024


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body.

    Args:
        limit: bytes it may have.

    Raises:
        TooLarge: it has more.
        TooSlow: it took longer than `BODY_WITHIN_S`.
        RequestError: the peer broke the transfer's framing.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise TooLarge(f"the body is too long; expected at most {limit} bytes")
    except TimeoutError:
        raise TooSlow(f"the body did not arrive within {BODY_WITHIN_S:.0f} s") from None
    except web.RequestPayloadError as error:
        raise RequestError("the body's framing is broken") from error
    return bytes(body)


def parse_json(body: bytes) -> Json:
    """The JSON text as Python objects, numbers as `Literal`.

    Raises:
        RequestError: it is no JSON, or what `decode_json` refuses.
    """
    try:
        return decode_json(body.decode())
    except ValueError:
        raise RequestError("the body is no JSON text in UTF-8") from None


def parse_query(request: web.Request) -> dict[str, list[str]]:
    """The query's values by name, in order; bytes that are no UTF-8 as surrogate escapes.

    Raises:
        RequestError: more than `MAX_QUERY_FIELDS` fields.
    """
    try:
        pairs = parse_qsl(
            request.rel_url.raw_query_string,
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_QUERY_FIELDS,
        )
    except ValueError:
        raise RequestError(f"the query has more than {MAX_QUERY_FIELDS} fields") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def json_value(item: Json) -> PinValue | None:
    """The pin value of a JSON scalar or array of scalars; None if it is something else."""
    texts = scalar_texts(item, WORDS)
    return None if texts is None else pin_value(texts)


def pin_value(parameters: Sequence[str]) -> PinValue:
    """Parameters as a pin value; a zero byte separates parameters, on the wire as here."""
    return tuple("\0".join(parameters).split("\0")) if parameters else ()


def only_field(query: Mapping[str, list[str]], name: str) -> str | None:
    """The first value of a query field, fit for people, or None."""
    values = query.get(name)
    return printable(values[0]) if values else None
