"""Thermometers on the 1-Wire bus: DS18B20 and its relatives, through the kernel's w1_therm."""

import asyncio
import re
from pathlib import Path
from weakref import WeakKeyDictionary

from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.sensors.kernel import KernelSensor
from blynk_gateway.gpio.sensors.sysfs import list_names, read_text

FOLDER = "sys/bus/w1/devices"

_THERMOMETER = re.compile(r"(?:10|22|28|3b|42)-[0-9a-f]{12}")
"""Families that w1_therm reads. Source: the kernel's Documentation/w1/slaves/w1_therm.rst."""

POWER_ON = 85_000
"""m°C that a DS18B20 holds before its first conversion: it lost its supply for a moment. Source:
data sheet DS18B20. That a thing has exactly this temperature costs one reading."""

LOWEST, HIGHEST = -55_000, 125_000
"""m°C that a DS18B20 can measure; 127,937 says that the supply was too weak. Source: as above."""

_turns: WeakKeyDictionary[Host, asyncio.Lock] = WeakKeyDictionary()
"""Thermometers take turns: the kernel lets one be read at a time anyway, for 0.75 s (measured), and
all that wait in it would hold a thread each."""


class OneWire(KernelSensor[OneWireOptions]):
    """`ds18b20`: one thermometer, °C."""

    def find(self) -> None:
        """See whether it is on the bus."""
        find_thermometer(self.root, self.options.id)

    def measure(self) -> float:
        """Let it convert, and read it."""
        return read_thermometer(find_thermometer(self.root, self.options.id))

    async def read(self) -> float:
        """Take one reading when it is this thermometer's turn.

        Raises:
            SensorSilent: it is not there, or did not answer.
        """
        async with _turns.setdefault(self.host, asyncio.Lock()):
            return await super().read()


def has_bus(root: Path) -> bool:
    """Whether there is a 1-Wire bus at all."""
    return any(name.startswith("w1_bus_master") for name in list_names(root / FOLDER))


def list_thermometers(root: Path) -> list[Path]:
    """The directories of all thermometers on the bus."""
    folder = root / FOLDER
    return [folder / name for name in list_names(folder) if _THERMOMETER.fullmatch(name)]


def find_thermometer(root: Path, wanted: str | None) -> Path:
    """The thermometer with an id, or the only one.

    Raises:
        SensorSilent: there is none, or there are several.
    """
    there = list_thermometers(root)
    meant = [path for path in there if wanted is None or path.name == wanted.lower()]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(path.name for path in there)
    if meant:
        raise SensorSilent(f"/{FOLDER}: found {names}; expected `id` to name one of them")
    if not has_bus(root):
        raise SensorSilent("there is no 1-Wire bus; expected `dtoverlay=w1-gpio` in config.txt")
    raise SensorSilent(f"/{FOLDER}: there is no {wanted or 'thermometer'}; found {names or 'none'}")


def read_thermometer(path: Path) -> float:
    """One reading, °C. Blocks for the conversion, 0.1 to 0.8 s, longer if others are read too.

    Raises:
        SensorSilent: no answer, or one with a wrong checksum (both are an empty file, measured), or
            the value of a thermometer that has not converted.
    """
    names = list_names(path)
    text = read_text(path / "temperature") if "temperature" in names else _read_slave(path)
    if not text:
        raise SensorSilent(f"{path.name} did not answer, or not rightly; expected a temperature")
    try:
        value = int(text)
    except ValueError:
        raise SensorSilent(f"{path.name}: {text[:40]!r}; expected a temperature") from None
    if value == POWER_ON or not LOWEST <= value <= HIGHEST:
        raise SensorSilent(f"{path.name} says {value / 1000:g} °C; expected a converted reading")
    return value / 1000


def _read_slave(path: Path) -> str:
    """m°C from `w1_slave`, all that kernels before 5.10 have; empty if the checksum is wrong."""
    text = read_text(path / "w1_slave")
    state, _, rest = text.partition("\n")
    return rest.partition("t=")[2].strip() if state.endswith("YES") else ""
