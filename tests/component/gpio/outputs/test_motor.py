import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import Level, Range
from blynk_gateway.config.gpio.outputs import MotorOptions, PhaseMotorOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs.motor import PAUSE_S, Motor, PhaseMotor
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig

FORWARD, BACKWARD, ENABLE = 17, 18, 22
PHASE, SPEED = 23, 24
PIN = "V1"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def safety(rig: Rig, tmp_path: Path) -> Safety:
    return Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))


def motor(rig: Rig, safety: Safety, **options: object) -> Motor:
    given: dict[str, Any] = {"name": "gate", "type": "motor", "pin": PIN}
    given |= {"forward": FORWARD, "backward": BACKWARD} | options
    return Motor(MotorOptions(**given), rig.host, safety)


def phase_motor(rig: Rig, safety: Safety, **options: object) -> PhaseMotor:
    given: dict[str, Any] = {"name": "gate", "type": "phase_motor", "pin": PIN}
    given |= {"phase": PHASE, "enable": SPEED} | options
    return PhaseMotor(PhaseMotorOptions(**given), rig.host, safety)


def set_to(rig: Rig, engine: Motor | PhaseMotor, value: str) -> None:
    engine.command(rig.command(PIN, value))


def ways(rig: Rig) -> tuple[float, float]:
    """How much forward and backward are on."""
    return float(rig.pin(FORWARD).state), float(rig.pin(BACKWARD).state)


def watch(rig: Rig, *lines: int) -> list[tuple[float, ...]]:
    """Every state that these lines have together from now on."""
    pins = [rig.pin(line) for line in lines]
    history: list[tuple[float, ...]] = []

    def recorder(change: Any) -> Any:  # noqa: ANN401  gpiozero has no types
        def record(state: float) -> bool:
            changed = bool(change(state))
            history.append(tuple(float(pin.state) for pin in pins))
            return changed

        return record

    for pin in pins:
        pin._change_state = recorder(pin._change_state)
    return history


@pytest.mark.parametrize(
    ("limits", "value", "expected"),
    [
        (Range(-100, 100), "0", (0, 0)),
        (Range(-100, 100), "100", (1, 0)),
        (Range(-100, 100), "25", (0.25, 0)),
        (Range(-100, 100), "-100", (0, 1)),
        (Range(-100, 100), "-50", (0, 0.5)),
        (Range(0, 255), "51", (0.2, 0)),
        (Range(-255, 0), "-51", (0, 0.2)),
        # Each end is full speed of its direction.
        (Range(-10, 100), "-5", (0, 0.5)),
        (Range(100, -100), "100", (0, 1)),
        (Range(255, 0), "51", (0, 0.2)),
    ],
)
async def test_a_value_is_a_direction_and_a_speed(
    rig: Rig, safety: Safety, limits: Range, value: str, expected: tuple[float, float]
) -> None:
    gate = motor(rig, safety, range=limits)
    gate.open(Opening.START)
    set_to(rig, gate, value)
    assert ways(rig) == pytest.approx(expected)
    assert gate.actual == (value,)
    assert rig.reports(PIN)[1:] == []
    await gate.close()


async def test_a_motor_stands_when_it_is_opened_and_when_it_is_closed(
    rig: Rig, safety: Safety
) -> None:
    history = watch(rig, FORWARD, BACKWARD)
    gate = motor(rig, safety)
    gate.open(Opening.START)
    assert set(history) <= {(0.0, 0.0)}
    assert rig.values(PIN) == ["0"]
    set_to(rig, gate, "-40")
    assert ways(rig) == (0.0, 0.4)
    await gate.close()
    await gate.close()
    assert history[-1] == (0.0, 0.0)
    assert rig.pin(FORWARD).function == "input"
    assert rig.pin(BACKWARD).function == "input"


async def test_both_directions_are_never_on_at_once(rig: Rig, safety: Safety) -> None:
    history = watch(rig, FORWARD, BACKWARD)
    gate = motor(rig, safety)
    gate.open(Opening.START)
    for value in ["100", "-100", "0", "30", "-30", "-100", "100", "50", "-1", "1"]:
        set_to(rig, gate, value)
        await asyncio.sleep(0)
    await rig.reached(lambda: ways(rig) == (0.01, 0.0))
    set_to(rig, gate, "-100")
    await rig.reached(lambda: ways(rig) == (0.0, 1.0))
    await gate.close()
    assert (0.0, 1.0) in history
    assert [both for both in history if all(both)] == []


async def test_it_stands_for_a_moment_between_the_directions(rig: Rig, safety: Safety) -> None:
    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    loop = asyncio.get_running_loop()
    turned_s = loop.time()
    set_to(rig, gate, "-100")
    assert ways(rig) == (0.0, 0.0)
    assert gate.actual == ("0",)
    await rig.reached(lambda: ways(rig) == (0.0, 1.0))
    assert loop.time() - turned_s >= PAUSE_S
    assert gate.actual == ("-100",)
    await gate.close()


