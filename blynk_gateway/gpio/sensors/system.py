"""The Pi itself: temperature, load, memory, disk, and whether its supply is good."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from blynk_gateway.config.gpio.sensors import Gauge, SystemOptions
from blynk_gateway.errors import HardwareError, SensorSilent
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import SampledPeripheral
from blynk_gateway.gpio.sensors.hwmon import list_hwmon
from blynk_gateway.gpio.sensors.sysfs import read_number, read_text
from blynk_gateway.runtime.thermal import MILLIDEGREES, THERMAL, find_cpu_zone

THROTTLED = "sys/devices/platform/*/*:firmware/get_throttled"
"""`soc/soc:firmware` up to the Pi 4, `soc@107c000000/soc@107c000000:firmware` on the Pi 5. Source:
drivers/firmware/raspberrypi.c of Raspberry Pi's kernels; kernels of others do not have it."""

UNDER_VOLTAGE_CHIP = "rpi_volt"
"""Source: drivers/hwmon/raspberrypi-hwmon.c, in kernels of all makers."""

UNDER_VOLTAGE_BIT = 1
"""Under-voltage now. Source: documentation of `vcgencmd get_throttled`."""


class System(SampledPeripheral[SystemOptions]):
    """One `Gauge`, named by the type.

    Args:
        root: where `/sys` and `/proc` are.
    """

    def __init__(self, options: SystemOptions, host: Host, root: Path = Path("/")) -> None:
        super().__init__(options, host)
        self._root = root
        self._gauge = Gauge(options.type)

    def open(self, opening: Opening) -> None:
        """Begin to read.

        Raises:
            HardwareError: this machine cannot tell it.
        """
        if self._gauge is not Gauge.DISK:
            self._measure()
        super().open(opening)

    async def read(self) -> float:
        """Take one reading.

        Raises:
            HardwareError: this machine cannot tell it.
        """
        # In a thread: the disk may be one of the network, and the firmware may take its time.
        return await asyncio.to_thread(self._measure)

    def _measure(self) -> float:
        if self._gauge is Gauge.DISK:
            return disk_used(self.options.path)
        return _READERS[self._gauge](self._root)


def cpu_temperature(root: Path) -> float:
    """Temperature of the processor, °C.

    Raises:
        HardwareError: there is no thermal zone.
    """
    zone = find_cpu_zone(root)
    if zone is None:
        raise HardwareError(
            f"/{THERMAL} has no thermal zone; expected one, as on a Pi. Leave out cpu_temperature"
        )
    return read_number(zone) / MILLIDEGREES


def cpu_load(root: Path, cpus: int | None = None) -> float:
    """Processes that ran or waited in the last minute, in % of the cores; above 100 some waited."""
    return float(read_text(root / "proc/loadavg").split()[0]) / (cpus or os.cpu_count() or 1) * 100


def memory_used(root: Path) -> float:
    """Memory that programs cannot get any more, %.

    Raises:
        HardwareError: the kernel does not say so.
    """
    lines = read_text(root / "proc/meminfo").splitlines()
    sizes = dict(line.split(":", 1) for line in lines if ":" in line)
    try:
        total, available = (
            int(sizes[name].removesuffix("kB")) for name in ("MemTotal", "MemAvailable")
        )
        return 100 * (total - available) / total
    except (KeyError, ValueError, ZeroDivisionError):
        raise HardwareError(
            "/proc/meminfo has no use: expected MemTotal and MemAvailable. Leave out memory"
        ) from None


def disk_used(path: str) -> float:
    """Used part of a disk, %, as `df` tells it: what is kept back for root counts on neither side.

    Raises:
        HardwareError: there is no such directory.
    """
    try:
        disk = os.statvfs(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HardwareError(
            f"{path}: {reason}; expected a directory on the disk. Correct `path`"
        ) from error
    used = disk.f_blocks - disk.f_bfree
    usable = used + disk.f_bavail
    return 100 * used / usable if usable else 0.0


def throttled(root: Path) -> float:
    """The firmware's flags, as `vcgencmd get_throttled` tells them.

    Raises:
        HardwareError: the kernel does not tell.
    """
    path = next(root.glob(THROTTLED), None)
    if path is None:
        raise HardwareError(
            f"there is no /{THROTTLED}; expected a Pi with Raspberry Pi's own kernel."
            " Use under_voltage"
        )
    text = read_text(path)
    try:
        return int(text, 16)
    except ValueError:
        raise SensorSilent(f"{path}: {text[:40]!r}; expected a hexadecimal number") from None


def under_voltage(root: Path) -> float:
    """1 while the supply is too weak, else 0.

    Raises:
        HardwareError: the kernel does not tell.
    """
    # First, as the flags are deprecated: the kernel complains in its log when they are read.
    for chip in list_hwmon(root):
        if chip.name == UNDER_VOLTAGE_CHIP:
            return float(read_number(chip.path / "in0_lcrit_alarm") != 0)
    try:
        return int(throttled(root)) & UNDER_VOLTAGE_BIT
    except HardwareError:
        raise HardwareError(
            f"/sys/class/hwmon has no {UNDER_VOLTAGE_CHIP}; expected it, as on a Pi."
            " Leave out under_voltage"
        ) from None


_READERS: dict[Gauge, Callable[[Path], float]] = {
    Gauge.CPU_TEMPERATURE: cpu_temperature,
    Gauge.CPU_LOAD: cpu_load,
    Gauge.MEMORY: memory_used,
    Gauge.THROTTLED: throttled,
    Gauge.UNDER_VOLTAGE: under_voltage,
}
