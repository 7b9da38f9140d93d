"""Causes of runs, for people and for placeholders."""

from blynk_gateway.automations.cause import Cause
from blynk_gateway.core.change import EventChange, EventKind, PinChange, StatusChange
from blynk_gateway.core.value import PinValue, printable

MAX_SHOWN = 80
"""Characters of a value or topic that a cause shows."""


def shown(value: PinValue) -> str:
    """A value in one line for people."""
    return clipped(value[0] if len(value) == 1 else ", ".join(value))


def clipped(text: str) -> str:
    """The beginning of a text, fit for people."""
    if len(text) > MAX_SHOWN:
        text = f"{text[: MAX_SHOWN - 1]}…"
    return text if text.isascii() and text.isprintable() else _plain(text)


def of_pin(change: PinChange) -> Cause:
    """The cause of what a change starts at once; its text is made when somebody looks."""
    seq, device, pin, value, previous, _, _, at_ms, _, depth = change
    return Cause("", at_ms, device, pin, value, previous, "", seq, depth)


def of_status(change: StatusChange, text: str) -> Cause:
    """The cause of what a device starts that comes, goes or falls silent."""
    return Cause(text=text, at_ms=change.at_ms, device=change.device, seq=change.seq)


def of_event(change: EventChange, depth: int) -> Cause:
    """The cause of what an entry of the timeline starts; its description is the value."""
    what = "resolved" if change.kind is EventKind.RESOLVED else "logged"
    return Cause(
        text=f"{what} {clipped(change.code)} on {change.device}",
        at_ms=change.at_ms,
        device=change.device,
        value=(change.description,),
        event=change.code,
        seq=change.seq,
        depth=depth,
    )


def of_message(topic: str, value: PinValue, at_ms: int) -> Cause:
    """The cause of what an MQTT message starts."""
    return Cause(text=f"{clipped(topic)} = {shown(value)}", at_ms=at_ms, value=value)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in printable(text))
