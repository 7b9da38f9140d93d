"""Stands in for lgpio on a machine without a chip; tests put this folder on the path.

As the real one it changes to `$LG_WD` when imported, makes a named pipe there and keeps it open.
What the lines are told is noted in `calls`, their state in `claimed`.
"""

import os
from pathlib import Path
from typing import Any

RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128

calls: list[tuple[Any, ...]] = []
claimed: dict[int, str] = {}
busy: set[int] = set()
opened: list[int] = []


class error(Exception):  # noqa: N801  as lgpio calls it
    """What every function of lgpio raises."""


class _Notify:
    def __init__(self) -> None:
        if "LG_WD" in os.environ:
            os.chdir(os.environ["LG_WD"])
        name = ".lgd-nfy0"
        os.mkfifo(name)
        self._descriptor = os.open(name, os.O_RDWR | os.O_NONBLOCK)
        self._file = Path(name).open("rb")  # noqa: SIM115  open as long as the program runs

    def close(self) -> None:
        self._file.close()
        os.close(self._descriptor)


_notify_thread = _Notify()


def gpiochip_open(number: int) -> int:
    calls.append(("open", number))
    opened.append(number)
    return 40 + number


def gpiochip_close(handle: int) -> None:
    calls.append(("close", handle))
    opened.remove(handle - 40)


def gpio_claim_input(handle: int, line: int, flags: int = 0) -> None:
    _claim("input", handle, line, flags)


def gpio_claim_output(handle: int, line: int, level: int = 0) -> None:
    _claim("output", handle, line, level)


def gpio_free(handle: int, line: int) -> None:
    if line not in claimed:
        raise error("GPIO not allocated")
    calls.append(("free", handle, line))
    del claimed[line]


def gpio_read(handle: int, line: int) -> int:
    return 0


def gpio_write(handle: int, line: int, level: bool) -> None:
    calls.append(("write", handle, line, int(level)))


def gpio_get_mode(handle: int, line: int) -> int:
    return 2 if claimed.get(line) == "output" else 0


def tx_pwm(handle: int, line: int, frequency: int, duty: int) -> None:
    calls.append(("pwm", handle, line, frequency, duty))


def gpio_claim_alert(handle: int, line: int, edges: int, flags: int) -> None:
    _claim("alert", handle, line, edges)


class callback:  # noqa: N801  as lgpio calls it
    def __init__(self, handle: int, line: int, edges: int, call: Any) -> None:  # noqa: ANN401
        calls.append(("callback", handle, line, edges))
        self._line = line

    def cancel(self) -> None:
        calls.append(("cancel", self._line))


def _claim(kind: str, handle: int, line: int, more: int) -> None:
    if line in busy:
        raise error("GPIO busy")
    calls.append((kind, handle, line, more))
    claimed[line] = kind
