"""The program that sends notifications by Apprise, in a process of its own.

Apprise with its hundred services costs 40 MB and a second of a Pi's time, some of its services wait
on the network for as long as that lets them, and each is code of somebody else. So the gateway
starts a process for it (`sender_process.py`), ends it when it is idle, and kills it when it hangs.

One request per line of standard input, one answer per line of standard output, both JSON objects.
Secrets come by standard input alone, where no list of processes shows them.

Request: `url`, `title`, `text`, `recipient` (address that a mail goes to whose URL names none);
`text` null only looks at the URL. Answer: `outcome`, see `Outcome`, and `reason` for people, in
which everything that stands in the URL is hidden.
"""

import json
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import BinaryIO, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ALONE_S = 150
"""A sender that hangs after its gateway was killed ends by itself; a gateway kills it earlier."""

MAX_REASON = 300
"""Characters of a reason."""

MIN_SECRET = 4
"""Shorter parts of a URL are no secret worth the name, and stand in every other word."""

MISSING = (
    "Apprise is not installed, which sends notifications:"
    " sudo apt install apprise, or pip install 'blynk-gateway[notifications]'"
)
UNKNOWN_URL = (
    "its URL is none that Apprise can use; each service's form is described at"
    " https://appriseit.com/services/"
)

APP_NAME = "Blynk Gateway"
"""Sender of mails whose URL does not name one, and user agent."""

_MAIL_SCHEMES = frozenset({"mailto", "mailtos"})
_SPLIT = re.compile(r"[/?&=:@,]+")
_SYSTEM_CAUSE = re.compile(r"\[Errno -?\d+\] ([A-Za-z ]+)")
_BLANKS = re.compile(r"\s+")


class Outcome(StrEnum):
    """What became of a request."""

    SENT = "sent"
    """To a look at the URL: it can be used."""

    FAILED = "failed"
    """It may be sent later."""

    REFUSED = "refused"
    """It never can be."""


class Answer(NamedTuple):
    """What became of a request, and why it was not sent."""

    outcome: Outcome
    reason: str = ""


class Complaints(logging.Handler):
    """Keeps what Apprise says about one request: it returns no reasons."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.warnings: list[str] = []
        self.exceptions: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep warnings, and the cause that follows some of them on the level of debugging."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.warnings.append(text)
        elif "Exception: " in text:
            self.exceptions.append(text.partition("Exception: ")[2])

    def reason(self, url: str) -> str:
        """The latest complaint with its cause, without what stands in the URL."""
        parts = [*self.warnings[-1:], *self.exceptions[-1:]] or ["the service did not take it"]
        text = _BLANKS.sub(" ", hidden(": ".join(part.rstrip(". ") for part in parts), url))
        if cause := _SYSTEM_CAUSE.search(text):
            # Wrapped in the names of four exceptions.
            return f"it cannot be reached: {cause[1].strip()}"
        return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"


def hidden(text: str, url: str) -> str:
    """The text without any part of the URL: with some services even the host is a token."""
    place, _, query = url.partition("://")[2].partition("?")
    # The names in a query are words of Apprise's.
    values = (pair.partition("=")[2] for pair in query.split("&"))
    found = _SPLIT.split("/".join((place, *values)))
    parts = {part for part in found if len(part) >= MIN_SECRET}
    parts |= {unquote(part) for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def with_recipient(url: str, recipient: str) -> str:
    """The URL of a mail service with the recipient, unless it names one itself."""
    try:
        parts = urlsplit(url)
        has_own = parts.path.strip("/") or any(
            name.lower() == "to" for name, _ in parse_qsl(parts.query)
        )
    except ValueError:
        return url
    if not recipient or has_own or parts.scheme.lower() not in _MAIL_SCHEMES:
        return url
    return f"{url}{'&' if '?' in url else '?'}to={quote(recipient, safe='')}"


def send(request: Mapping[str, str | None]) -> Answer:
    """Do what a request says."""
    try:
        import apprise  # noqa: PLC0415  it may be missing, which is an answer
    except ImportError:
        return Answer(Outcome.REFUSED, MISSING)
    complaints = Complaints()
    apprise.logger.handlers = [complaints]
    apprise.logger.propagate = False
    apprise.logger.setLevel(logging.DEBUG)
    asset = apprise.AppriseAsset(
        app_id=APP_NAME, app_desc=APP_NAME, async_mode=False, secure_logging=True
    )
    url = with_recipient(request["url"] or "", request["recipient"] or "")
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        return Answer(Outcome.REFUSED, UNKNOWN_URL)
    text = request["text"]
    if text is None:
        return Answer(Outcome.SENT, complaints.reason(url) if complaints.warnings else "")
    target = apprise.Apprise(asset=asset)
    target.add(service)
    # A mail of a subject alone is none to Apprise.
    is_sent = target.notify(
        body=text or request["title"] or " ", title=request["title"] or "", body_format="text"
    )
    return Answer(Outcome.SENT) if is_sent else Answer(Outcome.FAILED, complaints.reason(url))


def serve(
    requests: BinaryIO,
    answers: BinaryIO,
    work: Callable[[Mapping[str, str | None]], Answer] = send,
) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        signal.alarm(ALONE_S)
        try:
            answer = work(request)
        except Exception as error:  # noqa: BLE001  a service's fault must not end the process
            reason = hidden(f"{type(error).__name__}: {error}", request["url"])
            answer = Answer(Outcome.FAILED, reason[:MAX_REASON])
        signal.alarm(0)
        answers.write(json.dumps(answer._asdict()).encode() + b"\n")
        answers.flush()


def main() -> None:
    """Serve standard input and output, which nothing else may write to."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a service prints must not be taken for an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)
