"""The schema of `gpio:`."""

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.input_types import INPUT_TYPES, MIN_ADC_EVERY_MS
from blynk_gateway.config.gpio.inputs import ADC_CHANNELS
from blynk_gateway.config.gpio.keys import DirectLines, every
from blynk_gateway.config.gpio.options import AnalogOptions, Factory, GpioOptions
from blynk_gateway.config.gpio.output_types import OUTPUT_TYPES
from blynk_gateway.config.gpio.sensor_types import SENSOR_TYPES
from blynk_gateway.config.kinds import Key, MapOf, OrNull, Scalar, Section
from blynk_gateway.config.scalars import SLUG, choice, whole_number
from blynk_gateway.config.typed import Typed
from blynk_gateway.core.address import MAX_PIN_INDEX

MAX_COUNTS = 4095
"""Full scale of a converter of 12 bits, the finest of the family."""


def _parse_chip(text: str) -> str:
    if text not in ADC_CHANNELS:
        raise ValueError(text)
    return text


_CHIP = Scalar(_parse_chip, f"one of {', '.join(ADC_CHANNELS)}", str, tuple(ADC_CHANNELS))

PERIPHERAL: Typed[PeripheralOptions] = Typed({**OUTPUT_TYPES, **INPUT_TYPES, **SENSOR_TYPES})

GPIO = Section(
    GpioOptions,
    (
        Key("factory", choice(Factory)),
        Key("direct", DirectLines()),
        Key(
            "analog",
            OrNull(
                Section(
                    AnalogOptions,
                    (
                        Key("type", _CHIP),
                        Key("device", whole_number(0, 1)),
                        every(MIN_ADC_EVERY_MS),
                        Key("deadband", whole_number(0, MAX_COUNTS)),
                    ),
                    required=("type",),
                )
            ),
        ),
        # One virtual pin each.
        Key("peripherals", MapOf(SLUG, ("name",), PERIPHERAL, limit=MAX_PIN_INDEX + 1)),
    ),
)
