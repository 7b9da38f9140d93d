"""What the kernel tells of the supply."""

from pathlib import Path

import pytest

from blynk_gateway.runtime.power import PowerSupply
from tests.helpers.power import weak_supply, with_flags


def test_a_machine_that_tells_nothing_is_known_for_it(tmp_path: Path) -> None:
    supply = PowerSupply(tmp_path)
    assert not supply.is_known
    assert supply.trouble() is None


def test_under_voltage_is_told_by_the_kernels_own_chip(tmp_path: Path) -> None:
    alarm = weak_supply(tmp_path, is_weak=False)
    # Reading these would have the kernel complain.
    with_flags(tmp_path, "f")
    supply = PowerSupply(tmp_path)
    assert supply.trouble() == ""
    alarm.write_text("1\n")
    assert supply.trouble() == "the supply is too weak (under-voltage)"
    alarm.write_text("what\n")
    assert supply.trouble() is None
    alarm.unlink()
    assert supply.trouble() is None


def test_another_chip_is_none_of_it(tmp_path: Path) -> None:
    weak_supply(tmp_path, is_weak=True).parent.joinpath("name").write_text("cpu_thermal\n")
    assert not PowerSupply(tmp_path).is_known


@pytest.mark.parametrize(
    ("flags", "trouble"),
    [
        ("0", ""),
        # Only what is so now: the high bits tell what was since the boot.
        ("50000", ""),
        ("50005", "the supply is too weak (under-voltage); the processor is slowed down"),
        ("a", "the processor's clock is capped; the processor is near its temperature limit"),
    ],
)
def test_without_the_chip_the_firmwares_flags_are_read(
    tmp_path: Path, flags: str, trouble: str
) -> None:
    with_flags(tmp_path, flags)
    assert PowerSupply(tmp_path).trouble() == trouble
