"""What a scan finds, says of it, and says is missing."""

import errno
from pathlib import Path

import pytest

from blynk_gateway.gpio.sensors.i2c import Answer, Probe
from blynk_gateway.gpio.sensors.scan import Found, scan
from tests.helpers.sensors import (
    add_hwmon,
    add_i2c_device,
    add_iio,
    add_thermometer,
    put,
)

FIRST = "28-0316a2790001"


class Bus:
    """An I²C bus on which these addresses answer."""

    def __init__(self, *addresses: int) -> None:
        self.addresses = addresses
        self.asked: list[int] = []

    def probe(self, path: Path, address: int) -> Answer:
        assert path.name == "i2c-1"
        self.asked.append(address)
        return Answer.SOMETHING if address in self.addresses else Answer.NOTHING


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """A Pi whose buses are all on, with nothing on them."""
    put(tmp_path, "dev/i2c-1")
    put(tmp_path, "dev/spidev0.0")
    put(tmp_path, "sys/bus/w1/devices/w1_bus_master1/w1_master_slaves")
    return tmp_path


def kinds(found: list[Found]) -> list[str]:
    return [one.kind for one in found]


def of_i2c(root: Path, probe: Probe) -> list[Found]:
    """What a scan says of the I²C bus."""
    return [one for one in scan(root, probe) if one.kind == "i2c" or one.device == "I²C bus"]


def test_channels_of_the_kernel_are_listed_with_value_unit_and_entry(pi: Path) -> None:
    add_iio(pi, 0, "bme280", "i2c-1/1-0076", in_temp_input=21530, in_pressure_input="101.325")
    add_hwmon(pi, 0, "sht3x", "i2c-1/1-0044", humidity1_input=45123)
    add_thermometer(pi, FIRST, temperature=-1250)
    assert scan(pi, Bus().probe) == [
        Found(
            "iio", "bme280", "pressure", 1013.25, "hPa",
            config='bme280-pressure: {type: iio, device: "bme280", channel: "pressure", pin: V100}',
        ),
        Found(
            "iio", "bme280", "temp", 21.53, "°C",
            config='bme280-temp: {type: iio, device: "bme280", channel: "temp", pin: V101}',
        ),
        Found(
            "hwmon", "sht3x", "humidity1", 45.123, "%",
            config='sht3x-humidity1: {type: hwmon, device: "sht3x",'
            ' channel: "humidity1", pin: V102}',
        ),
        Found(
            "ds18b20", FIRST, "", -1.25, "°C",
            config=f"{FIRST}: {{type: ds18b20, id: {FIRST}, pin: V103}}",
        ),
    ]  # fmt: skip


def test_sensor_that_does_not_answer_is_listed_with_the_reason(pi: Path) -> None:
    add_iio(pi, 0, "dht11@4", "dht11@4", in_temp_input="")
    add_thermometer(pi, FIRST, temperature="")
    iio, thermometer = scan(pi, Bus().probe)[:2]
    assert (iio.value, thermometer.value) == (None, None)
    assert "expected a number" in iio.note
    assert "did not answer" in thermometer.note
    assert iio.config.startswith('dht11-4-temp: {type: iio, device: "dht11@4"')


def test_chips_of_one_name_are_told_apart_by_address(pi: Path) -> None:
    for number, address in enumerate(("76", "77")):
        add_iio(pi, number, "bme280", f"i2c-1/1-00{address}", in_temp_input=number)
    found = scan(pi, Bus().probe)[:2]
    assert [one.device for one in found] == ["bme280@1-0076", "bme280@1-0077"]
    assert [one.config.partition(":")[0] for one in found] == [
        "bme280-1-0076-temp",
        "bme280-1-0077-temp",
    ]


def test_names_of_entries_fit_and_are_unique(pi: Path) -> None:
    channels = {f"in_concentration_very_long_channel_{n}_raw": n for n in range(3)}
    add_iio(pi, 0, "Chip", "i2c-1/1-0040", **channels)
    names = [one.config.partition(":")[0] for one in scan(pi, Bus().probe)[:3]]
    assert len(set(names)) == 3
    assert all(len(name) <= 32 and name.startswith("chip-concentration") for name in names)


def test_more_readings_than_pins_have_no_entry(pi: Path) -> None:
    add_iio(pi, 0, "big", "i2c-1/1-0040", **{f"in_voltage{n}_raw": n for n in range(157)})
    found = [one for one in scan(pi, Bus().probe) if one.kind == "iio"]
    assert [one.config for one in found[156:]] == [""]
    assert found[155].config.endswith("pin: V255}")


