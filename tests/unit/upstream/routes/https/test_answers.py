"""What answers mean; texts are those of the documents."""

import json

import pytest

from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.route import ServerDown, ServerRefused, TooFast
from blynk_gateway.upstream.routes.https.answers import (
    DAILY_LIMIT_S,
    MAX_REASON,
    MAX_RETRY_AFTER_S,
    Answer,
    Blame,
    CaptivePortal,
    Complaint,
    text_of,
)

PLACE, TOKEN = "blynk.cloud:443", "secret-token"
JSON = "application/json;charset=utf-8"


def said(message: str, status: int = 400) -> Answer:
    return Answer(status, json.dumps({"error": {"message": message}}).encode(), JSON)


def fault_of(answer: Answer) -> PeerError:
    with pytest.raises(PeerError) as caught:
        text_of(answer, PLACE, TOKEN)
    return caught.value


@pytest.mark.parametrize("body", [b"OK", b"", b'{"v1":1}', b"true"])
def test_yes_is_its_text(body: bytes) -> None:
    assert text_of(Answer(200, body, "text/plain"), PLACE, TOKEN) == body.decode()


@pytest.mark.parametrize(
    "answer",
    [
        said("Invalid token."),
        said("Invalid token.", 401),
        Answer(400, b"Invalid token.", "text/plain"),
    ],
)
def test_unknown_token_is_refused_for_good(answer: Answer) -> None:
    assert type(fault_of(answer)) is ServerRefused


@pytest.mark.parametrize(
    ("message", "blame"),
    [
        ("Wrong pin format.", Blame.PIN),
        ("Wrong pin format. D5 is no pin that is open", Blame.PIN),
        ("Wrong dataStreamId format.", Blame.PIN),
        ("Requested dataStream doesn't exist in the product Pump", Blame.PIN),
        ("No datastream setup for that pin.", Blame.PIN),
        ("Value doesn't match the Datastream data type", Blame.TYPE),
        ("Wrong value", Blame.VALUE),
        ("Wrong timestamp. Expecting milliseconds of the last month.", Blame.VALUE),
        ("Request with incorrect parameters", Blame.VALUE),
        ("Something new", Blame.UNKNOWN),
        ("", Blame.UNKNOWN),
    ],
)
def test_complaint_tells_what_it_is_about(message: str, blame: Blame) -> None:
    fault = fault_of(said(message))
    assert isinstance(fault, Complaint)
    assert (fault.blame, fault.reason) == (blame, message or "HTTP 400")


@pytest.mark.parametrize("status", [413, 414])
def test_what_is_too_long_is_the_value_s_fault(status: int) -> None:
    fault = fault_of(Answer(status, b""))
    assert isinstance(fault, Complaint)
    assert (fault.blame, fault.reason) == (Blame.VALUE, f"HTTP {status}")


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, b""), 0.0),
        (Answer(429, b"", retry_after="12"), 12.0),
        (Answer(429, b"", retry_after="999999999"), MAX_RETRY_AFTER_S),
        (Answer(429, b"", retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 0.0),
        (Answer(429, b"", retry_after="\N{SUPERSCRIPT TWO}"), 0.0),
        (Answer(503, b"", retry_after="7"), 7.0),
        (said("Too much data in batch. Maximum batch size is 10000 points."), DAILY_LIMIT_S),
    ],
)
def test_flood_says_how_long_to_wait(answer: Answer, seconds: float) -> None:
    fault = fault_of(answer)
    assert isinstance(fault, TooFast)
    assert fault.retry_after_s == seconds


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"Log in!", "text/html"),
        Answer(200, b"  <!DOCTYPE html>", "text/plain"),
        Answer(404, b"<html>nothing here</html>", "Text/HTML; charset=utf-8"),
        Answer(301, b"", location="http://login.test/"),
        Answer(302, b""),
        Answer(303, b""),
        Answer(307, b""),
        Answer(511, b""),
    ],
)
def test_web_page_is_no_blynk_server(answer: Answer) -> None:
    assert isinstance(fault_of(answer), CaptivePortal)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(204, b""),
        Answer(206, b"OK"),
        Answer(403, b""),
        Answer(404, b""),
        Answer(500, b"Internal error"),
        Answer(502, b"<html>Bad gateway</html>", "text/html"),
        Answer(503, b""),
        said("Invalid token.", 500),
    ],
)
def test_anything_else_is_tried_again(answer: Answer) -> None:
    fault = fault_of(answer)
    assert type(fault) is ServerDown
    assert str(fault).startswith(f"{PLACE}: HTTP {answer.status}")
    assert "<html>" not in str(fault)


def test_message_is_one_safe_line_without_the_token() -> None:
    fault = fault_of(said(f"Bad {TOKEN}\n\x1b[31m " + "x" * 1000))
    assert isinstance(fault, Complaint)
    assert TOKEN not in f"{fault} {fault.reason}"
    assert fault.reason.isprintable()
    assert len(fault.reason) <= MAX_REASON + 1


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"error": 5}', b'{"error": {"message": 5}}', b"[" * 100_000, b"null"]
)
def test_nonsense_is_a_complaint_nobody_understands(body: bytes) -> None:
    fault = fault_of(Answer(400, body, JSON))
    assert isinstance(fault, Complaint)
    assert fault.blame is Blame.UNKNOWN
