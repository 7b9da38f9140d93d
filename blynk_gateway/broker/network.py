"""The thread that speaks with the broker.

1. Everything of paho and of the socket happens on this thread. Who wants something done there
   gives an order; orders are carried out one after another.
2. Nothing more is written while the socket does not take what was written before, and nothing is
   read while nobody takes what was read. So a peer that stops costs one chunk of memory each way.
3. Signs of life are ours, not paho's: they go on while nothing is read, and their times are the
   clock's.
"""

import asyncio
import contextlib
import logging
import select
import ssl
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import paho.mqtt.client as paho

from blynk_gateway.broker import library
from blynk_gateway.broker.dialing import dial, place_of
from blynk_gateway.broker.faults import (
    BrokerDown,
    VersionRefused,
    refusal,
    tls_fault,
)
from blynk_gateway.broker.inbox import Inbox
from blynk_gateway.broker.message import Message
from blynk_gateway.broker.packets import PINGREQ
from blynk_gateway.broker.waker import Stopped, Waker
from blynk_gateway.broker.wire import CHUNK_BYTES, Wire
from blynk_gateway.config.mqtt.options import BrokerOptions
from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.logs import Repeats

log = logging.getLogger(__name__)

PACKETS_AT_ONCE = 100
"""Read before others get their turn: some two milliseconds."""

PENDING_BYTES = 1024 * 1024
"""Not sent yet, at which nothing is read that would be answered."""

SILENCE = 1.5
"""Of the keep-alive: so long the broker bears us silent, and we the broker."""

NONSENSE = "what it sends cannot be understood; expected MQTT"

Order: TypeAlias = bytes | Callable[[], None]
"""A packet to write, or what to do."""

_READABLE = select.POLLIN | select.POLLERR | select.POLLHUP


class Reports(NamedTuple):
    """Who is told, on the loop's thread, what happens.

    Attributes:
        opened: the broker has let us in.
        sent: there is more room, and these messages have gone out or are acknowledged.
        ended: the last report, and why.
    """

    opened: Callable[[], None]
    sent: Callable[[list[Callable[[], None]]], None]
    ended: Callable[[PeerError], None]


