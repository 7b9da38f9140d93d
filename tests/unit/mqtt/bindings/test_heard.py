import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.mqtt.bindings import heard as module
from blynk_gateway.mqtt.bindings.heard import MAX_TOPIC, Heard, Source

PIN = PinAddress("lamp", "V1")
LAMP = Source("z/lamp lamp/V1", PIN, "z/lamp")


@pytest.fixture
def heard() -> Heard:
    made = Heard()
    made.note(LAMP, 1.0)
    return made


def test_last_words_before_a_break_are_known_again(heard: Heard) -> None:
    assert not heard.is_repeated(LAMP, 1.0)
    heard.disconnected()
    assert heard.is_repeated(LAMP, 1.0)
    assert not heard.is_repeated(LAMP, 2.0)
    heard.note(LAMP, -1.0)
    heard.disconnected()
    assert heard.is_repeated(LAMP, -1.0)
    # Python has one hash for both.
    assert not heard.is_repeated(LAMP, -2.0)
    assert not heard.is_repeated(LAMP._replace(topic="z/other"), 1.0)
    heard.disconnected()
    assert heard.is_repeated(LAMP, -1.0)


def test_who_spoke_since_repeats_nothing(heard: Heard) -> None:
    heard.disconnected()
    heard.note(LAMP, 1.0)
    assert not heard.is_repeated(LAMP, 1.0)


def test_device_that_is_gone_is_forgotten_and_no_other(heard: Heard) -> None:
    fan = LAMP._replace(address=PinAddress("fan", "V1"))
    heard.note(fan, 1.0)
    heard.removed("lamp")
    heard.disconnected()
    assert not heard.is_repeated(LAMP, 1.0)
    assert heard.is_repeated(fan, 1.0)


def test_of_countless_topics_those_that_spoke_last_are_known(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SOURCES", 2)
    second, third = LAMP._replace(topic="second"), LAMP._replace(topic="third")
    for source in (second, LAMP, third):
        heard.note(source, 1.0)
    heard.disconnected()
    known = [one for one in (LAMP, second, third) if heard.is_repeated(one, 1.0)]
    assert known == [LAMP, third]


def test_topics_of_any_length_do_not_fill_the_memory(heard: Heard) -> None:
    long, longer = (LAMP._replace(topic="x" * size) for size in (MAX_TOPIC, MAX_TOPIC + 1))
    heard.note(long, 1.0)
    heard.note(longer, 1.0)
    heard.disconnected()
    assert heard.is_repeated(long, 1.0)
    assert not heard.is_repeated(longer, 1.0)
