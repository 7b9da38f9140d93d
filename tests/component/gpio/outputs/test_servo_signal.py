import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest

from blynk_gateway.config.gpio.common import HardwarePwm
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.outputs import servo_signal
from blynk_gateway.gpio.outputs.servo_signal import (
    FRAME_NS,
    KernelSignal,
    LgpioSignal,
    LibrarySignal,
    open_signal,
)
from tests.helpers.gpio import Rig

LINE = 18


class FakeLgpio(ModuleType):
    """The call of lgpio that times pulses."""

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.calls: list[tuple[int, int, int, int]] = []
        self.is_refusing = False
        self.is_running = False

    def tx_pulse(self, handle: int, line: int, on_us: int, off_us: int) -> int:
        if self.is_refusing:
            raise OSError("TX queue full")
        if on_us == off_us == 0 and not self.is_running:
            raise OSError("bad PWM micros")
        self.is_running = on_us > 0
        self.calls.append((handle, line, on_us, off_us))
        return 9


class FakeChannel:
    """What `KernelSignal` uses of a `KernelPwm`."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def start(self, period_ns: int, duty_ns: int) -> None:
        self.calls.append((period_ns, duty_ns))

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> FakeLgpio:
    fake = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    monkeypatch.setattr(rig.board.pin_factory, "_handle", 42, raising=False)
    return fake


def board_of(rig: Rig, factory: Factory) -> Board:
    return replace(rig.board, factory=factory)


def find_channel(
    monkeypatch: pytest.MonkeyPatch, channel: FakeChannel | None
) -> list[tuple[int, bool]]:
    """Have the kernel offer this channel; the list tells who asked."""
    asked: list[tuple[int, bool]] = []

    def find(line: int, *, take_over: bool) -> FakeChannel | None:
        asked.append((line, take_over))
        return channel

    monkeypatch.setattr(servo_signal, "find_kernel_pwm", find)
    return asked


@pytest.mark.parametrize("take_over", [False, True])
def test_hardware_pwm_comes_first(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, take_over: bool
) -> None:
    channel = FakeChannel()
    asked = find_channel(monkeypatch, channel)
    signal = open_signal(board_of(rig, Factory.LGPIO), LINE, HardwarePwm.AUTO, take_over=take_over)
    assert isinstance(signal, KernelSignal)
    assert asked == [(LINE, take_over)]
    signal.send(1_500_000)
    signal.leave()
    assert channel.calls == [(FRAME_NS, 1_500_000)]
    signal.stop()
    signal.close()
    assert channel.calls == [(FRAME_NS, 1_500_000), "stop", "close"]
    # Claiming the line by the library would take it away from the hardware.
    assert rig.pin(LINE).function == "input"


def test_hardware_pwm_is_left_alone_where_that_is_asked_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = find_channel(monkeypatch, FakeChannel())
    signal = open_signal(board_of(rig, Factory.RPIGPIO), LINE, HardwarePwm.NEVER, take_over=True)
    assert isinstance(signal, LibrarySignal)
    assert asked == []
    signal.close()


def test_simulated_pins_have_no_hardware_pwm(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = find_channel(monkeypatch, FakeChannel())
    signal = open_signal(rig.board, LINE, HardwarePwm.AUTO, take_over=False)
    assert isinstance(signal, LibrarySignal)
    assert asked == []
    signal.close()


def test_lgpio_times_pulses_to_the_microsecond(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, lgpio: FakeLgpio
) -> None:
    find_channel(monkeypatch, None)
    signal = open_signal(board_of(rig, Factory.LGPIO), LINE, HardwarePwm.AUTO, take_over=False)
    assert isinstance(signal, LgpioSignal)
    assert rig.pin(LINE).function == "output"
    signal.send(1_234_000)
    signal.send(1_235_000)
    assert lgpio.calls == [(42, LINE, 1234, 18766), (42, LINE, 1235, 18765)]
    signal.close()


def test_lgpio_stops_what_runs_and_nothing_else(rig: Rig, lgpio: FakeLgpio) -> None:
    signal = LgpioSignal(rig.board.pin_factory, LINE)
    signal.stop()
    assert lgpio.calls == []
    signal.send(1_500_000)
    signal.stop()
    signal.stop()
    signal.send(1_500_000)
    assert [call[2] for call in lgpio.calls] == [1500, 0, 1500]
    signal.close()


def test_lgpio_ends_with_the_line_low(rig: Rig, lgpio: FakeLgpio) -> None:
    signal = LgpioSignal(rig.board.pin_factory, LINE)
    signal.send(1_500_000)
    rig.pin(LINE).state = 1
    signal.stop()
    assert lgpio.calls[-1] == (42, LINE, 0, 0)
    assert rig.level(LINE) == 0
    signal.leave()
    signal.close()
    assert rig.pin(LINE).function == "input"


def test_a_line_is_given_up_also_when_its_pulses_cannot_be_stopped(
    rig: Rig, lgpio: FakeLgpio
) -> None:
    signal = LgpioSignal(rig.board.pin_factory, LINE)
    signal.send(1_500_000)
    lgpio.is_refusing = True
    with pytest.raises(OSError, match="queue full"):
        signal.close()
    assert rig.pin(LINE).function == "input"


def test_the_library_sends_the_share_of_a_frame(rig: Rig) -> None:
    signal = LibrarySignal(rig.board.pin_factory, LINE)
    assert rig.line(LINE).duty == 0
    assert rig.pin(LINE).state == 0
    signal.send(1_500_000)
    assert rig.pin(LINE).frequency == 50
    assert rig.pin(LINE).state == pytest.approx(0.075)
    signal.close()


def test_the_library_stops_and_goes_on(rig: Rig) -> None:
    signal = LibrarySignal(rig.board.pin_factory, LINE)
    signal.send(2_000_000)
    signal.stop()
    signal.stop()
    assert rig.pin(LINE).frequency is None
    assert rig.pin(LINE).state == 0
    signal.send(1_000_000)
    assert rig.pin(LINE).frequency == 50
    assert rig.pin(LINE).state == pytest.approx(0.05)
    signal.leave()
    signal.close()
    assert rig.pin(LINE).function == "input"


def test_a_kernel_that_refuses_is_told_to_the_caller(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(FakeChannel):
        def start(self, period_ns: int, duty_ns: int) -> None:
            raise LineUnavailable("no")

    find_channel(monkeypatch, Refusing())
    signal = open_signal(board_of(rig, Factory.LGPIO), LINE, HardwarePwm.AUTO, take_over=False)
    with pytest.raises(LineUnavailable):
        signal.send(1_500_000)
