"""A connection to the broker, as the loop's thread sees it. It lives once.

Orders are given by every call and taken by the network's thread; it is woken once for all that one
turn of the loop gives.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from functools import partial

from blynk_gateway.broker.dialing import place_of
from blynk_gateway.broker.faults import FIRST_REFUSAL, BrokerDown, SubscriptionRefused
from blynk_gateway.broker.inbox import Inbox
from blynk_gateway.broker.message import Message
from blynk_gateway.broker.network import Network, Reports
from blynk_gateway.broker.packets import ID_BYTES, Packets, TopicUnusable
from blynk_gateway.broker.retained import Retained
from blynk_gateway.broker.waker import Waker
from blynk_gateway.config.mqtt.options import BrokerOptions, ProtocolVersion
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.gate import Gate
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.logs import Repeats, safe

log = logging.getLogger(__name__)

CONNECT_S = 10.0
"""For the name, the address, TLS and the broker's welcome together."""

SUBSCRIBE_S = 10.0

GOODBYE_S = 0.5
"""To send what was published before, at the end; the gateway ends within a second."""

END_S = 0.5
"""For the thread to end; only the system's resolver makes it late, and then it ends by itself."""

WINDOW = 1000
WINDOW_BYTES = 1024 * 1024
"""Handed over and not yet sent, at which who publishes much has to wait: a tenth of a second."""


async def connect(
    options: BrokerOptions,
    *,
    client_id: str,
    will: tuple[str, bytes] | None,
    clock: Clock,
    on_messages: Callable[[list[Message]], None],
    gate: Gate | None = None,
    shown: Callable[[str], str] = safe,
) -> "Connection":
    """Connect to the broker with a clean session.

    Args:
        will: topic and payload, published retained and with QoS 1 if the connection breaks.
        on_messages: called on the loop's thread, in the broker's order.
        gate: while it is closed no messages are handed over, and the broker has to keep them.
        shown: makes a topic fit for people, who must not see tokens.

    Raises:
        PeerDown: nobody is there, no TLS came about, or no answer within `CONNECT_S`.
        PeerRefused: certificate, credentials, client id or version of MQTT will not do.
    """
    connection = Connection(options, client_id, will, clock, on_messages, gate, shown)
    await connection.open()
    return connection


