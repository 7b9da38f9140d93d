"""The schema of what is driven."""

from collections.abc import Callable, Mapping
from functools import partial

from blynk_gateway.config.gpio.common import HardwarePwm, Level, PeripheralOptions, Range
from blynk_gateway.config.gpio.keys import (
    DAY_MS,
    LEVEL_AT_STOP,
    LINE,
    LINE_KEY,
    MAX_PWM_HZ,
    MINUTE_MS,
    RANGE_KEY,
    RangeOf,
    shape,
)
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
from blynk_gateway.config.kinds import Key, OrNull, Section
from blynk_gateway.config.scalars import (
    BOOLEAN,
    NUMBER,
    SLUG,
    choice,
    duration,
    duration_or,
    whole_number,
)
from blynk_gateway.config.scope import Scope

QUARTER_TURNS = Range(-90, 90)
"""Angles of an `angular_servo` unless given."""

MIN_ON_MS = 100
"""Shortest `max_on`: what is to be on for less is the work of `pulse`."""

MAX_ON_MS = 366 * DAY_MS

MIN_PULSE_MS = 0.1
MAX_PULSE_MS = 19
"""Pulses come every 20 ms and have to end before that."""

MIN_DETACH_MS = 50
"""Two pulses: with less a servo does not even begin to move."""

MIN_TONE_HZ = 20
"""Lower tones are heard as single clicks."""

SOCKETS = 4
"""Of an Energenie board."""

_ACTIVE_HIGH = Key("active_high", BOOLEAN)
_FREQUENCY = Key("frequency", whole_number(1, MAX_PWM_HZ))
_HARDWARE_PWM = Key("hardware_pwm", choice(HardwarePwm))
_SPEED = Key("range", RangeOf(must_hold_0=True))
_PWM = Key("pwm", BOOLEAN)

DRIVEN = (
    Key("on_start", choice(Level)),
    Key("on_stop", LEVEL_AT_STOP),
    Key("on_crash", OrNull(choice(Level))),
    Key("max_on", duration_or("forever", MIN_ON_MS, MAX_ON_MS), "max_on_ms"),
    Key("interlock", OrNull(SLUG)),
    Key("interlock_wait", duration(0, MINUTE_MS), "interlock_wait_ms"),
)
"""Keys of everything that is driven."""


def _finish_servo(options: PeripheralOptions, key: str, scope: Scope) -> PeripheralOptions:
    assert isinstance(options, ServoOptions)
    initial = options.initial
    if initial is None or scope.is_faulty(f"{key}.range"):
        return options
    if not min(options.range) <= initial <= max(options.range):
        shown = RangeOf().flow(options.range)
        text = f"found {NUMBER.flow(initial)}, expected a value in range, which is {shown}"
        scope.fault_at(f"{key}.initial", text)
    return options


def _servo(make: Callable[..., PeripheralOptions]) -> Section[PeripheralOptions]:
    return shape(
        make,
        (LINE_KEY,),
        RANGE_KEY,
        Key("pulse", RangeOf(MIN_PULSE_MS, MAX_PULSE_MS, is_rising=True)),
        Key("detach", duration_or("never", MIN_DETACH_MS, MINUTE_MS), "detach_ms"),
        Key("initial", OrNull(NUMBER)),
        _HARDWARE_PWM,
        *DRIVEN,
        finish=_finish_servo,
    )


_OUTPUT = shape(OutputOptions, (LINE_KEY,), _ACTIVE_HIGH, *DRIVEN)

OUTPUT_TYPES: Mapping[str, Section[PeripheralOptions]] = {
    **dict.fromkeys(("output", "relay", "valve", "led", "buzzer"), _OUTPUT),
    "pwm": shape(
        PwmOptions,
        (LINE_KEY,),
        _ACTIVE_HIGH,
        _FREQUENCY,
        RANGE_KEY,
        _HARDWARE_PWM,
        *DRIVEN,
    ),
    "rgb": shape(
        RgbOptions,
        tuple(Key(colour, LINE) for colour in ("red", "green", "blue")),
        _ACTIVE_HIGH,
        _FREQUENCY,
        RANGE_KEY,
        *DRIVEN,
    ),
    "servo": _servo(ServoOptions),
    "angular_servo": _servo(partial(ServoOptions, range=QUARTER_TURNS)),
    "motor": shape(
        MotorOptions,
        (Key("forward", LINE), Key("backward", LINE)),
        Key("enable", OrNull(LINE)),
        _PWM,
        _SPEED,
        *DRIVEN,
    ),
    "phase_motor": shape(
        PhaseMotorOptions, (Key("phase", LINE), Key("enable", LINE)), _PWM, _SPEED, *DRIVEN
    ),
    "tonal_buzzer": shape(
        TonalBuzzerOptions,
        (LINE_KEY,),
        Key("range", RangeOf(MIN_TONE_HZ, MAX_PWM_HZ, is_rising=True)),
        *DRIVEN,
    ),
    "energenie": shape(EnergenieOptions, (Key("socket", whole_number(1, SOCKETS)),), *DRIVEN),
}
