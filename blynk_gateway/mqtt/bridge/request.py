"""A request as it comes and its answer as it goes, as zigbee2mqtt has them.

request/NAME   {"transaction": "mine-7", …} or a plain value or nothing
response/NAME  {"status": "ok", "data": {…}, "transaction": "mine-7"}
               {"status": "error", "error": "…", "data": {…}, "transaction": "mine-7"}

The answer repeats the transaction, a text or a number, by which many may ask at once.
"""

import json
import math
from typing import Any, NamedTuple

from blynk_gateway.errors import GatewayError
from blynk_gateway.mqtt.bridge.signature import json_of

MAX_REQUEST_BYTES = 4096
"""The longest that any request has use for is a hundred."""


class RequestRefused(GatewayError):
    """A request asks for what cannot be done; nothing was changed."""

    code = "mqtt.request"
    hint = "The guide to MQTT lists the requests and what each takes."


class Request(NamedTuple):
    """What is asked.

    Attributes:
        body: JSON, or the text where it is none.
        transaction: what the answer has to repeat, a text or a number; None where there is none.
    """

    name: str
    body: Any
    transaction: str | float | None


def parse_request(name: str, payload: bytes) -> Request:
    """Take a request apart; one that is too long has no body, and fails where it needs one."""
    body: Any = None
    if len(payload) <= MAX_REQUEST_BYTES:
        try:
            body = json.loads(payload, parse_constant=_no_number)
        except (ValueError, RecursionError):
            # UnicodeDecodeError is a ValueError too.
            body = payload.decode("utf-8", "replace")
    transaction = body.get("transaction") if isinstance(body, dict) else None
    return Request(name, body, transaction if _is_plain(transaction) else None)


def answer(request: Request, data: dict[str, Any]) -> str:
    """JSON of an answer."""
    return _finished({"status": "ok", "data": data}, request)


def refusal(request: Request, error: GatewayError, data: dict[str, Any]) -> str:
    """JSON that says why there is no better answer."""
    reason = f"{error}. {error.hint}"
    return _finished({"status": "error", "error": reason, "data": data}, request)


def _finished(document: dict[str, Any], request: Request) -> str:
    if request.transaction is not None:
        document["transaction"] = request.transaction
    return json_of(document)


def _is_plain(value: object) -> bool:
    """Whether it is a text or a number; 1e999 is no number in JSON."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
