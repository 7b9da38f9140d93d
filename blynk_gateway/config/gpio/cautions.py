"""Warnings: what is allowed, and likely does not do what is meant."""

from collections import Counter

from blynk_gateway.config.gpio.common import DrivenOptions, HardwarePwm
from blynk_gateway.config.gpio.lines import claims
from blynk_gateway.config.gpio.outputs import PwmOptions, ServoOptions
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.header import HARDWARE_PWM_LINES, Bus, line_use

_PWM_LINES = "use 12, 13, 18 or 19"

_CAUTIOUS = frozenset({Bus.HAT_ID, Bus.I2C, Bus.SPI0, Bus.UART})
"""Buses that are on by default or on many systems; the others are on only where they are used."""


def warn_gpio(options: Options, scope: Scope) -> None:
    """Report what may be wrong with pins and peripherals."""
    _warn_of_buses(options, scope)
    _warn_of_software_pwm(options, scope)
    _warn_of_lonely_interlocks(options, scope)


def _warn_of_buses(options: Options, scope: Scope) -> None:
    for claim in claims(options.gpio):
        if claim.bus is None:
            _warn_of_bus(claim.line, claim.key, claim.key, scope)
    for index, line in enumerate(options.gpio.direct or ()):
        _warn_of_bus(line, "gpio.direct", f"gpio.direct[{index}]", scope)


def _warn_of_bus(line: int, key: str, place: str, scope: Scope) -> None:
    use = line_use(line)
    if use is None or use.bus not in _CAUTIOUS:
        return
    text = f"found GPIO {line}, which is {use}; "
    if use.setting:
        text += f"it works as a plain line only without {use.setting} in config.txt"
    else:
        text += "the firmware looks for a HAT there at each boot, use another line"
    scope.warn_at(key, text, place)


def _warn_of_software_pwm(options: Options, scope: Scope) -> None:
    for name, peripheral in options.gpio.peripherals.items():
        if not isinstance(peripheral, ServoOptions | PwmOptions):
            continue
        line = peripheral.line
        if line in HARDWARE_PWM_LINES or peripheral.hardware_pwm is HardwarePwm.NEVER:
            continue
        key = f"gpio.peripherals.{name}"
        text = f"found GPIO {line}, which has no hardware PWM: "
        if isinstance(peripheral, ServoOptions):
            scope.warn_at(f"{key}.line", f"{text}the servo will jitter; {_PWM_LINES}")
        elif f"{key}.hardware_pwm" in scope.places:
            # Lamps do well without, but this one asks for it.
            text += f"it will have steps of 1 %; {_PWM_LINES}"
            scope.warn_at(f"{key}.hardware_pwm", text)


def _warn_of_lonely_interlocks(options: Options, scope: Scope) -> None:
    driven = {
        name: peripheral.interlock
        for name, peripheral in options.gpio.peripherals.items()
        if isinstance(peripheral, DrivenOptions) and peripheral.interlock is not None
    }
    sizes = Counter(driven.values())
    for name, group in driven.items():
        if sizes[group] == 1:
            text = f"found {group}, which no other has: it keeps nothing apart; is it misspelt?"
            scope.warn_at(f"gpio.peripherals.{name}.interlock", text)
