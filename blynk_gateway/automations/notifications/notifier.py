"""All notification services, and who is told by which."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence

from blynk_gateway.automations.notifications.caps import HourlyCap, RuleLimits
from blynk_gateway.automations.notifications.device_texts import (
    lines,
    title_text_recipient,
    titled,
)
from blynk_gateway.automations.notifications.message import Message, nobody_waits, restored
from blynk_gateway.automations.notifications.sender import APP_NAME, MISSING, Outcome
from blynk_gateway.automations.notifications.sender_process import Sender, SenderProcess, Start
from blynk_gateway.automations.notifications.service import Service
from blynk_gateway.automations.outbox import Done, Outbox
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.notifications.options import NotificationOptions, ServiceOptions
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.automations import ServiceState, unknown_service
from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import Notification
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

COMPONENT = "notifications"
KIND = "notification"
"""In the outbox."""

TEST_TEXT = "This is a test. Notifications by this service work."


class Notifier:
    """Tells people. Meets `core.automations.Notifications` and `core.notifications.Notifier`.

    Args:
        start_sender: starts a process that sends.
    """

    def __init__(
        self,
        parts: Parts,
        timers: Timers,
        outbox: Outbox,
        start_sender: Start = SenderProcess.start,
    ) -> None:
        self._parts = parts
        self._timers = timers
        self._outbox = outbox
        self._start_sender = start_sender
        self._options = NotificationOptions()
        self._services: dict[str, Service] = {}
        self._limits = RuleLimits()
        self._cap = HourlyCap(self._options.hourly_cap)
        self._unchecked: dict[str, ServiceOptions] = {}
        self._check_task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._is_started = False

    def define(self, options: NotificationOptions | None) -> None:
        """Take the options of the file, at the start and at each reload.

        What waits for a service that is still there goes on to wait.
        """
        self._options = options or NotificationOptions()
        self._cap.cap = self._options.hourly_cap
        wanted = self._options.services
        for name in [name for name in self._services if name not in wanted]:
            self._give_up(self._services.pop(name))
        before = self._services
        self._services = {}
        for name, service_options in wanted.items():
            service = before.get(name)
            if service is None or service.options != service_options or service.is_unusable:
                self._unchecked[name] = service_options
            if service is None:
                service = Service(
                    service_options,
                    self._parts,
                    self._timers,
                    self._forget,
                    self._report,
                    self._start_sender,
                )
            self._services[name] = service
            service.redefine(service_options)
        self._report()
        self._check_soon()

    async def start(self) -> None:
        """Send what an earlier run of the gateway left, and look at the URLs.

        Raises:
            HistoryError: what was left cannot be read.
        """
        now = self._parts.clock.monotonic()
        now_ms = self._parts.clock.now_ms() if self._parts.clock_quality.is_trusted else None
        left: dict[str, list[Message]] = {}
        for key, kept in await self._outbox.load(KIND):
            message = restored(key, kept, now, now_ms)
            if message is None or message.service not in self._services:
                log.warning("notification of a service that is gone dropped")
                self._parts.health.count("notifications_failed")
                self._outbox.remove(KIND, key)
            else:
                left.setdefault(message.service, []).append(message)
        for name, messages in left.items():
            self._services[name].restore(messages)
        self._is_started = True
        self._check_soon()

    async def stop(self) -> None:
        """Send nothing more; what waits is sent after the next start."""
        self._is_started = False
        if self._check_task is not None:
            await cancel(self._check_task)
        endings = [
            *(
                spawn(service.stop(), name=f"notifications {service.name} stop")
                for service in self._services.values()
            ),
            *self._ending,
        ]
        if endings:
            await asyncio.wait(endings)

    def notify(
        self,
        to: Sequence[str],
        title: str,
        text: str,
        rule_slug: str,
        limit_ms: int,
        done: Done,
    ) -> None:
        """Have services tell people; returns at once.

        Args:
            to: names of services, none for those of `notifications.default`.
            title: empty for the program's name.
            rule_slug: whose it is, `too-hot`, `event:hot`.
            limit_ms: the least time between two of the same rule to the same services; what is
                held back is no failure.
            done: told the result when it is known of every service.
        """
        names = tuple(dict.fromkeys(to or self._options.default))
        if not names:
            done("no service: notifications.default names none", True)
            return
        now = self._parts.clock.monotonic()
        if not self._limits.take((rule_slug, names), limit_ms, now):
            self._parts.health.count("notifications_limited")
            done(f"held back: less than {limit_ms / 1000:g} s after the last", False)
            return
        if not self._cap.take(now):
            self._parts.health.count("notifications_over_cap")
            if self._cap.may_tell(now):
                told = "More notifications are held back for now: the hourly cap of"
                text = f"{told} {self._cap.cap} is reached (notifications.hourly_cap)."
                self._submit(names, (APP_NAME, text, ""), "hourly cap", nobody_waits)
            done(f"over the hourly cap of {self._cap.cap}", True)
            return
        # Values that were filled in bring what a device likes.
        self._submit(names, (titled(title) or APP_NAME, lines(text), ""), rule_slug, done)

    def device_notification(self, device: Device, notification: Notification) -> None:
        """Hand over what a device wants people to be told; see `core.notifications.Notifier`."""
        names = self._options.services_of(notification.channel)
        if names:
            content = title_text_recipient(device, notification)
            self._submit(names, content, f"device {device.slug}", nobody_waits)

    def states(self) -> list[ServiceState]:
        """How all services are; see `core.automations.Notifications`."""
        return [service.state() for service in self._services.values()]

    async def test(self, name: str) -> str:
        """Send a test message; see `core.automations.Notifications`.

        By a process of its own: the service's may be busy with a message that hangs.

        Raises:
            UnknownService: there is none.
        """
        service = self._services.get(name)
        if service is None:
            raise unknown_service(name, suggestion(name, self._services))
        options = service.options
        try:
            sender = await self._start_sender()
        except OSError as error:
            return f"the process that sends cannot be started: {error.strerror}"
        try:
            answer = await sender.send(options.url, APP_NAME, TEST_TEXT)
        finally:
            await sender.end()
        if answer.outcome is not Outcome.SENT:
            return answer.reason
        if options == service.options:
            service.tell("")
            service.hurry()
        return ""

    def _submit(
        self, names: Sequence[str], content: tuple[str, str, str], rule: str, done: Done
    ) -> None:
        title, text, recipient = content
        told = _together(names, done)
        for name in names:
            service = self._services.get(name)
            if service is None:
                told(name)(f"no service {name}", True)
                continue
            message = Message(
                key=secrets.token_hex(16),
                service=name,
                rule=rule,
                title=title,
                text=text,
                recipient=recipient,
                at_ms=self._parts.clock.now_ms(),
                is_time_known=self._parts.clock_quality.is_trusted,
                born=self._parts.clock.monotonic(),
                done=told(name),
            )
            self._outbox.put(KIND, message.key, message.as_json())
            service.put(message)

    def _forget(self, message: Message) -> None:
        self._outbox.remove(KIND, message.key)

    def _give_up(self, service: Service) -> None:
        service.fail_all(f"the service {service.name} is gone")
        self._unchecked.pop(service.name, None)
        if self._is_started:
            ending = spawn(service.stop(), name=f"notifications {service.name} stop")
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def _check_soon(self) -> None:
        if self._is_started and self._unchecked and self._check_task is None:
            self._check_task = spawn(self._check(), name="notifications check")

    async def _check(self) -> None:
        """Have one process look at every new URL; in use each service has its own."""
        sender: Sender | None = None
        try:
            while self._unchecked:
                name, options = self._unchecked.popitem()
                if sender is None or sender.has_ended:
                    sender = await self._start_sender()
                answer = await sender.check(options.url)
                service = self._services.get(name)
                if service is None or service.options != options:
                    continue
                # That it is well formed does not mend what a message complained about meanwhile.
                if answer.reason or service.is_unusable:
                    service.tell(answer.reason)
        except OSError as error:
            self._unchecked.clear()
            log.warning("notification services not checked", extra={"reason": error})
        finally:
            self._check_task = None
            if sender is not None:
                await sender.end()

    def _report(self) -> None:
        wrong = {name: service.detail for name, service in self._services.items() if service.detail}
        if MISSING in wrong.values():
            self._parts.health.report(COMPONENT, HealthState.DEGRADED, MISSING)
        elif wrong:
            detail = "; ".join(f"{name}: {what}" for name, what in wrong.items())
            self._parts.health.report(COMPONENT, HealthState.DEGRADED, detail)
        else:
            self._parts.health.report(COMPONENT, HealthState.OK)


def _together(names: Sequence[str], done: Done) -> Callable[[str], Done]:
    """For each service its own `done`; the last one that is told tells the result of all."""
    results: dict[str, tuple[str, bool]] = {}

    def for_service(name: str) -> Done:
        def told(result: str, is_failed: bool) -> None:
            results[name] = (result, is_failed)
            if len(results) == len(names):
                everything = "; ".join(f"{one}: {results[one][0]}" for one in names)
                done(everything, any(is_bad for _, is_bad in results.values()))

        return told

    return for_service
