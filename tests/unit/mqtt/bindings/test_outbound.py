from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.core.store import FUSE_BURST
from blynk_gateway.mqtt.bindings.echoes import ECHO_S
from tests.helpers.bindings import MQTT, PERSON, Bench
from tests.helpers.mqtt import Sent

OUT = BindingOptions("x/set", "lamp/V1", Direction.OUT)
STATE = BindingOptions("x/state", "lamp/V1", Direction.OUT, retain=True, qos=1)
SHARED = BindingOptions("x", "lamp/V1", Direction.BOTH, retain=True)


async def connected(*bindings: BindingOptions) -> Bench:
    bench = Bench(*bindings)
    await bench.connect()
    return bench


async def test_each_change_is_published() -> None:
    bench = await connected(OUT, STATE)
    bench.write("1")
    assert bench.take() == [Sent("x/set", "1"), Sent("x/state", "1", 1, retain=True)]


async def test_second_press_of_equal_value_is_published() -> None:
    bench = await connected(OUT)
    bench.write("1", PERSON)
    bench.write("1", PERSON)
    assert bench.payloads() == ["1", "1"]


async def test_other_pins_are_no_concern() -> None:
    bench = await connected(OUT)
    bench.write("1", address="lamp/V2")
    bench.core.add("other")
    bench.write("1", address="other/V1")
    assert bench.payloads() == []


async def test_value_without_words_is_complained_of() -> None:
    bench = await connected(BindingOptions("x", "lamp/V1", Direction.OUT, map={"1": "on"}))
    bench.write("7")
    assert bench.refused == ["pin.invalid_value"]
    assert bench.payloads() == []


class TestConnecting:
    async def test_retained_value_is_published_anew_each_time(self) -> None:
        bench = Bench(STATE)
        bench.store("1")
        bench.remake()
        assert [one.payload for one in await bench.connect()] == ["1"]
        assert [one.payload for one in await bench.connect()] == ["1"]

    async def test_pin_without_a_value_has_nothing_to_tell(self) -> None:
        assert await Bench(STATE, OUT).connect() == []

    async def test_restored_value_commands_nobody(self) -> None:
        bench = Bench(OUT)
        bench.store("1")
        bench.remake()
        assert await bench.connect() == []

    async def test_command_of_the_time_without_a_broker_is_made_up_for_once(self) -> None:
        bench = await connected(OUT)
        bench.bindings.disconnected()
        bench.store("1")
        bench.store("2")
        bench.core.changes()
        assert [one.payload for one in await bench.connect()] == ["2"]
        bench.bindings.disconnected()
        assert await bench.connect() == []

    async def test_message_that_the_broker_never_got_is_published_again(self) -> None:
        bench = await connected(OUT)
        bench.outlet.held = True
        bench.write("1")
        bench.bindings.disconnected()
        assert [one.payload for one in await bench.connect()] == ["1"]

    async def test_change_of_that_very_moment_is_published_once(self) -> None:
        bench = Bench(OUT)
        bench.store("1")
        assert [one.payload for one in await bench.connect()] == ["1"]

    async def test_value_without_words_is_complained_of_on_each_connection(self) -> None:
        bench = Bench(BindingOptions("x", "lamp/V1", Direction.OUT, retain=True, map={"1": "on"}))
        bench.store("7")
        bench.remake()
        assert await bench.connect() == []
        assert bench.count("mqtt_refused") == 1


