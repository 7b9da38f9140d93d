"""Looks at our own topics: whether the broker lost what we put there, and who else writes there."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.change import Change
from blynk_gateway.errors import PeerError
from blynk_gateway.mqtt.bridge.signature import Signature, find_signature
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import ONLINE
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import spawn

log = logging.getLogger(__name__)

SETTLE_S = 1.0
"""Who clears retained messages clears many: what we publish meanwhile would be cleared too."""

REFILL_EVERY_S = 10.0
"""Nobody can make us publish everything more often."""

PROBE_EVERY_S = 900.0
"""Some brokers drop retained messages silently, when they are old or when an admin says so; each
look costs a connection."""

TWIN_FOR_S = 150.0
"""How long another gateway is complained of: it says how it is every 60 s."""

_COMPONENT = "mqtt_twin"


class Watch:
    """Has everything published anew where it was lost, and complains of a second gateway.

    It never answers another gateway by writing: two would go on for ever.

    Args:
        refill: has every feature publish what has to stand at the broker.
    """

    def __init__(self, parts: MqttParts, refill: Callable[[], None]) -> None:
        self._parts = parts
        self._refill = refill
        self._own = Signature(parts.instance_id, parts.run_id)
        self._is_first = True
        self._earlier: set[tuple[str, Signature]] = set()
        self._refilled_at: float | None = None
        self._refilling: asyncio.TimerHandle | None = None
        self._twin: asyncio.TimerHandle | None = None
        self._prober: asyncio.Task[None] | None = None

    def subscriptions(self) -> Iterable[Subscription]:
        """What gateways say of themselves."""
        topics = self._parts.topics
        return (
            Subscription(topics.info, self._said),
            Subscription(topics.bridge("health"), self._said),
            Subscription(topics.state, self._state),
        )

    async def connected(self, outlet: Outlet) -> None:
        """Look now and then whether it still stands there."""
        if self._prober is not None:
            self._prober.cancel()
        self._prober = spawn(self._probe(outlet), name="mqtt probe")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing."""

    def disconnected(self) -> None:
        """Look no more. A complaint stays for its time: a twin may be what ends connections."""
        self._is_first = False
        for handle in (self._refilling, self._prober):
            if handle is not None:
                handle.cancel()
        self._refilling = self._prober = None

    def _said(self, message: Message) -> None:
        signature = find_signature(message.payload)
        if message.is_retained and (self._is_first or signature is None):
            # Of an earlier run, or of a gateway that is long gone; it is overwritten now.
            if signature is not None:
                self._earlier.add((message.topic, signature))
        elif signature is None:
            # Cleared, or overwritten by something that is no gateway.
            self._lost()
        elif signature != self._own and not self._is_old(message, signature):
            self._complain(signature)

    def _is_old(self, message: Message, signature: Signature) -> bool:
        """Whether the broker shows again what stood there before we ever wrote.

        One that was killed may have lost what it had not saved; twice in a row it has lost nothing.
        """
        old = (message.topic, signature)
        if not message.is_retained or old not in self._earlier:
            return False
        self._earlier.discard(old)
        return True

    def _state(self, message: Message) -> None:
        # Another gateway that ends says so in the name of both.
        if not message.is_retained and message.payload != ONLINE.encode():
            self._lost()

    def _lost(self) -> None:
        if self._refilling is not None:
            return
        wait_s = SETTLE_S
        if self._refilled_at is not None:
            since_s = self._parts.clock.monotonic() - self._refilled_at
            wait_s = max(wait_s, REFILL_EVERY_S - since_s)
        self._refilling = asyncio.get_running_loop().call_later(wait_s, self._fill)

    def _fill(self) -> None:
        self._refilling = None
        self._refilled_at = self._parts.clock.monotonic()
        self._parts.health.count("mqtt_refills")
        self._refill()

    async def _probe(self, outlet: Outlet) -> None:
        # A topic that always stands there and that nobody is subscribed to.
        topic = self._parts.topics.bridge("pairing")
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            try:
                found = await outlet.collect(topic)
            except PeerError as error:
                log.debug("broker not probed", extra={"reason": error})
            else:
                if not found:
                    self._lost()

    def _complain(self, other: Signature) -> None:
        if other.instance_id == self._own.instance_id:
            detail = (
                "another gateway on this broker runs with a copy of this one's data directory;"
                " stop it, move its data directory away and start it again"
            )
        else:
            detail = (
                f"another gateway on this broker has the base topic {self._parts.topics.base!r}"
                " too; give each its own `mqtt.base_topic`"
            )
        self._parts.health.report(_COMPONENT, HealthState.DEGRADED, detail)
        if self._twin is not None:
            self._twin.cancel()
        self._twin = asyncio.get_running_loop().call_later(TWIN_FOR_S, self._alone)

    def _alone(self) -> None:
        self._twin = None
        self._parts.health.report(_COMPONENT, HealthState.OK)
