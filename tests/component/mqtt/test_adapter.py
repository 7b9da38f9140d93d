import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace

import pytest

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.mqtt import adapter as adapters
from blynk_gateway.mqtt import features
from blynk_gateway.mqtt.adapter import MqttAdapter
from blynk_gateway.mqtt.feature import Outlet
from blynk_gateway.runtime.health import HealthState
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import INSTANCE_ID, OWN, Core, no_services, reached

ORIGIN = Origin(OriginKind.API)


class Echo:
    """A feature that says everything it is told."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.connections = 0
        self.endings = 0
        self.hold: asyncio.Event | None = None

    def subscriptions(self) -> Iterable[Subscription]:
        yield Subscription("echo/+", self._heard)

    async def connected(self, outlet: Outlet) -> None:
        self.connections += 1
        outlet.publish("said/connected", str(self.connections), retain=True)
        if self.hold is not None:
            await self.hold.wait()

    def changed(self, change: Change, outlet: Outlet) -> None:
        if isinstance(change, PinChange):
            outlet.publish(f"said/{change.pin}", change.value[0], retain=True)

    def disconnected(self) -> None:
        self.endings += 1

    def _heard(self, message: Message) -> None:
        if message.payload == b"bug":
            raise RuntimeError("made up")
        self.heard.append(message)


class Bench:
    """An adapter with one feature, and a core with the device `shed`."""

    def __init__(self, options: MqttOptions) -> None:
        self.options = options
        self.core = Core(clock=SystemClock())
        self.core.add("shed")
        self.echo = Echo()
        self.adapter = MqttAdapter(self.core.parts, no_services())

    def start(self) -> None:
        self.adapter.start(self.options, OWN, INSTANCE_ID)

    def write(self, pin: str, value: str) -> None:
        self.core.store.write("shed", pin, (value,), ORIGIN, Intent.COMMAND)

    @property
    def state(self) -> HealthState | None:
        health = self.core.parts.health.components.get("mqtt")
        return None if health is None else health.state


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as running:
        yield running


@pytest.fixture
async def bench(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    made = Bench(MqttOptions(host="127.0.0.1", port=broker.port))
    monkeypatch.setattr(features, "make_features", lambda *_: (made.echo,))
    monkeypatch.setattr(adapters, "RETRY_S", 0.02)
    yield made
    await made.adapter.stop()


async def test_state_is_online_after_everything_else_stands_there(
    broker: Broker, bench: Bench
) -> None:
    async with Listener(broker.port) as listener:
        bench.start()
        await listener.expect("blynk/bridge/state", "online")
        assert [one.topic for one in listener.heard] == ["said/connected", "blynk/bridge/state"]
        assert bench.state is HealthState.OK


async def test_a_stop_says_goodbye_and_may_be_repeated(broker: Broker, bench: Bench) -> None:
    async with Listener(broker.port) as listener:
        bench.start()
        await listener.expect("blynk/bridge/state", "online")
        await bench.adapter.stop()
        await bench.adapter.stop()
        await listener.expect("blynk/bridge/state", "offline")
    async with Listener(broker.port, "blynk/bridge/state") as later:
        assert (await later.expect("blynk/bridge/state", "offline")).is_retained
    assert bench.echo.endings == 1


async def test_changes_made_while_features_fill_the_broker_follow_in_order(
    broker: Broker, bench: Bench
) -> None:
    bench.echo.hold = asyncio.Event()
    async with Listener(broker.port, "said/+") as listener:
        bench.start()
        await listener.expect("said/connected")
        for number in range(200):
            bench.write("V1", str(number))
        bench.echo.hold.set()
        await listener.expect("said/V1", "199")
        assert listener.of("said/V1") == [str(number) for number in range(200)]


async def test_a_broker_that_is_away_costs_no_wait_and_gets_the_latest_when_it_comes(
    broker: Broker, bench: Bench
) -> None:
    broker.kill()
    bench.start()
    await reached(lambda: bench.state is HealthState.DEGRADED)
    bench.write("V1", "lost")
    broker.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
        bench.write("V1", "new")
        await listener.expect("said/V1", "new")
        # Nothing queued while there was no connection.
        assert "lost" not in listener.of("said/V1")
    assert bench.state is HealthState.OK


async def test_a_broker_that_forgot_everything_is_filled_again(
    broker: Broker, bench: Bench
) -> None:
    bench.start()
    await reached(lambda: bench.state is HealthState.OK)
    broker.kill()
    await reached(lambda: bench.state is HealthState.DEGRADED)
    assert bench.echo.endings == 1
    broker.start()
    async with Listener(broker.port) as listener:
        await listener.expect("said/connected", "2")
        await listener.expect("blynk/bridge/state", "online")


async def test_refill_has_every_feature_publish_anew_on_the_same_connection(
    broker: Broker, bench: Bench
) -> None:
    async with Listener(broker.port) as listener:
        bench.start()
        await listener.expect("said/connected", "1")
        bench.adapter.refill()
        await listener.expect("said/connected", "2")
    assert bench.echo.endings == 0


async def test_refill_without_a_broker_does_nothing(bench: Bench) -> None:
    bench.adapter.refill()
    assert bench.echo.connections == 0


async def test_messages_reach_their_feature_in_order_and_one_that_fails_stops_nothing(
    broker: Broker, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.start()
    await reached(lambda: bench.state is HealthState.OK)
    async with Listener(broker.port, "nothing") as sender:
        for payload in ("1", "bug", "2"):
            sender.publish("echo/x", payload)
        await reached(lambda: len(bench.echo.heard) == 2)
    assert [message.payload for message in bench.echo.heard] == [b"1", b"2"]
    assert "message not handled" in caplog.text


async def test_wrong_credentials_are_a_failure_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Broker(passwords={"gateway": "right"}) as broker:
        options = MqttOptions(
            host="127.0.0.1", port=broker.port, username="gateway", password=Secret("wrong")
        )
        bench = Bench(options)
        monkeypatch.setattr(features, "make_features", lambda *_: (bench.echo,))
        bench.start()
        await reached(lambda: bench.state is HealthState.FAILED)
        detail = bench.core.parts.health.components["mqtt"].detail
        assert str(broker.port) in detail
        assert "wrong" not in detail
        # Mended by a reload.
        await bench.adapter.reconfigure(replace(options, password=Secret("right")), OWN)
        await reached(lambda: bench.state is HealthState.OK)
        await bench.adapter.stop()


async def test_a_bug_in_a_feature_is_told_as_ours_and_ends_nothing_else(
    broker: Broker, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_outlet: Outlet) -> None:
        raise RuntimeError("made up")

    monkeypatch.setattr(bench.echo, "connected", broken)
    bench.start()
    await reached(lambda: bench.state is HealthState.FAILED)
    assert "fault of the gateway" in bench.core.parts.health.components["mqtt"].detail


async def test_a_reload_that_changes_nothing_keeps_the_connection_and_refills(
    broker: Broker, bench: Bench
) -> None:
    async with Listener(broker.port) as listener:
        bench.start()
        await listener.expect("blynk/bridge/state", "online")
        await bench.adapter.reconfigure(replace(bench.options), OWN)
        await listener.expect("said/connected", "2")
        assert "offline" not in listener.of("blynk/bridge/state")


async def test_a_reload_without_a_broker_ends_the_connection(broker: Broker, bench: Bench) -> None:
    async with Listener(broker.port) as listener:
        bench.start()
        await listener.expect("blynk/bridge/state", "online")
        await bench.adapter.reconfigure(replace(bench.options, enabled=False), OWN)
        await listener.expect("blynk/bridge/state", "offline")
    assert bench.state is None


async def test_a_twin_with_our_name_is_told_and_both_go_on_when_it_leaves(bench: Bench) -> None:
    bench.start()
    await reached(lambda: bench.state is HealthState.OK)
    twin = MqttAdapter(bench.core.parts, no_services())
    twin.start(bench.options, OWN, INSTANCE_ID)
    await reached(lambda: bench.echo.endings > 0)
    await twin.stop()
    await reached(lambda: bench.state is HealthState.OK)
