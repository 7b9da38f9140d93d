import json
from typing import Any

import pytest

from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import DeviceError, InvalidValue
from blynk_gateway.mqtt.bindings.rule import Document, Rule


def rule(topic: str = "t", pin: str = "lamp/V1", **options: object) -> Rule:
    given: dict[str, Any] = options
    return Rule(BindingOptions(topic, pin, **given))


def inward(payload: str | bytes, **options: object) -> PinValue | None:
    given: dict[str, Any] = options
    one = rule(**given)
    texts = one.read(Document(payload if isinstance(payload, bytes) else payload.encode()))
    return None if texts is None else one.inward(texts)


def outward(*value: str, **options: object) -> str:
    given: dict[str, Any] = {"direction": Direction.OUT, **options}
    one = rule(**given)
    return one.payload(one.outward(value))


def test_plain_payload_is_the_value_as_it_stands() -> None:
    assert inward("21.50") == ("21.50",)
    assert inward("true") == ("true",)
    assert inward('{"a": 1}') == ('{"a": 1}',)


def test_json_array_is_several_values() -> None:
    assert inward('["1", "2"]') == ("1", "2")
    assert inward('{"rgb": [1, 2.50, "x"]}', json=("rgb",)) == ("1", "2.50", "x")


@pytest.mark.parametrize(
    ("payload", "path", "expected"),
    [
        ('{"temperature": 21.50}', ("temperature",), ("21.50",)),
        ('{"a": {"b": [0, {"c": "x"}]}}', ("a", "b", 1, "c"), ("x",)),
        ("[5, 6]", (1,), ("6",)),
        ('{"big": 123456789012345678901234567890}', ("big",), ("123456789012345678901234567890",)),
        ('{"contact": true}', ("contact",), ("1",)),
        ('{"contact": false}', ("contact",), ("0",)),
        ('{"a": "\\ud800"}', ("a",), ("\ufffd",)),
    ],
)
def test_value_stands_at_its_path(
    payload: str, path: tuple[str | int, ...], expected: PinValue
) -> None:
    assert inward(payload, json=path) == expected


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ("{}", ("a",)),
        ('{"a": null}', ("a",)),
        ('{"a": null}', ("a", "b")),
        ('{"a": []}', ("a",)),
        ('{"a": [1]}', ("a", 1)),
        ("null", ("a",)),
    ],
)
def test_what_a_device_leaves_out_is_no_fault(payload: str, path: tuple[str | int, ...]) -> None:
    assert inward(payload, json=path) is None


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ("21.5", ("a",)),
        ('{"a": 1}', (0,)),
        ('{"a": 1}', ("a", "b")),
        ('{"a": {}}', ("a",)),
        ('{"a": [1, null]}', ("a",)),
        ('{"a": [[1]]}', ("a",)),
        ('{"a": NaN}', ("a",)),
        ("{", ("a",)),
        ("[" * 60_000, ("a",)),
        (b"\xff", ("a",)),
        (b"\xff", None),
        (b"x" * 1_000_000, None),
        (b"[" + b" " * 1_000_000, ("a",)),
        ("a\0b", None),
    ],
)
def test_something_else_in_this_place_is_refused(
    payload: str | bytes, path: tuple[str | int, ...] | None
) -> None:
    with pytest.raises(InvalidValue):
        inward(payload, json=path)


def test_map_takes_exact_texts_and_nothing_else() -> None:
    mapping = {"ON": "1", "OFF": "0"}
    assert inward("ON", map=mapping) == ("1",)
    with pytest.raises(InvalidValue, match="expected one of: ON, OFF"):
        inward("on", map=mapping)


def test_map_sees_json_booleans_as_words() -> None:
    assert inward('{"open": true}', json=("open",), map={"true": "0", "false": "1"}) == ("0",)


def test_map_goes_before_the_scale_in_and_after_it_out() -> None:
    assert inward("half", map={"half": "50"}, scale=2) == ("100",)
    assert outward("50", map={"100": "full"}, scale=2) == "full"