def test_thermometer_of_the_1_wire_bus_is_not_listed_as_hwmon_too(pi: Path) -> None:
    folder = add_thermometer(pi, FIRST, temperature=1000)
    chip = add_hwmon(pi, 0, "w1_slave_temp", "other", temp1_input=1000)
    (chip / "device").unlink()
    (chip / "device").symlink_to(folder)
    assert kinds(scan(pi, Bus().probe)) == ["ds18b20"]


def test_chip_without_a_driver_is_listed_with_the_line_it_lacks(pi: Path) -> None:
    assert [
        (one.kind, one.device, one.boot) for one in of_i2c(pi, Bus(0x23, 0x45, 0x4A, 0x77).probe)
    ] == [
        ("i2c", "BH1750", "dtoverlay=i2c-sensor,bh1750,addr=0x23"),
        ("i2c", "SHT3x", "dtoverlay=i2c-sensor,sht3x,addr=0x45"),
        ("i2c", "ADS1115",
         "dtoverlay=ads1115,addr=0x4a,cha_enable,chb_enable,chc_enable,chd_enable"),
        ("i2c", "BME280", "dtoverlay=i2c-sensor,bme280,addr=0x77"),
    ]  # fmt: skip


def test_note_of_a_chip_says_what_else_it_may_be(pi: Path) -> None:
    (found,) = of_i2c(pi, Bus(0x76).probe)
    assert found.note.startswith("answers at 0x76, without a driver; or a BMP280")
    (found,) = of_i2c(pi, Bus(0x23).probe)
    assert found.note == "answers at 0x23, without a driver"


def test_chip_of_a_driver_is_not_asked(pi: Path) -> None:
    add_i2c_device(pi, "1-0076")
    bus = Bus(0x76)
    assert of_i2c(pi, bus.probe) == []
    assert 0x76 not in bus.asked
    assert 0x77 in bus.asked


def test_chip_that_no_driver_took_is_named(pi: Path) -> None:
    add_i2c_device(pi, "1-0076", has_driver=False)
    bus = Bus(0x76)
    (found,) = of_i2c(pi, bus.probe)
    assert (found.kind, found.device, found.boot) == ("i2c", "BME280", "")
    assert "0x76 that no driver took: see dmesg" in found.note
    assert 0x76 not in bus.asked


def test_buses_that_are_off_come_with_the_line_that_turns_them_on(tmp_path: Path) -> None:
    found = scan(tmp_path, Bus().probe)
    assert kinds(found) == ["missing"] * 3
    assert [one.boot for one in found] == [
        "dtoverlay=w1-gpio",
        "dtparam=i2c_arm=on",
        "dtparam=spi=on",
    ]
    assert all(one.config == "" for one in found)


def test_bus_that_lacks_only_its_device_node_wants_a_module(tmp_path: Path) -> None:
    add_i2c_device(tmp_path, "i2c-1")
    found = next(one for one in scan(tmp_path, Bus().probe) if one.device == "I²C bus")
    assert (found.boot, found.note) == ("", "run: sudo modprobe i2c-dev")


def test_bus_without_thermometers_says_what_to_check(pi: Path) -> None:
    (found,) = scan(pi, Bus().probe)
    assert (found.kind, found.device, found.boot) == (
        "missing",
        "thermometer on the 1-Wire bus",
        "",
    )
    assert "4.7 kΩ" in found.note


def test_any_device_of_spi_bus_0_shows_that_it_is_on(pi: Path) -> None:
    (pi / "dev/spidev0.0").rename(pi / "dev/spidev0.1")
    assert "SPI bus" not in [one.device for one in scan(pi, Bus().probe)]
    (pi / "dev/spidev0.1").rename(pi / "dev/spidev10.0")
    assert "SPI bus" in [one.device for one in scan(pi, Bus().probe)]


def test_bus_that_may_not_be_opened_names_the_group(pi: Path) -> None:
    def refused(path: Path, address: int) -> Answer:
        raise PermissionError(errno.EACCES, "Permission denied")

    (found,) = of_i2c(pi, refused)
    assert (found.kind, found.boot) == ("missing", "")
    assert "Permission denied; run: sudo usermod -aG i2c" in found.note
