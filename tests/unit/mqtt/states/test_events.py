"""Events are told as they come."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.change import EventKind
from blynk_gateway.mqtt.states.events import Events, event_level
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet


@pytest.fixture
def core() -> Core:
    core = Core(clock=FakeClock(1_700_000_000_123))
    core.add("shed")
    core.changes()
    return core


def record(core: Core, kind: EventKind, code: str, description: str) -> FakeOutlet:
    core.registry.record_event(core.registry.get("shed"), kind, code, description, CONFIG)
    outlet = FakeOutlet()
    core.tell(outlet, Events(core.parts))
    return outlet


@pytest.mark.parametrize("kind", EventKind)
def test_event_tells_what_when_and_of_which_kind(core: Core, kind: EventKind) -> None:
    # What is not open cannot be resolved.
    record(core, EventKind.LOGGED, "Too_Hot", "29 °C")
    (sent,) = record(core, kind, "Too_Hot", "30 °C").sent
    assert (sent.topic, sent.qos, sent.retain) == ("blynk/shed/event/Too_Hot", 0, False)
    assert sent.json == {
        "description": "30 °C",
        "time": "2023-11-14T22:13:20.123Z",
        "kind": str(kind),
    }


async def test_event_that_is_past_is_not_told_on_a_connection(core: Core) -> None:
    record(core, EventKind.LOGGED, "hot", "")
    outlet, feature = FakeOutlet(), Events(core.parts)
    assert feature.subscriptions() == ()
    await feature.connected(outlet)
    feature.disconnected()
    assert outlet.sent == []


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("a+b#c/d", "a_b_c_d"),
        ("TÜR auf", "TÜR auf"),
        ("a\0b\x1f\x7f\x85", "a_b___"),
        ("\udc80\ud800\ufffe\ufdd0", "____"),
        ("$SYS", "$SYS"),
    ],
)
def test_code_that_cannot_stand_in_a_topic_is_made_fit(core: Core, code: str, level: str) -> None:
    (sent,) = record(core, EventKind.LOGGED, code, "\udc80").sent
    assert sent.topic == f"blynk/shed/event/{level}"
    assert sent.json["description"] == "\N{REPLACEMENT CHARACTER}"


@given(st.text(st.characters(codec=None, categories=None), min_size=1, max_size=50))
def test_every_code_is_one_level_of_its_length(code: str) -> None:
    level = event_level(code)
    level.encode()
    assert len(level) == len(code)
    assert not set(level) & set("+#/\0")


def test_plain_code_stays_as_it_is() -> None:
    code = string.ascii_letters + string.digits + "_-. "
    assert event_level(code) == code
