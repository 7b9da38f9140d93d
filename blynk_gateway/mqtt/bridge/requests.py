"""`bridge/request/NAME`: what the gateway may be asked; the answer goes to `bridge/response/NAME`.

1. Every request has one answer, an error too. Only what comes faster than anyone asks for has none.
2. One request of a kind runs at a time. What a request has begun on disk or in the core is whole or
   undone, also where the connection ends meanwhile.
3. A retained request is ignored: it would be done again at each connection.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.change import Change
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.errors import ConfigError, GatewayError
from blynk_gateway.mqtt.bridge.backup import BackupFiles
from blynk_gateway.mqtt.bridge.devices import list_devices
from blynk_gateway.mqtt.bridge.health import BridgeHealth
from blynk_gateway.mqtt.bridge.pairing import PairingState
from blynk_gateway.mqtt.bridge.request import (
    Request,
    RequestRefused,
    answer,
    parse_request,
    refusal,
)
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.runtime.logs import Repeats, safe
from blynk_gateway.runtime.tasks import spawn

log = logging.getLogger(__name__)

REQUESTS_PER_SECOND = 5.0
REQUEST_BURST = 20.0
"""Requests that are looked at: far above what people and automations ask."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What may be a name: the answer's topic has it, and must not be longer than a topic can be."""

_ACTING = frozenset({"pair", "backup", "reload", "restart"})
"""Requests that do something: each gets its line in the log."""

Work: TypeAlias = Callable[[Any], Awaitable[dict[str, Any]]]
"""Does what a request's body asks for and returns the data of the answer."""


class Requests:
    """Answers requests.

    Args:
        pairing: opens and closes it.
        health: knows how the gateway is.
    """

    def __init__(
        self,
        parts: MqttParts,
        services: MqttServices,
        *,
        pairing: PairingState,
        health: BridgeHealth,
    ) -> None:
        self._parts = parts
        self._services = services
        self._health = health
        backups = BackupFiles(services.backups, services.data_dir, parts.clock)
        self._works: dict[str, Work] = {
            "backup": lambda _: backups.make(),
            "devices": lambda _: list_devices(parts),
            "health": lambda _: self._tell_health(),
            "pair": pairing.pair,
            "reload": lambda _: self._reload(),
            "restart": lambda _: self._restart(),
        }
        self._running: dict[str, asyncio.Task[None]] = {}
        self._bucket = TokenBucket(REQUESTS_PER_SECOND, REQUEST_BURST, parts.clock.monotonic())
        self._warnings = Repeats(parts.clock)
        self._outlet: Outlet | None = None
        self._early: list[Message] = []

    def subscriptions(self) -> Iterable[Subscription]:
        """All requests."""
        return (Subscription(self._parts.topics.bridge("request", "+"), self._heard, qos=1),)

    async def connected(self, outlet: Outlet) -> None:
        """Answer from now on, those first that came since the subscription."""
        self._outlet = outlet
        early, self._early = self._early, []
        for message in early:
            self._take(message, outlet)

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing."""

    def disconnected(self) -> None:
        """Give up what is under way: nobody would hear the answer."""
        self._outlet = None
        self._early.clear()
        for task in self._running.values():
            task.cancel()
        self._running.clear()

    def _heard(self, message: Message) -> None:
        if message.is_retained:
            self._warn("retained request ignored", message)
        elif not self._bucket.take(1, self._parts.clock.monotonic()):
            self._parts.health.count("mqtt_requests_ignored")
            self._warn("too many requests, some are ignored", message)
        elif self._outlet is None:
            # The bucket bounds how many can be here.
            self._early.append(message)
        else:
            self._take(message, self._outlet)

    def _take(self, message: Message, outlet: Outlet) -> None:
        name = message.topic.rpartition("/")[2]
        if not _NAME.fullmatch(name):
            self._warn("request without a name ignored", message)
            return
        request = parse_request(name, message.payload)
        work = self._works.get(name)
        if work is None:
            known = ", ".join(sorted(self._works))
            error = RequestRefused(f"there is no request {name!r}; expected one of {known}")
            self._answer(request, outlet, refusal(request, error, {}))
        elif name in self._running:
            error = RequestRefused(f"another request {name!r} is under way; expected none")
            self._answer(request, outlet, refusal(request, error, {}))
        else:
            task = spawn(self._serve(request, work, outlet), name=f"mqtt request {name}")
            self._running[name] = task
            task.add_done_callback(lambda task: self._ended(name, task))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._running.get(name) is task:
            del self._running[name]

    async def _serve(self, request: Request, work: Work, outlet: Outlet) -> None:
        status = "ok"
        try:
            data = await work(request.body)
        except GatewayError as error:
            status = "error"
            text = refusal(request, error, _details(error))
        else:
            text = answer(request, data)
        self._answer(request, outlet, text)
        if request.name in _ACTING:
            log.info("request answered", extra={"request": request.name, "status": status})

    def _answer(self, request: Request, outlet: Outlet, text: str) -> None:
        outlet.publish(self._parts.topics.bridge("response", request.name), text, qos=1)

    def _warn(self, line: str, message: Message) -> None:
        held_back = self._warnings.allow(line)
        if held_back is not None:
            log.warning(line, extra={"topic": safe(message.topic), "held_back": held_back})

    async def _tell_health(self) -> dict[str, Any]:
        snapshot = self._parts.health.snapshot()
        return {**await self._health.document(), "components": snapshot["components"]}

    async def _reload(self) -> dict[str, Any]:
        if self._services.reload is None:
            raise RequestRefused("no configuration file is in use; expected one to load again")
        await self._services.reload()
        return {}

    async def _restart(self) -> dict[str, Any]:
        if self._services.restart is None:
            raise RequestRefused("this gateway cannot restart itself; expected one of `run`")
        # It only begins: the answer is given before the connection ends.
        await self._services.restart()
        return {}


def _details(error: GatewayError) -> dict[str, Any]:
    """The complaints of a configuration one by one."""
    return {"faults": list(map(str, error.faults))} if isinstance(error, ConfigError) else {}
