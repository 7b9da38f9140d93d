"""What peripherals have in common.

Each peripheral maps to one virtual pin of the gateway's own device. Times are ms, frequencies Hz,
lines BCM numbers; what an analog input or output is at full scale tells its `range`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple


class Pull(StrEnum):
    """The Pi's own pull resistor of an input."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class Level(StrEnum):
    """What an output does at a start, a stop or after a crash; a stop knows no `last`."""

    ON = "on"
    OFF = "off"
    LAST = "last"
    """The value that was last commanded."""
    KEEP = "keep"
    """The level the line has, untouched."""


class Edge(StrEnum):
    """Which changes of a line count."""

    RISING = "rising"
    FALLING = "falling"
    BOTH = "both"


class HardwarePwm(StrEnum):
    """Whether the kernel's PWM is used (`/sys/class/pwm`): where it is free, or never."""

    AUTO = "auto"
    NEVER = "never"


class Range(NamedTuple):
    """The values that stand for 0 and full scale; `low` may be the larger one."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeripheralOptions:
    """What all peripherals have.

    Attributes:
        name: its slug, unique among peripherals.
        type: the word in the configuration, `relay` or `output`.
        pin: the virtual pin of the gateway's own device, `V1`.
    """

    LINES: ClassVar[tuple[str, ...]] = ()
    """Fields that hold GPIO lines."""

    name: str
    type: str
    pin: str

    def lines(self) -> Iterator[tuple[str, int]]:
        """Field and line of every GPIO line it uses."""
        for name in self.LINES:
            held = getattr(self, name)
            for line in held if isinstance(held, tuple) else (held,):
                if line is not None:
                    yield name, line


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledOptions(PeripheralOptions):
    """What is read again and again.

    Attributes:
        every_ms: between readings.
        deadband: a value is reported when it differs by more from the one reported before.
        smoothing: readings whose average counts, 1 for none.
        decimals: digits behind the point.
        heartbeat_ms: reported at least so often, whatever the dead band; None for never.
    """

    every_ms: int = 5000
    deadband: float = 0.0
    smoothing: int = 1
    decimals: int = 2
    heartbeat_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenOptions(PeripheralOptions):
    """What is driven, and must never surprise.

    Attributes:
        on_crash: after the daemon died without a stop and the machine did not; None: as `on_start`.
        max_on_ms: longest time it is on in one go, through restarts too; None for ever.
        interlock: name of a group of which only one is on at a time.
        interlock_wait_ms: between one of the group going off and another going on.
    """

    on_start: Level = Level.OFF
    on_stop: Level = Level.OFF
    on_crash: Level | None = None
    max_on_ms: int | None = None
    interlock: str | None = None
    interlock_wait_ms: int = 0
