"""Checks of the library, the chip and the lines that the configuration uses."""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from blynk_gateway.cli.doctor.account import READ, WRITE, group_of
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.cli.doctor.usage import LineUser, line_users, uses_lines
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import GatewayError, HardwareError
from blynk_gateway.gpio.lines.chip import CONSUMER, ChipInfo, LineInfo, find_chip, read_lines

FindChip: TypeAlias = Callable[[Path], ChipInfo]
ReadLines: TypeAlias = Callable[[str, Iterable[int]], list[LineInfo]]

OWN_CONSUMERS = frozenset({CONSUMER.decode(), "lg"})
"""What our lines are called: by ourselves, and by lgpio unless it is told otherwise."""

_LIBRARIES = {
    Factory.LGPIO: ("lgpio", "python3-lgpio"),
    Factory.RPIGPIO: ("RPi.GPIO", "python3-rpi.gpio"),
    Factory.PIGPIO: ("pigpio", "python3-pigpio"),
}
"""Module and package of each back end that gpiozero does not bring itself."""

_NO_CHIP_NEEDED = frozenset({Factory.NONE, Factory.MOCK, Factory.PIGPIO})
"""With pigpio the lines are those of a process of its own."""


def has_module(name: str) -> bool:
    """Whether a module could be imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        # Of its parent.
        return False


def check_library(case: Case, has: Callable[[str], bool] = has_module) -> Iterator[Finding]:
    """The library that is to drive the lines is installed."""
    name, options = "gpio library", case.options.gpio
    factory = options.factory
    if case.faults:
        # What the configuration uses is unknown.
        return
    if not uses_lines(options):
        yield ok(name, "none needed: the configuration uses no line")
    elif factory is Factory.NONE:
        yield warning(
            name,
            "gpio.factory is none: lines are configured and nothing drives them",
            "Set gpio.factory to auto.",
        )
    elif factory is Factory.MOCK:
        yield ok(name, "gpio.factory is mock: pins are simulated")
    elif not has("gpiozero"):
        yield _missing(name, "gpiozero", "python3-gpiozero")
    elif factory is Factory.AUTO:
        yield from _check_any_library(name, has)
    elif factory in _LIBRARIES and not has(_LIBRARIES[factory][0]):
        yield _missing(name, *_LIBRARIES[factory])
    else:
        yield ok(name, f"gpiozero with {factory}")


def check_chip(case: Case, find: FindChip = find_chip) -> Iterator[Finding]:
    """The chip with the header is there, and the daemon may use it."""
    name = "gpio chip"
    if not _needs_chip(case):
        return
    nodes = sorted(case.at("/dev").glob("gpiochip*"))
    denied = [node for node in nodes if not case.account.may(node, READ | WRITE)]
    try:
        chip = find(case.at("/dev"))
    except HardwareError as error:
        if nodes and not denied:
            yield warning(
                name,
                f"you may not look at {nodes[0]}, but the daemon's user may",
                "Run `sudo blynk-gateway doctor`.",
            )
        else:
            yield fault(name, str(error), "Do as it says; then restart the daemon.")
        return
    text = f"{chip.path}, {chip.label}"
    if Path(chip.path) in denied:
        group = group_of(Path(chip.path)) or "gpio"
        yield fault(
            name,
            f"{text}: {case.account.name}, who runs the daemon, is not in the group {group}",
            f"Run `sudo usermod -aG {group} {case.account.name}`, then restart the daemon.",
        )
    else:
        yield ok(name, text)


def check_lines(
    case: Case, find: FindChip = find_chip, read: ReadLines = read_lines
) -> Iterator[Finding]:
    """No configured line is somebody else's."""
    name = "gpio lines"
    users = list(line_users(case.options.gpio))
    if not (users and _needs_chip(case)):
        return
    lines = sorted({user.line for user in users})
    try:
        infos = {info.line: info for info in read(find(case.at("/dev")).path, lines)}
    except HardwareError:
        # `check_chip` tells why.
        return
    held = _held_lines(case)
    taken = [user for user in users if _is_foreign(case, infos[user.line], held)]
    for user in taken:
        yield _foreign(name, user, infos[user.line])
    if not taken:
        count = f"{len(lines)} lines are" if len(lines) > 1 else "1 line is"
        yield ok(name, f"{count} free, or the daemon's")


def _needs_chip(case: Case) -> bool:
    options = case.options.gpio
    return uses_lines(options) and options.factory not in _NO_CHIP_NEEDED


def _missing(name: str, module: str, package: str) -> Finding:
    return fault(
        name,
        f"{module} is not installed for the Python that runs this program",
        f"Run `sudo apt install {package}`.",
    )


def _check_any_library(name: str, has: Callable[[str], bool]) -> Iterator[Finding]:
    there = [str(factory) for factory, (module, _) in _LIBRARIES.items() if has(module)]
    if there and there[0] == Factory.LGPIO:
        yield ok(name, "gpiozero with lgpio")
    else:
        yield warning(
            name,
            f"lgpio is not installed; found {', '.join(there) or 'none of its kind'}",
            "Run `sudo apt install python3-lgpio`: the others do not work on every Pi.",
        )


def _held_lines(case: Case) -> frozenset[int]:
    """The lines of the running daemon's peripherals that work."""
    if not case.daemon:
        return frozenset()
    try:
        state: dict[str, Any] = case.client.request("GET", "/api/v1/gpio")
    except GatewayError:
        # `check_daemon` tells why.
        return frozenset()
    return frozenset(
        line for one in state["peripherals"] if not one["fault"] for line in one["lines"]
    )


def _is_foreign(case: Case, info: LineInfo, held: frozenset[int]) -> bool:
    if not info.is_used or info.line in held:
        return False
    return case.daemon is None or info.consumer not in OWN_CONSUMERS


def _foreign(name: str, user: LineUser, info: LineInfo) -> Finding:
    holder = f'"{info.consumer}"' if info.consumer else "a kernel driver or another function"
    return fault(
        name,
        f"{user} is in use by {holder}; expected a free line",
        "Use another line, or stop that: a program, or an overlay in config.txt.",
    )
