import json
from collections.abc import Mapping

import pytest

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue
from blynk_gateway.upstream.route import Past, Refusal, Write
from blynk_gateway.upstream.routes.mqtt.packing import MAX_BYTES, Message, Packing, typed

TYPES: Mapping[str, DatastreamType] = {
    "Level": DatastreamType.INT,
    "Temperature": DatastreamType.DOUBLE,
    "Name": DatastreamType.STRING,
    "Mode": DatastreamType.ENUM,
    "Pump": DatastreamType.BOOL,
    "Place": DatastreamType.LOCATION,
}


def datastream(name: str) -> Datastream | None:
    return Datastream("V1", name, TYPES[name]) if name in TYPES else None


@pytest.fixture(params=["", f"dev/{'t' * 32}/"], ids=["device", "gateway"])
def packing(request: pytest.FixtureRequest) -> Packing:
    return Packing(request.param, datastream)


def packets(messages: list[Message]) -> list[int]:
    """Sizes of the messages with their variable headers."""
    return [len(topic.encode()) + len(payload) + 4 for topic, payload in messages]


def rest(message: Message) -> str:
    """The topic without a device's prefix."""
    return message.topic.split("t" * 32 + "/")[-1]


class TestTyped:
    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("Level", ("-7",), "-7"),
            ("Level", ("+007",), "7"),
            ("Mode", ("2",), "2"),
            ("Temperature", ("21.50",), "21.50"),
            ("Temperature", ("1e3",), "1e3"),
            ("Temperature", (".5",), "0.5"),
            ("Temperature", ("5.",), "5"),
            ("Temperature", ("+1e300",), "1e+300"),
            ("Temperature", ("nan",), None),
            ("Temperature", ("1", "2"), None),
            ("Name", ("12",), '"12"'),
            ("Name", ('a"b\n',), '"a\\"b\\n"'),
            ("Name", ("",), '""'),
            ("Pump", ("1",), "true"),
            ("Pump", ("0",), "false"),
            ("Pump", ("2",), None),
            ("Place", ("13.405", "52.52"), "[13.405,52.52]"),
            ("Place", ("13.405",), None),
            ("Place", ("13.405", "north"), None),
            ("Unknown", ("12",), "12"),
            ("Unknown", ("007",), '"007"'),
            ("Unknown", ("hello",), '"hello"'),
        ],
    )
    def test_value_has_the_type_of_its_datastream(
        self, name: str, value: PinValue, text: str | None
    ) -> None:
        assert typed(datastream(name), value) == text
        if text is not None:
            json.loads(text)


class TestLive:
    def test_one_value_goes_as_it_is(self, packing: Packing) -> None:
        (message,), refusals = packing.live([Write("Temperature", ("21.50",))])
        assert (rest(message), message.payload) == ("ds/Temperature", b"21.50")
        assert not refusals

    def test_parameters_are_joined_by_zero_bytes(self, packing: Packing) -> None:
        (message,), _ = packing.live([Write("Level", ("1", "2", "3"))])
        assert (rest(message), message.payload) == ("ds/Level", b"1\x002\x003")

    def test_several_go_in_one_message_with_their_types(self, packing: Packing) -> None:
        writes = [
            Write("Level", ("7",)),
            Write("Temperature", ("21.50",)),
            Write("Name", ("Gewächshaus",)),
            Write("Pump", ("1",)),
            Write("Place", ("13.405", "52.52")),
        ]
        (message,), _ = packing.live(writes)
        assert rest(message) == "batch_ds"
        assert message.payload.decode() == (
            '{"Level":7,"Temperature":21.50,"Name":"Gewächshaus","Pump":true,'
            '"Place":[13.405,52.52]}'
        )

    def test_two_values_of_one_name_are_two_messages_in_their_order(self, packing: Packing) -> None:
        writes = [Write("Pump", ("1",)), Write("Level", ("1",)), Write("Pump", ("0",))]
        first, second = packing.live(writes).messages
        assert json.loads(first.payload) == {"Pump": True, "Level": 1}
        assert (rest(second), second.payload) == ("ds/Pump", b"0")

    def test_what_json_cannot_hold_goes_alone(self, packing: Packing) -> None:
        writes = [
            Write("Level", ("1",)),
            Write("Level", ("1", "2")),
            Write("Unknown", ("x",)),
            Write("Name", ("\udcff",)),
            Write("Pump", ("0",)),
            Write("Temperature", ("2",)),
        ]
        messages = packing.live(writes).messages
        assert [(rest(one), one.payload) for one in messages] == [
            ("ds/Level", b"1"),
            ("ds/Level", b"1\x002"),
            ("ds/Unknown", b"x"),
            ("ds/Name", b"\xff"),
            ("batch_ds", b'{"Pump":false,"Temperature":2}'),
        ]

    def test_value_that_goes_alone_does_not_overtake_one_before_it(self, packing: Packing) -> None:
        writes = [
            Write("Name", ("a",)),
            Write("Pump", ("1",)),
            Write("Name", ("\udcff",)),
            Write("Name", ("b",)),
        ]
        messages = packing.live(writes).messages
        assert [rest(one) for one in messages] == ["batch_ds", "ds/Name", "ds/Name"]
        assert [one.payload for one in messages[1:]] == [b"\xff", b"b"]

    def test_no_message_is_larger_than_the_server_takes(self) -> None:
        types = {f"Stream {number}": DatastreamType.INT for number in range(500)}
        for prefix in ("", f"dev/{'t' * 32}/"):
            packing = Packing(prefix, lambda name: Datastream("V1", name, types[name]))
            writes = [Write(name, (str(at),)) for at, name in enumerate(types)]
            messages = packing.live(writes).messages
            found = {name: at for one in messages for name, at in json.loads(one.payload).items()}
            assert found == {name: at for at, name in enumerate(types)}
            assert max(packets(messages)) <= MAX_BYTES
            # None is left half empty but the last.
            assert min(packets(messages[:-1])) > MAX_BYTES - len('"Stream 999":999,')

    @pytest.mark.parametrize("prefix", ["", f"dev/{'t' * 32}/"])
    def test_batch_is_filled_to_the_last_byte(self, prefix: str) -> None:
        packing = Packing(prefix, datastream)
        room = MAX_BYTES - len(f"{prefix}batch_ds") - 4 - len('{"Pump":true,"Name":""}')
        for size, count in ((room, 1), (room + 1, 2)):
            writes = [Write("Pump", ("1",)), Write("Name", ("x" * size,))]
            messages = packing.live(writes).messages
            assert len(messages) == count
            assert max(packets(messages)) <= MAX_BYTES

    @pytest.mark.parametrize("prefix", ["", f"dev/{'t' * 32}/"])
    def test_value_that_no_message_holds_is_refused_and_the_others_go(self, prefix: str) -> None:
        packing = Packing(prefix, datastream)
        room = MAX_BYTES - len(f"{prefix}ds/Name") - 4
        writes = [
            Write("Level", ("1",)),
            Write("Name", ("x" * (room + 1),)),
            Write("Level", ("2",)),
        ]
        messages, refusals = packing.live(writes)
        assert [one.payload for one in messages] == [b"1", b"2"]
        reason = "Name has a value or a name that no message of 1024 bytes holds"
        assert refusals == [Refusal(1, reason)]
        (fitting,), _ = packing.live([Write("Name", ("x" * room,))])
        assert packets([fitting]) == [MAX_BYTES]

    def test_name_that_would_be_another_topic_is_refused(self, packing: Packing) -> None:
        writes = [Write(name, ("1",)) for name in ("a/b", "+", "#", "", "a\0")]
        messages, refusals = packing.live(writes)
        assert not messages
        assert [one.at for one in refusals] == [0, 1, 2, 3, 4]


