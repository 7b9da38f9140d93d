"""Direct pins in the store: modes, the first use, and what the gateway's own device lacks."""

import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import (
    Change,
    Intent,
    ModeChange,
    Origin,
    OriginKind,
    PinChange,
)
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import InvalidValue, NotWritable, UnknownDevice, UnknownPin
from tests.helpers.clock import FakeClock

PERSON = Origin(OriginKind.API, "phone")
GPIO = Origin(OriginKind.GPIO)
BOARD = Origin(OriginKind.DEVICE, "1")


class Fixture:
    """A store with a LAN device `shed` and the gateway's own device `pi`, and their mailboxes."""

    def __init__(self) -> None:
        self.bus = PinBus()
        self.store = PinStore(self.bus, FakeClock())
        self.store.define("shed", {}, {"D4": DirectPin(PinMode.PULL_UP)})
        self.store.define("pi", {}, {}, frozenset({"D5", "D6", "A0"}))
        self.shed = Mailbox(100, Overflow.CLOSE)
        self.pi = Mailbox(100, Overflow.CLOSE)
        self.bus.subscribe_commands(self.shed, device="shed", origin=BOARD)
        self.bus.subscribe_commands(self.pi, device="pi", origin=GPIO)

    def command(self, device: str, pin: str, *value: str) -> PinChange | None:
        return self.store.write(device, pin, value, PERSON, Intent.COMMAND)


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def kinds(changes: list[Change]) -> list[type[Change]]:
    return [type(change) for change in changes]


def test_the_first_command_gives_a_pin_its_mode_before_the_value(fixture: Fixture) -> None:
    fixture.command("shed", "D8", "1")
    mode, change = fixture.shed.drain()
    assert isinstance(mode, ModeChange)
    assert isinstance(change, PinChange)
    assert (mode.pin, mode.direct, mode.seq) == ("D8", (PinMode.OUT, None), change.seq - 1)
    fixture.command("shed", "D8", "0")
    assert kinds(fixture.shed.drain()) == [PinChange]
    assert fixture.store.get("shed", "D8").direct == (PinMode.OUT, None)


def test_a_refused_first_command_leaves_no_mode(fixture: Fixture) -> None:
    with pytest.raises(InvalidValue, match="shed/D8 was given '128'; expected 0 or 1"):
        fixture.command("shed", "D8", "128")
    assert fixture.store.find("shed", "D8") is None
    assert fixture.shed.drain() == []


def test_an_analog_pin_that_is_written_counts_to_16_bits(fixture: Fixture) -> None:
    fixture.command("shed", "A1", "65535")
    with pytest.raises(InvalidValue, match="expected a whole number 0 to 65535"):
        fixture.command("shed", "A1", "65536")


def test_an_input_refuses_commands_and_takes_reports(fixture: Fixture) -> None:
    with pytest.raises(NotWritable, match="shed/D4 is an input"):
        fixture.command("shed", "D4", "1")
    fixture.store.write("shed", "D4", ("1",), BOARD, Intent.REPORT)
    assert fixture.store.get("shed", "D4").value == ("1",)


def test_a_mode_can_be_set_and_is_told(fixture: Fixture) -> None:
    fixture.store.set_mode("shed", "A0", DirectPin(PinMode.IN, 1000), PERSON)
    (mode,) = fixture.shed.drain()
    assert isinstance(mode, ModeChange)
    assert mode.direct == (PinMode.IN, 1000)
    assert [state.pin for state in fixture.store.pins("shed")] == ["D4", "A0"]


def test_a_mode_that_cannot_be_is_refused(fixture: Fixture) -> None:
    out = DirectPin(PinMode.OUT)
    with pytest.raises(UnknownDevice):
        fixture.store.set_mode("barn", "D8", out, PERSON)
    with pytest.raises(UnknownPin):
        fixture.store.set_mode("shed", "D999", out, PERSON)
    with pytest.raises(InvalidValue, match="virtual"):
        fixture.store.set_mode("shed", "V1", out, PERSON)
    with pytest.raises(NotWritable, match="shed/D4 is declared as pu"):
        fixture.store.set_mode("shed", "D4", out, PERSON)
    assert fixture.shed.drain() == []


def test_the_own_device_has_its_open_pins_only(fixture: Fixture) -> None:
    fixture.command("pi", "D5", "1")
    with pytest.raises(UnknownPin, match=r"pi/D7 is not open .* expected one of: D5, D6, A0"):
        fixture.command("pi", "D7", "1")
    with pytest.raises(UnknownPin, match="pi/D7 is not open"):
        fixture.store.set_mode("pi", "D7", DirectPin(PinMode.IN), PERSON)
    fixture.command("pi", "V7", "anything")


