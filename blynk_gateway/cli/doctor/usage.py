"""Which GPIO lines the configuration uses, and for what."""

from collections.abc import Iterator
from typing import NamedTuple

from blynk_gateway.config.gpio.inputs import AdcOptions
from blynk_gateway.config.gpio.options import GpioOptions


class LineUser(NamedTuple):
    """One line and who in the configuration has it: `17`, `pump.line`."""

    line: int
    name: str

    def __str__(self) -> str:
        return f"GPIO{self.line} ({self.name})"


class SpiUser(NamedTuple):
    """One chip select of SPI 0 and what is behind it: `0`, `soil (mcp3008)`."""

    device: int
    name: str


def line_users(options: GpioOptions) -> Iterator[LineUser]:
    """Everything that is to drive or read a plain line; `direct: all` stands for none."""
    for name, peripheral in options.peripherals.items():
        if not isinstance(peripheral, AdcOptions):
            for field, line in peripheral.lines():
                yield LineUser(line, f"{name}.{field}")
    for line in options.direct or ():
        yield LineUser(line, "direct")


def spi_users(options: GpioOptions) -> Iterator[SpiUser]:
    """Everything that is on the SPI bus."""
    for name, peripheral in options.peripherals.items():
        if isinstance(peripheral, AdcOptions):
            yield SpiUser(peripheral.device, f"{name} ({peripheral.type})")
    if options.analog is not None:
        yield SpiUser(options.analog.device, f"gpio.analog ({options.analog.type})")


def uses_lines(options: GpioOptions) -> bool:
    """Whether a back end is needed at all."""
    return (
        options.direct is None
        or any(True for _ in line_users(options))
        or any(True for _ in spi_users(options))
    )
