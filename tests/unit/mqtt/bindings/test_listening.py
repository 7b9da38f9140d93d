"""The wait for what the broker kept of bound topics."""

import asyncio

import pytest

from blynk_gateway.broker import retained
from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import BindingOptions, Direction, MqttOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.mqtt.bindings.listening import Listening
from tests.helpers.mqtt import Core, FakeOutlet

IN = BindingOptions("z/lamp", "lamp/V1")
OUT = BindingOptions("z/lamp/set", "lamp/V1", Direction.OUT)
BOTH = BindingOptions("shared", "lamp/V2", Direction.BOTH)

QUIET_S = 0.3


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retained, "QUIET_S", QUIET_S)
    monkeypatch.setattr(retained, "_PERIOD_S", 0.005)


def listening(*bindings: BindingOptions) -> Listening:
    return Listening(Core(MqttOptions(bindings=bindings), SystemClock()).parts)


async def listened_s(feature: Listening) -> float:
    """How long it kept others waiting."""
    clock = SystemClock()
    began = clock.monotonic()
    await feature.connected(FakeOutlet())
    return clock.monotonic() - began


async def test_it_listens_once_for_each_connection() -> None:
    feature = listening(IN, OUT, BOTH)
    assert {one.filter for one in feature.subscriptions()} == {"z/lamp", "shared"}
    assert await listened_s(feature) >= QUIET_S
    assert await listened_s(feature) < QUIET_S
    feature.disconnected()
    assert await listened_s(feature) >= QUIET_S


async def test_who_follows_no_topic_has_nothing_to_listen_to() -> None:
    feature = listening(OUT)
    assert list(feature.subscriptions()) == []
    assert await listened_s(feature) < QUIET_S


@pytest.mark.parametrize("is_retained", [True, False], ids=["retained", "live"])
async def test_it_listens_as_long_as_kept_messages_come(is_retained: bool) -> None:
    feature = listening(IN)
    (one,) = feature.subscriptions()
    listened = asyncio.get_running_loop().create_task(listened_s(feature))
    count = 0
    while not listened.done() and count < 2 * QUIET_S / 0.01:
        await asyncio.sleep(0.01)
        one.handler(Message("z/lamp", b"1", 0, is_retained))
        count += 1
    assert listened.done() is not is_retained
    await listened
