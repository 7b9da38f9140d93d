"""What `sensors scan` tells: every sensor that answers, and what is missing for the others.

1. Nothing is changed: drivers are read as a peripheral would, and on the I²C bus only addresses of
   known sensors are asked that no driver has.
2. A sensor that does not answer is listed too, with the reason.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.sensors import hwmon, i2c, iio, onewire
from blynk_gateway.gpio.sensors.sysfs import Device, Unit, list_names

FIRST_PIN, LAST_PIN = 100, 255
"""Suggested pins begin where few sketches have theirs. V255 is the last there is."""

_DIGITS = 4
"""Behind the point: more than any of these sensors has."""

_SLUG_LENGTH = 32


class Found(NamedTuple):
    """One reading that can be had, or one thing that is missing.

    Attributes:
        kind: type of the peripheral that reads it, `iio`, `hwmon` or `ds18b20`; `i2c` for what
            answers without a driver; `missing` for a bus that is off.
        device: as `device` or `id` of the configuration names it; of what is missing, its name.
        channel: as `channel` of the configuration; empty where there is none.
        value: the present reading, None without one.
        unit: of the value, and of what the peripheral will report; empty for a plain number.
        note: why there is no value, or what else to know; empty for nothing.
        config: an entry for `gpio.peripherals`, one line; empty where none would work yet.
        boot: the line that config.txt lacks; empty for none.
    """

    kind: str
    device: str
    channel: str = ""
    value: float | None = None
    unit: str = ""
    note: str = ""
    config: str = ""
    boot: str = ""


def scan(root: Path = Path("/"), probe: i2c.Probe = i2c.probe) -> list[Found]:
    """Read everything. Takes about a second for each thermometer on the 1-Wire bus.

    Args:
        root: where `/sys` and `/dev` are.
        probe: asks an address of the I²C bus.
    """
    found = [*_scan_iio(root), *_scan_hwmon(root), *_scan_onewire(root)]
    return [*_with_pins(found), *_scan_i2c(root, probe), *_scan_spi(root)]


def _scan_iio(root: Path) -> Iterator[Found]:
    devices = list(iio.list_iio(root))
    for device in devices:
        for channel in iio.list_channels(device):
            yield _reading("iio", device, devices, channel, iio.unit_of(channel), iio.read_iio)


def _scan_hwmon(root: Path) -> Iterator[Found]:
    devices = list(hwmon.list_hwmon(root))
    thermometers = {path.name for path in onewire.list_thermometers(root)}
    for device in devices:
        # A thermometer on the 1-Wire bus is a chip here too.
        if device.address in thermometers:
            continue
        for channel in hwmon.list_channels(device):
            unit = hwmon.unit_of(channel)
            yield _reading("hwmon", device, devices, channel, unit, hwmon.read_hwmon)


def _reading(
    kind: str,
    device: Device,
    devices: list[Device],
    channel: str,
    unit: Unit,
    read: Callable[[Device, str], float],
) -> Found:
    name = device.name
    if sum(other.is_meant_by(name) for other in devices) > 1:
        name = f"{name}@{device.address}"
    value, note = _try(partial(read, device, channel))
    return Found(kind, name, channel, value, unit.symbol, note)


def _scan_onewire(root: Path) -> Iterator[Found]:
    thermometers = onewire.list_thermometers(root)
    for path in thermometers:
        value, note = _try(partial(onewire.read_thermometer, path))
        yield Found("ds18b20", path.name, "", value, "°C", note)
    if not onewire.has_bus(root):
        yield Found(
            "missing",
            "1-Wire bus",
            note="for a DS18B20 on GPIO4; for another line add ,gpiopin=N",
            boot="dtoverlay=w1-gpio",
        )
    elif not thermometers:
        yield Found(
            "missing",
            "thermometer on the 1-Wire bus",
            note="the bus is there: check the wires, and 4.7 kΩ from data to 3.3 V",
        )


def _scan_i2c(root: Path, probe: i2c.Probe) -> Iterator[Found]:
    bus = f"i2c-{i2c.BUS}"
    known = list_names(root / "sys/bus/i2c/devices")
    path = root / "dev" / bus
    if not path.exists():
        if bus in known:
            yield Found("missing", "I²C bus", note="run: sudo modprobe i2c-dev")
        else:
            yield Found("missing", "I²C bus", note="on GPIO2, GPIO3", boot="dtparam=i2c_arm=on")
        return
    for address, chip in i2c.CHIPS.items():
        name = f"{i2c.BUS}-{address:04x}"
        if name in known:
            if "driver" not in list_names(root / "sys/bus/i2c/devices" / name):
                note = f"config.txt names a chip at {address:#04x} that no driver took: see dmesg"
                yield Found("i2c", chip.name, note=note)
            continue
        try:
            answer = probe(path, address)
        except OSError as error:
            note = f"{path}: {error.strerror or error}; run: sudo usermod -aG i2c $USER"
            yield Found("missing", "I²C bus", note=note)
            return
        if answer is i2c.Answer.SOMETHING:
            note = f"answers at {address:#04x}, without a driver"
            note += f"; {chip.others}" if chip.others else ""
            yield Found("i2c", chip.name, note=note, boot=chip.boot)


def _scan_spi(root: Path) -> Iterator[Found]:
    if not any(name.startswith("spidev0.") for name in list_names(root / "dev")):
        note = "for converters such as the MCP3008, which cannot be seen from here"
        yield Found("missing", "SPI bus", note=note, boot="dtparam=spi=on")


def _try(read: Callable[[], float]) -> tuple[float | None, str]:
    try:
        return round(read(), _DIGITS), ""
    except SensorSilent as error:
        return None, str(error)


def _with_pins(found: list[Found]) -> Iterator[Found]:
    """The same, with entries for the configuration, each with a name and a pin of its own."""
    names: set[str] = set()
    pin = FIRST_PIN
    for one in found:
        if one.kind == "missing" or pin > LAST_PIN:
            yield one
            continue
        name = _slug(one, names)
        names.add(name)
        which = f"id: {one.device}" if one.kind == "ds18b20" else f'device: "{one.device}"'
        channel = f', channel: "{one.channel}"' if one.channel else ""
        config = f"{name}: {{type: {one.kind}, {which}{channel}, pin: V{pin}}}"
        yield one._replace(config=config)
        pin += 1


def _slug(one: Found, taken: set[str]) -> str:
    text = "-".join(part for part in (one.device, one.channel) if part).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:_SLUG_LENGTH].strip("-") or one.kind
    number = 2
    unique = slug
    while unique in taken:
        unique = f"{slug[: _SLUG_LENGTH - 1 - len(str(number))]}-{number}"
        number += 1
    return unique
