"""Sensors on the header's I²C bus that answer though no driver of the kernel serves them.

Only addresses of sensors that the kernel knows are asked, and in ways that change nothing in them.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

BUS = 1
"""The bus on GPIO2 and GPIO3 of every Pi since 2012."""

I2C_SLAVE = 0x0703
I2C_SMBUS = 0x0720
"""Requests of i2c-dev. Source: linux/i2c-dev.h."""

_QUICK_WRITE = struct.pack("BBIP", 0, 0, 0, 0)
"""`i2c_smbus_ioctl_data` of an address without data, as `i2cdetect` asks. Source: as above."""


class Answer(Enum):
    """What became of a probe."""

    NOTHING = "nothing"
    SOMETHING = "something"
    TAKEN = "taken"
    """A driver of the kernel has the address."""


class Chip(NamedTuple):
    """What may be found at an address.

    Attributes:
        boot: the line of config.txt that gives it to the kernel's driver.
        others: what else it may be, and what to write then; empty for nothing usual.
    """

    name: str
    boot: str
    others: str = ""


Probe = Callable[[Path, int], Answer]
"""Takes the path of a bus and an address."""


def _sensor(name: str, word: str, address: int | None = None, others: str = "") -> Chip:
    at = "" if address is None else f",addr={address:#04x}"
    return Chip(name, f"dtoverlay=i2c-sensor,{word}{at}", others)


def _pressure(address: int) -> Chip:
    return _sensor(
        "BME280", "bme280", address, "or a BMP280, BMP380 or BME680: then bmp280, bmp380, bme680"
    )


def _humidity(address: int) -> Chip:
    return _sensor("SHT3x", "sht3x", address, "or an SHT4x: then sht4x")


def _converter(address: int) -> Chip:
    return Chip(
        "ADS1115",
        f"dtoverlay=ads1115,addr={address:#04x},cha_enable,chb_enable,chc_enable,chd_enable",
        "or a TMP102, LM75 or DS1621: then i2c-sensor with tmp102, lm75, ds1621",
    )


CHIPS = {
    0x23: _sensor("BH1750", "bh1750", 0x23),
    0x38: _sensor("AHT10", "aht10", None, "AHT20 too"),
    0x40: _sensor(
        "HTU21D", "htu21", None, "or an Si7021: then si7020; an INA219 or PCA9685 is none of these"
    ),
    0x44: _humidity(0x44),
    0x45: _humidity(0x45),
    0x48: _converter(0x48),
    0x49: _converter(0x49),
    0x4A: _converter(0x4A),
    0x4B: _converter(0x4B),
    0x5C: _sensor("BH1750", "bh1750", 0x5C, "if its pin ADDR is high"),
    0x76: _pressure(0x76),
    0x77: _pressure(0x77),
}
"""By address. Source of the lines: i2c-sensor-common.dtsi and ads1115-overlay.dts in Raspberry Pi's
kernel; where these have no `addr` for a sensor, its address is fixed. The channels of an ADS1115
are named because its range is 4.096 V only then, else 2.048 V."""


def probe(path: Path, address: int) -> Answer:
    """Ask whether anything is at an address.

    Raises:
        OSError: it cannot be opened, or is no bus.
    """
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return _ask(handle, address)
    finally:
        os.close(handle)


def _ask(handle: int, address: int) -> Answer:
    try:
        fcntl.ioctl(handle, I2C_SLAVE, address)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return Answer.TAKEN
        raise
    for attempt in (_read_byte, _write_nothing):
        try:
            attempt(handle)
        except OSError:
            continue
        return Answer.SOMETHING
    return Answer.NOTHING


def _read_byte(handle: int) -> None:
    os.read(handle, 1)


def _write_nothing(handle: int) -> None:
    # An SHT3x and an HTU21D refuse to be read before they have measured. Source: their data sheets.
    fcntl.ioctl(handle, I2C_SMBUS, _QUICK_WRITE)
