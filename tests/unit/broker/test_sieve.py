import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.broker.packets import Packets
from blynk_gateway.broker.sieve import Dropped, Sieve

LIMIT = 300
SMALL = Packets(is_v5=False).publish("a", b"1", retain=False)
MIDDLE = Packets(is_v5=False).publish("b", b"x" * (LIMIT - 3), retain=True)
PINGRESP = b"\xd0\x00"


def large(qos: int, topic: bytes = b"large", number: int = 0x1234) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic
    body += number.to_bytes(2, "big") if qos else b""
    body += b"y" * (LIMIT + 1)
    assert 128 <= len(body) < 16_384
    return bytes((0x30 | qos << 1, len(body) & 127 | 128, len(body) >> 7)) + body


def test_what_fits_passes_unchanged() -> None:
    sieve = Sieve(LIMIT)
    data = SMALL + MIDDLE + PINGRESP + SMALL
    assert sieve.feed(data) == data
    assert sieve.dropped == []


@pytest.mark.parametrize(
    ("qos", "answer"), [(0, b""), (1, b"\x40\x02\x12\x34"), (2, b"\x50\x02\x12\x34")]
)
def test_what_is_too_large_is_left_out_and_acknowledged(qos: int, answer: bytes) -> None:
    sieve = Sieve(LIMIT)
    assert sieve.feed(SMALL + large(qos) + PINGRESP) == SMALL + PINGRESP
    assert sieve.dropped == [Dropped("large", len(large(qos)) - 3, answer)]


@given(
    packets=st.lists(
        st.sampled_from([SMALL, MIDDLE, PINGRESP, large(0), large(1), large(2)]), max_size=8
    ),
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=30),
)
def test_pieces_of_any_size_give_the_same(packets: list[bytes], cuts: list[int]) -> None:
    data = b"".join(packets)
    sieve, found, at = Sieve(LIMIT), b"", 0
    while at < len(data):
        size = cuts[at % len(cuts)]
        found += sieve.feed(data[at : at + size])
        at += size
    assert found == b"".join(one for one in packets if len(one) <= len(MIDDLE))
    assert [one.topic for one in sieve.dropped] == ["large"] * (
        sum(len(one) > len(MIDDLE) for one in packets)
    )


def test_byte_by_byte_gives_the_same() -> None:
    sieve = Sieve(LIMIT)
    data = SMALL + large(2) + MIDDLE
    passed = b"".join(sieve.feed(data[at : at + 1]) for at in range(len(data)))
    assert passed == SMALL + MIDDLE
    assert len(sieve.dropped) == 1


def test_a_large_packet_that_is_no_message_is_left_out_too() -> None:
    sieve = Sieve(LIMIT)
    packet = b"\x90" + large(0)[1:]
    assert sieve.feed(packet + SMALL) == SMALL
    assert sieve.dropped == []


def test_a_large_message_is_not_held() -> None:
    sieve = Sieve(LIMIT)
    # 200 MiB are announced.
    sieve.feed(b"\x30\xff\xff\xff\x63\x00\x01a")
    for _ in range(100):
        assert sieve.feed(b"z" * 65_536) == b""
    assert len(sieve.dropped) == 1
    assert sieve._head is None


def test_what_is_no_mqtt_passes() -> None:
    sieve = Sieve(LIMIT)
    assert sieve.feed(b"\x48\x54\x54") == b"\x48\x54\x54"
    assert Sieve(LIMIT).feed(b"\x30" + b"\xff" * 4) == b"\x30" + b"\xff" * 4
