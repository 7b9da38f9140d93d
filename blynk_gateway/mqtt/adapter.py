"""One connection to the broker, kept for ever, and the features that live on it.

1. The gateway never waits for the broker. While it is away nothing is handed over and nothing
   queues up: what happened meanwhile is told by what stands in the core when it is back.
2. A connection lives once. On each new one every feature publishes what has to stand there, as a
   broker may have forgotten it; changes of the core that come meanwhile follow in their order.
3. A broker that is away is asked again soon, and later every minute; one that refuses us, or knows
   a twin of ours, every minute. The moments are random: a broker that comes back meets all of its
   clients at once.
"""

import asyncio
import logging
import random
import secrets
from functools import partial
from typing import TYPE_CHECKING

from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.core.change import DefinitionChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.errors import PeerError, PeerRefused
from blynk_gateway.mqtt.feature import MqttParts
from blynk_gateway.mqtt.payload import OFFLINE, ONLINE
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.mqtt.shown import shown_topic
from blynk_gateway.mqtt.topics import Topics
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blynk_gateway.broker.connection import Connection
    from blynk_gateway.mqtt.feature import Feature

log = logging.getLogger(__name__)

RETRY_S = 1.0
MAX_RETRY_S = 60.0
STABLE_S = 30.0
"""A connection that lasted so long had nothing wrong from its beginning on."""

MAILBOX_LIMIT = 10_000
"""A second at full speed; beyond it the latest value of each pin is enough."""

CHANGES_AT_ONCE = 50
"""Published before others get their turn of the loop: some two milliseconds."""

_COMPONENT = "mqtt"


class FeatureFailed(PeerRefused):
    """A feature has a bug; the connection is made anew."""

    code = "mqtt.feature"
    hint = "Please report this with the traceback in the log: it is a fault of the gateway."


