"""The feature that tells Home Assistant of devices, and takes back what is no more.

1. What stands at the broker is read first; only differences are published, and only what has our
   own ids is ever touched.
2. All of it goes on in a task of its own: a connection does not wait for Home Assistant.
3. Changes are gathered for a while: a sketch that sets ten properties is described once.
4. When Home Assistant starts, it is told everything again, and all states after it.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.mqtt.options import Discovery
from blynk_gateway.core.change import Change
from blynk_gateway.errors import PeerError
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.discovery.board import Board
from blynk_gateway.mqtt.discovery.catalog import Catalog
from blynk_gateway.mqtt.discovery.forms import Forms
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.discovery.lights import Lights
from blynk_gateway.mqtt.discovery.pin_events import PinEvents
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.runtime.tasks import spawn

log = logging.getLogger(__name__)

GATHER_S = 0.75
"""Home Assistant forgets updates of a device that come while it is busy with it."""

REST_S = 2.0
"""Between one round and the next: a sketch that changes a label all the time must not keep Home
Assistant busy."""

REREAD_S = 300.0
"""After this it is tried again to read what stands at the broker, if that failed."""

BIRTH_S = 2.0
"""Longest wait after Home Assistant came: it hears from all its programs at that moment."""

BIRTH_EVERY_S = 10.0
"""Everything is told again at most so often, whoever asks for it."""

LISTEN_S = 2.0
"""Home Assistant subscribes to states a while after it was told of them: a broker that keeps
nothing would have none for it then."""

BIRTH = b"online"

BIRTH_TOPIC = "homeassistant/status"
"""Where Home Assistant says so, whatever its prefix for discovery: each has an option of its own.
Source: `DEFAULT_BIRTH` in homeassistant/components/mqtt/const.py.
"""


class Announcer:
    """Feature: Home Assistant discovery, in the form that is configured.

    With `discovery: off` it takes back what it announced before, and is silent.

    Args:
        peripherals: the options of what is at each pin of the gateway's own device.
        url: where the dashboard is, None if that is not known.
        refill: has every feature publish anew what has to stand at the broker.
    """

    def __init__(
        self,
        parts: MqttParts,
        *,
        peripherals: Callable[[], Mapping[str, PeripheralOptions]],
        url: Callable[[], str | None],
        refill: Callable[[], None],
        complaints: Complaints,
    ) -> None:
        ids = Ids(parts.instance_id)
        self._form = parts.options.discovery
        self._birth_topics = {BIRTH_TOPIC, f"{parts.options.discovery_prefix}/status"}
        self._forms = Forms(parts.options.discovery_prefix, ids, parts.topics)
        self._catalog = Catalog(parts, ids, peripherals, url)
        self._lights = Lights(parts, complaints)
        self._pin_events = PinEvents(parts.topics)
        self._refill = refill
        self._clock = parts.clock
        self._outlet: Outlet | None = None
        self._worker: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._dirty: set[str] = set()
        self._is_unread = True
        self._is_born = False
        self._birth: asyncio.TimerHandle | None = None
        self._reread: asyncio.TimerHandle | None = None
        self._next_birth_at = 0.0

    def subscriptions(self) -> tuple[Subscription, ...]:
        """When Home Assistant comes, and commands to lights."""
        if self._form is Discovery.OFF:
            return ()
        born = (Subscription(one, self._status_received) for one in sorted(self._birth_topics))
        return (*born, *self._lights.subscriptions())

    async def connected(self, outlet: Outlet) -> None:
        """Begin to compare what stands there with what should; the lights are told at once."""
        if outlet is not self._outlet:
            self.disconnected()
            self._outlet = outlet
            self._worker = spawn(self._run(outlet), name="mqtt discovery")
        self._lights.connected(outlet)
        self._look()

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Follow what is to be shown otherwise now."""
        if self._form is Discovery.OFF:
            return
        self._lights.changed(change, outlet)
        self._pin_events.changed(change, outlet)
        if self._catalog.is_news(change):
            self._dirty.add(change.device)
            self._wake.set()

    def disconnected(self) -> None:
        """End the work for this connection. May be called twice."""
        self._outlet = None
        self._lights.disconnected()
        for one in (self._birth, self._reread, self._worker):
            if one is not None:
                one.cancel()
        self._birth = self._reread = self._worker = None

    def _status_received(self, message: Message) -> None:
        # A retained one is from before: who said it has found everything retained too.
        if message.payload != BIRTH or message.is_retained or self._birth is not None:
            return
        wait_s = max(
            random.uniform(0, BIRTH_S),  # noqa: S311  nothing secret
            self._next_birth_at - self._clock.monotonic(),
        )
        self._birth = asyncio.get_running_loop().call_later(wait_s, self._greet)

    def _greet(self) -> None:
        """Have Home Assistant told everything."""
        self._birth = None
        self._next_birth_at = self._clock.monotonic() + BIRTH_EVERY_S
        self._is_born = True
        self._wake.set()

    def _look(self) -> None:
        """Have it compared what stands at the broker."""
        self._is_unread = True
        self._wake.set()

    async def _run(self, outlet: Outlet) -> None:
        board = Board(outlet, self._forms, self._form)
        while True:
            self._wake.clear()
            await self._work(outlet, board)
            await asyncio.sleep(REST_S)
            await self._wake.wait()
            await asyncio.sleep(GATHER_S)

    async def _work(self, outlet: Outlet, board: Board) -> None:
        is_born, self._is_born = self._is_born, False
        is_unread, self._is_unread = self._is_unread, False
        found = await self._read(board) if is_unread else {}
        if is_unread or is_born:
            self._dirty.update(self._catalog.slugs(), board.slugs())
        dirty, self._dirty = self._dirty, set()
        await board.settle(await self._wanted(outlet, dirty), is_forced=is_born)
        self._lights.clear_leftovers(outlet, found)
        if is_born:
            await asyncio.sleep(LISTEN_S)
            self._refill()

    async def _read(self, board: Board) -> Mapping[str, bytes]:
        """Take in what stands at the broker, and return it."""
        try:
            found = await board.read(self._lights.filter)
        except PeerError as error:
            # Told everything it is all the same; what is stale stays until it can be read.
            log.warning("discovery messages not read", extra={"reason": error})
            if self._reread is not None:
                self._reread.cancel()
            self._reread = asyncio.get_running_loop().call_later(REREAD_S, self._look)
            return {}
        for slug, code in board.codes():
            self._catalog.adopt(slug, code)
        return found

    async def _wanted(self, outlet: Outlet, slugs: Iterable[str]) -> dict[str, dict[str, str]]:
        """All messages of these devices, the gateway's own first."""
        wanted: dict[str, dict[str, str]] = {}
        for slug in sorted(slugs, key=self._catalog.order):
            is_off = self._form is Discovery.OFF
            description = None if is_off else self._catalog.describe(slug)
            if description is None:
                wanted[slug] = {}
                self._lights.use(outlet, slug, {})
                self._pin_events.use(slug, frozenset())
            else:
                await asyncio.sleep(0)
                wanted[slug] = self._forms.messages(self._form, description)
                self._lights.use(outlet, slug, description.lamps)
                self._pin_events.use(slug, description.events)
            # Some 0.1 ms for each pin: others get their turn.
            await asyncio.sleep(0)
        return wanted
