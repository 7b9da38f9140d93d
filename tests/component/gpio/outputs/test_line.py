import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.chip import ChipInfo
from blynk_gateway.gpio.lines.factory import close_board
from blynk_gateway.gpio.outputs import line as line_module
from blynk_gateway.gpio.outputs.line import claim_digital, claim_pwm, present_fraction
from tests.helpers.gpio import Rig

LINE = 17
OTHER = 27
HANDLE = 5
CHIP = ChipInfo("/dev/gpiochip0", "gpiochip0", "pinctrl-bcm2711", 58)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


# Simulated pins.


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("is_on", [True, False])
def test_a_line_is_claimed_at_its_level(rig: Rig, active_high: bool, is_on: bool) -> None:
    level = int(is_on == active_high)
    rig.drive(LINE, level)
    line = claim_digital(rig.board, LINE, active_high=active_high, is_on=is_on)
    assert rig.pin(LINE).function == "output"
    # It had this level before as an input, and had no other in between.
    assert set(rig.states(LINE)[1:]) <= {float(level)}
    assert rig.level(LINE) == level
    assert line.fraction == is_on
    line.release()


def test_a_line_obeys_and_is_given_up(rig: Rig) -> None:
    line = claim_digital(rig.board, LINE, active_high=False, is_on=False)
    line.drive(1)
    assert (rig.level(LINE), line.fraction) == (0, 1)
    line.drive(0)
    assert (rig.level(LINE), line.fraction) == (1, 0)
    line.release()
    line.release()
    assert rig.pin(LINE).function == "input"


def test_pwm_has_its_frequency_and_its_duty_at_once(rig: Rig) -> None:
    line = claim_pwm(rig.board, LINE, active_high=True, frequency=250, fraction=0.25)
    pin = rig.pin(LINE)
    assert (pin.frequency, pin.state) == (250, 0.25)
    assert rig.states(LINE) == [0, 0.25]
    line.drive(0.5)
    assert (pin.state, line.fraction) == (0.5, 0.5)
    line.release()
    assert (pin.function, pin.frequency) == ("input", None)


def test_pwm_may_be_active_low(rig: Rig) -> None:
    line = claim_pwm(rig.board, LINE, active_high=False, frequency=100, fraction=0.25)
    assert (rig.pin(LINE).state, line.fraction) == (0.75, 0.25)
    line.release()


def test_a_line_in_use_is_refused_and_left_alone(rig: Rig) -> None:
    line = claim_pwm(rig.board, LINE, active_high=True, frequency=100, fraction=0.5)
    with pytest.raises(rig.board.errors, match="already in use"):
        claim_digital(rig.board, LINE, active_high=True, is_on=True)
    with pytest.raises(rig.board.errors, match="already in use"):
        claim_pwm(rig.board, LINE, active_high=True, frequency=50, fraction=1)
    assert (rig.pin(LINE).frequency, rig.pin(LINE).state) == (100, 0.5)
    line.release()


@pytest.mark.parametrize("is_pwm", [True, False])
def test_a_line_that_is_left_stays_as_it_is_whatever_is_closed_or_forgotten(
    rig: Rig, is_pwm: bool
) -> None:
    line = (
        claim_pwm(rig.board, LINE, active_high=True, frequency=100, fraction=0.5)
        if is_pwm
        else claim_digital(rig.board, LINE, active_high=True, is_on=True)
    )
    other = claim_digital(rig.board, OTHER, active_high=True, is_on=True)
    pin = rig.pin(LINE)
    level = pin.state
    line.leave()
    line.release()
    del line
    gc.collect()
    other.release()
    close_board(rig.board)
    assert (pin.function, pin.state) == ("output", level)
    assert rig.pin(LINE) is pin


def test_gpiozeros_own_end_leaves_it_too(rig: Rig) -> None:
    """Its exit handler closes what belongs to the global factory, which we never set."""
    devices: Any = importlib.import_module("gpiozero.devices")
    line = claim_digital(rig.board, LINE, active_high=True, is_on=True)
    assert devices.Device.pin_factory is None
    line.leave()
    devices._shutdown()
    assert (rig.pin(LINE).function, rig.level(LINE)) == ("output", 1)


def test_a_line_that_was_left_can_be_claimed_again_without_another_level(rig: Rig) -> None:
    left = claim_digital(rig.board, LINE, active_high=True, is_on=True)
    left.leave()
    states = rig.states(LINE)
    # Also while somebody still holds the old one, a traceback for example.
    line = claim_digital(rig.board, LINE, active_high=True, is_on=True)
    assert rig.states(LINE) == states
    left.release()
    assert rig.pin(LINE).function == "output"
    line.release()
    assert rig.pin(LINE).function == "input"


def test_pwm_that_was_left_ends_when_the_line_is_switched(rig: Rig) -> None:
    claim_pwm(rig.board, LINE, active_high=True, frequency=100, fraction=0.5).leave()
    line = claim_digital(rig.board, LINE, active_high=True, is_on=True)
    assert (rig.pin(LINE).frequency, rig.level(LINE)) == (None, 1)
    line.release()


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("level", [0, 1])
def test_the_present_level_is_seen_before_the_line_is_claimed(
    rig: Rig, level: int, active_high: bool
) -> None:
    rig.drive(LINE, level)
    found = present_fraction(rig.board, LINE, active_high=active_high)
    assert found == (level if active_high else 1 - level)
    assert rig.pin(LINE).function == "input"


