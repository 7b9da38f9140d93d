"""Whether the Pi's supply is good, as the kernel tells it."""

from collections.abc import Iterator
from pathlib import Path

HWMON = "sys/class/hwmon"
UNDER_VOLTAGE_CHIP = "rpi_volt"
"""Source: drivers/hwmon/raspberrypi-hwmon.c, in kernels of all makers; it asks the firmware every
two seconds by itself, so that reading costs nothing."""

THROTTLED = "sys/devices/platform/*/*:firmware/get_throttled"
"""Only where there is no such chip: reading it has the kernel complain in its log, once. Source:
drivers/firmware/raspberrypi.c of Raspberry Pi's kernels."""

UNDER_VOLTAGE, CAPPED, SLOWED, HOT = 1, 2, 4, 8
"""Bits of what is so now. Source: documentation of `vcgencmd get_throttled`."""

_WORDS = {
    UNDER_VOLTAGE: "the supply is too weak (under-voltage)",
    CAPPED: "the processor's clock is capped",
    SLOWED: "the processor is slowed down",
    HOT: "the processor is near its temperature limit",
}


class PowerSupply:
    """Reads it; finds out at first where.

    Args:
        root: where `/sys` is.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._alarm = next(_alarms(root), None)
        self._flags = None if self._alarm else next(root.glob(THROTTLED), None)

    @property
    def is_known(self) -> bool:
        """Whether this machine tells it at all."""
        return self._alarm is not None or self._flags is not None

    def trouble(self) -> str | None:
        """What is wrong now, for people; empty for nothing, None if it cannot be read now."""
        try:
            if self._alarm is not None:
                return _WORDS[UNDER_VOLTAGE] if int(self._alarm.read_text()) else ""
            if self._flags is not None:
                flags = int(self._flags.read_text(), 16)
                return "; ".join(text for bit, text in _WORDS.items() if flags & bit)
        except (OSError, ValueError):
            return None
        return None


def _alarms(root: Path) -> Iterator[Path]:
    for name in sorted((root / HWMON).glob("hwmon*/name")):
        try:
            is_it = name.read_text().strip() == UNDER_VOLTAGE_CHIP
        except (OSError, ValueError):
            continue
        if is_it:
            yield name.parent / "in0_lcrit_alarm"
