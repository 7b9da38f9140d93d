"""The way of one webhook: one request at a time, in order, no sooner than its interval allows.

1. With an interval, of what waits for one pin the last value goes out; without one, each does.
2. A request that did not arrive is made again, later and later; a newer value of its pin takes its
   place. Such requests do not wait for the interval.
3. What waits is kept in the outbox until it arrived or was given up: a restart costs nothing, but
   the request that was under way may be made twice.
4. `MAX_FAILURES` values in a row that did not arrive switch the webhook off.
"""

import logging
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done, Outbox, Payload
from blynk_gateway.automations.timers import Timer, Timers
from blynk_gateway.automations.webhooks.attempts import MAX_RETRY_AFTER_S, Attempts, Outcome
from blynk_gateway.automations.webhooks.request import target_of
from blynk_gateway.automations.webhooks.waiting import Item, payload_of
from blynk_gateway.config.webhooks.options import WebhookOptions
from blynk_gateway.core.automations import WebhookState
from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)

KIND = "webhook"
"""Of entries of the outbox."""

MAX_WAITING = 100
MAX_FAILURES = 10
"""Source: the original server, blynk-protocol §9.6."""

LONG_INTERVAL_MS = 5000
"""From here on a restart could make a request too early."""

_LAST = "/last"
REPLACED = "replaced by a later value"


class WebhookOff(GatewayError):
    """The webhook failed so often that it is tried no more."""

    code = "webhook.off"
    hint = "Mend what it says, then switch it on: `blynk-gateway webhook test NAME`, or reload."


class LaneParts(NamedTuple):
    """What every lane works with.

    Attributes:
        changed: called with a lane that was switched off or on.
    """

    parts: Parts
    timers: Timers
    outbox: Outbox
    attempts: Attempts
    changed: Callable[["Lane"], None]


@dataclass(slots=True)
class Tally:
    """What came of it so far."""

    failures: int = 0
    sent: int = 0
    merged: int = 0
    last_ms: int | None = None
    last_result: str = ""


