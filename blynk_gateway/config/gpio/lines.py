"""Who uses which line, and which are left for direct pins."""

from collections.abc import Iterator
from typing import NamedTuple

from blynk_gateway.config.gpio.inputs import ADC_CHANNELS, AdcOptions
from blynk_gateway.config.gpio.options import GpioOptions
from blynk_gateway.config.gpio.outputs import EnergenieOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.core.header import LINES, ONE_WIRE_LINE, SPI0_LINES, Bus


class Claim(NamedTuple):
    """One line that something other than a direct pin uses.

    Attributes:
        key: dotted path of the option that says so.
        user: as a complaint calls it.
        bus: the bus it is part of; None for a plain line.
        sharing: others that say the same may use the line too; empty for nobody.
    """

    key: str
    user: str
    line: int
    bus: Bus | None = None
    sharing: str = ""


def claims(options: GpioOptions) -> Iterator[Claim]:
    """Every use of a line; first those that cannot be moved elsewhere: buses, Energenie's board.

    The driver of SPI 0 takes both of its chip selects, whatever is connected to them.
    """
    if options.analog is not None:
        yield from _bus_claims("gpio.analog", "gpio.analog", Bus.SPI0)
    movable: list[Claim] = []
    for name, peripheral in options.peripherals.items():
        key, user = f"gpio.peripherals.{name}", f'"{name}"'
        match peripheral:
            case AdcOptions():
                yield from _bus_claims(f"{key}.type", user, Bus.SPI0)
            case OneWireOptions():
                yield from _bus_claims(f"{key}.type", user, Bus.ONE_WIRE)
            case EnergenieOptions():
                for _, line in peripheral.lines():
                    yield Claim(f"{key}.type", user, line, sharing=peripheral.type)
            case _:
                movable += (
                    Claim(f"{key}.{field}", user, line) for field, line in peripheral.lines()
                )
    yield from movable


def open_lines(options: GpioOptions) -> frozenset[int]:
    """Lines that are direct pins; with `direct: all`, those that nothing else uses."""
    if options.direct is not None:
        return frozenset(options.direct)
    return frozenset(LINES).difference(claim.line for claim in claims(options))


def channel_count(options: GpioOptions) -> int:
    """How many analog pins there are; they count from 0."""
    return 0 if options.analog is None else ADC_CHANNELS[options.analog.type]


def open_pins(options: GpioOptions) -> frozenset[str]:
    """The direct pins of the Pi: `D<n>` for each open line, `A<n>` for each channel."""
    digital = {f"D{line}" for line in open_lines(options)}
    return frozenset(digital | {f"A{channel}" for channel in range(channel_count(options))})


def _bus_claims(key: str, user: str, bus: Bus) -> Iterator[Claim]:
    for line in _BUS_LINES[bus]:
        yield Claim(key, user, line, bus, sharing=bus)


_BUS_LINES = {Bus.SPI0: tuple(sorted(SPI0_LINES)), Bus.ONE_WIRE: (ONE_WIRE_LINE,)}
