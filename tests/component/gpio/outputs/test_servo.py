from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import HardwarePwm, Level, Range
from blynk_gateway.config.gpio.outputs import ServoOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue, LineUnavailable
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs import servo as servo_module
from blynk_gateway.gpio.outputs.servo import Servo
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig

LINE = 18
PIN = "V1"
DETACH_MS = 50


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def safety(rig: Rig, tmp_path: Path) -> Safety:
    return Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))


class FakeSignal:
    """Meets `ServoSignal` and remembers."""

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.error: Exception | None = None

    def send(self, pulse_ns: int) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append(pulse_ns)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")

    def leave(self) -> None:
        self.calls.append("leave")


@pytest.fixture
def signal(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeSignal, list[dict[str, Any]]]:
    """A signal in place of a line's, and how it was asked for."""
    fake = FakeSignal()
    asked: list[dict[str, Any]] = []

    def open_signal(board: object, line: int, pwm: HardwarePwm, *, take_over: bool) -> FakeSignal:
        asked.append({"line": line, "pwm": pwm, "take_over": take_over})
        return fake

    monkeypatch.setattr(servo_module, "open_signal", open_signal)
    return fake, asked


def servo(rig: Rig, safety: Safety, **options: object) -> Servo:
    given: dict[str, Any] = {"name": "arm", "type": "servo", "pin": PIN, "line": LINE}
    given.update(options)
    return Servo(ServoOptions(**given), rig.host, safety)


def pulse_ms(rig: Rig) -> float | None:
    """Length of the pulses on the line, None for no pulses."""
    pin = rig.pin(LINE)
    return None if pin.frequency is None else pin.state * 1000 / pin.frequency


def store(rig: Rig, value: str) -> None:
    """What the pin said before."""
    origin = Origin(OriginKind.RESTORE)
    rig.store.write(rig.host.slug, PIN, (value,), origin, Intent.SYNC)


def move(rig: Rig, arm: Servo, *value: str) -> PinChange:
    change = rig.command(PIN, *value)
    arm.command(change)
    return change


@pytest.mark.parametrize(
    ("limits", "pulse", "value", "expected_ms"),
    [
        (Range(0, 180), Range(1.0, 2.0), "0", 1.0),
        (Range(0, 180), Range(1.0, 2.0), "90", 1.5),
        (Range(0, 180), Range(1.0, 2.0), "180", 2.0),
        (Range(-90, 90), Range(0.5, 2.5), "-90", 0.5),
        (Range(-90, 90), Range(0.5, 2.5), "45", 2.0),
        # Turned round: the larger angle has the shorter pulse.
        (Range(180, 0), Range(1.0, 2.0), "180", 1.0),
        (Range(180, 0), Range(1.0, 2.0), "45", 1.75),
    ],
)
async def test_a_value_is_a_length_of_pulses(
    rig: Rig, safety: Safety, limits: Range, pulse: Range, value: str, expected_ms: float
) -> None:
    arm = servo(rig, safety, range=limits, pulse=pulse)
    arm.open(Opening.START)
    move(rig, arm, value)
    assert pulse_ms(rig) == pytest.approx(expected_ms)
    assert rig.pin(LINE).frequency == 50
    assert arm.actual == (value,)
    await arm.close()


async def test_a_servo_does_not_move_when_it_is_opened(rig: Rig, safety: Safety) -> None:
    store(rig, "30")
    arm = servo(rig, safety)
    arm.open(Opening.START)
    assert pulse_ms(rig) in (None, 0)
    assert set(rig.states(LINE)) == {0}
    # It is where it was, as far as anybody knows.
    assert arm.actual == ("30",)
    assert rig.reports(PIN) == []
    assert not arm.is_active
    await arm.close()


@pytest.mark.parametrize(
    ("initial", "expected_ms", "said"), [(None, 1.5, "90"), (0.0, 1.0, "0"), (45.0, 1.25, "45")]
)
async def test_on_at_the_start_is_its_initial_position(
    rig: Rig, safety: Safety, initial: float | None, expected_ms: float, said: str
) -> None:
    arm = servo(rig, safety, on_start=Level.ON, initial=initial)
    arm.open(Opening.START)
    assert pulse_ms(rig) == pytest.approx(expected_ms)
    assert rig.values(PIN) == [said]
    await arm.close()


async def test_last_goes_where_it_was(rig: Rig, safety: Safety) -> None:
    store(rig, "180")
    arm = servo(rig, safety, on_start=Level.LAST)
    arm.open(Opening.START)
    assert pulse_ms(rig) == pytest.approx(2.0)
    assert rig.reports(PIN) == []
    await arm.close()


async def test_last_of_a_pin_that_said_nothing_yet_is_no_move(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, on_start=Level.LAST)
    arm.open(Opening.START)
    assert set(rig.states(LINE)) == {0}
    assert rig.value(PIN) == ()
    await arm.close()


async def test_keep_holds_a_servo_that_is_held_for_ever(rig: Rig, safety: Safety) -> None:
    store(rig, "180")
    arm = servo(rig, safety, on_start=Level.KEEP, detach_ms=None)
    arm.open(Opening.START)
    assert pulse_ms(rig) == pytest.approx(2.0)
    await arm.close()
    loose = servo(rig, safety, on_start=Level.KEEP)
    rig.pin(LINE).clear_states()
    loose.open(Opening.START)
    assert set(rig.states(LINE)) == {0}
    await loose.close()


async def test_pulses_end_after_the_move(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=DETACH_MS)
    arm.open(Opening.START)
    move(rig, arm, "45")
    assert arm.is_active
    await rig.reached(lambda: not arm.is_active)
    assert pulse_ms(rig) is None
    assert rig.pin(LINE).state == 0
    # The position is what it was, and no news.
    assert arm.actual == ("45",)
    assert rig.reports(PIN) == []
    await arm.close()


