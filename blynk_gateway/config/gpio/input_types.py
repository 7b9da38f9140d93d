"""The schema of what is read on GPIO lines and converters."""

from collections.abc import Mapping

from blynk_gateway.config.gpio.common import Edge, PeripheralOptions, Pull
from blynk_gateway.config.gpio.inputs import (
    ADC_CHANNELS,
    AdcOptions,
    ButtonOptions,
    CounterOptions,
    DistanceOptions,
    EncoderOptions,
    FrequencyOptions,
    InputOptions,
    LightOptions,
)
from blynk_gateway.config.gpio.keys import (
    FACTOR,
    LINE,
    LINE_KEY,
    MAX_DEBOUNCE_MS,
    MAX_NUMBER,
    MINUTE_MS,
    RANGE_KEY,
    every,
    sampled,
    shape,
)
from blynk_gateway.config.kinds import Key, Section
from blynk_gateway.config.scalars import (
    BOOLEAN,
    choice,
    duration,
    duration_or,
    format_duration,
    number_from,
    whole_number,
)
from blynk_gateway.config.scope import Scope

MIN_PRESS_MS = 100
"""Shortest time for `hold` and `double`: a finger is not faster."""

MAX_DOUBLE_MS = 5000
"""So long every single press is kept waiting."""

MIN_STEP = 0.001
"""Finer than any number that is shown."""

MIN_ADC_EVERY_MS = 10
"""100 readings a second and channel; a transfer costs the processor about 0.1 ms."""

MIN_COUNT_EVERY_MS = 10
"""100 reports a second, a device's quota."""

MIN_FREQUENCY_EVERY_MS = 100
"""A shorter gate counts no mains frequency."""

MIN_DISTANCE_EVERY_MS = 60
"""Data sheet of the HC-SR04: the echo of a measurement must have died away before the next."""

MIN_DISTANCE_CM = 2
MAX_DISTANCE_CM = 1000
"""An HC-SR04 measures 2 to 400 cm; its relatives farther."""

MAX_CHARGE_MS = 10_000
"""A capacitor of 1 µF and a photo resistor of some MΩ in the dark."""

_PULL = Key("pull", choice(Pull))
_INVERT = Key("invert", BOOLEAN)
_EDGE = Key("edge", choice(Edge))
_SCALE = Key("scale", FACTOR)
_DEBOUNCE = Key("debounce", duration(0, MAX_DEBOUNCE_MS), "debounce_ms")
_STABLE = Key("stable", duration(0, MINUTE_MS), "stable_ms")


def _finish_light(options: PeripheralOptions, key: str, scope: Scope) -> PeripheralOptions:
    assert isinstance(options, LightOptions)
    if options.every_ms <= options.charge_ms:
        charge = format_duration(options.charge_ms)
        text = f"found {format_duration(options.every_ms)}, expected more than charge, {charge}"
        scope.fault_at(f"{key}.every", text)
    return options


def _converter(channels: int) -> Section[PeripheralOptions]:
    choices = (Key("channel", whole_number(0, channels - 1)), Key("differential", BOOLEAN))
    return shape(
        AdcOptions,
        (),
        *(choices if channels > 1 else ()),
        Key("device", whole_number(0, 1)),
        RANGE_KEY,
        *sampled(MIN_ADC_EVERY_MS),
    )


def _converters() -> dict[str, Section[PeripheralOptions]]:
    shapes = {channels: _converter(channels) for channels in ADC_CHANNELS.values()}
    return {chip: shapes[channels] for chip, channels in ADC_CHANNELS.items()}


_INPUT = shape(InputOptions, (LINE_KEY,), _PULL, _INVERT, _DEBOUNCE, _STABLE, every(0))

INPUT_TYPES: Mapping[str, Section[PeripheralOptions]] = {
    **dict.fromkeys(("input", "motion", "line_sensor"), _INPUT),
    "button": shape(
        ButtonOptions,
        (LINE_KEY,),
        _PULL,
        _INVERT,
        _DEBOUNCE,
        _STABLE,
        Key("hold", duration_or("never", MIN_PRESS_MS, MINUTE_MS), "hold_ms"),
        Key("double", duration_or("never", MIN_PRESS_MS, MAX_DOUBLE_MS), "double_ms"),
    ),
    "encoder": shape(
        EncoderOptions,
        (Key("a", LINE), Key("b", LINE)),
        _PULL,
        RANGE_KEY,
        Key("step", number_from(MIN_STEP, MAX_NUMBER)),
        Key("wrap", BOOLEAN),
    ),
    "counter": shape(
        CounterOptions,
        (LINE_KEY,),
        _PULL,
        _EDGE,
        _DEBOUNCE,
        every(MIN_COUNT_EVERY_MS),
        _SCALE,
    ),
    "frequency": shape(
        FrequencyOptions, (LINE_KEY,), _PULL, _EDGE, _SCALE, *sampled(MIN_FREQUENCY_EVERY_MS)
    ),
    "distance": shape(
        DistanceOptions,
        (Key("trigger", LINE), Key("echo", LINE)),
        Key("max_distance", number_from(MIN_DISTANCE_CM, MAX_DISTANCE_CM)),
        *sampled(MIN_DISTANCE_EVERY_MS),
    ),
    "light": shape(
        LightOptions,
        (LINE_KEY,),
        Key("charge", duration(1, MAX_CHARGE_MS), "charge_ms"),
        RANGE_KEY,
        *sampled(MIN_ADC_EVERY_MS),
        finish=_finish_light,
    ),
    **_converters(),
}
