"""The least that a client of a broker needs, in as few steps as Python can do it.

A library that does all of MQTT costs more for a message than the gateway itself and would be what
is measured. This one speaks version 3.1.1 at QoS 0 and trusts its broker.
"""

import multiprocessing
import select
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Self

_CONNECT, _PUBLISH, _SUBSCRIBE = 0x10, 0x30, 0x82
_RETAIN = 1
_ANSWER_BYTES = 4
_SUBACK_BYTES = 5
_READ_BYTES = 1 << 20


class Client:
    """A connection to a broker on this machine."""

    def __init__(self, port: int, name: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        head = b"\0\x04MQTT\x04\x02\0\0"
        self.socket.sendall(_packet(_CONNECT, head + _text(name)))
        self.socket.recv(_ANSWER_BYTES, socket.MSG_WAITALL)

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe and wait for the answer; before anything is published there."""
        self.socket.sendall(_packet(_SUBSCRIBE, b"\0\x01" + _text(topic_filter) + b"\0"))
        self.socket.recv(_SUBACK_BYTES, socket.MSG_WAITALL)

    def send(self, messages: Iterable[tuple[str, str]]) -> None:
        """Publish."""
        self.socket.sendall(
            b"".join(_packet(_PUBLISH, _text(topic) + text.encode()) for topic, text in messages)
        )

    def receive(
        self, within_s: float | None = None, *, with_retained: bool = False
    ) -> list[tuple[str, str]]:
        """The next messages; none when the broker has gone, or after so long.

        Args:
            with_retained: whether those count that had come before we subscribed.
        """
        if within_s is not None and not select.select([self.socket], [], [], within_s)[0]:
            return []
        data = self._rest + self.socket.recv(_READ_BYTES)
        messages: list[tuple[str, str]] = []
        at, end = 0, len(data)
        while at + 2 <= end:
            start, length = at + 2, data[at + 1]
            if length & 0x80:
                start, length = _long(data, at + 1)
            stop = start + length
            if not start or stop > end:
                break
            if data[at] & 0xF0 == _PUBLISH and (with_retained or not data[at] & _RETAIN):
                split = start + 2 + (data[start] << 8 | data[start + 1])
                messages.append((data[start + 2 : split].decode(), data[split:stop].decode()))
            at = stop
        self._rest = data[at:]
        return messages

    def close(self) -> None:
        """Go."""
        self.socket.close()


@dataclass
class Heard:
    """What a listener heard of pins whose values only ever rise.

    Attributes:
        count: of messages of pins.
        others: of messages about anything else.
        disorders: how many were no later than the one before of the same pin.
        latest: of each pin, by topic.
        first_s, last_s: when the first and the last of pins came, on the system's monotonic clock.
    """

    count: int = 0
    others: int = 0
    disorders: int = 0
    latest: dict[str, int] = field(default_factory=dict)
    first_s: float = 0.0
    last_s: float = 0.0

    @property
    def per_second(self) -> float:
        """Messages of pins a second."""
        return self.count / max(self.last_s - self.first_s, 1e-9)

    def take(self, messages: Iterable[tuple[str, str]], now_s: float) -> None:
        """Count messages."""
        latest = self.latest
        for topic, text in messages:
            if not topic.rpartition("/")[2][1:].isdigit():
                self.others += 1
                continue
            value = int(text)
            self.disorders += latest.get(topic, -1) >= value
            latest[topic] = value
            self.count += 1
            self.last_s = now_s
            self.first_s = self.first_s or now_s


class Listener:
    """Counts in a process of its own what comes of pins and devices, from `with` on.

    Args:
        with_retained: whether that counts too which stands there already.
    """

    def __init__(self, port: int, *, with_retained: bool = False) -> None:
        here, there = multiprocessing.Pipe()
        self._pipe: Pipe = here
        self._process = multiprocessing.Process(
            target=_listen, args=(port, with_retained, there), daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        self._pipe.recv()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join()

    def heard(self) -> Heard:
        """What it has heard so far."""
        self._pipe.send(True)
        heard = self._pipe.recv()
        assert isinstance(heard, Heard)
        return heard

    def settled(self, quiet_s: float = 1.0) -> Heard:
        """What it has heard when no more of pins comes."""
        before = self.heard()
        while True:
            time.sleep(quiet_s)
            after = self.heard()
            if after.count == before.count:
                return after
            before = after


def _listen(port: int, with_retained: bool, pipe: Pipe) -> None:
    client = Client(port, f"bench-{multiprocessing.current_process().pid}")
    client.subscribe("blynk/+/+")
    heard = Heard()
    pipe.send(True)
    while True:
        ready, _, _ = select.select([client.socket.fileno(), pipe.fileno()], [], [])
        if client.socket.fileno() in ready:
            heard.take(client.receive(with_retained=with_retained), time.monotonic())
        if pipe.fileno() in ready:
            pipe.recv()
            pipe.send(heard)


def _packet(head: int, body: bytes) -> bytes:
    length, size = len(body), bytearray()
    while True:
        length, digit = length >> 7, length & 0x7F
        size.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((head,)) + bytes(size) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def _long(data: bytes, at: int) -> tuple[int, int]:
    """Where a packet's body begins and its length, 0 and 0 if that is not there yet."""
    length = shift = 0
    for index in range(at, min(at + 4, len(data))):
        length |= (data[index] & 0x7F) << shift
        shift += 7
        if not data[index] & 0x80:
            return index + 1, length
    return 0, 0
