from collections.abc import Iterator

import pytest
from gpiozero import LED, PWMLED, Button, DigitalInputDevice, InputDevice, OutputDevice
from gpiozero.exc import GPIOZeroError, PinFixedPull

from blynk_gateway.errors import InvalidValue, NotWritable, UnknownPin
from blynk_gateway.gpio.lines.simulation import MAX_STATES
from tests.helpers.gpio import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def test_every_line_of_the_header_is_shown(rig: Rig) -> None:
    lines = rig.simulation.lines()
    assert [one.line for one in lines] == list(range(28))
    for one in lines:
        assert (one.function, one.duty, one.user) == ("input", None, None)
        # The Pi has resistors on its I2C lines.
        expected = (1, "up") if one.line in (2, 3) else (0, "floating")
        assert (one.level, one.pull) == expected


def test_an_output_is_shown_with_its_level(rig: Rig) -> None:
    with LED(
        pin=17, active_high=False, initial_value=False, pin_factory=rig.board.pin_factory
    ) as led:
        assert rig.line(17)[1:5] == (1, "output", "floating", None)
        led.on()
        assert rig.level(17) == 0


def test_pwm_is_shown_with_its_duty(rig: Rig) -> None:
    with PWMLED(
        pin=18, frequency=100, initial_value=0.25, pin_factory=rig.board.pin_factory
    ) as led:
        assert (rig.level(18), rig.line(18).duty) == (1, 0.25)
        led.value = 0
        assert (rig.level(18), rig.line(18).duty) == (0, 0)
    assert rig.line(18).duty is None


def test_an_output_takes_its_first_level_without_a_detour(rig: Rig) -> None:
    rig.pin(17)
    with OutputDevice(pin=17, initial_value=True, pin_factory=rig.board.pin_factory):
        assert rig.states(17) == [0, 1]
    assert rig.states(17) == [0, 1, 0]


@pytest.mark.parametrize(("pull_up", "pull", "level"), [(True, "up", 1), (False, "down", 0)])
def test_an_input_takes_the_level_of_its_pull(
    rig: Rig, pull_up: bool, pull: str, level: int
) -> None:
    with InputDevice(pin=27, pull_up=pull_up, pin_factory=rig.board.pin_factory):
        assert (rig.level(27), rig.line(27).pull) == (level, pull)
    assert (rig.level(27), rig.line(27).pull) == (0, "floating")


def test_what_is_outside_wins_over_the_pull(rig: Rig) -> None:
    rig.drive(27, 0)
    with Button(pin=27, pull_up=True, pin_factory=rig.board.pin_factory) as button:
        assert button.is_pressed
        rig.drive(27, 1)
        assert not button.is_pressed


def test_what_is_outside_stays_while_an_output_comes_and_goes(rig: Rig) -> None:
    rig.drive(22, 1)
    with OutputDevice(pin=22, initial_value=False, pin_factory=rig.board.pin_factory):
        assert rig.level(22) == 0
    assert rig.level(22) == 1


def test_an_edge_reaches_who_listens(rig: Rig) -> None:
    told: list[str] = []
    with DigitalInputDevice(pin=27, pull_up=True, pin_factory=rig.board.pin_factory) as device:
        device.when_activated = lambda: told.append("pressed")
        device.when_deactivated = lambda: told.append("released")
        rig.drive(27, 0)
        rig.drive(27, 0)
        rig.drive(27, 1)
    assert told == ["pressed", "released"]


def test_an_output_cannot_be_driven_from_outside(rig: Rig) -> None:
    with (
        OutputDevice(pin=17, initial_value=False, pin_factory=rig.board.pin_factory),
        pytest.raises(NotWritable, match="GPIO17 is an output"),
    ):
        rig.simulation.drive(17, True)
    assert rig.level(17) == 0


@pytest.mark.parametrize("line", [-1, 28])
def test_a_line_that_is_not_on_the_header_is_unknown(rig: Rig, line: int) -> None:
    with pytest.raises(UnknownPin, match="0 to 27"):
        rig.simulation.drive(line, True)


def test_a_fixed_pull_cannot_be_changed(rig: Rig) -> None:
    with pytest.raises(PinFixedPull):
        InputDevice(pin=3, pull_up=False, pin_factory=rig.board.pin_factory)
    with (
        OutputDevice(pin=4, initial_value=True, pin_factory=rig.board.pin_factory) as output,
        pytest.raises(PinFixedPull, match="an output"),
    ):
        output.pin.pull = "up"


def test_a_line_is_used_once(rig: Rig) -> None:
    with LED(pin=17, pin_factory=rig.board.pin_factory), pytest.raises(GPIOZeroError):
        LED(pin=17, pin_factory=rig.board.pin_factory)


def test_a_user_is_named_until_it_leaves(rig: Rig) -> None:
    simulation = rig.board.simulation
    assert simulation is not None
    simulation.name_line(17, "pump")
    assert rig.line(17).user == "pump"
    simulation.name_line(17, None)
    simulation.name_line(17, None)
    assert rig.line(17).user is None


def test_a_voltage_is_kept_as_it_was_put(rig: Rig) -> None:
    assert rig.simulation.adc() == [0.0] * 8
    rig.simulation.set_adc(7, 0.25)
    rig.simulation.set_adc(0, 1)
    assert rig.simulation.adc() == [1, 0, 0, 0, 0, 0, 0, 0.25]


@pytest.mark.parametrize("channel", [-1, 8])
def test_an_unknown_channel_is_refused(rig: Rig, channel: int) -> None:
    with pytest.raises(UnknownPin, match="0 to 7"):
        rig.simulation.set_adc(channel, 0.5)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_voltage_beyond_full_scale_is_refused(rig: Rig, value: float) -> None:
    with pytest.raises(InvalidValue, match="expected 0 to 1"):
        rig.simulation.set_adc(0, value)
    assert rig.simulation.adc()[0] == 0


def test_two_simulations_share_nothing(rig: Rig) -> None:
    with Rig() as other:
        rig.drive(27, 1)
        rig.simulation.set_adc(0, 0.5)
        assert other.level(27) == 0
        assert other.simulation.adc()[0] == 0
        with (
            LED(pin=17, initial_value=True, pin_factory=rig.board.pin_factory),
            LED(pin=17, initial_value=False, pin_factory=other.board.pin_factory),
        ):
            assert (rig.level(17), other.level(17)) == (1, 0)


def test_what_a_pin_went_through_is_bounded(rig: Rig) -> None:
    rig.pulse(27, 2 * MAX_STATES)
    assert len(rig.states(27)) == MAX_STATES
    rig.pin(27).clear_states()
    assert rig.states(27) == [0]
