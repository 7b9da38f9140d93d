"""Who uses which line, and which are left for direct pins."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from blynk_gateway.config.gpio.inputs import ADC_CHANNELS, AdcOptions
from blynk_gateway.config.gpio.options import AnalogOptions, GpioOptions
from blynk_gateway.config.gpio.outputs import EnergenieOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.core.header import (
    LINES,
    ONE_WIRE_ELSEWHERE,
    ONE_WIRE_LINE,
    SPI0_CHIP_SELECTS,
    SPI0_LINES,
    SPI0_ONE_SELECT,
    Bus,
)


class Claim(NamedTuple):
    """One line that something other than a direct pin uses.

    Attributes:
        key: dotted path of the option that says so.
        user: as a complaint calls it.
        bus: the bus it is part of; None for a plain line.
        sharing: others that say the same may use the line too; empty for nobody.
        freed_by: what in config.txt makes it a plain line all the same; empty if nothing does.
    """

    key: str
    user: str
    line: int
    bus: Bus | None = None
    sharing: str = ""
    freed_by: str = ""


def claims(options: GpioOptions) -> Iterator[Claim]:
    """Every use of a line; first those that cannot be moved elsewhere: buses, Energenie's board.

    The driver of SPI 0 takes both of its chip selects, whatever is connected to them, unless it is
    told otherwise.
    """
    freed = _freed_lines(options)
    if options.analog is not None:
        yield from _bus_claims("gpio.analog", "gpio.analog", Bus.SPI0, freed)
    movable: list[Claim] = []
    for name, peripheral in options.peripherals.items():
        key, user = f"gpio.peripherals.{name}", f'"{name}"'
        match peripheral:
            case AdcOptions():
                yield from _bus_claims(f"{key}.type", user, Bus.SPI0, freed)
            case OneWireOptions():
                yield from _bus_claims(f"{key}.type", user, Bus.ONE_WIRE, freed)
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


def spi_devices(options: GpioOptions) -> frozenset[int]:
    """The chip selects of SPI 0 that something is connected to, 0 and 1."""
    users = (options.analog, *options.peripherals.values())
    return frozenset(user.device for user in users if isinstance(user, AnalogOptions | AdcOptions))


def plain_lines(options: GpioOptions) -> frozenset[int]:
    """Lines that peripherals and direct pins use as such; `direct: all` stands for none."""
    plain = {claim.line for claim in claims(options) if claim.bus is None}
    return frozenset(plain.union(options.direct or ()))


def _freed_lines(options: GpioOptions) -> Mapping[int, str]:
    freed = {ONE_WIRE_LINE: ONE_WIRE_ELSEWHERE}
    if 1 not in spi_devices(options):
        freed[SPI0_CHIP_SELECTS[1]] = SPI0_ONE_SELECT
    return freed


def _bus_claims(key: str, user: str, bus: Bus, freed: Mapping[int, str]) -> Iterator[Claim]:
    for line in _BUS_LINES[bus]:
        yield Claim(key, user, line, bus, sharing=bus, freed_by=freed.get(line, ""))


_BUS_LINES = {Bus.SPI0: tuple(sorted(SPI0_LINES)), Bus.ONE_WIRE: (ONE_WIRE_LINE,)}
