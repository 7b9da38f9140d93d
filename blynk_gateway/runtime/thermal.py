"""Where the kernel tells how warm the processor is."""

from pathlib import Path

THERMAL = "sys/class/thermal"
CPU_ZONES = ("cpu-thermal", "cpu_thermal")
"""The processor's zone. Source: device trees bcm2711, bcm2712; its name in older kernels."""

MILLIDEGREES = 1000
"""Of the kernel in one °C."""


def find_cpu_zone(root: Path) -> Path | None:
    """The file with the processor's temperature, or that of another zone where none is called so.

    Args:
        root: where `/sys` is.
    """
    zones = sorted((root / THERMAL).glob("thermal_zone*"))
    cpu = [zone for zone in zones if _type_of(zone) in CPU_ZONES]
    found = next(iter(cpu or zones), None)
    return None if found is None else found / "temp"


def find_cpu_temperature(root: Path) -> float | None:
    """Temperature of the processor, °C; None where nothing tells it. May take some ms."""
    zone = find_cpu_zone(root)
    try:
        return None if zone is None else float(zone.read_text()) / MILLIDEGREES
    except (OSError, ValueError):
        return None


def _type_of(zone: Path) -> str:
    try:
        return (zone / "type").read_text().strip()
    except (OSError, ValueError):
        return ""
