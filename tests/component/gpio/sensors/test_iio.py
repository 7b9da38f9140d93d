"""Channels of the kernel's Industrial I/O, in units of people."""

from pathlib import Path

import pytest

from blynk_gateway.config.gpio.sensors import IioOptions
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors.iio import (
    Iio,
    find_iio,
    list_channels,
    list_iio,
    read_iio,
    unit_of,
)
from tests.helpers.gpio import Rig
from tests.helpers.sensors import add_iio, put

BME280 = {
    "in_temp_input": "21530",
    "in_humidityrelative_input": "45123",
    "in_pressure_input": "101.325",
    "in_temp_oversampling_ratio": "2",
}


def read(root: Path, channel: str, **files: object) -> float:
    """A channel of a device that has only these files."""
    add_iio(root, 0, "chip", "i2c-1/1-0040", **files)
    return read_iio(find_iio(root, "chip"), channel)


@pytest.mark.parametrize(
    ("channel", "value", "unit"),
    [("temp", 21.53, "°C"), ("humidityrelative", 45.123, "%"), ("pressure", 1013.25, "hPa")],
)
def test_bme280_is_read_in_units_of_people(
    tmp_path: Path, channel: str, value: float, unit: str
) -> None:
    assert read(tmp_path, channel, **BME280) == pytest.approx(value)
    assert unit_of(channel).symbol == unit


def test_offset_is_added_to_the_raw_value_before_it_is_scaled(tmp_path: Path) -> None:
    files = {"in_temp_raw": 25000, "in_temp_offset": -4000, "in_temp_scale": 2.5}
    assert read(tmp_path, "temp", **files) == pytest.approx(52.5)


def test_raw_value_without_scale_counts_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, "current0", in_current0_raw=250) == pytest.approx(0.25)


def test_processed_value_is_taken_before_the_raw_one(tmp_path: Path) -> None:
    files = {"in_illuminance_input": 12.5, "in_illuminance_raw": 99, "in_illuminance_scale": 2}
    assert read(tmp_path, "illuminance", **files) == 12.5


@pytest.mark.parametrize(
    ("channel", "attribute"),
    [
        ("voltage0", "in_voltage0_scale"),
        ("voltage0", "in_voltage_scale"),
        ("voltage0-voltage1", "in_voltage0-voltage1_scale"),
        ("voltage0-voltage1", "in_voltage-voltage_scale"),
        ("voltage0_supply", "in_voltage_supply_scale"),
        ("voltage0_supply", "in_voltage_scale"),
        ("accel_x", "in_accel_scale"),
        ("temp_ambient", "in_temp_scale"),
        ("massconcentration_pm2p5", "in_massconcentration_scale"),
    ],
)
def test_scale_is_the_channels_own_or_shared_by_its_kind(
    tmp_path: Path, channel: str, attribute: str
) -> None:
    value = read(tmp_path, channel, **{f"in_{channel}_raw": 1000, attribute: 3})
    assert value == pytest.approx(3000 * unit_of(channel).factor)


def test_own_scale_goes_before_the_shared_one(tmp_path: Path) -> None:
    files = {"in_voltage0_raw": 1000, "in_voltage0_scale": 2, "in_voltage_scale": 5}
    assert read(tmp_path, "voltage0", **files) == pytest.approx(2.0)


def test_kind_that_nobody_described_is_a_plain_number(tmp_path: Path) -> None:
    assert read(tmp_path, "steps", in_steps_input=7) == 7
    assert unit_of("steps").symbol == unit_of("0").symbol == ""


def test_channels_are_what_can_be_read(tmp_path: Path) -> None:
    add_iio(tmp_path, 0, "bme280", "i2c-1/1-0076", **BME280, out_voltage0_raw=1)
    assert list_channels(find_iio(tmp_path, "bme280")) == ["humidityrelative", "pressure", "temp"]


def test_triggers_are_no_devices(tmp_path: Path) -> None:
    add_iio(tmp_path, 0, "bme280", "i2c-1/1-0076")
    put(tmp_path, "sys/bus/iio/devices/trigger0/name", "sysfstrig0")
    assert [device.name for device in list_iio(tmp_path)] == ["bme280"]


def test_unknown_channel_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SensorSilent, match=r"no channel 'co2'; expected one of: .*pressure, temp"):
        read(tmp_path, "co2", **BME280)


def test_device_that_vanished_has_no_channels(tmp_path: Path) -> None:
    device = find_iio(tmp_path, _add_and_name(tmp_path))
    for path in device.path.iterdir():
        path.unlink()
    device.path.resolve().rmdir()
    with pytest.raises(SensorSilent, match="expected one of: none"):
        read_iio(device, "temp")


async def test_peripheral_reports_and_finds_its_device_again(tmp_path: Path) -> None:
    add_iio(tmp_path, 0, "bme280", "i2c-1/1-0076", **BME280)
    options = IioOptions(
        name="air", type="iio", pin="V1", device="bme280@76", channel="temp", every_ms=20, offset=-1
    )
    with Rig() as rig:
        sensor = Iio(options, rig.host, tmp_path)
        sensor.open(Opening.START)
        await rig.reached(lambda: rig.value("V1") == ("20.53",))
        listing = tmp_path / "sys/bus/iio/devices"
        (listing / "iio:device0").rename(listing / "iio:device3")
        put(listing, "iio:device3/in_temp_input", "30000")
        await rig.reached(lambda: rig.value("V1") == ("29",))
        await sensor.close()
        assert rig.failures == []


async def test_peripheral_without_its_device_or_channel_does_not_open(tmp_path: Path) -> None:
    add_iio(tmp_path, 0, "bme280", "i2c-1/1-0076", **BME280)
    with Rig() as rig:
        for device, channel in (("sht3x", "temp"), ("bme280", "voltage0")):
            options = IioOptions(name="a", type="iio", pin="V1", device=device, channel=channel)
            with pytest.raises(SensorSilent):
                Iio(options, rig.host, tmp_path).open(Opening.START)


def _add_and_name(root: Path) -> str:
    add_iio(root, 0, "chip", "i2c-1/1-0040", in_temp_input=1)
    return "chip"
