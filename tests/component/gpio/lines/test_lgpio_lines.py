import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import InputDevice, OutputDevice, PWMOutputDevice
from gpiozero.exc import GPIOPinInUse

from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines import factory
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.chip import ChipInfo
from blynk_gateway.gpio.lines.factory import close_board, open_board
from tests.helpers.kernel_gpio import FakeKernel
from tests.helpers.lgpio_fake import fake_lgpio

HANDLE = 44


class Bench:
    """A board on the stand-in for lgpio."""

    def __init__(self, board: Board, lgpio: Any) -> None:  # noqa: ANN401  a stand-in
        self.board = board
        self.lgpio = lgpio

    @property
    def pins(self) -> Any:  # noqa: ANN401  gpiozero has no types
        return self.board.pin_factory

    def calls(self) -> list[tuple[Any, ...]]:
        """What the library was told since the last time."""
        calls = list(self.lgpio.calls)
        self.lgpio.calls.clear()
        return calls


@pytest.fixture(params=["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"])
def bench(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Bench]:
    monkeypatch.delenv("LG_WD", raising=False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    chip = ChipInfo("/dev/gpiochip4", "gpiochip4", request.param, 54)
    monkeypatch.setattr(factory, "find_chip", lambda: chip)
    with fake_lgpio(monkeypatch) as modules:
        board = open_board(Factory.LGPIO)
        yield Bench(board, modules["lgpio"])
        close_board(board)


def test_the_chip_is_opened_with_the_first_line_and_by_its_number(bench: Bench) -> None:
    assert bench.calls() == []
    bench.pins.pin(17)
    assert bench.calls() == []
    with OutputDevice(pin=17, initial_value=True, pin_factory=bench.pins):
        assert bench.calls()[0] == ("open", 4)
    assert bench.pins.chip == 4


@pytest.mark.parametrize("active_high", [True, False])
def test_an_output_has_its_level_from_the_first_moment(bench: Bench, active_high: bool) -> None:
    with OutputDevice(
        pin=17, active_high=active_high, initial_value=False, pin_factory=bench.pins
    ) as relay:
        assert bench.calls()[1:] == [("output", HANDLE, 17, int(not active_high))]
        relay.on()
        assert bench.calls() == [("write", HANDLE, 17, int(active_high))]


def test_a_closed_line_is_freed_and_never_made_an_input(bench: Bench) -> None:
    relay = OutputDevice(pin=17, initial_value=True, pin_factory=bench.pins)
    bench.calls()
    relay.close()
    relay.close()
    assert bench.calls() == [("free", HANDLE, 17)]


def test_a_line_can_change_its_part(bench: Bench) -> None:
    OutputDevice(pin=17, initial_value=True, pin_factory=bench.pins).close()
    bench.calls()
    with InputDevice(pin=17, pull_up=None, active_state=True, pin_factory=bench.pins) as line:
        line.pin.when_changed = print
        assert bench.lgpio.claimed == {17: "alert"}
        line.pin.output_with_state(1)
        calls = bench.calls()
        assert calls[-1] == ("output", HANDLE, 17, 1)
        assert ("cancel", 17) in calls


def test_pwm_ends_before_its_line_is_freed(bench: Bench) -> None:
    lamp = PWMOutputDevice(pin=18, frequency=100, initial_value=0.5, pin_factory=bench.pins)
    assert bench.calls()[-1] == ("pwm", HANDLE, 18, 100, 50)
    lamp.close()
    assert bench.calls() == [("pwm", HANDLE, 18, 0, 0), ("free", HANDLE, 18)]
    # Nothing of it is left in the pin.
    with OutputDevice(pin=18, initial_value=True, pin_factory=bench.pins):
        assert bench.calls() == [("output", HANDLE, 18, 1)]


@pytest.fixture
def kernel(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeKernel]:
    """What the kernel says of the chip of the bench."""
    kernel = FakeKernel(monkeypatch, tmp_path_factory.mktemp("dev"))
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    bench.pins.path = kernel.path
    yield kernel
    kernel.close()


@pytest.mark.parametrize("device", [OutputDevice, PWMOutputDevice])
def test_the_error_of_a_busy_line_names_its_holder(
    bench: Bench, kernel: FakeKernel, device: type[Any]
) -> None:
    bench.lgpio.busy.add(6)
    kernel.hold(6, "gpioset", 0)
    with pytest.raises(LineUnavailable, match="GPIO6 is in use by 'gpioset'"):
        device(pin=6, initial_value=True, pin_factory=bench.pins)
    bench.lgpio.busy.clear()
    device(pin=6, initial_value=True, pin_factory=bench.pins).close()


def test_where_the_kernel_knows_no_better_the_error_is_the_librarys(
    bench: Bench, kernel: FakeKernel
) -> None:
    bench.lgpio.busy.add(6)
    with pytest.raises(bench.board.errors, match="GPIO busy"):
        OutputDevice(pin=6, initial_value=True, pin_factory=bench.pins)
    assert kernel.open_lines() == []


def test_a_line_is_used_once(bench: Bench) -> None:
    with (
        OutputDevice(pin=6, initial_value=True, pin_factory=bench.pins),
        pytest.raises(GPIOPinInUse),
    ):
        OutputDevice(pin=6, initial_value=False, pin_factory=bench.pins)


def test_closing_the_board_frees_all_lines_and_the_chip(bench: Bench) -> None:
    relay = OutputDevice(pin=17, initial_value=True, pin_factory=bench.pins)
    bench.calls()
    close_board(bench.board)
    close_board(bench.board)
    assert bench.calls() == [("free", HANDLE, 17), ("close", HANDLE)]
    relay.close()
    assert bench.calls() == []
    with pytest.raises(bench.board.errors):
        OutputDevice(pin=17, initial_value=True, pin_factory=bench.pins)


def test_closing_an_unused_board_opens_nothing(bench: Bench) -> None:
    bench.pins.pin(17)
    close_board(bench.board)
    assert bench.calls() == []


def test_two_boards_share_no_lines(bench: Bench) -> None:
    other = open_board(Factory.LGPIO)
    with (
        OutputDevice(pin=6, initial_value=True, pin_factory=bench.pins) as one,
        OutputDevice(pin=6, initial_value=True, pin_factory=other.pin_factory) as two,
    ):
        assert one.pin is not two.pin
    close_board(other)


def test_every_line_of_the_header_exists_without_a_revision_to_read(bench: Bench) -> None:
    assert [bench.pins.pin(line) for line in range(28)]
    fixed = InputDevice(pin=2, pull_up=True, pin_factory=bench.pins)
    fixed.close()


def test_the_true_revision_counts_where_it_can_be_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0x902120)
    assert bench.pins._get_revision() == 0x902120


