"""A device over MQTT: what goes up, what comes down, and what neither may cost."""

import asyncio

import pytest

from blynk_gateway import __version__
from blynk_gateway.core.value import decode_value
from blynk_gateway.errors import PeerDown
from blynk_gateway.upstream.route import Moved, Past, Place, Write
from blynk_gateway.upstream.routes.mqtt import route as module
from blynk_gateway.upstream.routes.mqtt.route import RECEIVE_BYTES
from tests.component.upstream.routes.mqtt.conftest import TOKEN, Uplink
from tests.helpers.mqtt_cloud import CloudDevice, MqttCloud, Taken
from tests.helpers.patience import PATIENCE_S


@pytest.fixture
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_S", 0.3)


class TestOpening:
    async def test_server_is_told_what_we_are(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        await cloud.until(lambda: device.info)
        assert device.info == {
            "tmpl": "TMPL1",
            "type": "TMPL1",
            "ver": __version__,
            "rxbuff": RECEIVE_BYTES,
        }
        assert route.place == f"127.0.0.1:{port}"
        assert not cloud.faults

    async def test_closed_route_says_so_and_may_be_closed_again(
        self, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        await route.close()
        await route.close()
        with pytest.raises(PeerDown, match="the connection is closed; expected an open one"):
            await route.send_live([Write("Level", ("1",))])


class TestLive:
    async def test_values_arrive_with_their_types_and_in_order(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        writes = [
            Write("Level", ("7",)),
            Write("Temperature", ("21.50",)),
            Write("Name", ("Gewächshaus",)),
            Write("Mode", ("2",)),
            Write("Pump", ("1",)),
            Write("Place", ("13.405", "52.52")),
            Write("Level", ("8",)),
        ]
        assert route.cost_of_live(writes) == 2
        assert await route.send_live(writes) == []
        await cloud.until(lambda: len(device.taken) == len(writes))
        assert device.taken == [Taken(*write) for write in writes]
        assert not cloud.faults

    async def test_hundred_values_are_within_the_limits(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        writes = [Write("Name", (f"{at:03} {'x' * (at * 13)}",)) for at in range(route.max_live)]
        refusals = await route.send_live(writes)
        too_long = [at for at in range(route.max_live) if 4 + at * 13 > 1024 - 4 - len("ds/Name")]
        assert [one.at for one in refusals] == too_long
        await cloud.until(lambda: len(device.taken) + len(refusals) == len(writes))
        assert not cloud.faults

    async def test_nothing_to_send_is_no_message(
        self, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        assert await route.send_live([]) == []
        assert {one.topic for one in device.seen} <= {"info/mcu"}


class TestPast:
    async def test_points_arrive_with_their_times_and_change_nothing_that_is_so_now(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        begin_ms = uplink.clock.now_ms() - 86_400_000
        points = [
            Past(begin_ms + at, ("Level", "Temperature", "Pump")[at % 3], (str(at % 2),))
            for at in range(route.max_past)
        ]
        cost = route.cost_of_past(points)
        assert await route.send_past(points) == []
        await cloud.until(lambda: len(device.taken) == len(points))
        for name in ("Level", "Temperature", "Pump"):
            assert device.of(name) == [
                Taken(name, point.value, point.at_ms) for point in points if point.pin == name
            ]
        assert not device.values
        assert len(device.seen) == cost + 1 < 50
        assert not cloud.faults


class TestQuestions:
    @pytest.mark.usefixtures("_soon_quiet")
    async def test_what_stands_above_is_told_and_nothing_else(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        device.values.update(Level=("7",), Name=("",), Place=("13", "52"), Pump=("1",))
        route = await uplink.open(port)
        found = await route.ask(["Level", "Name", "Temperature", "Place"])
        # An empty text counts as nothing, as that is what the cloud has of what was erased.
        assert found == {"Level": ("7",), "Place": ("13", "52")}
        assert not uplink.below[TOKEN].writes
        assert not cloud.faults

    async def test_all_answers_end_the_waiting(
        self, device: CloudDevice, port: int, uplink: Uplink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "QUIET_S", 2 * PATIENCE_S)
        device.values.update(Level=("7",), Pump=("1",))
        route = await uplink.open(port)
        async with asyncio.timeout(PATIENCE_S):
            assert await route.ask(["Level", "Pump"]) == {"Level": ("7",), "Pump": ("1",)}
            assert await route.ask([]) == {}

    async def test_command_while_asking_is_obeyed(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        device.values["Level"] = ("7",)
        route = await uplink.open(port)
        task = asyncio.get_running_loop().create_task(route.ask(["Level", "Temperature"]))
        await cloud.until(lambda: any(one.topic == "get/ds" for one in device.seen))
        cloud.write(TOKEN, "Pump", "1")
        cloud.write(TOKEN, "Level", "8")
        cloud.write(TOKEN, "Temperature", "20")
        # A command behind the answer is what stands then.
        assert await task == {"Level": ("8",), "Temperature": ("20",)}
        # A busy server may answer with the temperature, and tell of it as a command besides.
        writes = [one for one in uplink.below[TOKEN].writes if one[0] != "Temperature"]
        assert writes == [("Pump", ("1",)), ("Level", ("8",))]

    @pytest.mark.usefixtures("_soon_quiet")
    async def test_answer_that_comes_late_is_obeyed(
        self, cloud: MqttCloud, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        assert await route.ask(["Level"]) == {}
        cloud.write(TOKEN, "Level", "8")
        below = uplink.below[TOKEN]
        await cloud.until(lambda: below.writes)
        assert below.writes == [("Level", ("8",))]

    async def test_slow_answers_are_waited_for_and_every_question_is_counted(
        self,
        cloud: MqttCloud,
        device: CloudDevice,
        port: int,
        uplink: Uplink,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Far above the pauses of a busy machine, and far below those of the server.
        monkeypatch.setattr(module, "QUIET_S", 0.3)
        device.values["Level"] = ("7",)
        device.metadata["Serial"] = "A-1"
        cloud.answers_after_s = 0.8
        route = await uplink.open(port)
        assert await route.ask(["Level", "Temperature"]) == {"Level": ("7",)}
        assert await route.ask_metadata("Serial") == "A-1"
        assert await route.ask_time() is not None
        # The answer to an earlier question for the time does for the last one too.
        await cloud.until(lambda: len(device.seen) >= 3 + sum(uplink.spent))
        assert len(device.seen) == 3 + sum(uplink.spent)

    async def test_time_is_told(self, cloud: MqttCloud, port: int, uplink: Uplink) -> None:
        cloud.now_ms = 1_700_000_000_123
        route = await uplink.open(port)
        assert await route.ask_time() == 1_700_000_000_123

    @pytest.mark.usefixtures("_soon_quiet")
    @pytest.mark.parametrize(
        "answer", [b"{", b"[1]", b'{"time": "now"}', b'{"time": 1.5}', b"[" * 4000, b"\xff"]
    )
    async def test_nonsense_is_no_time(
        self, cloud: MqttCloud, answer: bytes, port: int, uplink: Uplink
    ) -> None:
        cloud.time_answer = answer
        route = await uplink.open(port)
        assert await route.ask_time() is None

    @pytest.mark.usefixtures("_soon_quiet")
    async def test_metadata_is_told(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        device.metadata["Serial"] = "A-1"
        route = await uplink.open(port)
        assert await route.ask_metadata("Serial") == "A-1"
        assert await route.ask_metadata("Owner") is None
        assert not uplink.below[TOKEN].metadata
        assert not cloud.faults


class TestFromAbove:
    async def test_commands_come_in_order_with_their_parameters(
        self, cloud: MqttCloud, port: int, uplink: Uplink
    ) -> None:
        await uplink.open(port)
        below = uplink.below[TOKEN]
        for at in range(100):
            cloud.write(TOKEN, "Level", str(at), "x")
        await cloud.until(lambda: len(below.writes) == 100)
        assert below.writes == [("Level", (str(at), "x")) for at in range(100)]

    async def test_metadata_comes(self, cloud: MqttCloud, port: int, uplink: Uplink) -> None:
        await uplink.open(port)
        below = uplink.below[TOKEN]
        cloud.say(TOKEN, "meta/Serial", b"A\xff2")
        await cloud.until(lambda: below.metadata)
        assert below.metadata == [("Serial", "A\N{REPLACEMENT CHARACTER}2")]

    async def test_what_the_broker_kept_is_no_command(
        self, cloud: MqttCloud, port: int, uplink: Uplink
    ) -> None:
        cloud.say(TOKEN, "ds/Pump", b"1", retain=True)
        await uplink.open(port)
        cloud.write(TOKEN, "Level", "1")
        below = uplink.below[TOKEN]
        await cloud.until(lambda: below.writes)
        assert below.writes == [("Level", ("1",))]

    async def test_what_is_not_for_us_or_too_large_is_let_go(
        self,
        cloud: MqttCloud,
        port: int,
        uplink: Uplink,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await uplink.open(port)
        for topic in ("reboot", "reconfigure", "ping", "ota/json", "loc/all", "ds", "utc/all/json"):
            cloud.say(TOKEN, topic, b"{}")
        cloud.say(TOKEN, "ds/Name", b"\0" * (RECEIVE_BYTES + 1))
        cloud.say(TOKEN, "ds/Name", b"\xff" * RECEIVE_BYTES)
        below = uplink.below[TOKEN]
        await cloud.until(lambda: len(below.writes) == 2)
        assert below.writes[-1] == ("Name", decode_value(b"\xff" * RECEIVE_BYTES))
        assert "message from above is too large" in caplog.messages

    async def test_complaint_of_the_server_is_logged_without_the_token(
        self,
        cloud: MqttCloud,
        port: int,
        uplink: Uplink,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await uplink.open(port)
        cloud.say(TOKEN, "diag", f"bad\n{TOKEN}".encode())
        await cloud.until(lambda: "server above complains" in caplog.messages)
        (record,) = [one for one in caplog.records if one.msg == "server above complains"]
        assert vars(record)["said"] == "bad\N{REPLACEMENT CHARACTER}4ae3…"


class TestTelling:
    async def test_properties_metadata_and_events_arrive(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        await route.set_property("Pump", "labels", ("off", "on"))
        await route.set_metadata("Serial", "A-1")
        await route.log_event("hot", "too hot")
        await route.log_event("cold", "")
        await route.clear_event("hot", is_all=True)
        await cloud.until(lambda: len(device.events) == 2)
        assert device.properties == {("Pump", "labels"): ("off", "on")}
        assert device.metadata == {"Serial": "A-1"}
        assert device.events == [("hot", "too hot"), ("cold", "")]
        assert not cloud.faults

    async def test_long_description_is_cut_between_characters(
        self, cloud: MqttCloud, device: CloudDevice, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        await route.log_event("hot", "ü" * 2000)
        await cloud.until(lambda: device.events)
        ((_, description),) = device.events
        assert description == "ü" * ((1024 - 4 - len("event/hot")) // 2)
        assert not cloud.faults

    async def test_what_no_message_holds_is_let_go_and_logged(
        self, device: CloudDevice, port: int, uplink: Uplink, caplog: pytest.LogCaptureFixture
    ) -> None:
        route = await uplink.open(port)
        await route.set_property("Pump", "a/b", ("x",))
        await route.set_metadata("Serial", "x" * 1024)
        await route.log_event("a/#", "x")
        assert caplog.messages.count("server above cannot be told") == 1
        await route.set_metadata("Serial", "x")
        assert {one.topic for one in device.seen} <= {"info/mcu", "meta/Serial"}


class TestEnd:
    async def test_is_told_with_its_reason(
        self, cloud: MqttCloud, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        cloud.kill()
        error = await route.ended()
        assert isinstance(error, PeerDown)
        assert str(error).startswith(f"MQTT broker 127.0.0.1:{port}: ")
        assert "mqtt." not in error.hint

    async def test_redirect_is_remembered(
        self, cloud: MqttCloud, port: int, uplink: Uplink
    ) -> None:
        route = await uplink.open(port)
        cloud.redirect(TOKEN, "mqtt://ny3.blynk.cloud")
        error = await route.ended()
        assert isinstance(error, Moved)
        assert str(error) == f"127.0.0.1:{port}: it sends us to ny3.blynk.cloud:1883"
        assert uplink.remembered == [Place("ny3.blynk.cloud", 1883)]
        with pytest.raises(Moved):
            await route.send_live([Write("Level", ("1",))])
        with pytest.raises(Moved):
            await route.ask(["Level"])