def test_out_goes_in_the_direction_of_the_map() -> None:
    assert outward("1", map={"1": "on", "0": "off"}) == "on"
    with pytest.raises(InvalidValue):
        outward("2", map={"1": "on", "0": "off"})


def test_both_sends_the_inverse_of_what_it_takes() -> None:
    both: dict[str, object] = {"direction": Direction.BOTH, "map": {"ON": "1", "OFF": "0"}}
    assert inward("ON", **both) == ("1",)
    assert outward("1", **both) == "ON"
    scaled: dict[str, object] = {"direction": Direction.BOTH, "scale": 0.1, "offset": 5, "round": 1}
    assert inward("100", **scaled) == ("15",)
    assert outward("15", **scaled) == "100"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (("on",), {"a": {"b": "on"}}),
        (("21.50",), {"a": {"b": 21.5}}),
        (("-7",), {"a": {"b": -7}}),
        (("007",), {"a": {"b": "007"}}),
        (("true",), {"a": {"b": True}}),
        (("1", "x"), {"a": {"b": [1, "x"]}}),
        (("9007199254740993",), {"a": {"b": 9007199254740992.0}}),
        (("1e999",), {"a": {"b": "1e999"}}),
        (("\udcff",), {"a": {"b": "\ufffd"}}),
    ],
)
def test_path_builds_the_object_around_a_value(value: PinValue, expected: object) -> None:
    assert json.loads(outward(*value, json=("a", "b"))) == expected


def test_empty_text_does_not_clear_a_shared_topic() -> None:
    assert outward("", direction=Direction.BOTH) == '[""]'
    assert inward('[""]') == ("",)
    assert outward("") == ""


def test_device_is_named_by_the_level_at_its_plus() -> None:
    one = rule("tele/+/x/+/SENSOR", "{2}/V3")
    assert one.device == ""
    assert one.device_of("tele/Attic/x/Grüne Küche/SENSOR") == "grune-kuche"
    with pytest.raises(DeviceError):
        one.device_of("tele/Attic/x/---/SENSOR")


@pytest.mark.parametrize(
    ("tells", "pin", "command", "is_so"),
    [
        ("z/lamp", "lamp/V1", "z/lamp/set", True),
        ("z/lamp", "lamp/V1", "z/lamp", True),
        ("z/+", "{1}/V1", "z/lamp/set", True),
        ("z/#", "lamp/V1", "z/lamp/set", True),
        ("z/+", "{1}/V1", "z/heater/set", False),
        ("z/+", "{1}/V1", "z/???/set", False),
        ("z/lamp", "lamp/V1", "z/lamp2/set", False),
        ("stat/plug/POWER", "lamp/V1", "cmnd/plug/POWER", True),
        ("tele/plug/STATE", "lamp/V1", "cmnd/plug/POWER", True),
        ("stat/plug/POWER", "lamp/V1", "cmnd/blind/POWER", False),
        ("cmnd/plug/POWER", "lamp/V1", "stat/plug/POWER", False),
        ("tele/+/STATE", "{1}/V1", "cmnd/lamp/POWER", True),
        ("tele/+/STATE", "{1}/V1", "cmnd/plug/POWER", False),
        ("stat/plug/+/+", "{2}/V1", "cmnd/plug/POWER", False),
        ("esp/switch/r/state", "lamp/V1", "esp/switch/r/command", True),
        ("esp/switch/r/state", "lamp/V1", "esp/switch/q/command", False),
        ("shelly/status/switch:0", "lamp/V1", "shelly/command/switch:0", True),
        ("shelly/status/input:0", "lamp/V1", "shelly/command/switch:0", False),
        ("home/lamp/state", "lamp/V1", "home/lamp/set", True),
    ],
)
def test_topic_of_a_command_is_known_by_what_it_is_called(
    tells: str, pin: str, command: str, is_so: bool
) -> None:
    assert rule(tells, pin).commands(command, "lamp") is is_so
