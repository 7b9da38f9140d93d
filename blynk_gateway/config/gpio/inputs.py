"""Options of what is read on GPIO lines and converters."""

from collections.abc import Iterator
from dataclasses import dataclass

from blynk_gateway.config.gpio.common import Edge, PeripheralOptions, Pull, Range, SampledOptions
from blynk_gateway.core.header import SPI0_BUS, SPI0_CHIP_SELECTS

PERCENT = Range(0, 100)

ADC_CHANNELS = {
    "mcp3001": 1,
    "mcp3002": 2,
    "mcp3004": 4,
    "mcp3008": 8,
    "mcp3201": 1,
    "mcp3202": 2,
    "mcp3204": 4,
    "mcp3208": 8,
    "mcp3301": 1,
    "mcp3302": 4,
    "mcp3304": 8,
}
"""Channels by type of converter; those with one are always differential. Source: Microchip's data
sheets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions(PeripheralOptions):
    """`input`, `motion`, `line_sensor`: 1 while the line is high, or low with `invert`.

    Attributes:
        debounce_ms: the library's: a change within so long after another is left out.
        stable_ms: ours: a level counts once it lasted so long.
        every_ms: changes are reported at most so often; the last level always is. 0 for all.
    """

    LINES = ("line",)
    line: int
    pull: Pull = Pull.NONE
    invert: bool = False
    debounce_ms: int = 0
    stable_ms: int = 0
    every_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonOptions(PeripheralOptions):
    """`button`: 0 released, 1 pressed, 2 held, 3 pressed twice; each is an event too.

    With pull `up` it is pressed while the line is low, else while it is high.

    Attributes:
        hold_ms: 2 comes when it is pressed for so long; None for never.
        double_ms: 3 stands for 1 when it is pressed again within so long; None for never.
    """

    LINES = ("line",)
    line: int
    pull: Pull = Pull.UP
    invert: bool = False
    debounce_ms: int = 20
    stable_ms: int = 0
    hold_ms: int | None = None
    double_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions(PeripheralOptions):
    """`encoder`: a rotary encoder counts within `range`; a command sets where it stands.

    Attributes:
        step: what one detent adds.
        wrap: from the end of `range` to its begin.
    """

    LINES = ("a", "b")
    a: int
    b: int
    pull: Pull = Pull.UP
    range: Range = PERCENT
    step: float = 1.0
    wrap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterOptions(PeripheralOptions):
    """`counter`: counts edges for ever, times `scale`; a command sets it (0 for a new start).

    Attributes:
        every_ms: reported so often while it changes.
    """

    LINES = ("line",)
    line: int
    pull: Pull = Pull.UP
    edge: Edge = Edge.FALLING
    debounce_ms: int = 0
    every_ms: int = 1000
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyOptions(SampledOptions):
    """`frequency`: edges a second within `every_ms`, times `scale`."""

    LINES = ("line",)
    line: int
    pull: Pull = Pull.UP
    edge: Edge = Edge.FALLING
    every_ms: int = 1000
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceOptions(SampledOptions):
    """`distance`: an HC-SR04 or the like, in cm.

    Attributes:
        max_distance: what it reports at most, cm.
    """

    LINES = ("trigger", "echo")
    trigger: int
    echo: int
    max_distance: float = 400.0
    every_ms: int = 1000
    decimals: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LightOptions(SampledOptions):
    """`light`: a photo resistor that charges a capacitor; dark is `range.low`.

    Attributes:
        charge_ms: time after which it counts as dark.
    """

    LINES = ("line",)
    line: int
    charge_ms: int = 10
    range: Range = PERCENT
    every_ms: int = 1000
    decimals: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AdcOptions(SampledOptions):
    """`mcp3001` … `mcp3304`: one channel of a converter on the SPI bus.

    Attributes:
        channel: 0 to 7, as many as the chip has; none on the chips with one.
        differential: against the neighbouring channel.
        device: chip select, 0 (CE0) or 1 (CE1).
    """

    channel: int = 0
    differential: bool = False
    device: int = 0
    range: Range = PERCENT

    def lines(self) -> Iterator[tuple[str, int]]:
        """The lines of SPI 0: chip select, MISO, MOSI, clock."""
        yield from (("device", line) for line in (SPI0_CHIP_SELECTS[self.device], *SPI0_BUS))
