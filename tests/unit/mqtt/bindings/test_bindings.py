import time

from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.store import FUSE_BURST
from blynk_gateway.runtime.health import HealthState
from tests.helpers.bindings import MQTT, PERSON, Bench


async def test_without_bindings_nothing_is_heard_or_said() -> None:
    bench = Bench()
    assert list(bench.bindings.subscriptions()) == []
    await bench.connect()
    bench.write("1")
    assert bench.payloads() == []


async def test_pins_without_binding_are_looked_up_and_no_more() -> None:
    bench = Bench(BindingOptions("x", "lamp/V1"))
    await bench.connect()
    for number in range(100):
        bench.write(str(number), address="lamp/V9")
    assert bench.count("mqtt_binding_echoes") == 0


async def test_end_of_a_connection_may_be_told_twice() -> None:
    bench = Bench(BindingOptions("x", "lamp/V1"))
    await bench.connect()
    bench.receive("x", "1")
    bench.bindings.disconnected()
    bench.bindings.disconnected()
    assert bench.core.registry.get("lamp").connections == 0


async def test_end_of_a_connection_ends_every_loop() -> None:
    bench = Bench(BindingOptions("x", "lamp/V1"))
    await bench.connect()
    for number in range(2 * FUSE_BURST):
        bench.receive("x", str(number))
    health = bench.core.parts.health
    assert health.components["mqtt_loop"].state is HealthState.DEGRADED
    bench.bindings.disconnected()
    assert health.components["mqtt_loop"] == (HealthState.OK, "")


async def test_value_is_compared_as_the_datastream_stores_it() -> None:
    bench = Bench(BindingOptions("x", "lamp/V1"))
    bench.core.redefine("lamp", Datastream("V1", "On", DatastreamType.BOOL))
    await bench.connect()
    bench.write("1", PERSON)
    bench.receive("x", "true")
    assert bench.tell() == []


async def test_removed_device_that_comes_back_begins_anew() -> None:
    bench = Bench(BindingOptions("x", "lamp/V1"))
    await bench.connect()
    bench.write("1")
    bench.core.registry.remove("lamp", PERSON)
    bench.tell()
    bench.core.add("lamp", token="another")
    bench.tell()
    bench.receive("x", "1")
    assert bench.value() == "1"


async def test_shared_topic_is_not_sent_what_a_datastream_refuses() -> None:
    bench = Bench(BindingOptions("x", "lamp/V1", Direction.BOTH))
    bench.core.redefine("lamp", Datastream("V1", "Level", DatastreamType.INT))
    await bench.connect()
    bench.receive("x", "warm")
    assert bench.refused == ["pin.invalid_value"]
    bench.core.store.write("lamp", "V1", ("5",), MQTT, Intent.COMMAND)
    bench.tell()
    assert bench.payloads() == ["5"]


def test_thousands_of_bindings_do_not_hold_up_the_loop() -> None:
    def cost_s(count: int) -> float:
        pins = [f"d{number % 10}/V{number // 10}" for number in range(count)]
        bindings = [BindingOptions(f"z/{pin}", pin) for pin in pins]
        bindings += [BindingOptions(f"z/{pin}/set", pin, Direction.OUT) for pin in pins]
        began = time.process_time()
        Bench(*bindings)
        return time.process_time() - began

    # As many times the work for as many times the bindings; if each were compared with each, it
    # would be a hundred times.
    assert min(cost_s(2000) for _ in range(3)) < 30 * min(cost_s(200) for _ in range(3))
