"""Devices that the kernel lists, and the numbers it gives."""

from pathlib import Path

import pytest

from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.sensors.sysfs import (
    Device,
    find_device,
    list_devices,
    list_names,
    read_number,
    read_text,
)
from tests.helpers.sensors import add_hwmon, add_iio, put

IIO = "sys/bus/iio/devices"


def test_devices_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 0):
        add_iio(tmp_path, number, f"chip{number}", f"i2c-1/1-00{number:02x}")
    found = [device.name for device in list_devices(tmp_path / IIO)]
    assert found == ["chip0", "chip2", "chip10"]


def test_no_folder_is_no_devices(tmp_path: Path) -> None:
    assert list(list_devices(tmp_path / IIO)) == []
    assert list_names(tmp_path / IIO) == []


def test_device_without_a_name_is_left_out(tmp_path: Path) -> None:
    (tmp_path / IIO / "iio:device0").mkdir(parents=True)
    put(tmp_path, f"{IIO}/iio:device1/name", "")
    assert list(list_devices(tmp_path / IIO)) == []


def test_address_is_that_of_the_device_on_its_bus(tmp_path: Path) -> None:
    add_iio(tmp_path, 0, "bme280", "soc/i2c-1/1-0076")
    add_hwmon(tmp_path, 0, "sht3x", "soc/i2c-1/1-0044")
    (iio,) = list_devices(tmp_path / IIO)
    (hwmon,) = list_devices(tmp_path / "sys/class/hwmon")
    assert (iio.address, iio.short_address) == ("1-0076", "76")
    assert (hwmon.address, hwmon.short_address) == ("1-0044", "44")


def test_device_that_is_on_no_bus_has_no_address(tmp_path: Path) -> None:
    put(tmp_path, f"{IIO}/iio:device0/name", "lonely")
    (device,) = list_devices(tmp_path / IIO)
    assert device.address == ""


@pytest.mark.parametrize(
    ("name", "address", "wanted"),
    [
        ("bme280", "1-0076", "bme280"),
        ("bme280", "1-0076", "bme280@76"),
        ("bme280", "1-0076", "bme280@0x76"),
        ("bme280", "1-0076", "bme280@1-0076"),
        ("sht3x", "1-004a", "sht3x@4A"),
        ("dht11@4", "dht11@4", "dht11"),
        ("dht11@4", "dht11@4", "dht11@4"),
        ("mcp3008", "spi0.1", "mcp3008@spi0.1"),
    ],
)
def test_device_is_meant_by_its_name_and_address(name: str, address: str, wanted: str) -> None:
    assert Device(name, Path("/"), address).is_meant_by(wanted)


@pytest.mark.parametrize("wanted", ["bme", "bme280@77", "bme280@6", "bmp280@76", "", "@76"])
def test_device_is_not_meant_by_anything_else(wanted: str) -> None:
    assert not Device("bme280", Path("/"), "1-0076").is_meant_by(wanted)


def test_missing_device_is_named_with_what_is_there() -> None:
    there = [Device("bh1750", Path("/"), "1-0023"), Device("cpu", Path("/"), "")]
    with pytest.raises(SensorSilent, match="no 'bme280'; found bh1750, cpu"):
        find_device(there, "bme280", "/sys")
    with pytest.raises(SensorSilent, match="found nothing"):
        find_device([], "bme280", "/sys")


def test_several_devices_of_one_name_are_listed_as_they_can_be_written() -> None:
    there = [Device("bme280", Path("/"), "1-0076"), Device("bme280", Path("/"), "1-0077")]
    with pytest.raises(SensorSilent, match="name one: bme280@1-0076, bme280@1-0077"):
        find_device(there, "bme280", "/sys")
    assert find_device(there, "bme280@77", "/sys") is there[1]


def test_numbers_are_read_with_their_line_end(tmp_path: Path) -> None:
    assert read_number(put(tmp_path, "a", "-12.5")) == -12.5
    assert read_text(put(tmp_path, "b", " word ")) == "word"


def test_what_is_no_number_is_shown(tmp_path: Path) -> None:
    with pytest.raises(SensorSilent, match=r"a: 'nonsense'; expected a number"):
        read_number(put(tmp_path, "a", "nonsense"))


def test_file_that_cannot_be_read_tells_the_reason_of_the_kernel(tmp_path: Path) -> None:
    with pytest.raises(SensorSilent, match="No such file or directory; expected a reading"):
        read_text(tmp_path / "gone")
    with pytest.raises(SensorSilent, match="Is a directory"):
        read_text(tmp_path)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(SensorSilent, match="not text"):
        read_text(tmp_path / "a")
