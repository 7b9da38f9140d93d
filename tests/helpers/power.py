"""Files in which a kernel tells of a Pi's supply."""

from pathlib import Path


def weak_supply(root: Path, *, is_weak: bool) -> Path:
    """The chip of the kernel; returns the file that says so."""
    chip = root / "sys/class/hwmon/hwmon2"
    chip.mkdir(parents=True)
    (chip / "name").write_text("rpi_volt\n")
    alarm = chip / "in0_lcrit_alarm"
    alarm.write_text(f"{int(is_weak)}\n")
    return alarm


def with_flags(root: Path, flags: str) -> Path:
    """The flags of the firmware, hexadecimal."""
    folder = root / "sys/devices/platform/soc/soc:firmware"
    folder.mkdir(parents=True)
    path = folder / "get_throttled"
    path.write_text(f"{flags}\n")
    return path