# Other back ends.


class FakeLgpio(ModuleType):
    """lgpio as far as outputs need it. `levels` is what each line was driven to, in order."""

    error = OSError
    SET_PULL_NONE = SET_PULL_UP = SET_PULL_DOWN = 0
    BOTH_EDGES = RISING_EDGE = FALLING_EDGE = 0

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.calls: list[tuple[object, ...]] = []
        self.outputs: set[int] = set()
        self.levels: list[float] = []

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: object) -> int:
            self.calls.append((name, *args))
            return HANDLE if name == "gpiochip_open" else 0

        return call

    def gpio_claim_output(self, handle: int, line: int, level: int = 0, flags: int = 0) -> int:
        self.outputs.add(line)
        self.levels.append(level)
        return 0

    def gpio_write(self, handle: int, line: int, level: int) -> int:
        self.levels.append(int(level))
        return 0

    def gpio_read(self, handle: int, line: int) -> int:
        return int(self.levels[-1])

    def tx_pwm(self, handle: int, line: int, frequency: float, duty: int) -> int:
        if frequency:
            self.levels.append(duty / 100)
        return 0

    def gpio_get_mode(self, handle: int, line: int) -> int:
        return 2 if line in self.outputs else 0

    def gpio_free(self, handle: int, line: int) -> int:
        self.calls.append(("gpio_free", line))
        self.outputs.discard(line)
        return 0


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> Iterator[FakeLgpio]:
    fake = FakeLgpio()
    gone = ("gpiozero.pins.lgpio", "blynk_gateway.gpio.lines.lgpio_lines")
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    for name in gone:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield fake
    for name in gone:
        sys.modules.pop(name, None)


@pytest.fixture
def lgpio_board(rig: Rig, lgpio: FakeLgpio) -> Board:
    lines: Any = importlib.import_module("blynk_gateway.gpio.lines.lgpio_lines")
    return replace(
        rig.board,
        factory=Factory.LGPIO,
        pin_factory=lines.LgpioFactory(CHIP),
        chip=CHIP.path,
        simulation=None,
    )


@pytest.mark.parametrize(("active_high", "levels"), [(True, {0.0}), (False, {1.0})])
def test_lgpio_drives_a_line_that_is_off_to_no_other_level(
    lgpio_board: Board, lgpio: FakeLgpio, active_high: bool, levels: set[float]
) -> None:
    line = claim_digital(lgpio_board, LINE, active_high=active_high, is_on=False)
    assert set(lgpio.levels) == levels
    line.release()


@pytest.mark.parametrize(("active_high", "levels"), [(True, {0.0}), (False, {1.0})])
def test_lgpio_begins_pwm_that_is_off_at_no_other_level(
    lgpio_board: Board, lgpio: FakeLgpio, active_high: bool, levels: set[float]
) -> None:
    line = claim_pwm(lgpio_board, LINE, active_high=active_high, frequency=100, fraction=0)
    assert set(lgpio.levels) == levels
    line.drive(0.29)
    # gpiozero alone would make 28 % of it.
    assert lgpio.levels[-1] == pytest.approx(0.29 if active_high else 0.71)
    line.release()


def test_lgpio_goes_on_with_pwm_that_was_left(lgpio_board: Board, lgpio: FakeLgpio) -> None:
    claim_pwm(lgpio_board, LINE, active_high=True, frequency=100, fraction=0.5).leave()
    assert present_fraction(lgpio_board, LINE, active_high=True) == 0.5
    line = claim_pwm(lgpio_board, LINE, active_high=True, frequency=100, fraction=0.5)
    assert set(lgpio.levels[1:]) == {0.5}
    line.release()


def test_lgpio_frees_no_line_that_was_left(lgpio_board: Board, lgpio: FakeLgpio) -> None:
    line = claim_digital(lgpio_board, LINE, active_high=True, is_on=True)
    line.leave()
    del line
    gc.collect()
    close_board(lgpio_board)
    assert LINE in lgpio.outputs
    assert not [call for call in lgpio.calls if call[0] in ("gpio_free", "gpiochip_close")]


def test_the_level_of_a_real_line_is_asked_of_the_kernel(
    lgpio_board: Board, lgpio: FakeLgpio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def read(chip: str, line: int) -> int:
        asked.append((chip, line))
        return 1

    monkeypatch.setattr(line_module, "read_level_as_is", read)
    assert present_fraction(lgpio_board, LINE, active_high=True) == 1
    assert present_fraction(lgpio_board, LINE, active_high=False) == 0
    assert asked == [(CHIP.path, LINE)] * 2
    assert lgpio.outputs == set()


def test_where_nothing_tells_the_level_nothing_is_said(
    lgpio_board: Board, lgpio: FakeLgpio
) -> None:
    nowhere = replace(lgpio_board, chip="")
    assert present_fraction(nowhere, LINE, active_high=True) is None
