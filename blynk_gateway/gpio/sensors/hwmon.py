"""Sensors of the kernel's hardware monitoring: SHT3x, AHT10, LM75, INA219, fans and the like.

A channel is what stands before `_input` in the names of a chip's files: `temp1`, `in0`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from blynk_gateway.config.gpio.sensors import HwmonOptions
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.sensors.kernel import KernelSensor
from blynk_gateway.gpio.sensors.sysfs import (
    Device,
    Unit,
    find_device,
    list_devices,
    list_names,
    read_number,
)

FOLDER = "sys/class/hwmon"

UNITS = {
    "curr": Unit("A", 0.001),
    "energy": Unit("J", 1e-6),
    "fan": Unit("rpm"),
    "freq": Unit("Hz"),
    "humidity": Unit("%", 0.001),
    "in": Unit("V", 0.001),
    "power": Unit("W", 1e-6),
    "temp": Unit("°C", 0.001),
}
"""Source: the kernel's Documentation/hwmon/sysfs-interface.rst."""

_CHANNEL = re.compile(rf"((?:{'|'.join(UNITS)})\d+)_(?:input|average)")


class Hwmon(KernelSensor[HwmonOptions]):
    """`hwmon`: one channel of one chip."""

    def find(self) -> None:
        """See whether chip and channel are there."""
        _find_reading(find_hwmon(self.root, self.options.device), self.options.channel)

    def measure(self) -> float:
        """Read the channel."""
        return read_hwmon(find_hwmon(self.root, self.options.device), self.options.channel)


def list_hwmon(root: Path) -> Iterator[Device]:
    """Every chip."""
    return list_devices(root / FOLDER)


def find_hwmon(root: Path, wanted: str) -> Device:
    """The chip that a name means.

    Raises:
        SensorSilent: there is none, or there are several.
    """
    return find_device(list_hwmon(root), wanted, f"/{FOLDER}")


def list_channels(device: Device) -> list[str]:
    """What can be read of a chip, in the order of the alphabet."""
    found = map(_CHANNEL.fullmatch, list_names(device.path))
    return sorted({match[1] for match in found if match is not None})


def unit_of(channel: str) -> Unit:
    """The unit in which `read_hwmon` tells a channel."""
    return UNITS[channel.rstrip("0123456789")]


def read_hwmon(device: Device, channel: str) -> float:
    """One reading, in the unit of the channel. Blocks while the driver asks the sensor.

    Raises:
        SensorSilent: there is no such channel, the sensor did not answer, or it is broken.
    """
    path = _find_reading(device, channel)
    fault = f"{channel}_fault"
    if fault in list_names(device.path) and read_number(device.path / fault):
        raise SensorSilent(f"{device.name} says that {channel} is at fault; expected a reading")
    return read_number(path) * unit_of(channel).factor


def _find_reading(device: Device, channel: str) -> Path:
    names = list_names(device.path)
    for name in (f"{channel}_input", f"{channel}_average"):
        if _CHANNEL.fullmatch(name) and name in names:
            return device.path / name
    there = ", ".join(list_channels(device)) or "none"
    raise SensorSilent(f"{device.name} has no channel {channel!r}; expected one of: {there}")
