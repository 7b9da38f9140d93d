"""Facts of the Raspberry Pi's 40-pin header: which lines it has and what else they can be.

Lines go by their BCM number. Sources: Raspberry Pi documentation, "Raspberry Pi computer hardware"
(GPIO and the 40-pin header), the BCM2711 and RP1 peripherals data sheets (alternate functions),
firmware `/boot/overlays/README` (w1-gpio, spi0-1cs), and product.md §9.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

LINES = range(28)
"""Every line of the header: GPIO0 to GPIO27, on all models with 40 pins."""


class Bus(StrEnum):
    """What a line is when it is no plain line."""

    HAT_ID = "HAT EEPROM"
    I2C = "I²C"
    SPI0 = "SPI 0"
    SPI1 = "SPI 1"
    UART = "UART"
    ONE_WIRE = "1-Wire"
    PCM = "PCM audio"
    PWM = "hardware PWM"


class LineUse(NamedTuple):
    """What a line can be besides a plain line.

    Attributes:
        role: of the line on that bus, `SDA`.
        setting: the line of config.txt that switches the bus on; empty if none does.
    """

    bus: Bus
    role: str
    setting: str = ""

    def __str__(self) -> str:
        return f"{self.bus} {self.role}"


class Pulls(StrEnum):
    """A resistor that is soldered to the line, whatever is configured."""

    UP = "up"


SPI0_SETTING = "dtparam=spi=on"
ONE_WIRE_SETTING = "dtoverlay=w1-gpio"
"""Lines of config.txt that switch these buses on."""

_I2C = "dtparam=i2c_arm=on"
_SPI1 = "dtoverlay=spi1-3cs"
_UART = "enable_uart=1"
_PCM = "dtparam=i2s=on"
_PWM = "dtoverlay=pwm-2chan"

LINE_USES = MappingProxyType(
    {
        0: (LineUse(Bus.HAT_ID, "ID_SD"),),
        1: (LineUse(Bus.HAT_ID, "ID_SC"),),
        2: (LineUse(Bus.I2C, "SDA", _I2C),),
        3: (LineUse(Bus.I2C, "SCL", _I2C),),
        4: (LineUse(Bus.ONE_WIRE, "data", ONE_WIRE_SETTING),),
        7: (LineUse(Bus.SPI0, "CE1", SPI0_SETTING),),
        8: (LineUse(Bus.SPI0, "CE0", SPI0_SETTING),),
        9: (LineUse(Bus.SPI0, "MISO", SPI0_SETTING),),
        10: (LineUse(Bus.SPI0, "MOSI", SPI0_SETTING),),
        11: (LineUse(Bus.SPI0, "SCLK", SPI0_SETTING),),
        12: (LineUse(Bus.PWM, "0", _PWM),),
        13: (LineUse(Bus.PWM, "1", _PWM),),
        14: (LineUse(Bus.UART, "TXD", _UART),),
        15: (LineUse(Bus.UART, "RXD", _UART),),
        16: (LineUse(Bus.SPI1, "CE2", _SPI1),),
        17: (LineUse(Bus.SPI1, "CE1", _SPI1),),
        18: (
            LineUse(Bus.PWM, "0", _PWM),
            LineUse(Bus.PCM, "CLK", _PCM),
            LineUse(Bus.SPI1, "CE0", _SPI1),
        ),
        19: (
            LineUse(Bus.PWM, "1", _PWM),
            LineUse(Bus.PCM, "FS", _PCM),
            LineUse(Bus.SPI1, "MISO", _SPI1),
        ),
        20: (LineUse(Bus.PCM, "DIN", _PCM), LineUse(Bus.SPI1, "MOSI", _SPI1)),
        21: (LineUse(Bus.PCM, "DOUT", _PCM), LineUse(Bus.SPI1, "SCLK", _SPI1)),
    }
)
"""What each line can be, the likeliest first; lines that are nothing else are left out.

The PWM channels are those of BCM283x and BCM2711; the Pi 5 has channels 0 to 3 on 12, 13, 18, 19.
"""

HARDWARE_PWM_LINES = frozenset(
    line for line, uses in LINE_USES.items() if any(use.bus is Bus.PWM for use in uses)
)
"""12, 13, 18 and 19: the only lines whose PWM the hardware can make."""

SPI0_CHIP_SELECTS = (8, 7)
"""Line of CE0 and of CE1."""

SPI0_BUS = (9, 10, 11)
"""Lines of MISO, MOSI and SCLK, which all chips on the bus share."""

SPI0_LINES = frozenset(SPI0_CHIP_SELECTS + SPI0_BUS)

SPI0_ONE_SELECT = "dtoverlay=spi0-1cs"
"""Line of config.txt that leaves CE1 to others."""

ONE_WIRE_LINE = 4
"""Where the overlay w1-gpio looks for sensors unless its `gpiopin=` says otherwise."""

ONE_WIRE_ELSEWHERE = f"{ONE_WIRE_SETTING},gpiopin=N"
"""Line of config.txt that puts the 1-Wire bus on the line N."""

FIXED_PULL_OHM = 1800
"""The resistors to 3.3 V on GPIO2 and GPIO3, soldered for I²C."""

_FIXED_PULLS = MappingProxyType({2: Pulls.UP, 3: Pulls.UP})


def line_use(line: int) -> LineUse | None:
    """What the line likeliest is besides a plain line; None for nothing."""
    uses = line_uses(line)
    return uses[0] if uses else None


def line_uses(line: int) -> tuple[LineUse, ...]:
    """Everything the line can be besides a plain line, the likeliest first."""
    return LINE_USES.get(line, ())


def fixed_pull(line: int) -> Pulls | None:
    """The resistor that is soldered to the line; None for most lines, which have none."""
    return _FIXED_PULLS.get(line)
