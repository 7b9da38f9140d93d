"""Numbers that kernel drivers give in small files, and the devices that have them.

Nothing here opens hardware of its own: whoever may read `/sys` may read a sensor. A read can take
up to a second, as the driver talks to the sensor meanwhile: call it in a thread.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.errors import SensorSilent

_BUS_ADDRESS = re.compile(r"\d+-(?:00)?([0-9a-f]{2})")
"""How the kernel names devices on I²C: bus, dash, address in four hexadecimal digits."""


class Unit(NamedTuple):
    """What a reading is told in; `factor` turns the kernel's unit into it."""

    symbol: str
    factor: float = 1.0


class Device(NamedTuple):
    """A sensor chip that a kernel driver serves.

    Attributes:
        name: what the driver calls it, `bme280`, `dht11@4`.
        path: its directory.
        address: where it is, as its bus names it: `1-0076`, `spi0.0`; empty for what has none.
    """

    name: str
    path: Path
    address: str

    @property
    def short_address(self) -> str:
        """`76` for `1-0076`."""
        found = _BUS_ADDRESS.fullmatch(self.address)
        return self.address if found is None else found[1]

    def is_meant_by(self, wanted: str) -> bool:
        """Whether a name of the configuration means this one: `bme280`, `bme280@76`, `dht11`."""
        if wanted == self.name:
            return True
        name, _, address = wanted.partition("@")
        if name not in {self.name, self.name.partition("@")[0]}:
            return False
        return not address or address.lower().removeprefix("0x") in {
            self.address.lower(),
            self.short_address,
        }


def list_devices(folder: Path) -> Iterator[Device]:
    """The devices of a class or bus, in the order of their numbers; none where it is not there."""
    try:
        paths = sorted(folder.iterdir(), key=_number)
    except OSError:
        return
    for path in paths:
        try:
            name = (path / "name").read_text().strip()
        except (OSError, ValueError):
            continue
        if name:
            yield Device(name, path, _address(path))


def find_device(devices: Iterable[Device], wanted: str, where: str) -> Device:
    """The one device that is meant.

    Args:
        wanted: its name, with `@` and its address if there are several.
        where: what the devices are, for the message.

    Raises:
        SensorSilent: there is none, or there are several.
    """
    there = list(devices)
    meant = [device for device in there if device.is_meant_by(wanted)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        choice = ", ".join(f"{wanted.partition('@')[0]}@{device.address}" for device in meant)
        raise SensorSilent(f"{where}: {len(meant)} devices are {wanted!r}; name one: {choice}")
    names = ", ".join(device.name for device in there) or "nothing"
    raise SensorSilent(f"{where}: there is no {wanted!r}; found {names}")


def list_names(folder: Path) -> list[str]:
    """Names of what is in a directory, sorted; none where it is not there any more."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def read_text(path: Path) -> str:
    """What a file of the kernel says, without spaces around it.

    Raises:
        SensorSilent: it is not there, or the sensor behind it did not answer (DHT sensors often).
    """
    try:
        return path.read_text().strip()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SensorSilent(f"{path}: {reason}; expected a reading") from error
    except ValueError as error:
        raise SensorSilent(f"{path}: not text; expected a reading") from error


def read_number(path: Path) -> float:
    """The number in a file of the kernel.

    Raises:
        SensorSilent: there is none.
    """
    text = read_text(path)
    try:
        return float(text)
    except ValueError:
        raise SensorSilent(f"{path}: {text[:40]!r}; expected a number") from None


def _number(path: Path) -> tuple[int, str]:
    """`hwmon10` comes after `hwmon2`."""
    digits = re.search(r"\d+$", path.name)
    return (int(digits[0]) if digits else -1, path.name)


def _address(path: Path) -> str:
    """Name of the device on its bus that this class device belongs to."""
    try:
        # `…/i2c-1/1-0076/iio:device0` and `…/i2c-1/1-0044/hwmon/hwmon2`; a few drivers make the
        # class device without a `device` link, and `resolve` alone would name the class folder.
        return (path / "device").resolve(strict=True).name
    except (OSError, RuntimeError):
        parent = path.resolve().parent
        return "" if path.parent.resolve() == parent else parent.name
