"""One notification service: its queue, its process, and the patience with it.

1. Messages go in the order they came, one at a time.
2. One that fails is tried again after 5 s, then after twice as long, up to every 10 minutes, for a
   day; a reload that changes its URL tries at once.
3. One that the service never takes (a mail to an address that is none) must not keep all others
   back: after some failures the next one is tried, and if that is sent, the first has failed.
4. A message that waits is on disk; one that was sent or has failed is not.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from blynk_gateway.automations.notifications.message import Message
from blynk_gateway.automations.notifications.sender import MISSING, UNKNOWN_URL, Answer, Outcome
from blynk_gateway.automations.notifications.sender_process import Sender, SenderProcess, Start
from blynk_gateway.automations.timers import Timer, Timers
from blynk_gateway.config.notifications.options import ServiceOptions
from blynk_gateway.core.automations import ServiceState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

MAX_WAITING = 100
"""Notifications that wait for one service. Nobody reads more after an outage."""

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 600.0

GIVE_UP_S = 86_400.0
"""News of yesterday are none."""

STUCK_ATTEMPTS = 4
"""Failures of a message after which the next one is tried: about a minute and a quarter."""

IDLE_S = 300.0
"""Until the process of a service that has nothing to do is ended: it keeps 40 MB."""

LATE_S = 300.0
"""A message older than this says from when it is."""

STOP_S = 2.0
"""For a message that is just being sent: cut off, it would be sent again after the start."""


class Service:
    """Sends by one service.

    Args:
        forget: removes a message from the outbox.
        changed: is called when `detail` may have changed.

    Attributes:
        detail: what is wrong, for people; empty if nothing is.
    """

    def __init__(
        self,
        options: ServiceOptions,
        parts: Parts,
        timers: Timers,
        forget: Callable[[Message], None],
        changed: Callable[[], None],
        start: Start = SenderProcess.start,
    ) -> None:
        self.options = options
        self.detail = ""
        self._parts = parts
        self._timers = timers
        self._forget = forget
        self._changed = changed
        self._start = start
        self._queue: deque[Message] = deque()
        self._in_hand: Message | None = None
        self._process: Sender | None = None
        self._task: asyncio.Task[None] | None = None
        self._retry: Timer | None = None
        self._idle: Timer | None = None
        self._failures = 0
        self._sent = 0
        self._failed = 0
        self._last_ms: int | None = None

    @property
    def name(self) -> str:
        """As the file calls it."""
        return self.options.name

    @property
    def is_unusable(self) -> bool:
        """Whether it cannot work as it is, whatever the network does."""
        return self.detail in (MISSING, UNKNOWN_URL)

    def state(self) -> ServiceState:
        """How it is."""
        return ServiceState(
            self.name,
            self.options.kind,
            len(self._queue),
            self._sent,
            self._failed,
            self._last_ms,
            self.detail,
        )

    def put(self, message: Message) -> None:
        """Send a message as soon as its turn comes."""
        if len(self._queue) >= MAX_WAITING:
            self._drop_one(message.rule)
        self._queue.append(message)
        self._go_on()

    def restore(self, messages: Iterable[Message]) -> None:
        """Send what an earlier run of the gateway left, before everything else."""
        self._queue.extendleft(reversed(list(messages)))
        self._go_on()

    def redefine(self, options: ServiceOptions) -> None:
        """Take another URL; the same one changes nothing."""
        if options != self.options:
            self.options = options
            self.tell("")
            self.hurry()

    def hurry(self) -> None:
        """Try at once what waits for its next attempt."""
        self._failures = 0
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._go_on()

    def tell(self, detail: str) -> None:
        """Set what is wrong with it, empty for nothing."""
        if detail != self.detail:
            self.detail = detail
            self._changed()

    def fail_all(self, reason: str) -> None:
        """Give up everything that waits: the service is gone."""
        while self._queue:
            self._settle(self._queue[0], reason, is_failed=True)

    async def stop(self) -> None:
        """Send nothing more, and end the process. What waits stays in the outbox."""
        for timer in (self._retry, self._idle):
            if timer is not None:
                timer.cancel()
        if self._task is not None:
            task = self._task
            await asyncio.wait([task], timeout=STOP_S if self._in_hand else 0)
            await cancel(task)
        await self._end_process()

    def _drop_one(self, rule: str) -> None:
        """Make room: the oldest of the same rule goes, else the oldest of all."""
        waiting = [message for message in self._queue if message is not self._in_hand]
        oldest = next((message for message in waiting if message.rule == rule), waiting[0])
        self._parts.health.count("notifications_dropped")
        self._settle(oldest, f"dropped: {MAX_WAITING} wait for {self.name}", is_failed=True)

    def _go_on(self) -> None:
        if self._task is None and self._retry is None and self._queue:
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            self._task = spawn(self._work(), name=f"notifications {self.name}")

    async def _work(self) -> None:
        try:
            while self._queue and await self._turn():
                pass
        finally:
            self._task = self._in_hand = None
        self._idle = self._timers.after(IDLE_S, self._end_idle)

    async def _turn(self) -> bool:
        """One attempt for the first message; returns whether there may be another at once."""
        options = self.options
        first = self._queue[0]
        answer = await self._attempt(first)
        if options != self.options:
            # Whatever it was, it was not the URL that is in force now.
            if answer.outcome is Outcome.SENT:
                self._settle_sent(first)
            return True
        match answer.outcome:
            case Outcome.SENT:
                self._settle_sent(first)
                return True
            case Outcome.REFUSED:
                self.tell(answer.reason)
                self._settle(first, answer.reason, is_failed=True)
                return True
            case Outcome.FAILED:
                first.attempts += 1
                first.reason = answer.reason
                return await self._is_past(first)

    async def _is_past(self, first: Message) -> bool:
        """What follows a failure; returns whether it was the message's and others may go on."""
        self.tell(first.reason)
        if self._age_s(first) >= GIVE_UP_S:
            self._settle(first, f"given up after a day: {first.reason}", is_failed=True)
            return True
        if first.attempts >= STUCK_ATTEMPTS and len(self._queue) > 1:
            second = self._queue[1]
            answer = await self._attempt(second)
            if answer.outcome is Outcome.SENT:
                self._settle_sent(second)
                reason = f"{first.reason}; others are taken, so it is not tried again"
                self._settle(first, reason, is_failed=True)
                return True
        delay_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        self._retry = self._timers.after(delay_s, self._try_again)
        return False

    async def _attempt(self, message: Message) -> Answer:
        self._in_hand = message
        if self._process is None or self._process.has_ended:
            await self._end_process()
            try:
                self._process = await self._start()
            except OSError as error:
                return Answer(
                    Outcome.FAILED,
                    f"the process that sends cannot be started: {error.strerror}",
                )
        return await self._process.send(
            self.options.url, message.title, self._text_of(message), message.recipient
        )

    def _text_of(self, message: Message) -> str:
        if self._age_s(message) < LATE_S or not message.is_time_known:
            return message.text
        # Who reads it now must not take it for news.
        return f"{message.text}\n(late: of {self._parts.zone.iso(message.at_ms)})"

    def _age_s(self, message: Message) -> float:
        return self._parts.clock.monotonic() - message.born

    def _try_again(self) -> None:
        self._retry = None
        self._go_on()

    def _settle_sent(self, message: Message) -> None:
        self._sent += 1
        self._failures = 0
        self._last_ms = self._parts.clock.now_ms()
        self.tell("")
        self._settle(message, "sent", is_failed=False)

    def _settle(self, message: Message, result: str, *, is_failed: bool) -> None:
        if message not in self._queue:
            return
        self._queue.remove(message)
        self._forget(message)
        if is_failed:
            self._failed += 1
            self._parts.health.count("notifications_failed")
            log.warning(
                "notification failed",
                extra={"service": self.name, "rule": message.rule, "reason": result},
            )
        message.done(result, is_failed)

    def _end_idle(self) -> None:
        self._idle = None
        if self._task is None and self._process is not None:
            self._task = spawn(self._end_and_go_on(), name=f"notifications {self.name} end")

    async def _end_and_go_on(self) -> None:
        try:
            await self._end_process()
        finally:
            self._task = None
        self._go_on()

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.end()
