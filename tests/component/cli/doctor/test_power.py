import pytest

from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.power import check_power
from tests.component.cli.doctor.conftest import Machine


@pytest.mark.parametrize(
    ("alarm", "level", "text"),
    [
        ("0", Level.OK, "it is good"),
        ("1", Level.WARNING, "the supply is too weak (under-voltage)"),
    ],
)
def test_supply_is_judged_by_what_the_kernel_says(
    machine: Machine, alarm: str, level: Level, text: str
) -> None:
    machine.file("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    machine.file("sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert machine.only(check_power)[:2] == (level, text)


def test_machine_that_does_not_tell_is_not_judged(machine: Machine) -> None:
    assert machine.find(check_power) == []
