"""Pins as lights at the broker."""

import json

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.effects import EFFECTS
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.discovery.entities.lamp import Lamp
from blynk_gateway.mqtt.discovery.lights import Lights
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Json

TOPIC = "blynk/shed/v5/light"
RGB = Lamp(parts=3, is_whole=True)


class Lit:
    """A light on V5 of a device."""

    def __init__(self) -> None:
        self.core = Core()
        self.core.add("shed", Datastream("V5", "Strip", DatastreamType.INT, 0, 255))
        self.lights = Lights(self.core.parts, Complaints(self.core.parts))
        self.outlet = FakeOutlet()
        self.lights.connected(self.outlet)
        self.core.changes()

    def write(self, *value: str) -> None:
        self.core.store.write("shed", "V5", value, CONFIG, Intent.REPORT)
        self.follow()

    def follow(self) -> None:
        for change in self.core.changes():
            self.lights.changed(change, self.outlet)

    def command(self, payload: object, topic: str = f"{TOPIC}/set", **message: Json) -> None:
        (subscription,) = self.lights.subscriptions()
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        subscription.handler(Message(topic, raw, **message))

    @property
    def value(self) -> tuple[str, ...]:
        return self.core.store.get("shed", "V5").value

    @property
    def states(self) -> list[Json]:
        return [one.json for one in self.outlet.sent if one.topic == TOPIC]


@pytest.fixture
def lit() -> Lit:
    made = Lit()
    made.lights.use(made.outlet, "shed", {"V5": RGB})
    return made


def test_light_that_was_never_set_has_no_state(lit: Lit) -> None:
    assert lit.outlet.sent == []


def test_each_change_is_told_and_kept_by_the_broker(lit: Lit) -> None:
    lit.write("255", "0", "0")
    lit.write("0", "0", "0")
    assert [state["state"] for state in lit.states] == ["ON", "OFF"]
    assert json.loads(lit.outlet.texts[TOPIC]) == {"state": "OFF"}


def test_effect_is_not_told(lit: Lit) -> None:
    lit.write("255", "0")
    assert lit.states == []


def test_fade_is_told_by_its_end_and_not_by_where_it_begins() -> None:
    lit = Lit()
    lit.core.redefine(
        "shed", Datastream("V5", "Lamp", DatastreamType.DOUBLE, 0, 255, effects=EFFECTS)
    )
    lit.lights.use(lit.outlet, "shed", {"V5": Lamp(can_fade=True)})

    def report(level: str, cause: int) -> None:
        lit.core.store.write("shed", "V5", (level,), CONFIG, Intent.REPORT, cause=cause)
        lit.follow()

    for level in ("200", "0"):
        change = lit.core.store.write("shed", "V5", ("fade", level), CONFIG, Intent.COMMAND)
        assert change is not None
        lit.follow()
        # The output says where it is, and where it has come to in the end.
        report("100", change.seq)
        report(level, change.seq)
    assert [state.get("brightness", 0) for state in lit.states] == [200, 200, 0, 0]
    report("100", 1)
    assert lit.states[-1]["brightness"] == 100


def test_other_pins_are_left_alone(lit: Lit) -> None:
    lit.core.store.write("shed", "V6", ("1", "2", "3"), CONFIG, Intent.REPORT)
    lit.write("1", "2", "3")
    assert len(lit.outlet.sent) == 1


def test_new_connection_is_told_everything(lit: Lit) -> None:
    lit.write("255", "0", "0")
    lit.lights.disconnected()
    later = FakeOutlet()
    lit.lights.connected(later)
    assert list(later.retained) == [TOPIC]


def test_pin_that_becomes_a_light_is_told_and_one_that_ceases_to_be_is_cleared() -> None:
    lit = Lit()
    lit.write("255", "0", "0")
    assert lit.outlet.sent == []
    lit.lights.use(lit.outlet, "shed", {"V5": RGB})
    lit.lights.use(lit.outlet, "shed", {"V5": RGB})
    assert len(lit.states) == 1
    lit.lights.use(lit.outlet, "shed", {})
    assert lit.outlet.texts == {}


def test_command_is_a_command_of_mqtt(lit: Lit) -> None:
    lit.command({"state": "ON", "color": {"r": 9, "g": 0, "b": 255}})
    (change,) = lit.core.changes()
    assert change.origin == Origin(OriginKind.MQTT)
    assert lit.value == ("9", "0", "255")


def test_light_comes_back_as_it_was(lit: Lit) -> None:
    lit.write("0", "51", "0")
    lit.command({"state": "OFF"})
    assert lit.value == ("0", "0", "0")
    lit.write("0", "0", "0")
    lit.command({"state": "ON"})
    assert lit.value == ("0", "51", "0")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"ON", "pin.invalid_value"),
        (b"\xff\x00", "pin.invalid_value"),
        (b"[" * 4000, "pin.invalid_value"),
        (b'{"brightness": Infinity}', "pin.invalid_value"),
        (b'{"brightness": ' + b"9" * 4000 + b"}", "pin.invalid_value"),
        (b'{"state": "ON"}' + b" " * 5000, "pin.invalid_value"),
        (b'{"state": 1}', "pin.invalid_value"),
    ],
)
def test_bad_command_changes_nothing_and_is_answered_once(
    lit: Lit, payload: bytes, code: str
) -> None:
    lit.write("1", "2", "3")
    lit.outlet.take()
    for _ in range(5):
        lit.command(payload)
    assert lit.value == ("1", "2", "3")
    (error,) = lit.outlet.sent
    assert (error.topic, error.json["error"]) == ("blynk/shed/error", code)


def test_command_to_what_is_no_light_is_refused(lit: Lit) -> None:
    lit.command({"state": "ON"}, "blynk/shed/v6/light/set")
    lit.command({"state": "ON"}, "blynk/attic/v5/light/set")
    assert [one.topic for one in lit.outlet.sent] == ["blynk/shed/error", "blynk/bridge/error"]


def test_retained_command_is_ignored_with_one_warning(
    lit: Lit, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        lit.command({"state": "ON"}, is_retained=True)
    assert lit.core.changes() == []
    assert caplog.text.count("retained command ignored") == 1


def test_leftovers_of_own_pins_that_are_no_lights_are_cleared(lit: Lit) -> None:
    stands = {
        TOPIC: b"{}",
        "blynk/shed/v6/light": b"{}",
        "blynk/others/v1/light": b"mine",
        "blynk/shed/other/light": b"mine",
        "blynk/shed/v6": b"1",
        "elsewhere/shed/v6/light": b"mine",
    }
    lit.lights.clear_leftovers(lit.outlet, stands)
    assert [(one.topic, one.payload, one.retain) for one in lit.outlet.sent] == [
        ("blynk/shed/v6/light", "", True),
    ]
