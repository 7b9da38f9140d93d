"""Does single actions that take no time: their placeholders are filled in already."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from blynk_gateway.automations.outbox import Done
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.runs.effects import Effects
from blynk_gateway.automations.runs.record import RunRecord
from blynk_gateway.config.automations.options import (
    Action,
    EnableAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    SceneAction,
    SetAction,
    ToggleAction,
    WebhookAction,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import GatewayError, InvalidValue, LoopDetected
from blynk_gateway.formats.plain import plain_number
from blynk_gateway.runtime.parts import Parts

Told: TypeAlias = Callable[[RunRecord, int, str, bool], None]
"""Hears what became of an action of a run later."""

_COMMAND = Intent.COMMAND

# What a value that was filled in may bring into a topic; the broker would end the connection.
_NO_TOPIC = re.compile("[+#\0-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


class ActionFailed(GatewayError):
    """Some of what an action does was refused."""

    code = "automation.action_failed"
    hint = "Mend the action in the configuration file, or what it needs."


class Performer:
    """Does actions.

    Args:
        told: hears of what was handed over (webhooks, notifications) once it is known.
    """

    def __init__(
        self, parts: Parts, effects: Effects, placeholders: Placeholders, told: Told
    ) -> None:
        self._registry = parts.registry
        self._store = parts.store
        self._bus = parts.bus
        self._effects = effects
        self._placeholders = placeholders
        self._told = told
        # By type: a chain of comparisons would cost more than most actions.
        self._ways: dict[type, Callable[[Any, RunRecord], str]] = {
            SetAction: self._set,
            ToggleAction: self._toggle,
            PropertyAction: self._set_properties,
            SceneAction: self._run_scene,
            WebhookAction: self._send_webhook,
            PublishAction: self._publish,
            NotifyAction: self._notify,
            EventAction: self._record_event,
            EnableAction: self._enable,
        }

    def perform(self, action: Action, run: RunRecord) -> str:
        """Do an action; returns what became of it, empty if that is told later.

        Raises:
            LoopDetected: the run is one of a circle of runs.
            GatewayError: it failed.
        """
        return self._ways[type(action)](action, run)

    def write(self, address: PinAddress, value: PinValue, run: RunRecord) -> None:
        """Command a pin.

        Raises:
            GatewayError: it is refused.
        """
        device, pin = address
        self._store.write(
            device, pin, value, run.program.origin, _COMMAND, None, run.cause.seq, run.depth
        )

    def _set(self, action: SetAction, run: RunRecord) -> str:
        values = action.values
        if len(values) == 1:
            for address, value in values.items():
                self.write(address, value, run)
            return "done"
        return _each(
            (str(address), partial(self.write, address, value, run))
            for address, value in values.items()
        )

    def _toggle(self, action: ToggleAction, run: RunRecord) -> str:
        state = self._store.find(*action.pin)
        stream = self._store.find_datastream(*action.pin)
        low = 0.0 if stream is None or stream.minimum is None else stream.minimum
        high = low + 1 if stream is None or stream.maximum is None else stream.maximum
        # What was never written, or is no number, counts as off.
        now = None if state is None else number(state.value)
        target = str(plain_number(high if now is None or now <= low else low))
        self.write(action.pin, (target,), run)
        return f"to {target}"

    def _set_properties(self, action: PropertyAction, run: RunRecord) -> str:
        return _each(
            (f"{name} of {address}", partial(self._set_property, address, name, value, run))
            for address, properties in action.properties.items()
            for name, value in properties.items()
        )

    def _set_property(
        self, address: PinAddress, name: str, value: PinValue, run: RunRecord
    ) -> None:
        device = self._registry.get(address.device)
        self._registry.set_property(device, address.pin, name, value, run.program.origin)

    def _run_scene(self, action: SceneAction, run: RunRecord) -> str:
        text = f"rule {run.program.options.name}"
        reason = self._effects.run_scene(
            action.automation, run.cause._replace(text=text, depth=run.depth)
        )
        return f"not run: {reason}" if reason else "done"

    def _send_webhook(self, action: WebhookAction, run: RunRecord) -> str:
        name = run.program.options.name
        self._effects.webhook(action.webhook, run.cause, name, self._done(run))
        return ""

    def _publish(self, action: PublishAction, _: RunRecord) -> str:
        topic = printable(action.topic)
        if not topic or _NO_TOPIC.search(topic):
            raise InvalidValue(
                f"{topic[:80]!r} is no topic; expected one without +, # and control characters"
            )
        payload = printable(action.payload)
        self._effects.messages.publish(topic, payload, qos=action.qos, retain=action.retain)
        return "sent"

    def _notify(self, action: NotifyAction, run: RunRecord) -> str:
        title = action.title or run.program.options.name
        self._effects.notify(action, run.slug, title, action.text, self._done(run))
        return ""

    def _record_event(self, action: EventAction, run: RunRecord) -> str:
        device = self._registry.get(action.device or run.cause.device or self._placeholders.own)
        kind = EventKind.RESOLVED if action.is_resolved else EventKind.LOGGED
        seq = self._bus.next_seq
        # A text that grew when it was filled in is cut rather than refused.
        text = action.text[:MAX_EVENT_DESCRIPTION]
        self._registry.record_event(device, kind, action.code, text, run.program.origin)
        self._effects.note_depth(seq, run.depth)
        return "done"

    def _enable(self, action: EnableAction, _: RunRecord) -> str:
        self._effects.set_enabled(action.automation, action.is_enabled)
        return "done"

    def _done(self, run: RunRecord) -> Done:
        return partial(self._told, run, run.index)


def _each(doings: Iterable[tuple[str, Callable[[], None]]]) -> str:
    """Do all of them, whatever becomes of each.

    Raises:
        LoopDetected: of the first that it stops; the others are not done.
        ActionFailed: those named failed.
    """
    problems: list[str] = []
    for what, do in doings:
        try:
            do()
        except LoopDetected:
            raise
        except GatewayError as error:
            problems.append(f"{what}: {error}")
    if problems:
        raise ActionFailed("; ".join(problems))
    return "done"