def test_gpiozero_1_6_finds_the_names_it_knows(bench: Bench) -> None:
    lgpio = bench.lgpio
    assert lgpio.SET_BIAS_DISABLE == lgpio.SET_PULL_NONE
    assert lgpio.SET_BIAS_PULL_UP == lgpio.SET_PULL_UP
    assert lgpio.SET_BIAS_PULL_DOWN == lgpio.SET_PULL_DOWN


def test_names_that_an_older_lgpio_has_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LG_WD", str(tmp_path))
    monkeypatch.setattr(
        factory, "find_chip", lambda: ChipInfo("/dev/gpiochip0", "gpiochip0", "pinctrl-x", 54)
    )
    with fake_lgpio(monkeypatch) as modules:
        importlib.import_module("lgpio").SET_BIAS_DISABLE = 7  # type: ignore[attr-defined]
        close_board(open_board(Factory.LGPIO))
        assert modules["lgpio"].SET_BIAS_DISABLE == 7


def test_pwm_that_runs_goes_on_when_its_line_is_claimed_again(bench: Bench) -> None:
    with PWMOutputDevice(pin=18, frequency=100, initial_value=0.5, pin_factory=bench.pins) as lamp:
        bench.calls()
        lamp.pin.function = "output"
        assert bench.calls() == []