def test_pwm_of_the_own_device_counts_to_255(fixture: Fixture) -> None:
    fixture.store.set_mode("pi", "D5", DirectPin(PinMode.PWM), PERSON)
    fixture.command("pi", "D5", "255")
    with pytest.raises(InvalidValue, match="0 to 255"):
        fixture.command("pi", "D5", "256")


def test_a_converter_is_read_only_and_nothing_of_the_own_device_is_polled(fixture: Fixture) -> None:
    with pytest.raises(NotWritable, match="A0 is a channel of the converter"):
        fixture.command("pi", "A0", "1")
    with pytest.raises(NotWritable, match="A0 is a channel of the converter"):
        fixture.store.set_mode("pi", "A0", DirectPin(PinMode.PWM), PERSON)
    with pytest.raises(InvalidValue, match="expected no interval"):
        fixture.store.set_mode("pi", "A0", DirectPin(PinMode.IN, 1000), PERSON)
    fixture.store.set_mode("pi", "A0", DirectPin(PinMode.IN), PERSON)
    assert fixture.pi.drain() != []


def test_reports_of_the_own_device_reach_those_who_obey_it(fixture: Fixture) -> None:
    client = Mailbox(10, Overflow.CLOSE)
    fixture.bus.subscribe_commands(client, device="pi", origin=BOARD)
    fixture.store.write("pi", "V3", ("1",), GPIO, Intent.REPORT)
    assert kinds(client.drain()) == [PinChange]
    assert fixture.pi.drain() == []
    fixture.store.write("shed", "V3", ("1",), GPIO, Intent.REPORT)
    assert fixture.shed.drain() == []


def test_learned_modes_survive_a_redefinition_and_declared_ones_go(fixture: Fixture) -> None:
    fixture.command("shed", "D8", "1")
    fixture.store.set_mode("shed", "A0", DirectPin(PinMode.IN), PERSON)
    fixture.store.define("shed", {}, {"D8": DirectPin(PinMode.PWM)})
    modes = {state.pin: state.direct for state in fixture.store.pins("shed")}
    assert modes == {"D8": (PinMode.PWM, None), "A0": (PinMode.IN, None)}


def test_a_restored_mode_is_silent_and_yields_to_a_declared_one(fixture: Fixture) -> None:
    fixture.store.restore_mode("shed", "D8", DirectPin(PinMode.OUT))
    fixture.store.restore_mode("shed", "D4", DirectPin(PinMode.OUT))
    fixture.store.restore_mode("gone", "D4", DirectPin(PinMode.OUT))
    assert fixture.store.get("shed", "D8").direct == (PinMode.OUT, None)
    assert fixture.store.get("shed", "D4").direct == (PinMode.PULL_UP, None)
    assert fixture.shed.drain() == []


def test_a_device_that_is_not_own_any_more_has_all_pins(fixture: Fixture) -> None:
    fixture.store.define("pi", {})
    fixture.command("pi", "D7", "1")
    fixture.store.forget("pi")
    with pytest.raises(UnknownDevice):
        fixture.command("pi", "D5", "1")


def test_a_value_from_before_the_mode_is_known_as_such(fixture: Fixture) -> None:
    fixture.store.write("shed", "D9", ("1",), BOARD, Intent.REPORT)
    fixture.store.define("shed", {}, {"D9": DirectPin(PinMode.OUT)})
    assert not fixture.store.get("shed", "D9").is_of_mode
    fixture.command("shed", "D9", "1")
    assert fixture.store.get("shed", "D9").is_of_mode
    fixture.store.define("shed", {}, {"D9": DirectPin(PinMode.OUT)})
    assert fixture.store.get("shed", "D9").is_of_mode


def test_an_analog_output_must_not_be_a_digital_pin_in_disguise(fixture: Fixture) -> None:
    fixture.command("shed", "D8", "1")
    with pytest.raises(NotWritable, match="shed/A8 is pin 8 of the board as D8 is"):
        fixture.command("shed", "A8", "9")
    fixture.command("shed", "A1", "9")
    with pytest.raises(NotWritable, match="expected A1"):
        fixture.command("shed", "D1", "1")
    with pytest.raises(NotWritable, match="expected D4"):
        fixture.command("shed", "A4", "1")


@pytest.mark.parametrize("mode", [PinMode.IN, PinMode.PULL_DOWN])
def test_a_pull_that_is_soldered_on_is_respected(fixture: Fixture, mode: PinMode) -> None:
    fixture.store.define("pi", {}, {}, frozenset({"D2"}))
    with pytest.raises(InvalidValue, match="D2 has a pull-up soldered to it; expected mode pu"):
        fixture.store.set_mode("pi", "D2", DirectPin(mode), PERSON)
    fixture.store.set_mode("pi", "D2", DirectPin(PinMode.PULL_UP), PERSON)