async def test_a_servo_moves_again_after_its_pulses_ended(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=DETACH_MS)
    arm.open(Opening.START)
    move(rig, arm, "45")
    await rig.reached(lambda: not arm.is_active)
    move(rig, arm, "45")
    assert pulse_ms(rig) == pytest.approx(1.25)
    await arm.close()


async def test_each_move_has_its_whole_time(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=60_000)
    arm.open(Opening.START)
    move(rig, arm, "45")
    first = arm._detaching
    move(rig, arm, "90")
    assert first is not None
    assert first.cancelled()
    assert arm._detaching is not None
    assert not arm._detaching.cancelled()
    await arm.close()


async def test_without_detach_it_is_held(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=None)
    arm.open(Opening.START)
    move(rig, arm, "45")
    assert arm._detaching is None
    assert arm.is_active
    await arm.close()


async def test_stop_ends_the_pulses_and_frees_the_line(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=None)
    arm.open(Opening.START)
    move(rig, arm, "180")
    pin = rig.pin(LINE)
    await arm.close()
    await arm.close()
    assert pin.function == "input"
    assert pin.states[-1].state == 0
    assert arm.actual == ()


async def test_a_closed_servo_has_no_timer(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=60_000)
    arm.open(Opening.START)
    move(rig, arm, "180")
    timer = arm._detaching
    assert timer is not None
    await arm.close()
    assert timer.cancelled()


async def test_the_longest_time_on_ends_the_pulses(rig: Rig, safety: Safety) -> None:
    arm = servo(rig, safety, detach_ms=None, max_on_ms=DETACH_MS)
    arm.open(Opening.START)
    move(rig, arm, "180")
    await rig.reached(lambda: pulse_ms(rig) is None)
    assert rig.value(PIN) == ("180",)
    await arm.close()


@pytest.mark.parametrize("value", ["-1", "181", "up", "", "nan", "toggle"])
async def test_nonsense_is_refused_and_moves_nothing(rig: Rig, safety: Safety, value: str) -> None:
    arm = servo(rig, safety)
    arm.open(Opening.START)
    with pytest.raises(InvalidValue, match="V1 was given"):
        move(rig, arm, value)
    assert set(rig.states(LINE)) == {0}
    await arm.close()


@pytest.mark.parametrize(
    ("opening", "on_stop", "take_over"),
    [
        (Opening.START, Level.OFF, False),
        (Opening.CRASH, Level.OFF, True),
        # We left it running ourselves.
        (Opening.START, Level.KEEP, True),
        (Opening.START, Level.ON, True),
    ],
)
async def test_hardware_pwm_that_runs_on_is_taken_over_only_where_it_is_ours(
    rig: Rig,
    safety: Safety,
    signal: tuple[FakeSignal, list[dict[str, Any]]],
    opening: Opening,
    on_stop: Level,
    take_over: bool,
) -> None:
    arm = servo(rig, safety, on_stop=on_stop, hardware_pwm=HardwarePwm.NEVER)
    arm.open(opening)
    assert signal[1] == [{"line": LINE, "pwm": HardwarePwm.NEVER, "take_over": take_over}]
    await arm.close()


async def test_a_servo_that_shall_stay_is_left_to_the_hardware(
    rig: Rig, safety: Safety, signal: tuple[FakeSignal, list[dict[str, Any]]]
) -> None:
    arm = servo(rig, safety, detach_ms=None, on_stop=Level.KEEP)
    arm.open(Opening.START)
    move(rig, arm, "180")
    await arm.close()
    assert signal[0].calls == ["stop", 2_000_000, "leave"]


async def test_a_servo_can_stop_at_its_initial_position(
    rig: Rig, safety: Safety, signal: tuple[FakeSignal, list[dict[str, Any]]]
) -> None:
    arm = servo(rig, safety, on_stop=Level.ON, initial=0.0)
    arm.open(Opening.START)
    await arm.close()
    assert signal[0].calls == ["stop", 1_000_000, "leave"]
    assert arm._detaching is None


async def test_a_servo_that_cannot_be_claimed_leaves_nothing_claimed(
    rig: Rig, safety: Safety, signal: tuple[FakeSignal, list[dict[str, Any]]]
) -> None:
    signal[0].error = LineUnavailable("refused")
    arm = servo(rig, safety, on_start=Level.ON)
    with pytest.raises(LineUnavailable, match="refused"):
        arm.open(Opening.START)
    assert signal[0].calls == ["close"]
    assert arm.actual == ()
    await arm.close()


async def test_a_failed_move_is_told_and_the_pin_goes_back(
    rig: Rig, safety: Safety, signal: tuple[FakeSignal, list[dict[str, Any]]]
) -> None:
    arm = servo(rig, safety, detach_ms=None)
    arm.open(Opening.START)
    move(rig, arm, "45")
    signal[0].error = LineUnavailable("refused")
    with pytest.raises(LineUnavailable):
        move(rig, arm, "90")
    assert rig.value(PIN) == ("45",)
    await arm.close()


async def test_pulses_that_cannot_be_ended_are_a_fault(
    rig: Rig,
    safety: Safety,
    signal: tuple[FakeSignal, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise LineUnavailable("refused")

    arm = servo(rig, safety, detach_ms=DETACH_MS)
    arm.open(Opening.START)
    move(rig, arm, "45")
    monkeypatch.setattr(signal[0], "stop", refuse)
    await rig.reached(lambda: bool(rig.failures))
    assert rig.failures[0][0] == "arm"
    with pytest.raises(LineUnavailable):
        await arm.close()
    assert signal[0].calls[-1] == "close"
