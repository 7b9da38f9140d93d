"""Actions in words, for people."""

from collections.abc import Iterable

from blynk_gateway.config.automations.options import (
    Action,
    DelayAction,
    EnableAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    PulseAction,
    SceneAction,
    SetAction,
    ToggleAction,
    WebhookAction,
)
from blynk_gateway.core.value import printable

MAX_TEXT = 200
"""Longest text of an action or result that is shown and kept, characters."""

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def describe(action: Action) -> str:  # noqa: C901, PLR0911  one action after another
    """What an action does: `set pi/V1 to 1`."""
    match action:
        case SetAction():
            return _short(
                "set " + ", ".join(f"{a} to {_shown(v)}" for a, v in action.values.items())
            )
        case ToggleAction():
            return f"toggle {action.pin}"
        case PropertyAction():
            return _short("set " + ", ".join(_properties(action)))
        case DelayAction():
            return f"wait {duration(action.ms)}"
        case PulseAction():
            return _short(_pulse(action))
        case SceneAction():
            return f"run {action.automation}"
        case WebhookAction():
            return f"send webhook {action.webhook}"
        case PublishAction():
            retained = " (retained)" if action.retain else ""
            return _short(f"publish {action.topic}: {action.payload}", retained)
        case NotifyAction():
            to = " ".join(("notify", *([", ".join(action.to)] if action.to else [])))
            return _short(": ".join(text for text in (to, action.title, action.text) if text))
        case EventAction():
            what = "resolve" if action.is_resolved else "log"
            where = f" of {action.device}" if action.device else ""
            text = f": {action.text}" if action.text else ""
            return _short(f"{what} event {action.code}{where}{text}")
        case EnableAction():
            return f"{'enable' if action.is_enabled else 'disable'} {action.automation}"


def duration(ms: int) -> str:
    """A time in its largest units: `1 min 30 s`, `500 ms`."""
    parts: list[str] = []
    for unit_ms, unit in _UNITS:
        count, ms = divmod(ms, unit_ms)
        if count:
            parts.append(f"{count} {unit}")
    if ms or not parts:
        parts.append(f"{ms} ms")
    return " ".join(parts)


def _pulse(action: PulseAction) -> str:
    what = (
        f"pulse {action.pin}" if action.times == 1 else f"blink {action.pin} {action.times} times"
    )
    lasting = f" for {duration(action.on_ms)}"
    if action.times > 1:
        lasting = f", {duration(action.on_ms)} on and {duration(action.off_ms)} off"
    is_plain = (action.on, action.off) == (("1",), ("0",))
    values = "" if is_plain else f" ({_shown(action.on)}, then {_shown(action.off)})"
    return f"{what}{lasting}{values}"


def _properties(action: PropertyAction) -> Iterable[str]:
    for address, properties in action.properties.items():
        for name, value in properties.items():
            yield f"{name} of {address} to {_shown(value)}"


def _shown(value: Iterable[str]) -> str:
    return ", ".join(value) or "nothing"


def _short(text: str, end: str = "") -> str:
    text = printable(text)
    room = MAX_TEXT - len(end)
    return (text if len(text) <= room else f"{text[: room - 1]}…") + end
