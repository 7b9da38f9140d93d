import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.broker.message import Message
from blynk_gateway.broker.packets import (
    MAX_TOPICS,
    Packets,
    TopicUnusable,
    read_message,
)

PLAIN = Packets(is_v5=False)
V5 = Packets(is_v5=True)


def test_a_short_message_is_what_the_specification_shows() -> None:
    assert PLAIN.publish("a/b", b"1", retain=False) == b"\x30\x06\x00\x03a/b1"
    assert PLAIN.publish("a/b", b"1", retain=True) == b"\x31\x06\x00\x03a/b1"
    assert V5.publish("a/b", b"1", retain=True) == b"\x31\x07\x00\x03a/b\x001"


@pytest.mark.parametrize("size", [0, 122, 123, 16_378, 16_379, 2_097_146, 2_097_147])
def test_lengths_of_one_to_four_bytes(size: int) -> None:
    packet = PLAIN.publish("a/b", b"x" * size, retain=False)
    rest, length, shift = packet[1:], 0, 0
    while True:
        length |= (rest[0] & 127) << shift
        more, rest, shift = rest[0] & 128, rest[1:], shift + 7
        if not more:
            break
    assert length == len(rest) == size + 5


@given(topic=st.text(min_size=1, max_size=20), payload=st.binary(max_size=300))
def test_every_topic_makes_the_same_packet_again_or_is_refused(topic: str, payload: bytes) -> None:
    try:
        packet = V5.publish(topic, payload, retain=True)
    except TopicUnusable:
        assert any(char in "+#\0" or "\ud800" <= char <= "\udfff" for char in topic)
    else:
        assert packet == V5.publish(topic, payload, retain=True)
        assert packet.endswith(topic.encode() + b"\0" + payload)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "\ud800", "x" * 65_536])
def test_topics_that_end_connections_are_refused(topic: str) -> None:
    with pytest.raises(TopicUnusable):
        PLAIN.publish(topic, b"", retain=False)


def test_topics_that_are_kept_are_bounded() -> None:
    packets = Packets(is_v5=False)
    for number in range(MAX_TOPICS + 10):
        packets.publish(f"topic/{number}", b"", retain=False)
    assert len(packets._heads) <= MAX_TOPICS


@pytest.mark.parametrize("is_v5", [False, True])
@pytest.mark.parametrize("size", [0, 1, 100, 128, 5000, 16_000])
def test_a_message_is_read_as_it_was_made(is_v5: bool, size: int) -> None:
    packets = Packets(is_v5=is_v5)
    topic, payload = "blynk/gerät/v5/set", b"x" * size
    for is_retained in (False, True):
        packet = packets.publish(topic, payload, retain=is_retained)
        found = read_message(b"??" + packet + b"\x30", 2, is_v5=is_v5)
        assert found == (Message(topic, payload, 0, is_retained), 2 + len(packet))


@pytest.mark.parametrize("is_v5", [False, True])
def test_no_part_of_a_message_is_read_as_one(is_v5: bool) -> None:
    packet = Packets(is_v5=is_v5).publish("a/b", b"x" * 130, retain=False)
    for end in range(1, len(packet)):
        assert read_message(packet[:end], 0, is_v5=is_v5) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"\xd0\x00",
        b"\x32\x06\x00\x01a\x00\x07x",
        b"\x38\x04\x00\x01ax",
        b"\x30\x00\x00\x01a",
        b"\x30\x01\x00\x01a",
        b"\x30\x03\x00\x00x",
        b"\x30\x03\x00\x05aaaaa",
        b"\x30\x04\x00\x01\xffx",
        b"\x30\x84\x80\x00\x00\x01ax",
    ],
    ids=[
        "PINGRESP",
        "QoS 1",
        "sent again",
        "empty",
        "too short for a topic",
        "without a topic",
        "topic longer than the packet",
        "topic that is no text",
        "length of three bytes",
    ],
)
def test_anything_else_is_left_to_paho(packet: bytes) -> None:
    assert read_message(packet, 0, is_v5=False) is None


def test_a_message_with_properties_is_left_to_paho() -> None:
    assert read_message(b"\x30\x07\x00\x01a\x02\x01\x00x", 0, is_v5=True) is None
    assert read_message(b"\x30\x03\x00\x01ax", 0, is_v5=True) is None
