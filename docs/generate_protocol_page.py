"""Write docs/reference/protocol.md from the numbers in the code; a test compares the two."""

from __future__ import annotations

from pathlib import Path

from blynk_gateway.protocol.commands import (
    LOGINS,
    SAFE_FOR_EVERY_DEVICE,
    SAFE_FOR_SOME_DEVICES,
    Command,
    Status,
)
from blynk_gateway.protocol.frames import HEADER_BYTES, MAX_BODY_BYTES, MAX_LOGIN_BODY_BYTES
from blynk_gateway.protocol.info import DEFAULT_BODY_BYTES, MAX_HEARTBEAT_S
from blynk_gateway.protocol.requests import (
    MAX_PUSH_CHARACTERS,
    MAX_SMS_CHARACTERS,
    MAX_TWEET_CHARACTERS,
)
from blynk_gateway.protocol.sending import PACE_S
from blynk_gateway.protocol.server import (
    DEFAULT_IDLE_S,
    HEARTBEATS_UNTIL_IDLE,
    HOLD_S,
    LOGIN_TIMEOUT_S,
    MIN_IDLE_S,
    REFUSED_LINGER_S,
)

PAGE = Path(__file__).parent / "reference" / "protocol.md"

LIMITS = [
    ("Longest body of a frame", f"{MAX_BODY_BYTES} bytes"),
    ("Longest token", f"{MAX_LOGIN_BODY_BYTES} bytes"),
    ("Longest body to a device that announced no `buff-in`", f"{DEFAULT_BODY_BYTES} bytes"),
    (
        "Longest push, tweet, SMS",
        f"{MAX_PUSH_CHARACTERS}, {MAX_TWEET_CHARACTERS}, {MAX_SMS_CHARACTERS} characters",
    ),
    ("Time for a login", f"{LOGIN_TIMEOUT_S:g} s"),
    ("A refused connection is closed after", f"{REFUSED_LINGER_S:g} s"),
    ("Longest wait for the info message before other frames go out", f"{HOLD_S:g} s"),
    (
        "Silence that ends a connection",
        f"{HEARTBEATS_UNTIL_IDLE:g} times `h-beat`, at least"
        f" {MIN_IDLE_S:g} s; {DEFAULT_IDLE_S:g} s without `h-beat`",
    ),
    ("Longest `h-beat` believed", f"{MAX_HEARTBEAT_S} s"),
    ("Pause between frames to blynklib 0.2.6", f"{PACE_S * 1000:g} ms"),
]


def protocol_page() -> str:
    """The page as text."""
    lines = [
        "# The Blynk device protocol",
        "",
        "<!-- Made by docs/generate_protocol_page.py; change the code and run that. -->",
        "",
        f"Every frame starts with {HEADER_BYTES} bytes: type (1), message id (2), length (2), all"
        " big-endian. The",
        "body has that length; its parameters are text separated by zero bytes. A RESPONSE has no"
        " body:",
        "its length field is the status.",
        "",
        "## Frames",
        "",
        "| Type | Name | Sent to devices | Meaning |",
        "| ---: | --- | --- | --- |",
        *(f"| {c:d} | {c.name} | {_sent(c)} | {c.doc} |" for c in Command),
        "",
        "Other types below 100 are skipped, types from 100 on end the connection. Before a login"
        f" only {' and '.join(str(int(c)) for c in sorted(LOGINS))}",
        "are allowed.",
        "",
        "## Statuses",
        "",
        "| Status | Name | Meaning |",
        "| ---: | --- | --- |",
        *(f"| {s:d} | {s.name} | {s.doc} |" for s in Status),
        "",
        "## Limits",
        "",
        "| What | Limit |",
        "| --- | --- |",
        *(f"| {what} | {limit} |" for what, limit in LIMITS),
        "",
    ]
    return "\n".join(lines)


def _sent(command: Command) -> str:
    if command in SAFE_FOR_EVERY_DEVICE:
        return "yes"
    return "if the client survives it" if command in SAFE_FOR_SOME_DEVICES else "never"


if __name__ == "__main__":
    PAGE.write_text(protocol_page(), encoding="utf-8")
