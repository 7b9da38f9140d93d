"""Typed options of the section `gpio`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from blynk_gateway.config.gpio.common import PeripheralOptions


class Factory(StrEnum):
    """The library that drives the lines, by gpiozero's names."""

    AUTO = "auto"
    LGPIO = "lgpio"
    RPIGPIO = "rpigpio"
    PIGPIO = "pigpio"
    NATIVE = "native"
    MOCK = "mock"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AnalogOptions:
    """The converter behind `pi/A<n>`: its channels are the analog pins of the Pi.

    Attributes:
        type: `mcp3001` … `mcp3304`.
        every_ms: how often a channel that is in use is read.
        deadband: counts by which a value has to differ to be reported.
    """

    type: str
    device: int = 0
    every_ms: int = 1000
    deadband: int = 1


@dataclass(frozen=True, slots=True)
class GpioOptions:
    """Section `gpio`.

    Attributes:
        direct: lines that are open as `pi/D<n>`; None for every line that nothing else uses.
        analog: None for no analog pins.
    """

    factory: Factory = Factory.AUTO
    direct: tuple[int, ...] | None = ()
    analog: AnalogOptions | None = None
    peripherals: Mapping[str, PeripheralOptions] = field(default_factory=dict)

    @property
    def is_used(self) -> bool:
        """Whether there is anything to do on the lines: if not, no library is loaded."""
        return bool(self.direct is None or self.direct or self.analog or self.peripherals)
