from dataclasses import replace

import pytest

from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.store import FUSE_BURST
from blynk_gateway.mqtt.bindings.echoes import ECHO_S
from tests.helpers.bindings import BOARD, PERSON, Bench

PLAIN = BindingOptions("z/lamp", "lamp/V1")
COMMAND = BindingOptions("z/lamp/set", "lamp/V1", Direction.OUT)


async def connected(*bindings: BindingOptions) -> Bench:
    bench = Bench(*bindings)
    await bench.connect()
    return bench


async def test_message_is_written_to_its_pin() -> None:
    bench = await connected(PLAIN)
    bench.receive("z/lamp", "1")
    (change,) = bench.tell()
    assert (change.value, change.intent) == (("1",), Intent.COMMAND)
    assert change.origin == Origin(OriginKind.BINDING, "z/lamp lamp/V1")


async def test_topic_is_the_source_of_a_pin_that_nobody_may_command() -> None:
    bench = await connected(PLAIN)
    bench.core.redefine("lamp", Datastream("V1", "Level", is_writable=False))
    bench.receive("z/lamp", "1")
    (change,) = bench.tell()
    assert change.intent is Intent.REPORT


async def test_bindings_of_one_topic_share_its_payload() -> None:
    bench = await connected(
        BindingOptions("z/lamp", "lamp/V1", json=("a",), qos=1),
        BindingOptions("z/lamp", "lamp/V2", json=("b",)),
    )
    (one,) = bench.bindings.subscriptions()
    assert (one.filter, one.qos) == ("z/lamp", 1)
    bench.receive("z/lamp", '{"a": 1, "b": 2}')
    assert (bench.value("lamp/V1"), bench.value("lamp/V2")) == ("1", "2")


async def test_what_a_message_leaves_out_is_counted_only() -> None:
    bench = await connected(BindingOptions("z/lamp", "lamp/V1", json=("a",)))
    bench.receive("z/lamp", "{}")
    assert (bench.value(), bench.refused) == (None, [])
    assert bench.count("mqtt_binding_without_value") == 1


async def test_cleared_topic_says_nothing() -> None:
    bench = await connected(PLAIN)
    bench.receive("z/lamp", "")
    assert (bench.value(), bench.refused) == (None, [])


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"x" * 1_000_000, b"a\0b"])
async def test_what_is_no_value_changes_nothing_and_is_complained_of_once(payload: bytes) -> None:
    bench = await connected(PLAIN)
    bench.receive("z/lamp", payload)
    assert (bench.value(), bench.refused) == (None, ["pin.invalid_value"])


async def test_bindings_of_one_bad_payload_complain_once() -> None:
    bench = await connected(
        BindingOptions("z/lamp", "lamp/V1", json=("a",)),
        BindingOptions("z/lamp", "lamp/V2", json=("b",)),
    )
    bench.receive("z/lamp", "{")
    assert bench.refused == ["pin.invalid_value"]


async def test_value_of_the_wrong_type_is_complained_of() -> None:
    bench = await connected(PLAIN)
    bench.core.redefine("lamp", Datastream("V1", "Level", DatastreamType.INT))
    bench.receive("z/lamp", "warm")
    assert (bench.value(), bench.refused) == (None, ["pin.invalid_value"])


async def test_filter_feeds_each_device_that_its_topic_names() -> None:
    bench = await connected(BindingOptions("tele/+/SENSOR", "{1}/V3", json=("t",)))
    bench.core.add("attic-2")
    bench.receive("tele/Attic 2/SENSOR", '{"t": 4}')
    assert bench.value("attic-2/V3") == "4"


async def test_device_nobody_knows_is_complained_of_once_a_minute() -> None:
    bench = await connected(BindingOptions("tele/+/SENSOR", "{1}/V3"))
    for _ in range(3):
        bench.receive("tele/cellar/SENSOR", "4")
        bench.clock.advance(10)
    assert bench.refused == ["device.unknown"]
    assert bench.outlet.sent[0].topic == "blynk/bridge/error"
    bench.clock.advance(40)
    bench.receive("tele/cellar/SENSOR", "4")
    assert len(bench.refused) == 2


async def test_topic_that_names_no_device_at_all_is_complained_of() -> None:
    bench = await connected(BindingOptions("tele/+/SENSOR", "{1}/V3"))
    bench.receive("tele/ü?/SENSOR", "4")
    bench.receive("tele/???/SENSOR", "4")
    assert "device.error" in bench.refused


async def test_before_the_connection_is_ready_messages_are_taken_already() -> None:
    bench = Bench(PLAIN)
    bench.receive("z/lamp", "1")
    bench.receive("z/lamp", b"\xff")
    assert bench.value() == "1"


