"""All webhooks: takes what rules hand over, tells how they are, tries one by hand."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done, Outbox
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.timers import Timers
from blynk_gateway.automations.webhooks.attempts import Attempts
from blynk_gateway.automations.webhooks.lane import KIND, MAX_FAILURES, Lane, LaneParts
from blynk_gateway.automations.webhooks.waiting import item_of
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.config.webhooks.options import WebhookOptions
from blynk_gateway.core.automations import WebhookAnswer, WebhookState, unknown_webhook
from blynk_gateway.core.change import EventKind, Origin, OriginKind
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.logs import safe
from blynk_gateway.runtime.parts import Parts

if TYPE_CHECKING:
    from blynk_gateway.automations.webhooks.calls import Calls

log = logging.getLogger(__name__)

COMPONENT = "webhooks"
OFF_EVENT = "webhook_off"

MAX_AGE_MS = 86_400_000
"""What waited for longer is of no use any more."""


class WebhookSender:
    """Meets `core.automations.Webhooks`.

    Args:
        sample: the trigger's pin, with what it has now, of the first rule that uses a webhook.
    """

    def __init__(
        self,
        parts: Parts,
        timers: Timers,
        placeholders: Placeholders,
        outbox: Outbox,
        sample: Callable[[str], Cause | None],
    ) -> None:
        self._parts = parts
        self._placeholders = placeholders
        self._outbox = outbox
        self._sample = sample
        self._calls: Calls | None = None
        attempts = Attempts(parts, placeholders, self._caller)
        self._shared = LaneParts(parts, timers, outbox, attempts, self._changed)
        self._lanes: dict[str, Lane] = {}
        self._leaving: list[Lane] = []
        self._is_started = False

    def define(self, webhooks: Mapping[str, WebhookOptions]) -> None:
        """Have these webhooks and no others; what waits stays. One that was off is on again."""
        if webhooks:
            # Loaded now and not by the first request, which others would have to wait for.
            self._caller()
        lanes: dict[str, Lane] = {}
        for name, options in webhooks.items():
            lane = self._lanes.pop(name, None) or Lane(options, self._shared)
            lane.options = options
            lanes[name] = lane
        gone, self._lanes = list(self._lanes.values()), lanes
        for lane in gone:
            lane.retire()
        self._leaving = [lane for lane in (*self._leaving, *gone) if lane.is_busy]
        for lane in lanes.values():
            lane.switch_on()
            if self._is_started:
                lane.open()
        self._report()

    def submit(self, name: str, cause: Cause, done: Done, rule: str = "") -> None:
        """Send a webhook as soon as its interval allows; returns at once.

        Args:
            done: told later what became of it.
            rule: name of the rule that wants it.

        Raises:
            UnknownWebhook: there is none of this name.
            WebhookOff: it failed too often.
        """
        self._lane(name).submit(cause, rule, done)

    async def start(self) -> None:
        """Begin to send, first what an earlier run of the gateway left."""
        try:
            left = await self._outbox.load(KIND)
        except HistoryError as error:
            log.warning("waiting webhooks cannot be read", extra={"reason": error})
            left = []
        for key, payload in left:
            if not self._restore(payload):
                self._outbox.remove(KIND, key)
        self._is_started = True
        for lane in self._lanes.values():
            lane.open()

    async def stop(self) -> None:
        """End every request; what waits is sent after the next start. May be repeated."""
        self._is_started = False
        for lane in (*self._lanes.values(), *self._leaving):
            await lane.close()
        self._leaving.clear()
        if self._calls is not None:
            await self._calls.close()

    def states(self) -> list[WebhookState]:
        """How they are, in the order of the configuration."""
        return [lane.state for lane in self._lanes.values()]

    async def test(self, name: str, value: PinValue | None) -> WebhookAnswer:
        """Send one request now; success switches a webhook that is off on again.

        Args:
            value: what is sent as the pin's value; None for what the pin of a rule has now.

        Raises:
            UnknownWebhook: there is none.
        """
        lane = self._lane(name)
        cause = self._sample(name) or Cause("by hand", self._parts.clock.now_ms())
        if value is not None:
            cause = cause._replace(value=value)
        outcome, took_ms = await lane.test(cause)
        return WebhookAnswer(
            outcome.is_ok, outcome.request, outcome.status, outcome.result, took_ms, outcome.body
        )

    def _caller(self) -> "Calls":
        if self._calls is None:
            # Who has no webhooks keeps no HTTP client in memory: 13 MB.
            from blynk_gateway.automations.webhooks.calls import Calls  # noqa: PLC0415  see above

            self._calls = Calls()
        return self._calls

    def _lane(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            raise unknown_webhook(name, suggestion(name, self._lanes))
        return lane

    def _restore(self, payload: Mapping[str, Any]) -> bool:
        """Take an entry of the outbox; False if it is of no use."""
        lane = self._lanes.get(str(payload.get("webhook")))
        if lane is None:
            return False
        last_ms = payload.get("last_ms")
        if isinstance(last_ms, int):
            lane.restore_last(last_ms)
            return True
        try:
            item = item_of(dict(payload), _nobody_waits)
        except ValueError:
            return False
        if self._parts.clock.now_ms() - item.at_ms > MAX_AGE_MS:
            return False
        # What came since under the same key has replaced the entry too.
        lane.restore(item)
        return True

    def _changed(self, lane: Lane) -> None:
        self._report()
        registry = self._parts.registry
        device = registry.find(self._placeholders.own)
        if lane.is_off and device is not None:
            state = lane.state
            text = f"webhook {state.name} is off after {MAX_FAILURES} failures: {state.last_result}"
            description = safe(text, MAX_EVENT_DESCRIPTION - 1)
            origin = Origin(OriginKind.GATEWAY)
            registry.record_event(device, EventKind.SYSTEM, OFF_EVENT, description, origin)

    def _report(self) -> None:
        off = [lane.state for lane in self._lanes.values() if lane.is_off]
        health = self._parts.health
        if off:
            names = ", ".join(state.name for state in off)
            health.report(
                COMPONENT,
                HealthState.DEGRADED,
                f"off after {MAX_FAILURES} failures: {names} ({off[0].last_result}); mend it, then"
                f" run `blynk-gateway webhook test {off[0].name}` or reload",
            )
        elif self._lanes or COMPONENT in health.components:
            health.report(COMPONENT, HealthState.OK)


def _nobody_waits(_result: str, _is_failed: bool) -> None:
    """The run that wanted it belongs to an earlier run of the gateway."""
