"""Thermometers on the 1-Wire bus, as w1_therm of the kernel shows them."""

import asyncio
import threading
from pathlib import Path

import pytest

from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors import onewire
from blynk_gateway.gpio.sensors.onewire import (
    OneWire,
    find_thermometer,
    has_bus,
    list_thermometers,
    read_thermometer,
)
from tests.helpers.gpio import Rig
from tests.helpers.patience import PATIENCE_S
from tests.helpers.sensors import add_thermometer, put

FIRST, SECOND = "28-0316a2790001", "28-0316a2790002"

# As the kernel printed it (6.12).
GOOD_SLAVE = "58 01 4b 46 7f ff 0c 10 c2 : crc=c2 YES\n58 01 4b 46 7f ff 0c 10 c2 t=21500"
BAD_SLAVE = "58 01 4b 46 7f ff 0c 10 98 : crc=c2 NO\n58 01 4b 46 7f ff 0c 10 98 t=21500"


@pytest.mark.parametrize(
    ("text", "value"), [("21500", 21.5), ("-10125", -10.125), ("0", 0), ("125000", 125)]
)
def test_temperature_is_read_in_degrees(tmp_path: Path, text: str, value: float) -> None:
    assert read_thermometer(add_thermometer(tmp_path, FIRST, temperature=text)) == value


def test_older_kernels_are_read_by_their_two_lines(tmp_path: Path) -> None:
    assert read_thermometer(add_thermometer(tmp_path, FIRST, w1_slave=GOOD_SLAVE)) == 21.5


@pytest.mark.parametrize("slave", [BAD_SLAVE, "", "YES", "crc=c2 YES\nnothing"])
def test_wrong_checksum_is_no_reading(tmp_path: Path, slave: str) -> None:
    with pytest.raises(SensorSilent, match=f"{FIRST} did not answer"):
        read_thermometer(add_thermometer(tmp_path, FIRST, w1_slave=slave))


def test_empty_file_is_no_reading(tmp_path: Path) -> None:
    with pytest.raises(SensorSilent, match="did not answer"):
        read_thermometer(add_thermometer(tmp_path, FIRST, temperature=""))


@pytest.mark.parametrize("text", ["85000", "127937", "999999", "-55063"])
def test_what_no_conversion_gives_is_no_reading(tmp_path: Path, text: str) -> None:
    with pytest.raises(SensorSilent, match=r"says .* °C; expected a converted reading"):
        read_thermometer(add_thermometer(tmp_path, FIRST, temperature=text))


def test_nonsense_is_no_reading(tmp_path: Path) -> None:
    with pytest.raises(SensorSilent, match="'warm'; expected a temperature"):
        read_thermometer(add_thermometer(tmp_path, FIRST, temperature="warm"))


def test_only_thermometer_needs_no_id(tmp_path: Path) -> None:
    add_thermometer(tmp_path, FIRST)
    assert find_thermometer(tmp_path, None).name == FIRST


def test_thermometer_is_found_by_its_id_in_any_case(tmp_path: Path) -> None:
    for name in (FIRST, SECOND):
        add_thermometer(tmp_path, name)
    assert find_thermometer(tmp_path, SECOND.upper()).name == SECOND


def test_several_thermometers_want_an_id_and_are_listed(tmp_path: Path) -> None:
    for name in (FIRST, SECOND):
        add_thermometer(tmp_path, name)
    with pytest.raises(SensorSilent, match=f"found {FIRST}, {SECOND}; expected `id`"):
        find_thermometer(tmp_path, None)


def test_missing_thermometer_is_named_with_what_is_there(tmp_path: Path) -> None:
    add_thermometer(tmp_path, FIRST)
    with pytest.raises(SensorSilent, match=f"no {SECOND}; found {FIRST}"):
        find_thermometer(tmp_path, SECOND)


def test_empty_bus_and_missing_bus_are_told_apart(tmp_path: Path) -> None:
    assert not has_bus(tmp_path)
    with pytest.raises(SensorSilent, match="dtoverlay=w1-gpio"):
        find_thermometer(tmp_path, None)
    put(tmp_path, "sys/bus/w1/devices/w1_bus_master1/w1_master_slaves", "not found.")
    assert has_bus(tmp_path)
    with pytest.raises(SensorSilent, match="no thermometer; found none"):
        find_thermometer(tmp_path, None)


def test_other_things_on_the_bus_are_no_thermometers(tmp_path: Path) -> None:
    for name in ("10-000802824e58", "29-000000123456", "00-400000000000", FIRST):
        add_thermometer(tmp_path, name)
    assert [path.name for path in list_thermometers(tmp_path)] == ["10-000802824e58", FIRST]


async def test_peripheral_reports(tmp_path: Path) -> None:
    add_thermometer(tmp_path, FIRST, temperature=21500)
    options = OneWireOptions(name="t", type="ds18b20", pin="V1", scale=1.8, offset=32)
    with Rig() as rig:
        sensor = OneWire(options, rig.host, tmp_path)
        sensor.open(Opening.START)
        await rig.reached(lambda: rig.value("V1") == ("70.7",))
        await sensor.close()


async def test_peripheral_without_its_thermometer_does_not_open(tmp_path: Path) -> None:
    options = OneWireOptions(name="t", type="ds18b20", pin="V1")
    with Rig() as rig, pytest.raises(SensorSilent, match="no 1-Wire bus"):
        OneWire(options, rig.host, tmp_path).open(Opening.START)


async def test_thermometers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_thermometer(tmp_path, FIRST)
    entered: list[str] = []
    inside = 0
    most = 0
    go_on = threading.Event()

    def slow(path: Path) -> float:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        entered.append(path.name)
        go_on.wait(PATIENCE_S)
        inside -= 1
        return 1.0

    monkeypatch.setattr(onewire, "read_thermometer", slow)
    options = OneWireOptions(name="t", type="ds18b20", pin="V1")
    with Rig() as rig:
        sensors = [OneWire(options, rig.host, tmp_path) for _ in range(3)]
        tasks = asyncio.gather(*(sensor.read() for sensor in sensors))
        await rig.reached(lambda: len(entered) == 1)
        # A second one that did not wait for its turn would be in by now.
        await rig.settled()
        go_on.set()
        assert await tasks == [1.0, 1.0, 1.0]
    assert most == 1
