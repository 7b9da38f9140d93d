"""Sensors of the kernel's Industrial I/O: BME280, DHT22, ADS1115, BH1750 and hundreds more.

A channel is what stands between `in_` and `_input` or `_raw` in the names of a device's files. The
units are those people use: °C, %, hPa, V, A, lx.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from blynk_gateway.config.gpio.sensors import IioOptions
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

FOLDER = "sys/bus/iio/devices"


UNITS = {
    "accel": Unit("m/s²"),
    "angl": Unit("rad"),
    "anglvel": Unit("rad/s"),
    "capacitance": Unit("nF"),
    "concentration": Unit("%"),
    "current": Unit("A", 0.001),
    "distance": Unit("m"),
    "electricalconductivity": Unit("S/m"),
    "energy": Unit("J"),
    "gravity": Unit("m/s²"),
    "humidityrelative": Unit("%", 0.001),
    "illuminance": Unit("lx"),
    "incli": Unit("°"),
    "magn": Unit("G"),
    "massconcentration": Unit("µg/m³"),
    "power": Unit("W", 0.001),
    "pressure": Unit("hPa", 10),
    "resistance": Unit("Ω"),
    "temp": Unit("°C", 0.001),
    "velocity": Unit("m/s"),
    "voltage": Unit("V", 0.001),
}
"""By kind of channel; others are numbers without a unit.

Source: the kernel's Documentation/ABI/testing/sysfs-bus-iio, which has temperature in m°C, humidity
in thousandths of a per cent, pressure in kPa, voltage in mV, current in mA, power in mW.
"""

_CHANNEL = re.compile(r"in_(.+)_(?:input|raw)")
_KIND = re.compile(r"[a-z]+")
_INDEX = re.compile(r"(?<=[a-z])\d+(?=[-_]|$)")


class Iio(KernelSensor[IioOptions]):
    """`iio`: one channel of one device."""

    def find(self) -> None:
        """See whether device and channel are there."""
        _find_reading(find_iio(self.root, self.options.device), self.options.channel)

    def measure(self) -> float:
        """Read the channel."""
        return read_iio(find_iio(self.root, self.options.device), self.options.channel)


def list_iio(root: Path) -> Iterator[Device]:
    """Every device; triggers, which lie beside them, are none."""
    devices = list_devices(root / FOLDER)
    return (device for device in devices if device.path.name.startswith("iio:device"))


def find_iio(root: Path, wanted: str) -> Device:
    """The device that a name means.

    Raises:
        SensorSilent: there is none, or there are several.
    """
    return find_device(list_iio(root), wanted, f"/{FOLDER}")


def list_channels(device: Device) -> list[str]:
    """What can be read of a device, in the order of the alphabet."""
    found = map(_CHANNEL.fullmatch, list_names(device.path))
    return sorted({match[1] for match in found if match is not None})


def unit_of(channel: str) -> Unit:
    """The unit in which `read_iio` tells a channel."""
    kind = _KIND.match(channel)
    return Unit("") if kind is None else UNITS.get(kind[0], Unit(""))


def read_iio(device: Device, channel: str) -> float:
    """One reading, in the unit of the channel. Blocks while the driver asks the sensor.

    Raises:
        SensorSilent: there is no such channel, or the sensor did not answer.
    """
    path = _find_reading(device, channel)
    value = read_number(path)
    if path.name.endswith("_raw"):
        # Source: as UNITS: the offset is added before scaling.
        value += _find_attribute(device, channel, "offset", 0.0)
        value *= _find_attribute(device, channel, "scale", 1.0)
    return value * unit_of(channel).factor


def _find_reading(device: Device, channel: str) -> Path:
    names = list_names(device.path)
    for name in (f"in_{channel}_input", f"in_{channel}_raw"):
        if name in names:
            return device.path / name
    there = ", ".join(list_channels(device)) or "none"
    raise SensorSilent(f"{device.name} has no channel {channel!r}; expected one of: {there}")


def _find_attribute(device: Device, channel: str, attribute: str, default: float) -> float:
    """A channel's own attribute, else the one that channels of its kind share."""
    names = list_names(device.path)
    kind = _KIND.match(channel)
    shared = [_INDEX.sub("", channel), *([] if kind is None else [kind[0]])]
    for stem in (channel, *shared):
        name = f"in_{stem}_{attribute}"
        if name in names:
            return read_number(device.path / name)
    return default
