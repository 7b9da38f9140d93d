"""What the Pi tells of itself."""

import os
from pathlib import Path

import pytest

from blynk_gateway.config.gpio.sensors import Gauge, SystemOptions
from blynk_gateway.errors import HardwareError, SensorSilent
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors import system
from blynk_gateway.gpio.sensors.system import System
from tests.helpers.gpio import Rig
from tests.helpers.sensors import add_hwmon, put

FIRMWARE = "sys/devices/platform/soc/soc:firmware"
FIRMWARE_PI5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware"
MEMINFO = "MemTotal:        4000000 kB\nMemFree:          100000 kB\nMemAvailable:    3000000 kB"


def zone(root: Path, number: int, kind: str, temperature: int) -> None:
    put(root, f"sys/class/thermal/thermal_zone{number}/type", kind)
    put(root, f"sys/class/thermal/thermal_zone{number}/temp", temperature)


def test_cpu_temperature_is_that_of_the_processors_zone(tmp_path: Path) -> None:
    zone(tmp_path, 0, "nvme", 70000)
    zone(tmp_path, 1, "cpu-thermal", 48312)
    put(tmp_path, "sys/class/thermal/cooling_device0/type", "gpio-fan")
    assert system.cpu_temperature(tmp_path) == pytest.approx(48.312)


def test_cpu_temperature_is_that_of_the_first_zone_where_none_is_named_so(tmp_path: Path) -> None:
    zone(tmp_path, 1, "other", 70000)
    zone(tmp_path, 0, "acpitz", 40000)
    assert system.cpu_temperature(tmp_path) == 40.0


def test_machine_without_thermal_zones_says_so(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match=r"no thermal zone.*Leave out cpu_temperature"):
        system.cpu_temperature(tmp_path)


def test_cpu_load_is_in_per_cent_of_the_cores(tmp_path: Path) -> None:
    put(tmp_path, "proc/loadavg", "0.50 0.40 0.30 1/234 5678")
    assert system.cpu_load(tmp_path, cpus=4) == 12.5
    assert system.cpu_load(tmp_path) == pytest.approx(50 / (os.cpu_count() or 1))


def test_memory_that_can_be_got_back_is_not_used(tmp_path: Path) -> None:
    put(tmp_path, "proc/meminfo", MEMINFO)
    assert system.memory_used(tmp_path) == 25.0


def test_memory_that_the_kernel_does_not_tell_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "proc/meminfo", "MemTotal: 4000 kB")
    with pytest.raises(HardwareError, match="MemAvailable"):
        system.memory_used(tmp_path)


def test_disk_counts_as_df_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = (4096, 4096, 1000, 400, 300, 0, 0, 0, 0, 255)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(sizes))
    # 600 used, 300 to be had; 100 are kept for root.
    assert system.disk_used(str(tmp_path)) == pytest.approx(66.667, abs=0.001)


def test_disk_of_no_size_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((0,) * 10))
    assert system.disk_used("/proc") == 0


def test_disk_is_that_of_the_directory(tmp_path: Path) -> None:
    assert 0 <= system.disk_used(str(tmp_path)) <= 100
    with pytest.raises(HardwareError, match=r"gone: No such file.*Correct `path`"):
        system.disk_used(str(tmp_path / "gone"))


@pytest.mark.parametrize("folder", [FIRMWARE, FIRMWARE_PI5])
def test_flags_of_the_firmware_are_hexadecimal(tmp_path: Path, folder: str) -> None:
    put(tmp_path, f"{folder}/get_throttled", "50005")
    assert system.throttled(tmp_path) == 0x50005


def test_kernel_without_flags_says_so(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="Use under_voltage"):
        system.throttled(tmp_path)


def test_flags_that_are_no_number_are_an_error(tmp_path: Path) -> None:
    put(tmp_path, f"{FIRMWARE}/get_throttled", "none")
    with pytest.raises(SensorSilent, match="'none'; expected a hexadecimal number"):
        system.throttled(tmp_path)


@pytest.mark.parametrize("alarm", [0, 1])
def test_under_voltage_is_asked_of_hwmon_and_leaves_the_flags_alone(
    tmp_path: Path, alarm: int
) -> None:
    add_hwmon(tmp_path, 0, "cpu_thermal", "virtual/thermal", temp1_input=1)
    add_hwmon(tmp_path, 1, "rpi_volt", "soc/soc:firmware/raspberrypi-hwmon", in0_lcrit_alarm=alarm)
    put(tmp_path, f"{FIRMWARE}/get_throttled", "unread")
    assert system.under_voltage(tmp_path) == alarm


@pytest.mark.parametrize(("flags", "value"), [("50005", 1), ("50000", 0), ("4", 0)])
def test_under_voltage_is_bit_0_of_the_flags_elsewhere(
    tmp_path: Path, flags: str, value: int
) -> None:
    put(tmp_path, f"{FIRMWARE}/get_throttled", flags)
    assert system.under_voltage(tmp_path) == value


def test_machine_that_is_no_pi_knows_no_under_voltage(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match=r"rpi_volt.*Leave out under_voltage"):
        system.under_voltage(tmp_path)


def fill(root: Path) -> None:
    """A Pi that tells everything."""
    zone(root, 0, "cpu-thermal", 48312)
    put(root, "proc/loadavg", "0.00 0.40 0.30 1/234 5678")
    put(root, "proc/meminfo", MEMINFO)
    put(root, f"{FIRMWARE}/get_throttled", "1")


@pytest.mark.parametrize(
    ("gauge", "value"),
    [
        (Gauge.CPU_TEMPERATURE, "48.31"),
        (Gauge.CPU_LOAD, "0"),
        (Gauge.MEMORY, "25"),
        (Gauge.THROTTLED, "1"),
        (Gauge.UNDER_VOLTAGE, "1"),
    ],
)
async def test_peripheral_reports_what_its_type_names(
    tmp_path: Path, gauge: Gauge, value: str
) -> None:
    fill(tmp_path)
    with Rig() as rig:
        sensor = System(SystemOptions(name="x", type=gauge, pin="V1"), rig.host, tmp_path)
        sensor.open(Opening.START)
        await rig.reached(lambda: rig.value("V1") == (value,))
        await sensor.close()


async def test_disk_reports_its_path(tmp_path: Path) -> None:
    options = SystemOptions(name="x", type="disk", pin="V1", path=str(tmp_path), decimals=0)
    with Rig() as rig:
        sensor = System(options, rig.host)
        sensor.open(Opening.START)
        await rig.reached(lambda: rig.value("V1") != ())
        await sensor.close()
        assert 0 <= int(rig.value("V1")[0]) <= 100


async def test_what_the_machine_cannot_tell_does_not_open(tmp_path: Path) -> None:
    options = SystemOptions(name="x", type="under_voltage", pin="V1")
    with Rig() as rig, pytest.raises(HardwareError):
        System(options, rig.host, tmp_path).open(Opening.START)
