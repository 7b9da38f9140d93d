"""The wait for what the broker kept of bound topics."""

import asyncio

import pytest

from blynk_gateway.broker import retained
from blynk_gateway.broker.message import Message
from blynk_gateway.broker.retained import QUIET_S
from blynk_gateway.config.mqtt.options import BindingOptions, Direction, MqttOptions
from blynk_gateway.mqtt.bindings.listening import Listening
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, FakeOutlet

IN = BindingOptions("z/lamp", "lamp/V1")
OUT = BindingOptions("z/lamp/set", "lamp/V1", Direction.OUT)
BOTH = BindingOptions("shared", "lamp/V2", Direction.BOTH)

PERIOD_S = 0.005


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retained, "_PERIOD_S", PERIOD_S)


class Bench:
    """The feature, and time that the test drives."""

    def __init__(self, *bindings: BindingOptions) -> None:
        self.clock = FakeClock()
        self.feature = Listening(Core(MqttOptions(bindings=bindings), self.clock).parts)
        self.connecting: asyncio.Task[None] | None = None

    def hear(self, *, is_retained: bool) -> None:
        for one in self.feature.subscriptions():
            one.handler(Message(one.filter, b"1", 0, is_retained))

    async def is_over(self) -> bool:
        """Whether those behind it may speak."""
        if self.connecting is None:
            connecting = self.feature.connected(FakeOutlet())
            self.connecting = asyncio.get_running_loop().create_task(connecting)
        # It looks at the clock now and then.
        await asyncio.sleep(4 * PERIOD_S)
        return self.connecting.done()


async def test_it_listens_once_for_each_connection() -> None:
    bench = Bench(IN, OUT, BOTH)
    assert {one.filter for one in bench.feature.subscriptions()} == {"z/lamp", "shared"}
    for _ in range(2):
        assert not await bench.is_over()
        bench.clock.advance(QUIET_S)
        assert bench.connecting is not None
        await bench.connecting
        # Everything is published anew.
        await bench.feature.connected(FakeOutlet())
        bench.feature.disconnected()
        bench.connecting = None


async def test_who_follows_no_topic_has_nothing_to_listen_to() -> None:
    bench = Bench(OUT)
    assert list(bench.feature.subscriptions()) == []
    await bench.feature.connected(FakeOutlet())


@pytest.mark.parametrize("is_retained", [True, False], ids=["retained", "live"])
async def test_it_listens_as_long_as_kept_messages_come(is_retained: bool) -> None:
    bench = Bench(IN)
    assert not await bench.is_over()
    bench.clock.advance(QUIET_S * 0.9)
    bench.hear(is_retained=is_retained)
    bench.clock.advance(QUIET_S * 0.2)
    assert bench.connecting is not None
    if is_retained:
        assert not await bench.is_over()
        bench.clock.advance(QUIET_S)
    await bench.connecting