class TestPast:
    def test_points_go_with_their_times_a_message_for_each_name(self, packing: Packing) -> None:
        points = [
            Past(1000, "Temperature", ("21.50",)),
            Past(1001, "Pump", ("1",)),
            Past(2000, "Temperature", ("22",)),
            Past(2001, "Place", ("13", "52")),
        ]
        messages, refusals = packing.past(points)
        assert [(rest(one), one.payload) for one in messages] == [
            ("ds/Temperature/timestamped_batch", b"[[1000,21.50],[2000,22]]"),
            ("ds/Pump/timestamped_batch", b"[[1001,true]]"),
            ("ds/Place/timestamped_batch", b"[[2001,[13,52]]]"),
        ]
        assert not refusals

    def test_many_are_cut_into_messages_in_their_order(self, packing: Packing) -> None:
        points = [Past(1_700_000_000_000 + at, "Level", (str(at),)) for at in range(1000)]
        messages = packing.past(points).messages
        found = [point for one in messages for point in json.loads(one.payload)]
        assert found == [[1_700_000_000_000 + at, at] for at in range(1000)]
        assert max(packets(messages)) <= MAX_BYTES
        assert min(packets(messages[:-1])) > MAX_BYTES - len("[1700000000000,1000],")

    def test_what_has_no_single_value_is_refused(self, packing: Packing) -> None:
        points = [
            Past(1, "Level", ("1", "2")),
            Past(2, "Pump", ("2",)),
            Past(3, "Level", ("3",)),
            Past(4, "Level", ("x",)),
        ]
        messages, refusals = packing.past(points)
        assert [one.payload for one in messages] == [b"[[3,3]]"]
        assert refusals == [
            Refusal(at, f"{name} has several values at once, or none of its type: that has no time")
            for at, name in enumerate(("Level", "Pump", "", "Level"))
            if name
        ]

    def test_what_no_message_holds_is_refused(self, packing: Packing) -> None:
        messages, refusals = packing.past([Past(1, "Name", ("x" * 1000,)), Past(2, "a/b", ("3",))])
        assert not messages
        assert [one.at for one in refusals] == [0, 1]


class TestQuestions:
    def test_names_are_listed_in_as_few_messages_as_hold_them(self, packing: Packing) -> None:
        names = [f"Stream {number}" for number in range(300)]
        messages = packing.questions("get/ds", names)
        assert ",".join(one.payload.decode() for one in messages).split(",") == names
        assert {rest(one) for one in messages} == {"get/ds"}
        assert max(packets(messages)) <= MAX_BYTES
        assert min(packets(messages[:-1])) > MAX_BYTES - len("Stream 300,")

    def test_what_cannot_be_asked_for_is_left_out(self, packing: Packing) -> None:
        messages = packing.questions("get/ds", ["a,b", "", "x" * 2000, "Level"])
        assert [one.payload for one in messages] == [b"Level"]
        assert packing.questions("get/ds", ["a,b"]) == []


def test_single_message_must_have_levels_and_fit(packing: Packing) -> None:
    message = packing.one(("ds", "Pump", "prop", "label"), b"x")
    assert message is not None
    assert rest(message) == "ds/Pump/prop/label"
    assert packing.one(("ds", "Pump", "prop", "a/b"), b"x") is None
    assert packing.one(("event", ""), b"") is None
    assert packing.one(("event", "x" * packing.room("event/")), b"") is not None
    assert packing.one(("event", "x" * packing.room("event/")), b"1") is None
