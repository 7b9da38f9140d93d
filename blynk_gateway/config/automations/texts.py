"""Texts that rules hold: messages, event codes, devices."""

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Scalar
from blynk_gateway.config.likely import likely_slug
from blynk_gateway.config.scalars import MAX_TEXT_LENGTH, SLUG, parse_text
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION

ANY_WORD = "any"
"""Whatever device."""

MAX_MESSAGE_LENGTH = 4096
"""Characters of a message to people; services cut it shorter."""

MAX_PAYLOAD_BYTES = 16_384


def _is_text(text: str, longest: int) -> bool:
    # Half of a surrogate pair can be neither sent nor kept.
    return (
        len(text) <= longest and "\0" not in text and text == text.encode(errors="ignore").decode()
    )


def _parse_message(text: str) -> str:
    if not text.strip() or not _is_text(text, MAX_MESSAGE_LENGTH):
        raise ValueError(text)
    return text


def _parse_payload(text: str) -> str:
    if not _is_text(text, MAX_PAYLOAD_BYTES) or len(text.encode()) > MAX_PAYLOAD_BYTES:
        raise ValueError(text)
    return text


def _parse_description(text: str) -> str:
    if not _is_text(text, MAX_EVENT_DESCRIPTION):
        raise ValueError(text)
    return text


def _parse_device(text: str) -> str:
    return "" if text == ANY_WORD else SLUG.parse(text)


MESSAGE = Scalar(_parse_message, f"a text of 1 to {MAX_MESSAGE_LENGTH} characters", quoted)
TITLE = Scalar(
    lambda text: text and parse_text(text),
    f"a text of at most {MAX_TEXT_LENGTH} characters in one line",
    quoted,
)
PAYLOAD = Scalar(_parse_payload, f"a text of at most {MAX_PAYLOAD_BYTES} bytes", quoted)
DESCRIPTION = Scalar(
    _parse_description, f"a text of at most {MAX_EVENT_DESCRIPTION} characters", quoted
)
DEVICE_OR_ANY = Scalar(
    _parse_device,
    f"the slug of a device, or {ANY_WORD}",
    lambda slug: slug or ANY_WORD,
    (ANY_WORD,),
    likely=likely_slug,
)
"""The slug, empty for any."""