class MqttAdapter:
    """Everything that the gateway does on a broker.

    Args:
        services: what features use of the rest of the gateway.
    """

    def __init__(self, parts: Parts, services: MqttServices) -> None:
        self._parts = parts
        self._services = services
        self._run_id = secrets.token_hex(8)
        self._started_at = parts.clock.monotonic()
        self._instance_id = ""
        self._setup: tuple[MqttOptions | None, str, tuple[str, ...]] = (None, "", ())
        self._features: Sequence[Feature] = ()
        self._wake = asyncio.Event()
        self._is_refill_asked = False
        self._worker: asyncio.Task[None] | None = None

    def start(self, options: MqttOptions | None, own: str, instance_id: str) -> None:
        """Begin to look for the broker; returns at once.

        Args:
            options: None for no broker.
            own: slug of the gateway's own device.
            instance_id: random, for the life of the data directory.
        """
        self._instance_id = instance_id
        self._setup = (options, own, self._services.messages.filters)
        if options is None or not options.enabled:
            return
        # Who has no broker keeps none of this in memory.
        from blynk_gateway.mqtt.features import make_features  # noqa: PLC0415  see above

        parts = MqttParts.beside(
            self._parts,
            instance_id=instance_id,
            run_id=self._run_id,
            started_at=self._started_at,
            own=own,
            options=options,
            topics=Topics(options.base_topic),
        )
        self._features = make_features(parts, self._services, self.refill)
        self._worker = spawn(self._run(parts), name="mqtt")

    async def reconfigure(self, options: MqttOptions | None, own: str) -> None:
        """Change the broker or what is done there, after a reload."""
        if (options, own, self._services.messages.filters) == self._setup:
            # Templates and peripherals may have changed, of which the bus does not tell.
            self.refill()
            return
        await self.stop()
        self._parts.health.components.pop(_COMPONENT, None)
        self.start(options, own, self._instance_id)

    async def stop(self) -> None:
        """Say goodbye and end. May be repeated."""
        if self._worker is not None:
            await cancel(self._worker)
            self._worker = None

    def refill(self) -> None:
        """Publish everything again that has to stand there, as after a new connection."""
        self._is_refill_asked = True
        self._wake.set()

    async def _run(self, parts: MqttParts) -> None:
        failures = 0
        while True:
            try:
                connection = await self._connect(parts)
            except PeerError as error:
                failures += 1
                self._complain(error)
                await asyncio.sleep(_wait_s(error, failures))
                continue
            began = parts.clock.monotonic()
            loss = await self._live(parts, connection)
            # Two clients with one name end each other's connections as soon as these are made.
            is_stable = parts.clock.monotonic() - began > STABLE_S
            failures = 0 if is_stable else failures + 1
            self._complain(loss)
            await asyncio.sleep(_wait_s(loss, failures))

    async def _connect(self, parts: MqttParts) -> "Connection":
        from blynk_gateway.broker.connection import connect  # noqa: PLC0415  see `start`
        from blynk_gateway.broker.router import Router  # noqa: PLC0415  see `start`

        self._router: Router = Router()
        return await connect(
            parts.options,
            client_id=parts.options.client_id or f"blynk-gateway-{self._instance_id[:12]}",
            will=(parts.topics.state, OFFLINE.encode()),
            clock=parts.clock,
            gate=parts.gate,
            on_messages=self._received,
            shown=partial(shown_topic, api=parts.options.device_api),
        )

    async def _live(self, parts: MqttParts, connection: "Connection") -> PeerError:
        """Serve a connection until it is lost, and tell why."""
        serving = spawn(self._serve(parts, connection), name="mqtt connection")
        ending = spawn(connection.ended(), name="mqtt connection watch")
        try:
            await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
            if serving.done() and not ending.done():
                # It never ends by itself: the broker refused a subscription, or there is a bug.
                return _reason(serving)
            return await ending
        finally:
            await cancel(serving)
            if not ending.done():
                connection.publish(parts.topics.state, OFFLINE, retain=True)
            await cancel(ending)
            for feature in self._features:
                feature.disconnected()
            await connection.close()

    async def _serve(self, parts: MqttParts, connection: "Connection") -> None:
        self._wake.clear()
        mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._wake.set)
        parts.bus.subscribe(mailbox, origin=None, echo=True)
        try:
            for feature in self._features:
                self._router.add(feature.subscriptions())
            await connection.subscribe(self._router.filters())
            options = parts.options
            log.info("broker connected", extra={"host": options.host, "port": options.port})
            await self._fill(parts, connection)
            parts.health.report(_COMPONENT, HealthState.OK)
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._is_refill_asked:
                    await self._fill(parts, connection)
                await self._follow(parts, connection, mailbox)
        finally:
            parts.bus.unsubscribe(mailbox)
            parts.health.count("mqtt_conflated", mailbox.conflated)
            parts.health.count("mqtt_dropped", connection.dropped)

    async def _fill(self, parts: MqttParts, connection: "Connection") -> None:
        self._is_refill_asked = False
        for feature in self._features:
            await feature.connected(connection)
        # Last: who sees us online finds everything there.
        connection.publish(parts.topics.state, ONLINE, retain=True)

    async def _follow(self, parts: MqttParts, connection: "Connection", mailbox: Mailbox) -> None:
        changes = mailbox.drain()
        for begin in range(0, len(changes), CHANGES_AT_ONCE):
            for change in changes[begin : begin + CHANGES_AT_ONCE]:
                for feature in self._features:
                    feature.changed(change, connection)
                if type(change) is DefinitionChange and change.definition is None:
                    parts.topics.forget(change.device)
            await connection.room()
            await asyncio.sleep(0)

    def _received(self, messages: list[Message]) -> None:
        for message in messages:
            for handler in self._router.handlers(message.topic):
                try:
                    handler(message)
                except Exception:
                    # One message must not end the connection for all others.
                    log.exception("message not handled")

    def _complain(self, error: PeerError) -> None:
        refused = isinstance(error, PeerRefused)
        state = HealthState.FAILED if refused else HealthState.DEGRADED
        self._parts.health.report(_COMPONENT, state, f"{error}. {error.hint}")


def _reason(serving: asyncio.Task[None]) -> PeerError:
    error = serving.exception()
    if isinstance(error, PeerError):
        return error
    return FeatureFailed(f"it ended with {type(error).__name__}; expected it to serve on")


def _wait_s(error: PeerError, failures: int) -> float:
    if isinstance(error, PeerRefused):
        return MAX_RETRY_S * random.uniform(0.5, 1.0)  # noqa: S311  nothing secret
    return random.uniform(0, min(RETRY_S * 2.0 ** min(failures, 10), MAX_RETRY_S))  # noqa: S311  nothing secret
