"""Sensors of the kernel as peripherals: opened, read in a thread, scaled, found again."""

import threading
from pathlib import Path

import pytest

from blynk_gateway.config.gpio.sensors import IioOptions
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors.kernel import KernelSensor
from tests.helpers.gpio import Rig

OPTIONS = IioOptions(name="x", type="iio", pin="V1", device="d", channel="c", scale=2, offset=0.5)


class Counting(KernelSensor[IioOptions]):
    """Reads 1, 2, 3 …"""

    is_there = True
    value = 0
    thread = ""

    def find(self) -> None:
        if not self.is_there:
            raise SensorSilent("nobody is there")

    def measure(self) -> float:
        self.find()
        self.thread = threading.current_thread().name
        self.value += 1
        return self.value


async def test_reading_is_scaled_and_then_shifted() -> None:
    with Rig() as rig:
        sensor = Counting(OPTIONS, rig.host)
        assert [await sensor.read(), await sensor.read()] == [2.5, 4.5]


async def test_reading_keeps_the_loop_free() -> None:
    with Rig() as rig:
        sensor = Counting(OPTIONS, rig.host)
        await sensor.read()
        assert sensor.thread != threading.current_thread().name


async def test_opened_sensor_reports_its_first_reading() -> None:
    with Rig() as rig:
        sensor = Counting(OPTIONS, rig.host)
        sensor.open(Opening.START)
        await rig.reached(lambda: rig.value("V1") == ("2.5",))
        await sensor.close()


async def test_sensor_that_is_not_there_fails_at_once_and_leaves_nothing_running() -> None:
    with Rig() as rig:
        sensor = Counting(OPTIONS, rig.host, Path("/nowhere"))
        sensor.is_there = False
        with pytest.raises(SensorSilent, match="nobody"):
            sensor.open(Opening.START)
        await sensor.close()
