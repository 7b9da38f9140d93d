"""By which way runs led back to themselves, in words.

It is walked backwards from the run that was one too many: each effect knows its depth, so what led
to it is the latest run of that depth that writes this pin, logs this event or runs this scene.
"""

from collections.abc import Iterable

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.runs.record import RunRecord
from blynk_gateway.config.automations.options import (
    Action,
    EventAction,
    PulseAction,
    SceneAction,
    SetAction,
    WebhookAction,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.store import MAX_DEPTH


def describe(run: RunRecord, runs: Iterable[RunRecord]) -> str:
    """Why a rule was stopped, and what to do.

    Args:
        run: the one that was one too many.
        runs: those that are remembered.
    """
    way = [run.slug]
    older = sorted((one for one in runs if one.id < run.id), key=lambda one: -one.id)
    now = run
    for one in older:
        step = _step(one, now)
        if step is None:
            continue
        way[:0] = [one.slug, *step]
        now = one
        if one.slug == run.slug:
            return (
                f"it ran in a circle: {' → '.join(way)}; let one of them wait for a second or more,"
                " or not do what starts the next"
            )
    shown = " → ".join(("…", *way)) if len(way) > 1 else way[0]
    return (
        f"it was the last of more than {MAX_DEPTH} effects of one change: {shown}; let one of them"
        " wait for a second or more"
    )


def _step(before: RunRecord, run: RunRecord) -> list[str] | None:
    """What lies between two runs of which the first may have caused the second; None for none."""
    cause = run.cause
    actions = before.program.options.then
    where = f"{cause.device}/{cause.pin}" if cause.pin else f"event {cause.event}"
    if before.depth == cause.depth:
        if _is_scene(before, run):
            return []
        if any(_does(action, cause) for action in actions):
            return [where]
        for action in actions:
            if isinstance(action, WebhookAction) and cause.pin:
                return [f"webhook {action.webhook}", where]
    elif before.depth == cause.depth - 1 and cause.pin:
        # Nothing else writes pins with a depth.
        return ["a link", where]
    return None


def _is_scene(before: RunRecord, run: RunRecord) -> bool:
    return run.cause.text == f"rule {before.program.options.name}" and any(
        isinstance(action, SceneAction) and action.automation == run.slug
        for action in before.program.options.then
    )


def _does(action: Action, cause: Cause) -> bool:
    match action:
        case SetAction():
            return PinAddress(cause.device, cause.pin) in action.values
        case PulseAction():
            return PinAddress(cause.device, cause.pin) == action.pin
        case EventAction():
            return bool(cause.event) and action.code == cause.event
        case _:
            return False
