import io
import json
import logging
import sys
from collections.abc import Mapping

import pytest

from blynk_gateway.automations.notifications import sender
from blynk_gateway.automations.notifications.sender import (
    Answer,
    Complaints,
    Outcome,
    hidden,
    serve,
    with_recipient,
)

MAIL = "mailto://me:secret@example.org"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (MAIL, f"{MAIL}?to=you%40example.net"),
        (f"{MAIL}/", f"{MAIL}/?to=you%40example.net"),
        (f"{MAIL}?smtp=nas", f"{MAIL}?smtp=nas&to=you%40example.net"),
        ("MAILTOS://nas", "MAILTOS://nas?to=you%40example.net"),
        (f"{MAIL}?to=me@example.org", f"{MAIL}?to=me@example.org"),
        (f"{MAIL}/me@example.org", f"{MAIL}/me@example.org"),
        ("ntfy://garden", "ntfy://garden"),
        ("mailto://[", "mailto://["),
    ],
)
def test_a_recipient_fills_only_the_gap_of_a_mail_service(url: str, expected: str) -> None:
    assert with_recipient(url, "you@example.net") == expected
    assert with_recipient(url, "") == url


def test_a_reason_hides_what_stands_in_the_url() -> None:
    url = "tgram://123456789:abc-def/99?name=caf%C3%A9s&x=12"
    text = "bot123456789:abc-def failed for 99, name cafés, x=12 of tgram"
    assert hidden(text, url) == "bot***:*** failed for 99, name ***, x=12 of tgram"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "the service did not take it"),
        (["W:first", "W:Failed  to send\nntfy: error=500."], "Failed to send ntfy: error=500"),
        (
            ["W:A Connection error.", "D:Socket Exception: (550, 'no such user topicname')"],
            "A Connection error: (550, 'no such user ***')",
        ),
        (
            ["W:oh", "D:Exception: X(Y('[Errno 111] Connection refused'))"],
            "it cannot be reached: Connection refused",
        ),
        (["D:ntfy Payload: {'message': 'private'}", "W:oh"], "oh"),
        (["W:" + "x" * 1000], "x" * 299 + "…"),
    ],
)
def test_reasons_are_for_people(lines: list[str], reason: str) -> None:
    complaints = Complaints()
    for line in lines:
        kind, _, text = line.partition(":")
        level = logging.WARNING if kind == "W" else logging.DEBUG
        complaints.emit(logging.LogRecord("apprise", level, "", 0, text, (), None))
    assert complaints.reason("ntfy://topicname") == reason


def _serve(*urls: str, work: object) -> list[dict[str, str]]:
    requests = b"".join(
        json.dumps({"url": url, "title": "", "text": "", "recipient": ""}).encode() + b"\n"
        for url in urls
    )
    answers = io.BytesIO()
    serve(io.BytesIO(requests), answers, work)  # type: ignore[arg-type]  # as the tests below say
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_service_that_fails_in_an_unforeseen_way_does_not_end_the_process() -> None:
    def work(request: Mapping[str, str | None]) -> Answer:
        if request["url"] == "a://verysecret":
            raise KeyError("verysecret")
        return Answer(Outcome.SENT)

    assert _serve("a://verysecret", "b://other", work=work) == [
        {"outcome": "failed", "reason": "KeyError: '***'"},
        {"outcome": "sent", "reason": ""},
    ]


def test_without_apprise_the_answer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    (answer,) = _serve("ntfy://garden", work=sender.send)
    assert answer["outcome"] == "refused"
    assert "sudo apt install apprise" in answer["reason"]