class Network:
    """One connection's thread; `start` it once.

    Args:
        shown: makes a topic fit for people.

    Attributes:
        sent: how many messages have gone out, or with QoS 1 and 2 are acknowledged.
        sent_bytes: their size, as it was told.
        dropped: how many messages could not be taken, in or out.
        is_room_wanted: whether `Reports.sent` is to be told of each progress.
        limits: what the broker bears; known when it has let us in.
    """

    def __init__(
        self,
        options: BrokerOptions,
        client_id: str,
        will: tuple[str, bytes] | None,
        clock: Clock,
        shown: Callable[[str], str],
        reports: Reports,
        inbox: Inbox,
        waker: Waker,
    ) -> None:
        self.sent = 0
        self.sent_bytes = 0
        self.dropped = 0
        self.is_room_wanted = False
        self.limits = library.Limits()
        self._options = options
        self._place = place_of(options)
        self._client_id = client_id
        self._will = will
        self._clock = clock
        self._shown = shown
        self._loop = asyncio.get_running_loop()
        self._reports = reports
        self._inbox = inbox
        self._waker = waker
        self._repeats = Repeats(clock)
        self._orders: deque[Order] = deque()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._client: paho.Client
        self._wire: Wire
        self._keepalive_s = float(library.keepalive_s(options))
        self._heard_at = self._ping_at = 0.0
        self._has_heard = False
        self._is_connected = False
        self._is_finishing = False
        self._is_paused = False
        self._has_more = False
        self._fault: PeerError | None = None
        self._under_way = 0
        self._under_way_bytes = 0
        self._done: list[Callable[[], None]] = []
        self._unacknowledged: dict[int, tuple[int, Callable[[], None] | None]] = {}
        self._asked: dict[int, Callable[[list[int]], None]] = {}

    # On the loop's thread.

    def start(self) -> None:
        """Connect."""
        self._thread.start()

    def order(self, order: Order) -> None:
        """Have it done; `Waker.wake` is to follow."""
        self._orders.append(order)

    def join(self) -> None:
        """Wait for the end of the thread, which has told that it ends."""
        self._thread.join()

    # Orders, carried out on the thread.

    def send(self, packet: bytes, done: Callable[[], None]) -> None:
        """Write a packet, and tell when it has gone."""
        self._wire.send(packet)
        self._under_way += 1
        self._under_way_bytes += len(packet)
        self._done.append(done)

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        retain: bool,
        size: int,
        done: Callable[[], None] | None,
    ) -> None:
        """Publish with QoS 1 or 2."""
        message = self._client.publish(topic, payload, qos, retain)
        if message.rc:
            # All 65,535 numbers are in use.
            self._under_way += 1
            self._under_way_bytes += size
            self._count_dropped("too much unacknowledged", topic)
            return
        self._unacknowledged[message.mid] = size, done

    def subscribe(
        self, filters: Sequence[tuple[str, int]], answer: Callable[[list[int]], None]
    ) -> None:
        """Ask for topics; `answer` is called on the loop's thread with a code for each filter."""
        mid = library.subscribe(self._client, filters, self._options.protocol)
        self._asked[mid] = answer

    def finish(self) -> None:
        """Say goodbye as soon as everything is sent and acknowledged."""
        self._is_finishing = True

    # On the thread.

    def _run(self) -> None:
        fault: PeerError
        try:
            fault = self._serve()
        except Stopped:
            fault = self._down("we ended the connection; expected nothing else")
        except PeerError as error:
            fault = error
        except ssl.SSLError as error:
            fault = tls_fault(self._place, error)
        except OSError as error:
            fault = self._lost(f"the connection broke, {(error.strerror or str(error)).lower()},")
        except Exception:
            log.exception("broker not understood")
            fault = self._down(NONSENSE)
        self._tell(self._reports.ended, fault)

    def _serve(self) -> PeerError:
        self._wire = wire = dial(self._options, self._waker)
        answers = library.Answers(
            connected=self._connected,
            plain=self._inbox.put,
            message=self._message,
            published=self._published,
            subscribed=self._subscribed,
            disconnected=self._disconnected,
        )
        try:
            self._client = library.new_client(
                self._options, self._client_id, self._will, wire, answers
            )
            self._heard_at = self._clock.monotonic()
            while (fault := self._fault) is None:
                self._write()
                if self._wait():
                    self._read()
                self._keep_alive()
            return fault
        finally:
            wire.flush()
            wire.shut()

    def _write(self) -> None:
        wire, client = self._wire, self._client
        if not wire.has_output:
            self._carry_out()
        if client.want_write():
            client.loop_write()
        wire.flush()
        if wire.has_output:
            return
        self.sent += self._under_way
        self.sent_bytes += self._under_way_bytes
        self._under_way = self._under_way_bytes = 0
        if self._done or self.is_room_wanted:
            self._tell(self._reports.sent, self._done)
            self._done = []
        if self._is_finishing and not self._unacknowledged and not self._orders:
            client.disconnect()
            # Nothing is to be waited for any more.
            self._waker.wake()

    def _carry_out(self) -> None:
        """Carry out orders until there is a chunk to write."""
        orders, packets, size = self._orders, list[bytes](), 0
        while orders and size < CHUNK_BYTES:
            order = orders.popleft()
            if isinstance(order, bytes):
                packets.append(order)
                size += len(order)
                continue
            # It may write too, after all that was ordered before.
            self._wire.send(b"".join(packets))
            self._under_way += len(packets)
            packets.clear()
            order()
        self._wire.send(b"".join(packets))
        self._under_way += len(packets)
        self._under_way_bytes += size

    def _wait(self) -> bool:
        """Wait for something to do, and tell whether there is something to read."""
        wire = self._wire
        self._is_paused = self._inbox.is_full()
        is_reading = not self._is_paused and (wire.is_cut or wire.pending < PENDING_BYTES)
        is_at_hand = is_reading and (wire.has_input or self._has_more)
        mask = select.POLLIN if is_reading else 0
        wait_s = 0.0
        if wire.has_output and not wire.is_cut:
            mask |= select.POLLOUT
        if not is_at_hand and (wire.has_output or not self._orders):
            due_at = self._heard_at + self._keepalive_s * SILENCE
            if self._is_connected:
                due_at = min(due_at, self._ping_at)
            wait_s = due_at - self._clock.monotonic()
        found = self._waker.wait(wire.sock if mask else None, mask, max(0.0, wait_s))
        return is_at_hand or bool(found & _READABLE and is_reading)

    def _read(self) -> None:
        wire, client, inbox = self._wire, self._client, self._inbox
        if not wire.has_input:
            size = wire.fill()
            self._has_more = size >= CHUNK_BYTES
            if size:
                self._has_heard = True
                self._heard_at = self._clock.monotonic()
            if wire.sieve.dropped:
                self._drop(wire)
        for _ in range(PACKETS_AT_ONCE):
            if self._fault or wire.is_closed or not wire.has_input or inbox.is_full():
                break
            try:
                client.loop_read()
            except Exception:
                # Version 1.6 stumbles over what is no MQTT in any way.
                log.debug("broker not understood", exc_info=True)
                self._disconnected(None)
        inbox.call()

    def _drop(self, wire: Wire) -> None:
        for dropped in wire.sieve.dropped:
            wire.send(dropped.answer)
            self._count_dropped("message too large", dropped.topic, size_bytes=dropped.size)
        wire.sieve.dropped.clear()

    def _count_dropped(self, phrase: str, topic: str, **details: object) -> None:
        self.dropped += 1
        if (held_back := self._repeats.allow(phrase)) is not None:
            log.warning(
                phrase, extra={"topic": self._shown(topic), **details, "held_back": held_back}
            )

    def _keep_alive(self) -> None:
        """Give a sign of life, whatever else there is, and end if the broker gives none."""
        now = self._clock.monotonic()
        if self._is_paused:
            # What it sends waits unread.
            self._heard_at = now
        if now - self._heard_at >= self._keepalive_s * SILENCE:
            self._fault = self._down(
                f"silent for {now - self._heard_at:.0f} s; expected an answer to our signs of life"
            )
        if self._is_connected and now >= self._ping_at:
            self._ping_at = now + self._keepalive_s / 2
            # What is on its way is a sign of life too.
            if not self._wire.has_output:
                self._wire.send(PINGREQ)

    # What paho calls, from `_read` and `_write`.

    def _connected(self, code: int, limits: library.Limits) -> None:
        if code:
            self._fault = refusal(self._place, code)
            return
        self.limits = limits
        if limits.keepalive_s:
            self._keepalive_s = float(limits.keepalive_s)
        self._is_connected = True
        self._ping_at = self._clock.monotonic() + self._keepalive_s / 2
        self._tell(self._reports.opened)

    def _message(self, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        if not topic:
            # MQTT 5 has empty ones too, for aliases, which nobody may use who was not offered any.
            self._count_dropped("topic is no text", "")
            return
        self._inbox.put(Message(topic, bytes(message.payload), message.qos, bool(message.retain)))

    def _published(self, mid: int) -> None:
        size, done = self._unacknowledged.pop(mid, (0, None))
        self._under_way += 1
        self._under_way_bytes += size
        if done is not None:
            self._done.append(done)

    def _subscribed(self, mid: int, codes: list[int]) -> None:
        if (answer := self._asked.pop(mid, None)) is not None:
            self._tell(answer, codes)

    def _disconnected(self, code: int | None) -> None:
        if self._fault is not None:
            return
        if code is not None:
            self._fault = refusal(self._place, code)
        elif self._is_finishing:
            self._fault = self._down("we ended the connection; expected nothing else")
        elif self._wire.is_at_end and (self._is_connected or not self._has_heard):
            self._fault = self._lost("it closed the connection")
        elif self._is_connected:
            self._fault = self._down(NONSENSE)
        else:
            self._fault = VersionRefused(
                f"MQTT broker {self._place}: it answers something else than the welcome of MQTT"
                f" {self._options.protocol}; expected that"
            )

    def _lost(self, found: str) -> BrokerDown:
        if self._has_heard:
            return self._down(f"{found.rstrip(',')}; expected it to stay")
        tls = "" if self._options.tls else "; a port for TLS does that to who has no `tls`"
        return self._down(f"{found} before it answered; expected a welcome{tls}")

    def _down(self, found: str) -> BrokerDown:
        return BrokerDown(f"MQTT broker {self._place}: {found}")

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        # A loop that is closed listens no more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)
