"""What a peripheral's pin is, where the configuration does not say it: its implied datastream."""

from typing import Any

from blynk_gateway.config.gpio.common import (
    DrivenOptions,
    PeripheralOptions,
    Range,
    SampledOptions,
)
from blynk_gateway.config.gpio.inputs import (
    AdcOptions,
    ButtonOptions,
    CounterOptions,
    DistanceOptions,
    EncoderOptions,
    FrequencyOptions,
    InputOptions,
    LightOptions,
)
from blynk_gateway.config.gpio.options import GpioOptions
from blynk_gateway.config.gpio.outputs import (
    EnergenieOptions,
    MotorOptions,
    OutputOptions,
    PhaseMotorOptions,
    PwmOptions,
    RgbOptions,
    ServoOptions,
)
from blynk_gateway.config.gpio.sensors import (
    Gauge,
    OneWireOptions,
    PingOptions,
    SystemOptions,
    TimeWindowOptions,
)
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.effects import EFFECTS, EffectKind

BUTTON_STATES = 3
"""Highest value of a button: released, pressed, held, pressed twice."""

ALWAYS_DIFFERENTIAL = "mcp3301"
"""The one type of converter whose only reading is a difference."""

_UNITS = {
    Gauge.CPU_TEMPERATURE: "°C",
    Gauge.CPU_LOAD: "%",
    Gauge.MEMORY: "%",
    Gauge.DISK: "%",
}
_SWITCHED = EFFECTS - {EffectKind.FADE}


def implied_datastreams(options: GpioOptions) -> dict[str, Datastream]:
    """The datastream of every peripheral's pin, by pin."""
    return {one.pin: implied_datastream(one) for one in options.peripherals.values()}


def implied_datastream(options: PeripheralOptions) -> Datastream:
    """The datastream of a peripheral's pin.

    Strict: what hardware cannot do exactly as it was said is refused.
    """
    found = _output(options) if isinstance(options, DrivenOptions) else _input(options)
    return Datastream(options.pin, options.name, is_strict=True, **found)


def _output(options: PeripheralOptions) -> dict[str, Any]:
    match options:
        case OutputOptions():
            return _switch() | {"effects": _SWITCHED}
        case EnergenieOptions():
            return _switch() | {"effects": frozenset({EffectKind.TOGGLE})}
        case RgbOptions():
            return _number(options.range) | {"parameters": 3, "effects": EFFECTS}
        case PwmOptions():
            return _number(options.range) | {"parameters": 1, "effects": EFFECTS}
        case ServoOptions() | MotorOptions() | PhaseMotorOptions():
            return _number(options.range) | {"parameters": 1}
        case _:
            # Notes are text.
            return {"type": DatastreamType.STRING, "parameters": 1}


def _input(options: PeripheralOptions) -> dict[str, Any]:  # noqa: PLR0911  one kind after another
    read_only = {"is_writable": False}
    match options:
        case InputOptions() | TimeWindowOptions() | PingOptions():
            return _switch() | read_only
        case ButtonOptions():
            return _switch() | {"maximum": BUTTON_STATES} | read_only
        case EncoderOptions():
            return _number(options.range) | {"parameters": 1}
        case CounterOptions():
            return {"type": DatastreamType.DOUBLE, "parameters": 1}
        case LightOptions():
            return _number(options.range) | read_only | _decimals(options)
        case AdcOptions():
            # No limits: between two channels the voltage may be negative.
            is_signed = options.differential or options.type == ALWAYS_DIFFERENTIAL
            limits = {} if is_signed else _number(options.range)
            return {"type": DatastreamType.DOUBLE} | limits | read_only | _decimals(options)
        case SampledOptions():
            unit = {"unit": _unit(options)}
            return {"type": DatastreamType.DOUBLE} | unit | read_only | _decimals(options)
        case _:
            raise AssertionError(f"{options.type} has no datastream")


def _switch() -> dict[str, Any]:
    return {"type": DatastreamType.INT, "minimum": 0, "maximum": 1, "parameters": 1}


def _number(limits: Range) -> dict[str, Any]:
    return {"type": DatastreamType.DOUBLE, "minimum": min(limits), "maximum": max(limits)}


def _decimals(options: SampledOptions) -> dict[str, Any]:
    return {"decimals": options.decimals}


def _unit(options: SampledOptions) -> str:
    match options:
        case DistanceOptions():
            return "cm"
        case FrequencyOptions() if options.scale == 1:
            return "Hz"
        case OneWireOptions() if options.scale == 1:
            return "°C"
        case SystemOptions():
            return _UNITS.get(Gauge(options.type), "")
        case _:
            # The owner's scale makes it what only the owner knows.
            return ""