class TestLoops:
    async def test_value_that_waits_goes_with_its_device(self) -> None:
        bench = await connected(OUT)
        for value in ("1", "0", "1"):
            bench.write(value, MQTT)
        bench.core.registry.remove("lamp", PERSON)
        bench.timers.advance(2)
        assert bench.payloads() == ["1", "0"]

    async def test_what_came_round_is_not_sent_again(self) -> None:
        bench = await connected(OUT)
        bench.write("1", MQTT)
        bench.write("1", MQTT)
        assert bench.payloads() == ["1"]
        bench.clock.advance(ECHO_S)
        bench.write("1", MQTT)
        assert bench.payloads() == ["1"]

    async def test_quick_to_and_fro_by_the_broker_ends_where_it_was_left(self) -> None:
        bench = await connected(OUT)
        for value in ("1", "0", "1"):
            bench.write(value, MQTT)
        assert bench.payloads() == ["1", "0"]
        bench.timers.advance(2)
        assert bench.payloads() == ["1"]

    async def test_person_is_followed_at_once(self) -> None:
        bench = await connected(OUT)
        for value in ("1", "0", "1"):
            bench.write(value, PERSON)
        assert bench.payloads() == ["1", "0", "1"]

    async def test_what_waits_is_overruled_by_a_person(self) -> None:
        bench = await connected(OUT)
        for value in ("1", "0", "1"):
            bench.write(value, MQTT)
        bench.write("5", PERSON)
        bench.timers.advance(2)
        assert bench.payloads() == ["1", "0", "5"]

    async def test_device_that_tells_its_state_is_not_commanded_to_it(self) -> None:
        bench = await connected(OUT, BindingOptions("x", "lamp/V1"))
        for brightness in ("10", "20", "30"):
            bench.receive("x", brightness)
            bench.tell()
        assert bench.value() == "30"
        assert bench.payloads() == []

    async def test_device_is_not_told_what_it_just_said_itself(self) -> None:
        bench = await connected(OUT, BindingOptions("x", "lamp/V1"))
        bench.receive("x", "1")
        bench.tell()
        bench.write("1", MQTT)
        assert bench.payloads() == []

    async def test_value_of_one_topic_goes_on_to_another(self) -> None:
        bench = await connected(OUT, BindingOptions("button", "lamp/V1"))
        bench.receive("button", "1")
        bench.tell()
        assert bench.payloads() == ["1"]

    async def test_flood_is_cut_and_the_last_value_is_sent(self) -> None:
        bench = await connected(OUT)
        for number in range(FUSE_BURST + 50):
            bench.write(str(number), MQTT)
        assert len(bench.take()) == FUSE_BURST
        assert "x/set lamp/V1" in bench.core.parts.health.components["mqtt_loop"].detail
        bench.timers.advance(2)
        assert bench.payloads() == [str(FUSE_BURST + 49)]

    async def test_own_device_may_speak_as_fast_as_it_likes(self) -> None:
        bench = await connected(OUT)
        for number in range(2 * FUSE_BURST):
            bench.write(str(number))
        assert len(bench.take()) == 2 * FUSE_BURST


class TestSharedTopic:
    async def test_change_goes_out_and_what_comes_in_does_not_go_out_again(self) -> None:
        bench = await connected(SHARED)
        bench.write("1")
        bench.receive("x", "1")
        bench.receive("x", "0")
        bench.tell()
        assert (bench.value(), bench.payloads()) == ("0", ["1"])

    async def test_what_the_topic_has_at_the_start_counts(self) -> None:
        bench = Bench(SHARED)
        bench.store("1")
        bench.remake()
        bench.receive("x", "0", is_retained=True)
        assert await bench.connect() == []
        bench.timers.advance(2)
        assert (bench.value(), bench.payloads()) == ("0", [])

    async def test_topic_that_has_nothing_is_given_our_value(self) -> None:
        bench = Bench(SHARED)
        bench.store("1")
        bench.remake()
        assert await bench.connect() == []
        bench.timers.advance(2)
        assert bench.payloads() == ["1"]

    async def test_topic_that_was_just_given_a_value_is_not_given_it_again(self) -> None:
        bench = Bench(SHARED)
        bench.store("1")
        bench.remake()
        await bench.connect()
        bench.write("2")
        bench.timers.advance(2)
        assert bench.payloads() == ["2"]

    async def test_change_of_the_time_without_a_broker_goes_before_what_the_topic_had(self) -> None:
        bench = await connected(SHARED)
        bench.bindings.disconnected()
        bench.store("1")
        bench.core.changes()
        bench.receive("x", "0", is_retained=True)
        assert [one.payload for one in await bench.connect()] == ["1"]
        assert bench.value() == "1"

    async def test_removed_device_has_nothing_to_say(self) -> None:
        bench = Bench(SHARED)
        bench.store("1")
        bench.remake()
        await bench.connect()
        bench.core.registry.remove("lamp", PERSON)
        bench.timers.advance(2)
        assert bench.payloads() == []
