"""Checks of buses: those that are on where plain lines are wanted, and off where chips are."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from blynk_gateway.cli.doctor.account import READ, WRITE, group_of
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.cli.doctor.usage import line_users, spi_users
from blynk_gateway.config.gpio.common import HardwarePwm
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.config.gpio.outputs import ServoOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.core.header import (
    ONE_WIRE_ELSEWHERE,
    ONE_WIRE_SETTING,
    SPI0_CHIP_SELECTS,
    SPI0_SETTING,
    Bus,
    line_uses,
)
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.boot_lines import CONFIG_TXT
from blynk_gateway.gpio.lines.kernel_pwm import explain_kernel_pwm
from blynk_gateway.gpio.sensors.onewire import find_thermometer, has_bus

_SIGNS: Mapping[Bus, str] = MappingProxyType(
    {
        Bus.I2C: "/dev/i2c-1",
        Bus.SPI0: "/dev/spidev0.*",
        Bus.SPI1: "/dev/spidev1.*",
        Bus.UART: "/dev/serial0",
    }
)
"""The device node that shows that a bus is on."""


def check_buses(case: Case) -> Iterator[Finding]:
    """Lines that are used are no bus at the same time; the SPI bus is on where it is used."""
    if case.options.gpio.factory in (Factory.MOCK, Factory.NONE):
        return
    yield from _check_lines_of_buses(case)
    yield from _check_console(case)
    yield from _check_spi(case)


def check_one_wire(case: Case) -> Iterator[Finding]:
    """Each configured thermometer is on the 1-Wire bus."""
    for name, peripheral in case.options.gpio.peripherals.items():
        if not isinstance(peripheral, OneWireOptions):
            continue
        try:
            found = find_thermometer(case.root, peripheral.id)
        except SensorSilent as error:
            yield fault("1-Wire", f"{name}: {error}", f"{error.hint}")
        else:
            yield ok("1-Wire", f"{name}: {found.name}")


def check_hardware_pwm(case: Case) -> Iterator[Finding]:
    """Servos have hardware PWM: with that of software they tremble."""
    if case.options.gpio.factory in (Factory.MOCK, Factory.NONE):
        return
    for name, peripheral in case.options.gpio.peripherals.items():
        if not isinstance(peripheral, ServoOptions):
            continue
        if peripheral.hardware_pwm is HardwarePwm.NEVER:
            continue
        # What is exported while the daemon runs is most likely its own.
        reason = explain_kernel_pwm(
            peripheral.line, case.at("/sys/class/pwm"), take_over=case.daemon is not None
        )
        if reason is None:
            yield ok("hardware PWM", f"{name} on GPIO{peripheral.line}")
        else:
            yield warning(
                "hardware PWM",
                f"{name} gets none and may tremble: {reason}",
                "See `blynk-gateway gpio config-txt`, or set `hardware_pwm: never`.",
            )


def _check_lines_of_buses(case: Case) -> Iterator[Finding]:
    has_wire = has_bus(case.root) and not _is_wire_elsewhere(case)
    for user in line_users(case.options.gpio):
        for use in line_uses(user.line):
            sign = _sign(case, user.line, use.bus)
            advice = f"Use another line, or remove `{use.setting}` from {CONFIG_TXT} and restart."
            if use.bus is Bus.ONE_WIRE and has_wire:
                sign = "a 1-Wire bus is there, by default on this line"
                advice = f"Use another line, or have `{ONE_WIRE_ELSEWHERE}` in {CONFIG_TXT}."
            if sign:
                yield warning(
                    str(use.bus),
                    f"{user} is {use}, and that is switched on ({sign})",
                    advice,
                )


def _is_wire_elsewhere(case: Case) -> bool:
    path = case.at(CONFIG_TXT)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    overlays = [line for line in lines if line.strip().startswith(ONE_WIRE_SETTING)]
    return bool(overlays) and all("gpiopin=" in line for line in overlays)


def _sign(case: Case, line: int, bus: Bus) -> str:
    pattern = _SIGNS.get(bus)
    if line in SPI0_CHIP_SELECTS:
        pattern = f"/dev/spidev0.{SPI0_CHIP_SELECTS.index(line)}"
    if pattern is None:
        return ""
    folder, _, name = pattern.rpartition("/")
    found = sorted(case.at(folder).glob(name))
    return f"{folder}/{found[0].name}" if found else ""


def _check_console(case: Case) -> Iterator[Finding]:
    """The kernel's console on the UART writes to a line that is used."""
    path = case.at("/proc/cmdline")
    words = path.read_text().split() if path.exists() else []
    consoles = [word for word in words if word.startswith(("console=serial0", "console=ttyAMA0"))]
    consoles += [word for word in words if word.startswith("console=ttyS0")]
    for user in line_users(case.options.gpio):
        if consoles and any(use.bus is Bus.UART for use in line_uses(user.line)):
            yield warning(
                "serial console",
                f"{user} is the console of the kernel ({consoles[0]})",
                "Run `sudo raspi-config nonint do_serial_cons 1`, then restart.",
            )


def _check_spi(case: Case) -> Iterator[Finding]:
    name = str(Bus.SPI0)
    for user in spi_users(case.options.gpio):
        node = case.at(f"/dev/spidev0.{user.device}")
        if not node.exists():
            yield fault(
                name,
                f"{user.name} needs /dev/spidev0.{user.device}, which is not there",
                f"Add `{SPI0_SETTING}` to {CONFIG_TXT} and restart.",
            )
        elif not case.account.may(node, READ | WRITE):
            group = group_of(node) or "spi"
            yield fault(
                name,
                f"{case.account.name}, who runs the daemon, may not use {node} for {user.name}",
                f"Run `sudo usermod -aG {group} {case.account.name}`, then restart the daemon.",
            )
        else:
            yield ok(name, f"{node} for {user.name}")