async def test_standing_in_between_does_not_shorten_the_pause(rig: Rig, safety: Safety) -> None:
    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    set_to(rig, gate, "0")
    set_to(rig, gate, "-100")
    assert ways(rig) == (0.0, 0.0)
    await rig.reached(lambda: ways(rig) == (0.0, 1.0))
    await gate.close()


async def test_the_newest_command_of_a_pause_counts(rig: Rig, safety: Safety) -> None:
    history = watch(rig, FORWARD, BACKWARD)
    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    for value in ["-100", "-60", "-20"]:
        set_to(rig, gate, value)
    await rig.reached(lambda: any(backward for _, backward in history))
    assert ways(rig) == (0.0, 0.2)
    assert {backward for _, backward in history} == {0.0, 0.2}
    # The old direction needs no pause if the other one never began.
    set_to(rig, gate, "0")
    set_to(rig, gate, "-40")
    assert ways(rig) == (0.0, 0.4)
    await gate.close()


async def test_a_motor_that_was_stopped_in_its_pause_stays_so(rig: Rig, safety: Safety) -> None:
    history = watch(rig, FORWARD, BACKWARD)
    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    set_to(rig, gate, "-100")
    first = gate._turning
    set_to(rig, gate, "0")
    assert first is not None
    assert first.cancelled()
    set_to(rig, gate, "-100")
    second = gate._turning
    assert second is not None
    await gate.close()
    assert second.cancelled()
    assert not any(backward for _, backward in history)


async def test_another_speed_of_the_same_direction_comes_at_once(rig: Rig, safety: Safety) -> None:
    history = watch(rig, FORWARD, BACKWARD)
    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    history.clear()
    set_to(rig, gate, "50")
    assert ways(rig) == (0.5, 0.0)
    # Without standing in between.
    assert (0.0, 0.0) not in history
    await gate.close()


async def test_without_pwm_every_speed_is_full_speed_and_the_pin_says_so(
    rig: Rig, safety: Safety
) -> None:
    gate = motor(rig, safety, pwm=False, range=Range(-80, 100))
    gate.open(Opening.START)
    set_to(rig, gate, "30")
    assert ways(rig) == (1.0, 0.0)
    assert rig.value(PIN) == ("100",)
    set_to(rig, gate, "-1")
    await rig.reached(lambda: ways(rig) == (0.0, 1.0))
    assert rig.value(PIN) == ("-80",)
    set_to(rig, gate, "0")
    assert ways(rig) == (0.0, 0.0)
    assert rig.value(PIN) == ("0",)
    assert rig.line(FORWARD).duty is None
    await gate.close()


@pytest.mark.parametrize("pwm", [True, False])
async def test_the_enable_line_is_on_while_it_turns(rig: Rig, safety: Safety, pwm: bool) -> None:
    gate = motor(rig, safety, enable=ENABLE, pwm=pwm)
    gate.open(Opening.START)
    assert rig.level(ENABLE) == 0
    set_to(rig, gate, "100")
    assert rig.level(ENABLE) == 1
    set_to(rig, gate, "-100")
    assert rig.level(ENABLE) == 0
    await rig.reached(lambda: rig.level(ENABLE) == 1)
    set_to(rig, gate, "0")
    assert rig.level(ENABLE) == 0
    await gate.close()


async def test_on_at_the_start_is_full_speed_forward(rig: Rig, safety: Safety) -> None:
    gate = motor(rig, safety, on_start=Level.ON, enable=ENABLE)
    gate.open(Opening.START)
    assert ways(rig) == (1.0, 0.0)
    assert rig.level(ENABLE) == 1
    assert rig.values(PIN) == ["100"]
    await gate.close()


async def test_on_of_a_motor_that_only_turns_backward_is_backward(rig: Rig, safety: Safety) -> None:
    gate = motor(rig, safety, on_start=Level.ON, range=Range(-100, 0))
    gate.open(Opening.START)
    assert ways(rig) == (0.0, 1.0)
    await gate.close()


async def test_last_turns_as_it_did(rig: Rig, safety: Safety) -> None:
    origin = Origin(OriginKind.RESTORE)
    rig.store.write(rig.host.slug, PIN, ("-50",), origin, Intent.SYNC)
    gate = motor(rig, safety, on_start=Level.LAST)
    gate.open(Opening.START)
    assert ways(rig) == (0.0, 0.5)
    assert rig.reports(PIN) == []
    await gate.close()


async def test_a_motor_that_shall_stay_is_left_turning_and_taken_up_again(
    rig: Rig, safety: Safety
) -> None:
    options = {"on_start": Level.KEEP, "on_stop": Level.KEEP, "pwm": False, "enable": ENABLE}
    gate = motor(rig, safety, **options)
    gate.open(Opening.START)
    set_to(rig, gate, "-100")
    history = watch(rig, FORWARD, BACKWARD, ENABLE)
    await gate.close()
    assert ways(rig) == (0.0, 1.0)
    again = motor(rig, safety, **options)
    again.open(Opening.START)
    assert set(history) <= {(0.0, 1.0, 1.0)}
    assert again.actual == ("-100",)
    set_to(rig, again, "0")
    assert ways(rig) == (0.0, 0.0)
    await again.close()


