"""One MQTT connection to a server above, for one device or for several. It lives once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from blynk_gateway.broker import connection as broker
from blynk_gateway.broker.message import Message as Heard
from blynk_gateway.broker.network import SILENCE
from blynk_gateway.config.mqtt.options import BrokerOptions, MqttTlsOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import UpstreamOptions
from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.logs import masked, safe
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream.route import Moved, Place, ServerDown
from blynk_gateway.upstream.routes.mqtt.faults import explained
from blynk_gateway.upstream.routes.mqtt.packing import Message
from blynk_gateway.upstream.routes.mqtt.redirects import parse_redirect

log = logging.getLogger(__name__)

Listener: TypeAlias = Callable[[str, Heard], None]
"""Takes the topic behind the device's prefix, and the message."""

GATEWAY_LEVEL = "dev"

_DOWN = "downlink/"
_REDIRECT = f"{_DOWN}redirect"


class Line:
    """A connection; `open` it once.

    Attributes:
        place: host and port.
        over: why it has ended.
        sent_to: where the server sent us, if that was why.
    """

    def __init__(
        self,
        upstream: UpstreamOptions,
        place: Place,
        username: str,
        password: Secret | None,
        clock: Clock,
    ) -> None:
        self.place = f"{place.host}:{place.port}"
        self.over: asyncio.Future[PeerError] = asyncio.get_running_loop().create_future()
        self.sent_to: Place | None = None
        self._at = place
        self._patience_s = upstream.heartbeat_ms / 1000
        tls = upstream.tls
        self._options = BrokerOptions(
            host=place.host,
            port=place.port,
            username=username,
            password=password,
            # In whole seconds, so that it is over when nothing was heard for a heartbeat.
            keepalive_ms=int(self._patience_s / SILENCE) * 1000,
            tls=None if tls is None else MqttTlsOptions(ca=tls.ca),
        )
        self._clock = clock
        self._listeners: dict[str, Listener] = {}
        self._connection: broker.Connection | None = None
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and log in.

        Raises:
            PeerError: it did not come about; `NotLetIn`, `ServerRefused` if we are not welcome.
        """
        try:
            self._connection = await broker.connect(
                self._options,
                client_id="",
                will=None,
                clock=self._clock,
                on_messages=self._heard,
                shown=_shown,
            )
        except PeerError as error:
            raise explained(error) from None
        self._watch = spawn(self._see_end(self._connection), name="upstream line")

    async def join(self, prefix: str, listener: Listener, hello: Sequence[Message] = ()) -> None:
        """Hear what comes down to a device, and send what is to be said first.

        Where the server sends us elsewhere, it mostly does so before all of this is done.

        Raises:
            ServerRefused: the server does not let us.
            PeerError: the line has ended.
        """
        self._listeners[prefix] = listener
        assert self._connection is not None, "it is open"
        try:
            await self._connection.subscribe([(f"{prefix}{_DOWN}#", 1)])
        except PeerError as error:
            # Where it sent us comes before its end.
            raise (self.over.result() if self.over.done() else explained(error)) from None
        await self.send(hello)

    def leave(self, prefix: str) -> None:
        """Hear nothing more of a device."""
        self._listeners.pop(prefix, None)

    async def send(self, messages: Sequence[Message]) -> None:
        """Publish messages in order, and return when the server has acknowledged them all.

        Raises:
            PeerError: the line has ended, perhaps because it acknowledged none for a heartbeat.
        """
        if self.over.done():
            raise self.over.result()
        assert self._connection is not None, "it is open"
        receipts = _Receipts(len(messages))
        for topic, payload in messages:
            self._connection.publish(topic, payload, qos=1, done=receipts.take)
        while receipts.left:
            news = receipts.news = asyncio.get_running_loop().create_future()
            if not await self.within(news, self._patience_s):
                self._end(
                    ServerDown(
                        f"{self.place}: it acknowledged nothing for {self._patience_s:g} s;"
                        " expected it to take what we send"
                    )
                )

    async def within(self, future: "asyncio.Future[None]", wait_s: float) -> bool:
        """Wait for a future at most for a while, and tell whether it is done.

        Raises:
            PeerError: the line has ended.
        """
        await asyncio.wait((future, self.over), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if self.over.done():
            raise self.over.result()
        return future.done()

    async def close(self) -> None:
        """End it. May be repeated."""
        self._end(ServerDown(f"{self.place}: we ended the connection; expected nothing else"))
        if self._watch is not None:
            await cancel(self._watch)
        if self._connection is not None:
            await self._connection.close()

    async def _see_end(self, connection: broker.Connection) -> None:
        self._end(explained(await connection.ended()))

    def _end(self, fault: PeerError) -> None:
        if not self.over.done():
            self.over.set_result(fault)

    def _heard(self, messages: list[Heard]) -> None:
        for message in messages:
            prefix, topic = _split(message.topic)
            if topic == _REDIRECT:
                self._redirected(message.payload)
            elif (listener := self._listeners.get(prefix)) is not None:
                listener(topic.removeprefix(_DOWN), message)

    def _redirected(self, payload: bytes) -> None:
        is_tls = self._options.tls is not None
        try:
            place = parse_redirect(payload, is_tls=is_tls)
        except ValueError as error:
            scheme = "mqtts" if is_tls else "mqtt"
            self._end(
                ServerDown(f"{self.place}: it sends us {error}; expected an address of {scheme}://")
            )
            return
        if place != self._at and not self.over.done():
            self.sent_to = place
            self._end(Moved(f"{self.place}: it sends us to {safe(place.host)}:{place.port}"))


class _Receipts:
    """Counts acknowledgements.

    Attributes:
        left: how many are still to come.
        news: done when the next one comes.
    """

    def __init__(self, count: int) -> None:
        self.left = count
        self.news: asyncio.Future[None] | None = None

    def take(self) -> None:
        """One more has come."""
        self.left -= 1
        if self.news is not None and not self.news.done():
            self.news.set_result(None)


def _split(topic: str) -> tuple[str, str]:
    """The prefix of a device in the gateway interface, if any, and the rest."""
    first, _, rest = topic.partition("/")
    if first != GATEWAY_LEVEL:
        return "", topic
    token, _, rest = rest.partition("/")
    return f"{first}/{token}/", rest


def _shown(topic: str) -> str:
    """The topic without the token that it may hold."""
    prefix, rest = _split(topic)
    if not prefix:
        return safe(rest)
    return safe(f"{GATEWAY_LEVEL}/{masked(prefix.split('/')[1])}/{rest}")