class Connection:
    """Made by `connect`."""

    def __init__(
        self,
        options: BrokerOptions,
        client_id: str,
        will: tuple[str, bytes] | None,
        clock: Clock,
        on_messages: Callable[[list[Message]], None],
        gate: Gate | None,
        shown: Callable[[str], str],
    ) -> None:
        self._options = options
        self._client_id = client_id
        self._clock = clock
        self._shown = shown
        self._loop = asyncio.get_running_loop()
        self._waker = Waker()
        self._inbox = Inbox(self._loop, on_messages, self._waker.wake, gate)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[PeerError] = self._loop.create_future()
        reports = Reports(self._now_open, self._now_sent, self._now_ended)
        self._network = Network(
            options, client_id, will, clock, shown, reports, self._inbox, self._waker
        )
        self._packets = Packets(is_v5=options.protocol is ProtocolVersion.V5)
        self._repeats = Repeats(clock)
        self._handed = 0
        self._unsent = 0
        self._handed_bytes = 0
        self._room = asyncio.Event()
        self._is_wake_due = False
        self._is_closing = False

    @property
    def fault(self) -> PeerError | None:
        """Why it has ended; None while it lives."""
        return self._ended.result() if self._ended.done() else None

    @property
    def dropped(self) -> int:
        """How many messages could not be taken, in or out."""
        return self._unsent + self._network.dropped

    async def open(self) -> None:
        """Connect; see `connect`."""
        self._network.start()
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._opened
        except TimeoutError:
            await self._stop()
            raise BrokerDown(
                f"MQTT broker {place_of(self._options)}: no answer within {CONNECT_S:.0f} s;"
                " expected a welcome"
            ) from None
        except BaseException:
            await self._stop()
            raise

    async def subscribe(self, filters: Sequence[tuple[str, int]]) -> None:
        """Ask for topics, filter and QoS each, and wait until the broker has said yes.

        Raises:
            PeerRefused: it said no.
            PeerDown: it said nothing, or the connection ended.
        """
        if not filters:
            return
        answer: asyncio.Future[list[int]] = self._loop.create_future()
        self._order(partial(self._network.subscribe, list(filters), partial(_resolve, answer)))
        try:
            async with asyncio.timeout(SUBSCRIBE_S):
                await asyncio.wait((answer, self._ended), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise BrokerDown(
                f"MQTT broker {place_of(self._options)}: no answer to a subscription within"
                f" {SUBSCRIBE_S:.0f} s; expected one"
            ) from None
        if not answer.done():
            raise self._ended.result()
        codes = answer.result()
        if len(codes) != len(filters):
            raise BrokerDown(
                f"MQTT broker {place_of(self._options)}: it answers a subscription to"
                f" {len(filters)} topics with {len(codes)} codes; expected one for each"
            )
        for (name, _), code in zip(filters, codes, strict=True):
            if code >= FIRST_REFUSAL:
                raise SubscriptionRefused(
                    f"MQTT broker {place_of(self._options)}: it refuses to tell us of"
                    f" {self._shown(name)}, reason {code}; expected it to let us read there"
                )

    def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        done: Callable[[], None] | None = None,
    ) -> None:
        """Hand over a message; what the connection's end interrupts is lost.

        A topic to which nothing can be published is logged, and a message that is larger than the
        broker takes; nothing is sent then.

        Args:
            done: called on the loop's thread when the message is sent, or with `qos` 1 and 2 when
                the broker has it.
        """
        if self._is_closing or self._ended.done():
            return
        if isinstance(payload, str):
            payload = payload.encode(errors="replace")
        network = self._network
        try:
            packet = self._packets.publish(topic, payload, retain=retain)
        except TopicUnusable as error:
            self._complain("topic cannot be used", topic, reason=str(error))
            return
        size = len(packet)
        if size + (ID_BYTES if qos else 0) > network.limits.packet_bytes:
            self._complain("message too large for the broker", topic, size_bytes=size)
            return
        if qos := min(qos, network.limits.qos):
            self._order(partial(network.publish, topic, payload, qos, retain, size, done))
        else:
            self._order(packet if done is None else partial(network.send, packet, done))
        self._handed += 1
        self._handed_bytes += size

    async def room(self) -> None:
        """Return when less than `WINDOW` is on its way, or the connection has ended."""
        network = self._network
        while self._is_window_full() and not self._ended.done():
            self._room.clear()
            # First the wish, then the look: what is sent in between is told.
            network.is_room_wanted = True
            if self._is_window_full():
                await self._room.wait()

    async def collect(self, *filters: str) -> dict[str, bytes]:
        """The retained messages that the broker has for these filters, empty ones left out.

        They come over a connection of their own, so that what this one has subscribed to, and what
        comes of that, is not touched.

        Raises:
            PeerError: that could not be made.
        """
        retained = Retained(self._clock)
        name = f"{self._client_id}-{secrets.token_hex(4)}"
        connection = await connect(
            self._options,
            client_id=name,
            will=None,
            clock=self._clock,
            on_messages=retained.take,
            shown=self._shown,
        )
        try:
            await connection.subscribe([(one, 0) for one in filters])
            found = await retained.wait()
            if (fault := connection.fault) is not None:
                raise fault
            return found
        finally:
            await connection.close()

    async def ended(self) -> PeerError:
        """Wait for the end of the connection and return why; `SessionTaken` if a twin did it."""
        return await asyncio.shield(self._ended)

    async def close(self) -> None:
        """Send what was published, at most for `GOODBYE_S`, and end. May be repeated."""
        if not self._is_closing:
            self._is_closing = True
            self._order(self._network.finish)
        try:
            await asyncio.wait((self._ended,), timeout=GOODBYE_S)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """End at once."""
        self._is_closing = True
        self._inbox.close()
        self._waker.stop()
        await asyncio.wait((self._ended,), timeout=END_S)
        if self._ended.done():
            # That was the last thing it did.
            self._network.join()

    def _complain(self, phrase: str, topic: str, **details: object) -> None:
        self._unsent += 1
        if (held_back := self._repeats.allow(phrase)) is not None:
            log.warning(
                phrase, extra={"topic": self._shown(topic), **details, "held_back": held_back}
            )

    def _order(self, order: bytes | Callable[[], None]) -> None:
        self._network.order(order)
        if not self._is_wake_due:
            self._is_wake_due = True
            self._loop.call_soon(self._wake)

    def _wake(self) -> None:
        self._is_wake_due = False
        self._waker.wake()

    def _is_window_full(self) -> bool:
        network = self._network
        return (
            self._handed - network.sent >= WINDOW
            or self._handed_bytes - network.sent_bytes >= WINDOW_BYTES
        )

    def _now_open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _now_sent(self, done: list[Callable[[], None]]) -> None:
        # Who waits and has still no room wants it again.
        self._network.is_room_wanted = False
        self._room.set()
        for callback in done:
            callback()

    def _now_ended(self, fault: PeerError) -> None:
        self._room.set()
        # Not on the thread, where a wake of ours might meet another's descriptor of that number.
        self._waker.close()
        self._inbox.finish(partial(self._conclude, fault))

    def _conclude(self, fault: PeerError) -> None:
        if not self._opened.done():
            self._opened.set_exception(fault)
            # Nobody may be there to see it: `open` was cancelled.
            self._opened.exception()
        self._ended.set_result(fault)


def _resolve(answer: asyncio.Future[list[int]], codes: list[int]) -> None:
    if not answer.done():
        answer.set_result(codes)
