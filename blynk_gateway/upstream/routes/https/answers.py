"""What the answers of the server's HTTP interface mean.

Errors are `{"error": {"message": …}}`, or the message alone. Source: blynk-protocol §10.2.
"""

from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

from blynk_gateway.core.json_text import decode_json
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.route import PastFull, ServerDown, ServerRefused, TooFast

MAX_REASON = 200
"""Characters of what a server says that are passed on."""

MAX_ERROR = 4096
"""Characters of an error that are looked at."""

MAX_RETRY_AFTER_S = 3600.0

DAILY_LIMIT_S = 3600.0
"""When it is tried again after the points of a day are used up; nobody says when its day ends."""


class CaptivePortal(ServerDown):
    """A web page answers where the server should."""

    code = "upstream.portal"
    hint = (
        "Where a Wi-Fi or hotspot asks for a login first, log in there; else check `server` and its"
        " port."
    )


class Blame(Enum):
    """What a complaint is about."""

    PIN = "pin"
    """The pin: none of its values will be taken before somebody changes the device above."""

    TYPE = "type"
    """This value: it is of another type than the pin's datastream."""

    VALUE = "value"
    """This value, or the time of this point."""

    UNKNOWN = "unknown"
    """Nobody knows; it may be about the whole request, or about the device."""


class Complaint(ServerDown):
    """The server does not want what a request asked for.

    Args:
        reason: as the server said it, fit for logs.
    """

    code = "upstream.complaint"
    hint = "Compare the pins that are mapped with the datastreams of the device above."

    def __init__(self, message: str, reason: str, blame: Blame) -> None:
        super().__init__(message)
        self.reason = reason
        self.blame = blame


class Answer(NamedTuple):
    """What came back, headers with it that matter; those that are not there are empty."""

    status: int
    body: bytes
    content_type: str = ""
    location: str = ""
    retry_after: str = ""


_INVALID_TOKEN = "Invalid token"  # noqa: S105  the refusal, not a token
_DAILY_LIMIT = "Too much data in batch"

_BLAMES = {
    "Wrong pin format": Blame.PIN,
    "Wrong dataStreamId format": Blame.PIN,
    "Requested dataStream doesn't exist": Blame.PIN,
    "No datastream setup": Blame.PIN,
    "Value doesn't match": Blame.TYPE,
    "Wrong value": Blame.VALUE,
    "Wrong timestamp": Blame.VALUE,
    # The parameters are always the right ones, so it is a time or a value in them.
    "Request with incorrect parameters": Blame.VALUE,
}
"""By how the message begins; the server goes on with names, and not always with a full stop."""

_TOO_LONG = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_URI_TOO_LONG)
_COMPLAINTS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, *_TOO_LONG)

_FAULTS = HTTPStatus.INTERNAL_SERVER_ERROR
"""From here on it is the server's own fault."""

_ELSEWHERE = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED,
)
"""The server redirects by 308 alone; with these a network asks for a login."""


def text_of(answer: Answer, place: str, token: str) -> str:
    """The body of an answer that says yes.

    Args:
        token: is never repeated, even if the server does.

    Raises:
        ServerRefused: it does not know the token.
        TooFast: it was too much.
        Complaint: it does not want this.
        CaptivePortal: it is no answer of a Blynk server.
        ServerDown: anything else.
    """
    text = answer.body.decode("utf-8", "replace")
    if answer.status in _ELSEWHERE or (_is_page(answer, text) and answer.status < _FAULTS):
        raise portal(place, f"HTTP {answer.status} and a web page")
    if answer.status == HTTPStatus.OK:
        return text
    raise _fault(answer, place, _said(text[:MAX_ERROR]).replace(token, "…"))


def portal(place: str, found: str) -> CaptivePortal:
    """No answer of a Blynk server."""
    return CaptivePortal(f"{place}: {found}; expected the answer of a Blynk server")


def _is_page(answer: Answer, text: str) -> bool:
    return answer.content_type.lower().startswith("text/html") or text.lstrip()[:1] == "<"


def _said(text: str) -> str:
    try:
        document = decode_json(text)
    except ValueError:
        document = None
    match document:
        case {"error": {"message": str(message)}}:
            return message
        case _:
            pass
    # Of a proxy's page the status says enough.
    return "" if text.lstrip()[:1] == "<" else text


def _fault(answer: Answer, place: str, said: str) -> PeerError:
    status = answer.status
    if status < _FAULTS and said.startswith(_INVALID_TOKEN):
        return ServerRefused(f"{place}: it does not know the token; expected one of its own")
    reason = safe(" ".join(said.split()), MAX_REASON)
    message = f"{place}: HTTP {status}{f' ({reason})' if reason else ''}; expected 200"
    if said.startswith(_DAILY_LIMIT):
        return PastFull(message, DAILY_LIMIT_S)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and answer.retry_after
    ):
        return TooFast(message, _seconds(answer.retry_after))
    if status in _COMPLAINTS:
        blame = Blame.VALUE if status in _TOO_LONG else _blame(said)
        return Complaint(message, reason or f"HTTP {status}", blame)
    return ServerDown(message)


def _blame(said: str) -> Blame:
    found = (blame for beginning, blame in _BLAMES.items() if said.startswith(beginning))
    return next(found, Blame.UNKNOWN)


def _seconds(text: str) -> float:
    return min(float(text), MAX_RETRY_AFTER_S) if text.isascii() and text.isdigit() else 0.0