class TestPresence:
    async def test_device_is_there_while_its_topic_speaks(self) -> None:
        bench = await connected(PLAIN)
        device = bench.core.registry.get("lamp")
        bench.receive("z/lamp", "1")
        assert device.is_online
        bench.bindings.disconnected()
        assert not device.is_online

    async def test_retained_message_tells_of_the_past(self) -> None:
        bench = await connected(PLAIN)
        bench.receive("z/lamp", "1", is_retained=True)
        assert not bench.core.registry.get("lamp").is_online

    async def test_board_that_logs_in_itself_is_not_there_because_of_a_topic(self) -> None:
        bench = await connected(PLAIN)
        device = bench.core.registry.get("lamp")
        bench.core.registry.told(device, [("ver", "1.3.2")], BOARD)
        bench.receive("z/lamp", "1")
        assert not device.is_online

    async def test_message_without_a_value_is_a_sign_of_life_too(self) -> None:
        bench = await connected(BindingOptions("z/lamp", "lamp/V1", json=("a",)))
        bench.receive("z/lamp", '{"linkquality": 80}')
        assert bench.core.registry.get("lamp").is_online


class TestEchoes:
    async def test_sensor_that_says_the_same_again_is_news(self) -> None:
        bench = await connected(PLAIN)
        for _ in range(3):
            bench.receive("z/lamp", "1")
        assert len(bench.tell()) == 3

    async def test_what_we_just_said_ourselves_is_dropped(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.receive("z/lamp", "1")
        assert bench.tell() == []
        assert bench.count("mqtt_binding_echoes") == 1

    async def test_echo_may_come_before_the_feature_heard_of_the_change(self) -> None:
        bench = await connected(PLAIN)
        bench.store("1")
        bench.receive("z/lamp", "1")
        assert len(bench.tell()) == 1

    async def test_the_same_long_after_is_news(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.clock.advance(ECHO_S)
        bench.receive("z/lamp", "1")
        assert len(bench.tell()) == 1

    async def test_button_and_app_toggle_after_each_other(self) -> None:
        bench = await connected(PLAIN, COMMAND)
        bench.write("1", PERSON)
        bench.receive("z/lamp", "1")
        bench.receive("z/lamp", "0")
        assert bench.value() == "0"
        # Pressed again within the time of an echo: followed, a moment later.
        bench.receive("z/lamp", "1")
        assert bench.value() == "0"
        bench.timers.advance(2)
        assert bench.value() == "1"
        assert bench.count("mqtt_binding_put_off") == 1

    async def test_suspect_value_is_given_up_if_something_newer_happens(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.receive("z/lamp", "0")
        bench.receive("z/lamp", "1")
        bench.write("7")
        bench.timers.advance(2)
        assert bench.value() == "7"

    async def test_later_message_overrules_a_suspect_one(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.receive("z/lamp", "0")
        bench.receive("z/lamp", "1")
        bench.receive("z/lamp", "0")
        bench.timers.advance(2)
        assert bench.value() == "0"

    async def test_echo_of_what_stands_overrules_a_suspect_value(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.write("0")
        bench.receive("z/lamp", "1")
        bench.receive("z/lamp", "0")
        bench.timers.advance(1.6)
        assert bench.value() == "0"

    async def test_suspect_value_that_was_followed_comes_back_as_an_echo(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.receive("z/lamp", "0")
        bench.receive("z/lamp", "1")
        bench.timers.advance(1.6)
        assert bench.value() == "1"
        bench.tell()
        bench.receive("z/lamp", "1")
        assert bench.tell() == []

    async def test_suspect_value_that_is_refused_by_then_is_complained_of(self) -> None:
        bench = await connected(PLAIN)
        bench.write("a")
        bench.receive("z/lamp", "0")
        bench.receive("z/lamp", "a")
        bench.core.redefine("lamp", Datastream("V1", "Level", DatastreamType.INT))
        bench.timers.advance(2)
        assert (bench.value(), bench.refused) == ("0", ["pin.invalid_value"])

    async def test_suspect_value_of_a_device_that_was_removed_is_forgotten(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.receive("z/lamp", "0")
        bench.receive("z/lamp", "1")
        bench.core.registry.remove("lamp", PERSON)
        bench.tell()
        bench.timers.advance(2)
        assert bench.refused == []

    async def test_rounded_words_of_what_we_sent_are_an_echo(self) -> None:
        bench = await connected(
            BindingOptions("z/lamp", "lamp/V1", scale=0.5),
            BindingOptions("z/lamp/set", "lamp/V1", Direction.OUT, scale=2, round=0),
        )
        bench.write("21.3")
        assert bench.payloads() == ["43"]
        bench.receive("z/lamp", "43")
        assert bench.value() == "21.3"

    async def test_end_of_the_connection_forgets_what_waits(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1")
        bench.receive("z/lamp", "0")
        bench.receive("z/lamp", "1")
        bench.bindings.disconnected()
        bench.timers.advance(2)
        assert bench.value() == "0"


class TestRetained:
    async def test_value_that_changed_while_we_were_away_is_taken(self) -> None:
        bench = Bench(PLAIN)
        bench.write("1")
        bench.clock.advance(60)
        bench.receive("z/lamp", "0", is_retained=True)
        assert bench.value() == "0"

    async def test_value_that_the_pin_has_is_no_event(self) -> None:
        bench = Bench(PLAIN)
        bench.write("1")
        bench.clock.advance(60)
        bench.receive("z/lamp", "1.0", is_retained=True)
        assert bench.tell() == []

    async def test_what_it_said_before_is_no_news(self) -> None:
        bench = await connected(PLAIN)
        bench.receive("z/lamp", "1")
        bench.bindings.disconnected()
        bench.timers.advance(60)
        bench.write("2", PERSON)
        bench.receive("z/lamp", "1", is_retained=True)
        assert bench.value() == "2"
        bench.receive("z/lamp", "3", is_retained=True)
        assert bench.value() == "3"

    async def test_what_is_commanded_tells_how_it_is_also_if_it_said_so_before(self) -> None:
        bench = await connected(PLAIN, COMMAND)
        bench.receive("z/lamp", "0")
        bench.timers.advance(60)
        bench.write("1", PERSON)
        bench.bindings.disconnected()
        bench.timers.advance(60)
        await bench.connect()
        bench.receive("z/lamp", "0", is_retained=True)
        assert bench.value() == "0"

    async def test_each_topic_of_a_filter_is_known_by_what_it_said(self) -> None:
        bench = await connected(BindingOptions("+/lamp", "lamp/V1"))
        bench.receive("a/lamp", "1")
        bench.receive("b/lamp", "2")
        bench.bindings.disconnected()
        bench.timers.advance(60)
        bench.write("3", PERSON)
        bench.receive("a/lamp", "1", is_retained=True)
        bench.receive("b/lamp", "2", is_retained=True)
        assert bench.value() == "3"

    async def test_what_waited_when_the_connection_broke_is_news(self) -> None:
        bench = await connected(PLAIN)
        bench.write("1", PERSON)
        bench.write("2", PERSON)
        bench.receive("z/lamp", "1")
        assert bench.value() == "2"
        bench.bindings.disconnected()
        bench.timers.advance(60)
        bench.receive("z/lamp", "1", is_retained=True)
        assert bench.value() == "1"

    @pytest.mark.parametrize("is_retained", [True, False], ids=["retained", "live"])
    async def test_what_tells_its_state_before_we_speak_is_not_commanded_to_it(
        self, is_retained: bool
    ) -> None:
        bench = await connected(PLAIN, COMMAND)
        bench.receive("z/lamp", "0")
        bench.tell()
        bench.bindings.disconnected()
        bench.timers.advance(60)
        bench.receive("z/lamp", "1", is_retained=is_retained)
        assert await bench.connect() == []
        assert bench.value() == "1"

    async def test_restart_commands_nobody(self) -> None:
        bench = Bench(PLAIN, COMMAND)
        bench.store("0", PERSON)
        bench.remake()
        bench.receive("z/lamp", "1", is_retained=True)
        assert await bench.connect() == []

    async def test_command_of_a_moment_ago_is_sent_though_the_lamp_still_tells_otherwise(
        self,
    ) -> None:
        bench = await connected(PLAIN, COMMAND)
        bench.store("1", PERSON)
        bench.receive("z/lamp", "0")
        bench.tell()
        assert bench.payloads() == ["1"]

    async def test_state_that_cannot_be_a_command_is_complained_of_once(self) -> None:
        bench = await connected(PLAIN, replace(COMMAND, map={"1": "on"}))
        bench.receive("z/lamp", "0")
        bench.tell()
        assert bench.refused == ["pin.invalid_value"]
        assert bench.payloads() == []

    async def test_what_waits_is_not_followed_before_we_spoke(self) -> None:
        bench = await connected(PLAIN)
        bench.receive("z/lamp", "1")
        bench.bindings.disconnected()
        bench.timers.advance(60)
        bench.write("2", PERSON)
        bench.timers.advance(60)
        bench.receive("z/lamp", "1")
        bench.timers.advance(2)
        assert bench.value() == "2"
        await bench.connect()
        bench.timers.advance(2)
        assert bench.value() == "1"

    async def test_device_that_was_removed_said_nothing_before(self) -> None:
        bench = await connected(PLAIN)
        bench.receive("z/lamp", "1")
        bench.core.registry.remove("lamp", PERSON)
        bench.tell()
        bench.core.add("lamp", token="another")
        bench.tell()
        bench.write("2", PERSON)
        bench.timers.advance(60)
        bench.receive("z/lamp", "1", is_retained=True)
        assert bench.value() == "1"

    async def test_command_given_while_the_broker_was_away_goes_first(self) -> None:
        bench = Bench(PLAIN, COMMAND)
        bench.store("1", PERSON)
        bench.receive("z/lamp", "0", is_retained=True)
        assert bench.value() == "1"
        assert [one.payload for one in await bench.connect()] == ["1"]

    async def test_it_does_so_too_if_what_stood_comes_after_it(self) -> None:
        bench = await connected(PLAIN, COMMAND)
        bench.receive("z/lamp", "0")
        bench.bindings.disconnected()
        bench.timers.advance(10)
        bench.store("1", PERSON)
        assert [one.payload for one in await bench.connect()] == ["1"]
        bench.receive("z/lamp", "0", is_retained=True)
        assert bench.value() == "1"
        bench.receive("z/lamp", "0")
        bench.timers.advance(2)
        assert bench.value() == "0"

    async def test_command_of_an_earlier_connection_does_not_hide_what_stands(self) -> None:
        bench = await connected(PLAIN, COMMAND)
        bench.write("1", PERSON)
        bench.bindings.disconnected()
        bench.timers.advance(10)
        assert await bench.connect() == []
        bench.receive("z/lamp", "0", is_retained=True)
        assert bench.value() == "0"


class TestBothComeBack:
    """A far end that was away as we were says how it was before it has heard us."""

    @pytest.fixture
    async def bench(self) -> Bench:
        bench = await connected(PLAIN)
        bench.receive("z/lamp", "1")
        bench.bindings.disconnected()
        bench.timers.advance(60)
        bench.write("2", PERSON)
        bench.timers.advance(60)
        return bench

    @pytest.mark.parametrize("is_first", [True, False], ids=["before us", "after us"])
    async def test_it_follows_us_when_it_has_heard_us(self, bench: Bench, is_first: bool) -> None:
        if is_first:
            bench.receive("z/lamp", "1")
        await bench.connect()
        if not is_first:
            bench.receive("z/lamp", "1")
        assert bench.value() == "2"
        bench.receive("z/lamp", "2")
        bench.timers.advance(2)
        assert bench.value() == "2"

    async def test_it_is_followed_if_it_stays_with_that(self, bench: Bench) -> None:
        await bench.connect()
        bench.receive("z/lamp", "1")
        bench.timers.advance(2)
        assert bench.value() == "1"

    async def test_who_said_it_since_is_followed_at_once(self, bench: Bench) -> None:
        await bench.connect()
        for payload in ("3", "1"):
            bench.receive("z/lamp", payload)
        bench.write("2", PERSON)
        bench.receive("z/lamp", "1")
        assert bench.value() == "1"

    async def test_what_is_new_is_followed_at_once(self, bench: Bench) -> None:
        await bench.connect()
        bench.receive("z/lamp", "3")
        assert bench.value() == "3"

    async def test_what_comes_later_is_followed_at_once(self, bench: Bench) -> None:
        await bench.connect()
        bench.timers.advance(ECHO_S)
        # Publishing everything anew is no new connection.
        await bench.connect()
        bench.receive("z/lamp", "1")
        assert bench.value() == "1"


class TestFuse:
    async def test_flood_of_commands_is_cut_and_the_last_one_counts(self) -> None:
        bench = await connected(PLAIN)
        for number in range(FUSE_BURST + 50):
            bench.receive("z/lamp", str(number))
        assert bench.value() == str(FUSE_BURST - 1)
        assert bench.refused == ["pin.too_many_commands"]
        assert "z/lamp lamp/V1" in bench.core.parts.health.components["mqtt_loop"].detail
        bench.timers.advance(2)
        assert bench.value() == str(FUSE_BURST + 49)

    async def test_sensor_may_report_as_fast_as_it_likes(self) -> None:
        bench = await connected(PLAIN)
        bench.core.redefine("lamp", Datastream("V1", "Level", is_writable=False))
        for number in range(3 * FUSE_BURST):
            bench.receive("z/lamp", str(number))
        assert bench.value() == str(3 * FUSE_BURST - 1)
