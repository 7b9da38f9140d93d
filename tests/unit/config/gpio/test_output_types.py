from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.gpio.common import DrivenOptions, HardwarePwm, Level, Range
from blynk_gateway.config.gpio.outputs import (
    EnergenieOptions,
    MotorOptions,
    OutputOptions,
    PhaseMotorOptions,
    PwmOptions,
    RgbOptions,
    ServoOptions,
    TonalBuzzerOptions,
)

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def gpio(text: str) -> str:
    return f"gpio: {{peripherals: {{x: {text}}}}}"


@pytest.mark.parametrize("word", ["output", "relay", "valve", "led", "buzzer"])
def test_outputs_go_by_many_names(options_of: OptionsOf, word: str) -> None:
    options = options_of(gpio(f"{{type: {word}, line: 17, pin: v01, active_high: no}}"))
    assert options.gpio.peripherals == {
        "x": OutputOptions(name="x", type=word, pin="V1", line=17, active_high=False)
    }


DRIVEN = (
    "on_start: last, on_stop: keep, on_crash: off, max_on: 30m,"
    " interlock: water, interlock_wait: 500ms"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "type: output, line: 5",
            OutputOptions(name="x", type="output", pin="V1", line=5),
        ),
        (
            "type: pwm, line: 18, active_high: false, frequency: 50, range: [100, 0],"
            " hardware_pwm: never",
            PwmOptions(
                name="x",
                type="pwm",
                pin="V1",
                line=18,
                active_high=False,
                frequency=50,
                range=Range(100, 0),
                hardware_pwm=HardwarePwm.NEVER,
            ),
        ),
        (
            "type: rgb, red: 5, green: 6, blue: 13",
            RgbOptions(name="x", type="rgb", pin="V1", red=5, green=6, blue=13),
        ),
        (
            "type: servo, line: 12, pulse: [0.5, 2.5], detach: never, initial: 90",
            ServoOptions(
                name="x",
                type="servo",
                pin="V1",
                line=12,
                pulse=Range(0.5, 2.5),
                detach_ms=None,
                initial=90,
            ),
        ),
        (
            "type: angular_servo, line: 12, detach: 2s",
            ServoOptions(
                name="x",
                type="angular_servo",
                pin="V1",
                line=12,
                range=Range(-90, 90),
                detach_ms=2000,
            ),
        ),
        (
            "type: angular_servo, line: 12, range: [45, -45], initial: -45",
            ServoOptions(
                name="x",
                type="angular_servo",
                pin="V1",
                line=12,
                range=Range(45, -45),
                initial=-45,
            ),
        ),
        (
            "type: motor, forward: 5, backward: 6, enable: 13, pwm: false",
            MotorOptions(
                name="x", type="motor", pin="V1", forward=5, backward=6, enable=13, pwm=False
            ),
        ),
        (
            "type: phase_motor, phase: 5, enable: 6, range: [-1, 1]",
            PhaseMotorOptions(
                name="x", type="phase_motor", pin="V1", phase=5, enable=6, range=Range(-1, 1)
            ),
        ),
        (
            "type: tonal_buzzer, line: 19, range: [100, 2000]",
            TonalBuzzerOptions(
                name="x", type="tonal_buzzer", pin="V1", line=19, range=Range(100, 2000)
            ),
        ),
        (
            "type: energenie, socket: 4",
            EnergenieOptions(name="x", type="energenie", pin="V1", socket=4),
        ),
    ],
    ids=lambda value: value.split(",")[0] if isinstance(value, str) else "",
)
def test_keys_become_options_and_every_output_takes_the_common_ones(
    options_of: OptionsOf, text: str, expected: DrivenOptions
) -> None:
    (plain,) = options_of(gpio(f"{{pin: V1, {text}}}")).gpio.peripherals.values()
    assert plain == expected
    (driven,) = options_of(gpio(f"{{pin: V1, {text}, {DRIVEN}}}")).gpio.peripherals.values()
    assert isinstance(driven, DrivenOptions)
    common = (driven.on_start, driven.on_stop, driven.on_crash, driven.max_on_ms)
    assert common == (Level.LAST, Level.KEEP, Level.OFF, 1_800_000)
    assert (driven.interlock, driven.interlock_wait_ms) == ("water", 500)


@pytest.mark.parametrize("word", ["on", '"on"', "'on'"])
def test_level_is_taken_as_written_with_quotes_or_without(options_of: OptionsOf, word: str) -> None:
    levels = f"on_start: {word}, on_stop: {word}, on_crash: {word}"
    (output,) = options_of(
        gpio(f"{{type: relay, line: 5, pin: V1, {levels}}}")
    ).gpio.peripherals.values()
    assert isinstance(output, OutputOptions)
    assert (output.on_start, output.on_stop, output.on_crash) == (Level.ON,) * 3


def test_initial_angle_is_within_the_range(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(gpio("{type: servo, line: 12, pin: V1, range: [90, 10], initial: 5}"))
    assert fault.endswith("x.initial: found 5, expected a value in range, which is [90, 10]")


def test_initial_angle_is_not_measured_by_a_range_that_was_not_understood(
    faults_of: FaultsOf,
) -> None:
    (fault,) = faults_of(gpio("{type: servo, line: 12, pin: V1, range: [0], initial: 500}"))
    assert "x.range: " in fault
