"""PWM made by the Pi's own hardware, through the kernel: `/sys/class/pwm`.

It is used only where all of this is known to be so; otherwise nothing is touched:

1. The board's PWM block for the header is there, by the name of its device.
2. The device tree connects the line to it: an overlay, `dtoverlay=pwm-2chan`, did. A channel works
   without that too, but its signal comes out nowhere.
3. The channel is free: no other program exported it, no kernel driver holds it.
4. We may write to it: on Raspberry Pi OS udev gives it to the group gpio soon after the export.

What another program did to the line's function since boot cannot be seen without root.
"""

import errno
import logging
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from blynk_gateway.core.header import HARDWARE_PWM_LINES
from blynk_gateway.errors import LineUnavailable

log = logging.getLogger(__name__)

PWM_CLASS = Path("/sys/class/pwm")

OVERLAY_FUNCTIONS = {12: 4, 13: 4, 18: 2, 19: 2}
"""The alternative function of a line that is PWM, as the overlays count them (4 is Alt0, 2 Alt5).

Source: `pwm-2chan` in the README of the firmware's overlays.
"""

# Channel of each line, by the device of the PWM block whose channels reach the header. Source: the
# device trees; on BCM2711 pwm@7e20c800 and on RP1 1f0009c000.pwm belong to sound and the fan.
TWO_CHANNELS = {12: 0, 13: 1, 18: 0, 19: 1}
_FOUR_CHANNELS = {12: 0, 13: 1, 18: 2, 19: 3}
_CHANNELS = {
    "2020c000.pwm": TWO_CHANNELS,  # Pi 1 and Zero
    "3f20c000.pwm": TWO_CHANNELS,  # Pi 2, 3 and Zero 2
    "fe20c000.pwm": TWO_CHANNELS,  # Pi 4
    "1f00098000.pwm": _FOUR_CHANNELS,  # Pi 5
}

# udev gives the files of a channel to the group some 10 ms after the export, later on a busy Pi 1.
_GRANT_STEP_S = 0.005
_GRANT_STEPS = 60

_CELL_BYTES = 4


