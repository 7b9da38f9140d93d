"""Processes that send, and an outbox, made up; and what a test waits for."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from blynk_gateway.automations.notifications.sender import Answer, Outcome
from blynk_gateway.automations.outbox import Payload
from blynk_gateway.config.notifications.options import NotificationOptions, ServiceOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import Notification
from tests.helpers.patience import PATIENCE_S

SENT = Answer(Outcome.SENT)
DOWN = Answer(Outcome.FAILED, "it cannot be reached: Connection refused")
BAD_URL = Answer(Outcome.REFUSED, "its URL is none")


class Sent(NamedTuple):
    """What a sender was to send."""

    url: str
    title: str
    text: str
    recipient: str


class Post:
    """Makes senders.

    Attributes:
        answer: what each message is answered by.
        check: what a look at a URL is answered by.
        tried: every attempt.
        running: senders that were not ended.
        started: how many there were.
        fault: what a start raises, None for nothing.
        gate: messages are answered while it is set.
    """

    def __init__(self) -> None:
        self.answer: Callable[[Sent], Answer] = lambda _: SENT
        self.check: Callable[[str], Answer] = lambda _: SENT
        self.tried: list[Sent] = []
        self.checked: list[str] = []
        self.running: set[FakeSender] = set()
        self.started = 0
        self.fault: OSError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self) -> "FakeSender":
        if self.fault is not None:
            raise self.fault
        self.started += 1
        sender = FakeSender(self)
        self.running.add(sender)
        return sender

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.tried]


class FakeSender:
    """Meets `sender_process.Sender`."""

    def __init__(self, post: Post) -> None:
        self._post = post

    @property
    def has_ended(self) -> bool:
        return self not in self._post.running

    async def check(self, url: Secret) -> Answer:
        self._post.checked.append(url.reveal())
        return self._post.check(url.reveal())

    async def send(self, url: Secret, title: str, text: str, recipient: str = "") -> Answer:
        assert not self.has_ended
        sent = Sent(url.reveal(), title, text, recipient)
        self._post.tried.append(sent)
        await self._post.gate.wait()
        return self._post.answer(sent)

    async def end(self) -> None:
        self._post.running.discard(self)


class MemoryOutbox:
    """Meets `automations.outbox.Outbox`."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Payload] = {}

    async def load(self, kind: str) -> list[tuple[str, Payload]]:
        return [(key, dict(entry)) for (its, key), entry in self.entries.items() if its == kind]

    def put(self, kind: str, key: str, payload: Payload) -> None:
        self.entries[kind, key] = payload

    def remove(self, kind: str, key: str) -> None:
        self.entries.pop((kind, key), None)

    @property
    def texts(self) -> list[str]:
        return [str(entry["text"]) for entry in self.entries.values()]


class MemoryNotifier:
    """Meets `core.notifications.Notifier`."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Notification]] = []

    def device_notification(self, device: Device, notification: Notification) -> None:
        self.taken.append((device.slug, notification))


class Results:
    """Takes what became of notifications."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bool]] = []

    def __call__(self, result: str, is_failed: bool) -> None:
        self.all.append((result, is_failed))


def service_options(name: str = "phone", url: str = "ntfy://garden") -> ServiceOptions:
    return ServiceOptions(name, Secret(url))


def options(*names: str, cap: int = 20, **lists: tuple[str, ...]) -> NotificationOptions:
    """Services of these names; the first is the default one unless another is given."""
    services = {name: service_options(name, f"ntfy://{name}") for name in names}
    lists.setdefault("default", names[:1])
    return NotificationOptions(services, hourly_cap=cap, **lists)


async def settled(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals what tests look at
            await asyncio.sleep(0.001)
