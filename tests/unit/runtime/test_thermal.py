"""How warm the processor is."""

from pathlib import Path

import pytest

from blynk_gateway.runtime.thermal import find_cpu_temperature, find_cpu_zone


def zone(root: Path, number: int, kind: str | None, temperature: str | None) -> Path:
    folder = root / f"sys/class/thermal/thermal_zone{number}"
    folder.mkdir(parents=True)
    for name, text in (("type", kind), ("temp", temperature)):
        if text is not None:
            (folder / name).write_text(f"{text}\n")
    return folder / "temp"


@pytest.mark.parametrize("kind", ["cpu-thermal", "cpu_thermal"])
def test_the_processors_zone_goes_before_others(tmp_path: Path, kind: str) -> None:
    zone(tmp_path, 0, "nvme", "70000")
    found = zone(tmp_path, 1, kind, "48312")
    assert find_cpu_zone(tmp_path) == found
    assert find_cpu_temperature(tmp_path) == 48.312


def test_the_first_zone_is_taken_where_none_is_the_processors(tmp_path: Path) -> None:
    found = zone(tmp_path, 0, None, "-5000")
    zone(tmp_path, 1, "other", "70000")
    assert find_cpu_zone(tmp_path) == found
    assert find_cpu_temperature(tmp_path) == -5


def test_machine_without_zones_has_no_temperature(tmp_path: Path) -> None:
    assert find_cpu_zone(tmp_path) is None
    assert find_cpu_temperature(tmp_path) is None


@pytest.mark.parametrize("temperature", [None, "hot"])
def test_zone_that_does_not_answer_gives_no_temperature(
    tmp_path: Path, temperature: str | None
) -> None:
    zone(tmp_path, 0, "cpu-thermal", temperature)
    assert find_cpu_temperature(tmp_path) is None