class KernelPwm:
    """One channel, ours from `find_kernel_pwm` to `close`.

    It is silent at first, unless it was taken over while it ran.

    Args:
        chip: `/sys/class/pwm/pwmchip0`.
        channel: its number on the chip; exported already.
    """

    def __init__(self, chip: Path, channel: int) -> None:
        self._chip = chip
        self._channel = channel
        self._path = chip / f"pwm{channel}"
        self._period_ns = 0
        self._is_enabled = False
        self._is_closed = False

    def __str__(self) -> str:
        return f"channel {self._channel} of {self._chip.name}"

    def start(self, period_ns: int, duty_ns: int) -> None:
        """Send pulses from now on, or change them.

        Args:
            period_ns: from one pulse to the next, ns; above 0.
            duty_ns: length of a pulse, 0 to `period_ns`.

        Raises:
            LineUnavailable: the kernel refused; the signal may be the old one.
        """
        if not 0 <= duty_ns <= period_ns or not period_ns:
            raise LineUnavailable(
                f"{self} was asked for pulses of {duty_ns} ns every {period_ns} ns;"
                " expected them no longer than their period"
            )
        # The kernel refuses at each moment a pulse that is longer than its period.
        names = ["duty_cycle", "period"]
        if period_ns > self._period_ns:
            names.reverse()
        values = {"duty_cycle": duty_ns, "period": period_ns}
        for name in names:
            if name == "duty_cycle" or period_ns != self._period_ns:
                self._write(name, values[name])
        self._period_ns = period_ns
        if not self._is_enabled:
            self._write("enable", 1)
            self._is_enabled = True

    def stop(self) -> None:
        """Send no pulses; the line is low.

        Raises:
            LineUnavailable: the kernel refused.
        """
        if self._is_enabled:
            self._write("enable", 0)
            self._is_enabled = False

    def close(self) -> None:
        """Stop and give the channel back. May be called twice.

        Raises:
            LineUnavailable: the kernel refused; the channel counts as given back.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self.stop()
        finally:
            _unexport(self._chip, self._channel)

    @property
    def duty(self) -> float:
        """Share of the time for which the line is high, 0 to 1, as the kernel has it.

        Raises:
            LineUnavailable: the kernel does not tell.
        """
        if not self._is_enabled or not self._period_ns:
            return 0.0
        try:
            return int(_read(self._path / "duty_cycle")) / self._period_ns
        except (OSError, ValueError) as error:
            raise LineUnavailable(
                f"the kernel does not tell duty_cycle of PWM {self}; expected a number of ns"
            ) from error

    def begin(self) -> None:
        """Learn the state of the channel, and see to it that pulses are high.

        Raises:
            OSError: it cannot be done.
        """
        self._is_enabled = _read(self._path / "enable") == "1"
        # Another program's doing; it can be changed only while the channel is silent.
        if _read(self._path / "polarity") == "inversed":
            _put(self._path / "enable", 0)
            _put(self._path / "polarity", "normal")
            self._is_enabled = False
        period = _read(self._path / "period")
        self._period_ns = int(period) if period.isdigit() else 0

    def _write(self, name: str, value: int) -> None:
        try:
            _put(self._path / name, value)
        except OSError as error:
            raise LineUnavailable(
                f"the kernel refused {name} {value} of PWM {self}: {error.strerror};"
                " expected the channel to stay ours"
            ) from error


def find_kernel_pwm(
    line: int, root: Path = PWM_CLASS, *, take_over: bool = False
) -> KernelPwm | None:
    """Claim the hardware PWM of a line, where it is there and free; the reason if not is logged.

    Takes up to 0.3 s where udev is slow.

    Args:
        root: where the kernel shows its PWM chips.
        take_over: also a channel that is exported: a daemon that died left it behind, and it goes
            on as it is. Without this it is somebody else's.
    """
    found = _look(line, root, take_over)
    if isinstance(found, str):
        _not_used(line, found)
        return None
    chip, channel = found
    try:
        if not (chip / f"pwm{channel}").exists():
            _put(chip / "export", channel)
    except OSError as error:
        _not_used(line, f"exporting channel {channel} of {chip.name} failed: {error.strerror}")
        return None
    pwm = KernelPwm(chip, channel)
    try:
        _await_grant(chip / f"pwm{channel}")
        pwm.begin()
    except OSError as error:
        _unexport(chip, channel)
        _not_used(line, f"channel {channel} of {chip.name} is not for us: {error.strerror}")
        return None
    log.info("hardware PWM claimed", extra={"line": line, "channel": str(pwm)})
    return pwm


def explain_kernel_pwm(line: int, root: Path = PWM_CLASS, *, take_over: bool = False) -> str | None:
    """Why a line has no hardware PWM to be claimed, None if it has. Changes nothing.

    Args:
        take_over: whether a channel that is exported already will do, as it is the daemon's.
    """
    found = _look(line, root, take_over)
    return found if isinstance(found, str) else None


def _not_used(line: int, reason: str) -> None:
    log.info("hardware PWM not used", extra={"line": line, "reason": reason})


def _look(line: int, root: Path, take_over: bool) -> tuple[Path, int] | str:
    """Chip and channel, or why there are none to use."""
    if line not in HARDWARE_PWM_LINES:
        return f"GPIO{line} has none; expected GPIO12, 13, 18 or 19"
    try:
        found = _find_chip(root)
        if found is None:
            return (
                "the kernel shows no PWM for the header;"
                f" expected dtoverlay=pwm,pin={line},func={OVERLAY_FUNCTIONS[line]} in config.txt"
            )
        chip, channels = found
        channel = channels[line]
        fault = _find_fault_of_mux(chip, line) or _find_fault_of_use(chip, channel, take_over)
    except OSError as error:
        return f"{error.filename} could not be read: {error.strerror}"
    else:
        return fault or (chip, channel)


def _find_chip(root: Path) -> tuple[Path, dict[int, int]] | None:
    # Chips are numbered in the order in which drivers load, which changed from kernel to kernel.
    for chip in sorted(root.glob("pwmchip*")):
        channels = _CHANNELS.get((chip / "device").resolve().name)
        if channels is not None:
            return chip, channels
    return None


def _find_fault_of_use(chip: Path, channel: int, take_over: bool) -> str | None:
    """Why a channel cannot be exported or taken over, None if it can."""
    if (chip / f"pwm{channel}").exists():
        if take_over:
            return None
        return f"channel {channel} of {chip.name} is exported; expected no other program to use it"
    if not os.access(chip / "export", os.W_OK):
        return f"{chip / 'export'} may not be written; expected it to be the group gpio's"
    return None


def _find_fault_of_mux(chip: Path, line: int) -> str | None:
    """Why the device tree does not connect a line to the chip, None if it does.

    The PWM's node names by handle (`pinctrl-0`) nodes within the GPIO controller beside it. Those
    list lines and functions as numbers (`brcm,pins`, the overlays) or as words (`pins`).
    """
    node = (chip / "device" / "of_node").resolve()
    handles = set(_cells(node / "pinctrl-0"))
    function = OVERLAY_FUNCTIONS[line]
    for group in node.parent.glob("gpio@*/*/phandle"):
        if handles.isdisjoint(_cells(group)):
            continue
        for pins in (group.parent, *(path for path in group.parent.iterdir() if path.is_dir())):
            functions = _functions(pins)
            if line not in functions:
                continue
            if functions[line] in (str(function), f"alt{0 if function == 4 else 5}", "pwm0"):  # noqa: PLR2004  as the overlays count
                return None
            return (
                f"GPIO{line} has function {functions[line] or 'unknown'} in the device tree;"
                f" expected func={function} in the line dtoverlay=pwm of config.txt"
            )
    return (
        f"the device tree does not connect GPIO{line} to PWM;"
        f" expected dtoverlay=pwm,pin={line},func={function} in config.txt"
    )


def _functions(pins: Path) -> dict[int, str]:
    """Function of each line in a node of the GPIO controller, empty text where none is said."""
    if (pins / "brcm,pins").exists():
        lines = list(_cells(pins / "brcm,pins"))
        functions = [str(cell) for cell in _cells(pins / "brcm,function")]
    else:
        words = _words(pins / "pins")
        lines = [int(word[4:]) for word in words if word[:4] == "gpio" and word[4:].isdigit()]
        functions = []
    # A node may say the function in a word also where it gives the lines as numbers.
    functions = functions or list(_words(pins / "function")) or [""]
    # One function stands for all lines.
    return {
        line: functions[index] if index < len(functions) else functions[-1]
        for index, line in enumerate(lines)
    }


def _cells(path: Path) -> Iterator[int]:
    """The 32-bit numbers of a property, which are big-endian; none if there is no such property."""
    data = path.read_bytes() if path.exists() else b""
    for (cell,) in struct.iter_unpack(">I", data[: len(data) // _CELL_BYTES * _CELL_BYTES]):
        yield cell


def _words(path: Path) -> list[str]:
    """The texts of a property, each of which ends with a zero byte."""
    text = path.read_bytes().decode("ascii", "replace") if path.exists() else ""
    return [word for word in text.split("\0") if word]


def _await_grant(path: Path) -> None:
    """Wait until udev has given us an exported channel.

    Raises:
        PermissionError: it did not.
    """
    for _ in range(_GRANT_STEPS):
        if all(os.access(path / name, os.W_OK) for name in ("period", "duty_cycle", "enable")):
            return
        time.sleep(_GRANT_STEP_S)
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _unexport(chip: Path, channel: int) -> None:
    try:
        _put(chip / "unexport", channel)
    except OSError as error:
        log.debug("channel not given back", extra={"chip": chip.name, "error": str(error)})


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _put(path: Path, value: int | str) -> None:
    # Never makes a file: what is not there is an error.
    handle = os.open(path, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(handle, str(value).encode())
    finally:
        os.close(handle)
