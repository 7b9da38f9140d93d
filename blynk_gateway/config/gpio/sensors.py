"""Options of what is read without a GPIO line: kernel drivers, the Pi itself, clock, network."""

from dataclasses import dataclass
from enum import StrEnum

from blynk_gateway.config.gpio.common import PeripheralOptions, SampledOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class IioOptions(SampledOptions):
    """`iio`: a sensor that the kernel knows, below `/sys/bus/iio/devices`.

    Attributes:
        device: its name, `bme280`; with `@` and its address if there are several, `bme280@76`.
        channel: `temp`, `humidityrelative`, `pressure`, `voltage0` …
        scale, offset: applied to the value in the unit of `sensors scan`: value * scale + offset.
    """

    device: str
    channel: str
    scale: float = 1.0
    offset: float = 0.0
    every_ms: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HwmonOptions(SampledOptions):
    """`hwmon`: a sensor below `/sys/class/hwmon`, by chip name and channel, `temp1`."""

    device: str
    channel: str
    scale: float = 1.0
    offset: float = 0.0
    every_ms: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWireOptions(SampledOptions):
    """`ds18b20`: a thermometer on the 1-Wire bus, in °C.

    Attributes:
        id: `28-0123456789ab`; None for the only one there is.
    """

    id: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    every_ms: int = 10_000


class Gauge(StrEnum):
    """What the `system` peripherals tell of the Pi itself: the words of their types."""

    CPU_TEMPERATURE = "cpu_temperature"
    CPU_LOAD = "cpu_load"
    MEMORY = "memory"
    DISK = "disk"
    THROTTLED = "throttled"
    UNDER_VOLTAGE = "under_voltage"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemOptions(SampledOptions):
    """One `Gauge` of the Pi itself.

    °C; load per core, used memory and used disk in %; the firmware's throttling flags as a number;
    0 or 1 for under-voltage now.

    Attributes:
        path: for `disk`, a directory on it.
    """

    path: str = "/"
    every_ms: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindowOptions(PeripheralOptions):
    """`time_window`: 1 from `start` to `end` each day in local time, else 0; it may span midnight.

    Attributes:
        start, end: minutes since midnight.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PingOptions(PeripheralOptions):
    """`ping`: 1 while `host` answers, else 0."""

    host: str
    every_ms: int = 30_000
    timeout_ms: int = 2000