async def test_a_motor_that_was_left_turning_the_other_way_stands_first(
    rig: Rig, safety: Safety
) -> None:
    gate = motor(rig, safety, on_stop=Level.KEEP, pwm=False)
    gate.open(Opening.START)
    set_to(rig, gate, "-100")
    history = watch(rig, FORWARD, BACKWARD)
    await gate.close()
    again = motor(rig, safety, on_start=Level.ON, pwm=False)
    again.open(Opening.START)
    assert ways(rig) == (0.0, 0.0)
    await rig.reached(lambda: ways(rig) == (1.0, 0.0))
    assert [both for both in history if all(both)] == []
    await again.close()


async def test_a_motor_that_is_left_turning_the_other_way_round_stands_first(
    rig: Rig, safety: Safety
) -> None:
    gate = motor(rig, safety, on_stop=Level.ON)
    gate.open(Opening.START)
    set_to(rig, gate, "-100")
    history = watch(rig, FORWARD, BACKWARD)
    await gate.close()
    assert ways(rig) == (1.0, 0.0)
    assert (0.0, 0.0) in history
    assert [both for both in history if all(both)] == []


@pytest.mark.parametrize("value", ["-101", "101", "fast", "", "nan", "toggle"])
async def test_nonsense_is_refused_and_the_motor_untouched(
    rig: Rig, safety: Safety, value: str
) -> None:
    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "10")
    with pytest.raises(InvalidValue, match="V1 was given"):
        set_to(rig, gate, value)
    assert ways(rig) == (0.1, 0.0)
    await gate.close()


@pytest.mark.parametrize("taken", [FORWARD, BACKWARD, ENABLE])
async def test_a_line_in_use_leaves_no_line_claimed(rig: Rig, safety: Safety, taken: int) -> None:
    other = phase_motor(rig, safety, phase=taken, enable=SPEED)
    other.open(Opening.START)
    gate = motor(rig, safety, enable=ENABLE, on_start=Level.ON)
    with pytest.raises(rig.host.errors):
        gate.open(Opening.START)
    assert gate.actual == ()
    await other.close()
    gate.open(Opening.START)
    assert ways(rig) == (1.0, 0.0)
    await gate.close()


async def test_a_failure_after_the_pause_is_a_fault(
    rig: Rig, safety: Safety, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_speed: float) -> None:
        raise OSError("gone")

    gate = motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    set_to(rig, gate, "-100")
    monkeypatch.setattr(gate, "_apply", refuse)
    await rig.reached(lambda: bool(rig.failures))
    assert rig.failures[0][0] == "gate"
    # What is truly so.
    assert rig.value(PIN) == ("0",)
    monkeypatch.undo()
    await gate.close()


@pytest.mark.parametrize(
    ("value", "phase", "speed"), [("0", 0, 0), ("100", 0, 1), ("25", 0, 0.25), ("-50", 1, 0.5)]
)
async def test_a_phase_motor_has_a_line_for_the_direction(
    rig: Rig, safety: Safety, value: str, phase: int, speed: float
) -> None:
    gate = phase_motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, value)
    assert (rig.level(PHASE), rig.pin(SPEED).state) == (phase, speed)
    assert gate.actual == (value,)
    await gate.close()


async def test_a_phase_motor_stands_while_its_direction_changes(rig: Rig, safety: Safety) -> None:
    history = watch(rig, PHASE, SPEED)
    gate = phase_motor(rig, safety)
    gate.open(Opening.START)
    set_to(rig, gate, "100")
    history.clear()
    set_to(rig, gate, "-100")
    await rig.reached(lambda: rig.pin(SPEED).state == 1)
    assert history[0] == (0.0, 0.0)
    assert history[-2:] == [(1.0, 0.0), (1.0, 1.0)]
    await gate.close()


async def test_a_phase_motor_without_pwm_knows_full_speed_only(rig: Rig, safety: Safety) -> None:
    gate = phase_motor(rig, safety, pwm=False)
    gate.open(Opening.START)
    set_to(rig, gate, "-30")
    assert (rig.level(PHASE), rig.level(SPEED)) == (1, 1)
    assert rig.value(PIN) == ("-100",)
    await gate.close()
    assert rig.pin(PHASE).function == "input"


async def test_a_phase_motor_that_was_left_turning_is_taken_up_again(
    rig: Rig, safety: Safety
) -> None:
    options = {"on_start": Level.KEEP, "on_stop": Level.KEEP, "pwm": False}
    gate = phase_motor(rig, safety, **options)
    gate.open(Opening.START)
    set_to(rig, gate, "-100")
    await gate.close()
    again = phase_motor(rig, safety, **options)
    again.open(Opening.START)
    assert again.actual == ("-100",)
    await again.close()
