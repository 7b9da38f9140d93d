"""Channels of the kernel's hardware monitoring, in units of people."""

from pathlib import Path

import pytest

from blynk_gateway.config.gpio.sensors import HwmonOptions
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors.hwmon import (
    Hwmon,
    find_hwmon,
    list_channels,
    read_hwmon,
    unit_of,
)
from tests.helpers.gpio import Rig
from tests.helpers.sensors import add_hwmon

SHT3X = {"temp1_input": 21500, "humidity1_input": 45100, "temp1_max": 125000, "update_interval": 0}


@pytest.mark.parametrize(
    ("file", "raw", "value", "unit"),
    [
        ("temp1_input", -5250, -5.25, "°C"),
        ("humidity1_input", 45100, 45.1, "%"),
        ("in0_input", 3301, 3.301, "V"),
        ("curr1_input", 250, 0.25, "A"),
        ("power1_input", 1_250_000, 1.25, "W"),
        ("power1_average", 2_000_000, 2.0, "W"),
        ("energy1_input", 3_600_000, 3.6, "J"),
        ("fan1_input", 1200, 1200, "rpm"),
    ],
)
def test_each_kind_is_read_in_its_unit(
    tmp_path: Path, file: str, raw: int, value: float, unit: str
) -> None:
    add_hwmon(tmp_path, 0, "chip", "i2c-1/1-0044", **{file: raw})
    channel = file.partition("_")[0]
    assert read_hwmon(find_hwmon(tmp_path, "chip"), channel) == pytest.approx(value)
    assert unit_of(channel).symbol == unit


def test_channels_are_what_can_be_read(tmp_path: Path) -> None:
    add_hwmon(tmp_path, 0, "sht3x", "i2c-1/1-0044", **SHT3X)
    assert list_channels(find_hwmon(tmp_path, "sht3x")) == ["humidity1", "temp1"]


def test_channel_that_the_driver_calls_faulty_has_no_reading(tmp_path: Path) -> None:
    add_hwmon(tmp_path, 0, "max31790", "i2c-1/1-0020", fan1_input=1, fan1_fault=1, fan2_input=9)
    add_hwmon(tmp_path, 1, "good", "i2c-1/1-0021", fan1_input=7, fan1_fault=0)
    with pytest.raises(SensorSilent, match="fan1 is at fault"):
        read_hwmon(find_hwmon(tmp_path, "max31790"), "fan1")
    assert read_hwmon(find_hwmon(tmp_path, "max31790"), "fan2") == 9
    assert read_hwmon(find_hwmon(tmp_path, "good"), "fan1") == 7


@pytest.mark.parametrize("channel", ["temp2", "temp1_input", "temp", "pwm1", "../temp1"])
def test_unknown_channel_is_named_with_those_there_are(tmp_path: Path, channel: str) -> None:
    add_hwmon(tmp_path, 0, "sht3x", "i2c-1/1-0044", pwm1_input=1, **SHT3X)
    with pytest.raises(SensorSilent, match="expected one of: humidity1, temp1"):
        read_hwmon(find_hwmon(tmp_path, "sht3x"), channel)


async def test_peripheral_reports(tmp_path: Path) -> None:
    add_hwmon(tmp_path, 2, "sht3x", "i2c-1/1-0044", **SHT3X)
    options = HwmonOptions(
        name="air", type="hwmon", pin="V1", device="sht3x", channel="humidity1", scale=0.01
    )
    with Rig() as rig:
        sensor = Hwmon(options, rig.host, tmp_path)
        sensor.open(Opening.START)
        await rig.reached(lambda: rig.value("V1") == ("0.45",))
        await sensor.close()


async def test_peripheral_without_its_chip_does_not_open(tmp_path: Path) -> None:
    options = HwmonOptions(name="a", type="hwmon", pin="V1", device="sht3x", channel="temp1")
    with Rig() as rig, pytest.raises(SensorSilent, match="no 'sht3x'; found nothing"):
        Hwmon(options, rig.host, tmp_path).open(Opening.START)