class Lane:
    """One webhook at run time.

    Attributes:
        options: may be replaced at any time; `pump` afterwards.
        is_off: nothing is sent before `switch_on`.
    """

    def __init__(self, options: WebhookOptions, shared: LaneParts) -> None:
        self.options = options
        self.is_off = False
        self._shared = shared
        self._clock = shared.parts.clock
        self._waiting: OrderedDict[str, Item] = OrderedDict()
        self._tally = Tally()
        self._is_open = False
        self._last_s: float | None = None
        self._retry_s = 0.0
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None
        self._numbers = count(self._clock.now_ms() * 1000)

    @property
    def state(self) -> WebhookState:
        """How it is."""
        tally = self._tally
        return WebhookState(
            self.options.name,
            target_of(self.options),
            self.is_off,
            tally.failures,
            len(self._waiting),
            tally.sent,
            tally.merged,
            tally.last_ms,
            tally.last_result,
        )

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return self._task is not None

    def open(self) -> None:
        """Begin to send."""
        self._is_open = True
        self.pump()

    def submit(self, cause: Cause, rule: str, done: Done) -> None:
        """Send as soon as it may be.

        Raises:
            WebhookOff: it is off.
        """
        if self.is_off:
            raise WebhookOff(
                f"the webhook {self.options.name} is off after {MAX_FAILURES} failures"
            )
        is_merging = self.options.min_interval_ms > 0
        key = f"{cause.device}/{cause.pin}" if is_merging else f"#{next(self._numbers)}"
        item = Item(key, cause, rule, done, self._clock.now_ms())
        replaced = self._waiting.get(key)
        # In the dict it takes the turn of the one that it replaces.
        self._waiting[key] = item
        self._keep(item)
        if replaced is not None:
            self._merged(replaced)
            if replaced.tries:
                self._count_failure()
        elif len(self._waiting) > MAX_WAITING:
            self._drop_oldest()
        self.pump()

    def restore(self, item: Item) -> None:
        """Take what an earlier run of the gateway left, unless something newer waits already."""
        if item.key not in self._waiting:
            self._waiting[item.key] = item

    def restore_last(self, last_ms: int) -> None:
        """Take over when the last request was made."""
        ago_s = max(0.0, (self._clock.now_ms() - last_ms) / 1000)
        if self._last_s is None:
            self._last_s = self._clock.monotonic() - ago_s

    async def test(self, cause: Cause) -> tuple[Outcome, int]:
        """Make one request now; returns what became of it, and how many ms it took."""
        self._note_start()
        start_s = self._clock.monotonic()
        outcome = await self._attempt(Item("", cause, "", _unheard, 0))
        took_ms = round((self._clock.monotonic() - start_s) * 1000)
        if outcome.is_ok:
            self._succeeded()
            self.switch_on()
        return outcome, took_ms

    def switch_on(self) -> None:
        """Try again. It may be on already."""
        was_off, self.is_off = self.is_off, False
        self._tally.failures = 0
        if was_off:
            self._shared.changed(self)
        self.pump()

    async def close(self) -> None:
        """Stop; what waits stays in the outbox. May be repeated."""
        self._is_open = False
        self._cancel_timer()
        task, self._task = self._task, None
        if task is not None:
            await cancel(task)

    def give_up(self, reason: str) -> None:
        """Drop what waits, also from the outbox."""
        waiting, self._waiting = self._waiting, OrderedDict()
        for item in waiting.values():
            self._forget(item)
            item.done(reason, True)

    def retire(self) -> None:
        """The webhook is gone; a request that is under way may end, and nothing follows it."""
        self.give_up("the webhook is gone from the configuration")
        self.options = replace(self.options, retries=0)
        self._shared.outbox.remove(KIND, self.options.name + _LAST)

    def pump(self) -> None:
        """Send the next one if it is time, else see to it that it is sent then."""
        self._cancel_timer()
        if not self._is_open or self.is_off or self._task is not None or not self._waiting:
            return
        wait_s = self._next_s() - self._clock.monotonic()
        if wait_s > 0:
            self._timer = self._shared.timers.after(wait_s, self.pump)
            return
        _, item = self._waiting.popitem(last=False)
        self._note_start()
        self._task = spawn(self._send(item), name=f"webhook {self.options.name}")

    def _next_s(self) -> float:
        """When the next request may be made."""
        first = next(iter(self._waiting.values()))
        if first.is_retry or self._last_s is None:
            return self._retry_s
        return max(self._retry_s, self._last_s + self.options.min_interval_ms / 1000)

    async def _send(self, item: Item) -> None:
        outcome = await self._attempt(item)
        self._task = None
        if outcome.is_ok:
            self._succeeded()
            self._finish(item, outcome.result, is_failed=False)
        else:
            self._failed(item, outcome)
        self.pump()

    async def _attempt(self, item: Item) -> Outcome:
        try:
            outcome = await self._shared.attempts.make(self.options, item.cause, item.rule)
        except Exception:
            log.exception("webhook failed", extra={"webhook": self.options.name})
            result = "a fault of the gateway, see its log"
            outcome = Outcome(False, False, 0.0, target_of(self.options), None, result, "")
        self._tally.last_ms = self._clock.now_ms()
        self._tally.last_result = outcome.result
        return outcome

    def _succeeded(self) -> None:
        if self._tally.failures:
            log.info("webhook arrives again", extra={"webhook": self.options.name})
        self._tally.failures = 0
        self._tally.sent += 1
        self._retry_s = 0.0

    def _failed(self, item: Item, outcome: Outcome) -> None:
        level = logging.DEBUG if self._tally.failures or item.tries else logging.WARNING
        fields = {"webhook": self.options.name, "result": outcome.result}
        log.log(level, "webhook did not arrive", extra=fields)
        can_retry = outcome.may_retry and item.tries < self.options.retries
        wait_s = max(_backoff_s(item.tries) if can_retry else 0.0, outcome.wait_s)
        self._retry_s = self._clock.monotonic() + wait_s
        newer = self._waiting.get(item.key)
        if can_retry:
            item.tries += 1
            item.is_retry = True
            self._waiting.setdefault(item.key, item)
            self._waiting.move_to_end(item.key, last=False)
            if newer is None:
                return
            self._merged(item)
        else:
            self._finish(item, outcome.result, is_failed=True)
        self._count_failure()

    def _count_failure(self) -> None:
        """A value did not arrive."""
        self._tally.failures += 1
        if self._tally.failures >= MAX_FAILURES and not self.is_off:
            self.is_off = True
            self.give_up(f"the webhook {self.options.name} is off: {self._tally.last_result}")
            self._shared.changed(self)

    def _merged(self, item: Item) -> None:
        """A newer value stands in an item's place."""
        newer = self._waiting[item.key]
        newer.is_retry = newer.is_retry or item.is_retry
        self._tally.merged += 1
        item.done(REPLACED, False)

    def _finish(self, item: Item, result: str, *, is_failed: bool) -> None:
        self._forget(item)
        item.done(result, is_failed)

    def _drop_oldest(self) -> None:
        _, oldest = self._waiting.popitem(last=False)
        self._shared.parts.health.count("webhooks_dropped")
        self._finish(oldest, f"dropped: more than {MAX_WAITING} wait", is_failed=True)

    def _note_start(self) -> None:
        self._last_s = self._clock.monotonic()
        if self.options.min_interval_ms >= LONG_INTERVAL_MS:
            name = self.options.name
            last: Payload = {"webhook": name, "last_ms": self._clock.now_ms()}
            self._shared.outbox.put(KIND, name + _LAST, last)

    def _keep(self, item: Item) -> None:
        name = self.options.name
        self._shared.outbox.put(KIND, f"{name}:{item.key}", payload_of(name, item))

    def _forget(self, item: Item) -> None:
        # Under its key something newer may be kept by now.
        if item.key not in self._waiting:
            self._shared.outbox.remove(KIND, f"{self.options.name}:{item.key}")

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def _backoff_s(tries: int) -> float:
    # Jitter: whoever made the server stumble did not do it alone.
    most_s = min(2.0**tries, MAX_RETRY_AFTER_S)
    return most_s * random.uniform(0.75, 1.25)  # noqa: S311  nothing secret


def _unheard(_result: str, _is_failed: bool) -> None:
    """Of a test, whose result is returned."""
