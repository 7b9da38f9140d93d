"""Messages of QoS 0 as they go over the wire, and the sign of life.

With each of them paho spends some seven times as long, both ways; nothing answers them.
Source: MQTT 3.1.1 and 5, sections 2.2, 3.3, 3.12.
"""

from blynk_gateway.broker.message import Message

PINGREQ = b"\xc0\x00"

ID_BYTES = 2
"""So much more has a message of QoS 1 or 2."""

MAX_TOPIC_BYTES = 65_535

MAX_TOPICS = 20_000
"""Kept encoded: more than a gateway with a hundred devices has."""

_PUBLISH = 0x30
_RETAIN = 0x01
_SHORT = 128
"""A packet whose rest is shorter has a length of one byte."""

_MIDDLE = _SHORT * _SHORT
"""One of two bytes."""


class TopicUnusable(ValueError):
    """Nothing can be published to such a topic."""


class Packets:
    """Makes packets for one connection.

    Args:
        is_v5: whether it speaks MQTT 5.
    """

    def __init__(self, *, is_v5: bool) -> None:
        self._properties = b"\0" if is_v5 else b""
        self._heads: dict[str, bytes] = {}

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> bytes:
        """A whole PUBLISH of QoS 0.

        Raises:
            TopicUnusable: the topic is empty, too long, or has wildcards or what is no text.
        """
        head = self._heads.get(topic) or self._head(topic)
        size = len(head) + len(payload)
        first = _PUBLISH | _RETAIN if retain else _PUBLISH
        if size < _SHORT:
            return bytes((first, size)) + head + payload
        start = bytearray((first,))
        while size >= _SHORT:
            start.append(size % _SHORT | _SHORT)
            size //= _SHORT
        start.append(size)
        return bytes(start) + head + payload

    def _head(self, topic: str) -> bytes:
        """What stands before the payload."""
        encoded = _encode(topic)
        if len(self._heads) >= MAX_TOPICS:
            self._heads.clear()
        head = len(encoded).to_bytes(2, "big") + encoded + self._properties
        self._heads[topic] = head
        return head


def read_message(data: bytes, at: int, *, is_v5: bool) -> tuple[Message, int] | None:
    """The message of QoS 0 that begins there, and where its packet ends.

    None for anything else: what is not all there, has properties, is unusually long or is no MQTT.
    """
    first = data[at]
    if first & ~_RETAIN != _PUBLISH:
        return None
    try:
        size, head = data[at + 1], 2
        if size >= _SHORT:
            size, head = size - _SHORT + _SHORT * data[at + 2], 3
        start = at + head + 2
        split = start + (data[start - 2] << 8 | data[start - 1])
        end = start - 2 + size
        if size >= _MIDDLE or end > len(data) or split == start:
            return None
        topic = data[start:split].decode()
        if is_v5:
            # The length of the properties. There are few brokers that send any.
            if data[split]:
                return None
            split += 1
    except (IndexError, UnicodeDecodeError):
        return None
    if split > end:
        return None
    return Message(topic, data[split:end], is_retained=bool(first & _RETAIN)), end


def _encode(topic: str) -> bytes:
    # Brokers end the connection of who publishes to such a one.
    try:
        encoded = topic.encode()
    except UnicodeEncodeError:
        raise TopicUnusable("it is no text") from None
    if not encoded or len(encoded) > MAX_TOPIC_BYTES:
        raise TopicUnusable("it is empty or too long")
    if any(char in topic for char in "+#\0"):
        raise TopicUnusable("it has a wildcard")
    return encoded
