"""A notification on its way, and the form in which it waits on disk."""

from collections.abc import Mapping
from dataclasses import dataclass

from blynk_gateway.automations.outbox import Done, Payload


def nobody_waits(_result: str, _is_failed: bool) -> None:
    """For messages whose result nobody records."""


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """A notification for one service.

    Attributes:
        key: by which the outbox knows it.
        service: its name.
        rule: what it is about for the queue, `too-hot`, `event:hot`, `device greenhouse`.
        at_ms: UTC, when it was made.
        is_time_known: whether the clock could be trusted then.
        born: monotonic seconds, when it was made, or would have been by the age it had at a start.
        attempts: that failed since the gateway started.
        reason: why the latest failed.
    """

    key: str
    service: str
    rule: str
    title: str
    text: str
    recipient: str = ""
    at_ms: int
    is_time_known: bool
    born: float
    attempts: int = 0
    reason: str = ""
    done: Done = nobody_waits

    def as_json(self) -> Payload:
        """What the outbox keeps."""
        return {
            "service": self.service,
            "rule": self.rule,
            "title": self.title,
            "text": self.text,
            "recipient": self.recipient,
            "at_ms": self.at_ms,
            "is_time_known": self.is_time_known,
        }


def restored(
    key: str, kept: Mapping[str, object], now: float, now_ms: int | None
) -> Message | None:
    """A message from the outbox, None if it is none.

    Args:
        now: monotonic seconds.
        now_ms: UTC, None while the clock cannot be trusted: it is as good as new then.
    """
    match kept:
        case {
            "service": str(service),
            "rule": str(rule),
            "title": str(title),
            "text": str(text),
            "recipient": str(recipient),
            "at_ms": int(at_ms),
            "is_time_known": bool(is_time_known),
        }:
            age_s = max(0.0, (now_ms - at_ms) / 1000) if now_ms and is_time_known else 0.0
            return Message(
                key=key,
                service=service,
                rule=rule,
                title=title,
                text=text,
                recipient=recipient,
                at_ms=at_ms,
                is_time_known=is_time_known,
                born=now - age_s,
            )
        case _:
            return None
