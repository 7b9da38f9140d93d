"""What is wrong with pins and peripherals, or likely is, and shows only between options."""

from collections import Counter
from collections.abc import Callable

from blynk_gateway.config.gpio.common import (
    DrivenOptions,
    HardwarePwm,
    Level,
    PeripheralOptions,
    Pull,
)
from blynk_gateway.config.gpio.inputs import AdcOptions, DistanceOptions, LightOptions
from blynk_gateway.config.gpio.lines import Claim, channel_count, claims, open_lines
from blynk_gateway.config.gpio.outputs import EnergenieOptions, PwmOptions, ServoOptions
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.direct import PinMode
from blynk_gateway.core.header import (
    FIXED_PULL_OHM,
    HARDWARE_PWM_LINES,
    LINES,
    Bus,
    fixed_pull,
    line_use,
)

_RESISTOR = f"has a resistor of {FIXED_PULL_OHM / 1000} kΩ to 3.3 V on the board"

_MODES_WITHOUT_PULL_UP = frozenset({PinMode.IN, PinMode.PULL_DOWN})

_PWM_LINES = "use 12, 13, 18 or 19"

_CAUTIOUS = frozenset({Bus.HAT_ID, Bus.I2C, Bus.SPI0, Bus.UART})
"""Buses that are on by default or on many systems; the others are on only where they are used."""


def check_gpio(options: Options, scope: Scope) -> None:
    """Report every contradiction between pins, peripherals and direct pins.

    What is allowed and likely does not do what is meant gets a warning.
    """
    for check_one in _CHECKS:
        check_one(options, scope)


def _check_lines(options: Options, scope: Scope) -> None:
    holders: dict[int, Claim] = {}
    for claim in claims(options.gpio):
        holder = holders.setdefault(claim.line, claim)
        if holder is claim or (holder.sharing and holder.sharing == claim.sharing):
            continue
        if holder.freed_by:
            scope.warn_at(claim.key, _freed(holder, scope))
            holders[claim.line] = claim
        else:
            scope.fault_at(claim.key, f"found {_taken(holder, scope)}, expected another line")
    seen: dict[int, int] = {}
    for index, line in enumerate(options.gpio.direct or ()):
        place = f"gpio.direct[{index}]"
        if line in holders and holders[line].freed_by:
            scope.warn_at("gpio.direct", _freed(holders[line], scope), place)
        elif line in holders:
            text = f"found {_taken(holders[line], scope)}, expected lines that nothing else uses"
            scope.fault_at("gpio.direct", text, place)
        if seen.setdefault(line, index) != index:
            first = scope.line_of(f"gpio.direct[{seen[line]}]")
            text = f"found GPIO{line} a second time, expected once (line {first})"
            scope.fault_at("gpio.direct", text, place)


def _freed(holder: Claim, scope: Scope) -> str:
    return f"found {_taken(holder, scope)}; it is free only with {holder.freed_by} in config.txt"


def _taken(holder: Claim, scope: Scope) -> str:
    place = f"{holder.user} (line {scope.line_of(holder.key)})"
    if holder.bus is None:
        return f"GPIO{holder.line}, which {place} uses"
    default = ", w1-gpio's default," if holder.bus is Bus.ONE_WIRE else ""
    return f"GPIO{holder.line}, which is {line_use(holder.line)}{default} for {place}"


def _check_pulls(options: Options, scope: Scope) -> None:
    for name, peripheral in options.gpio.peripherals.items():
        key = f"gpio.peripherals.{name}"
        pull = getattr(peripheral, "pull", Pull.UP)
        for field, line in peripheral.lines():
            if fixed_pull(line) is None:
                continue
            if pull is not Pull.UP and not scope.is_faulty(f"{key}.pull"):
                text = f"found {pull}, expected up: GPIO{line} {_RESISTOR}"
                scope.fault_at(f"{key}.pull", text)
            if _must_float(peripheral, field):
                text = f"found GPIO{line}, which {_RESISTOR}, expected another line"
                scope.fault_at(f"{key}.{field}", text)


def _must_float(peripheral: PeripheralOptions, field: str) -> bool:
    return isinstance(peripheral, LightOptions) or (
        isinstance(peripheral, DistanceOptions) and field == "echo"
    )


def _check_virtual_pins(options: Options, scope: Scope) -> None:
    holders: dict[str, str] = {}
    for name, peripheral in options.gpio.peripherals.items():
        holder = holders.setdefault(peripheral.pin, name)
        if holder != name:
            line = scope.line_of(f"gpio.peripherals.{holder}.pin")
            text = f'found {peripheral.pin}, which "{holder}" (line {line}) has, expected another'
            scope.fault_at(f"gpio.peripherals.{name}.pin", text)


def _check_sockets(options: Options, scope: Scope) -> None:
    holders: dict[int, str] = {}
    for name, peripheral in options.gpio.peripherals.items():
        if not isinstance(peripheral, EnergenieOptions):
            continue
        holder = holders.setdefault(peripheral.socket, name)
        if holder != name:
            line = scope.line_of(f"gpio.peripherals.{holder}.socket")
            text = (
                f'found {peripheral.socket}, which "{holder}" (line {line}) has, expected another'
            )
            scope.fault_at(f"gpio.peripherals.{name}.socket", text)


def _check_converters(options: Options, scope: Scope) -> None:
    analog = options.gpio.analog
    chips = {} if analog is None else {analog.device: ("gpio.analog", "gpio.analog", analog.type)}
    for name, peripheral in options.gpio.peripherals.items():
        key = f"gpio.peripherals.{name}"
        if not isinstance(peripheral, AdcOptions) or scope.is_faulty(f"{key}.device"):
            continue
        own = (key, f'"{name}"', peripheral.type)
        other, user, chip = chips.setdefault(peripheral.device, own)
        if chip != peripheral.type:
            place = f"{user} (line {scope.line_of(f'{other}.type')})"
            text = f"found {peripheral.type}, but on device {peripheral.device} {place} has {chip}"
            scope.fault_at(f"{key}.type", f"{text}; expected the same, or another device")


def _check_interlocks(options: Options, scope: Scope) -> None:
    for field, level_of in _MOMENTS.items():
        first: dict[str, DrivenOptions] = {}
        for peripheral in options.gpio.peripherals.values():
            if not isinstance(peripheral, DrivenOptions) or peripheral.interlock is None:
                continue
            if level_of(peripheral) is not Level.ON:
                continue
            holder = first.setdefault(peripheral.interlock, peripheral)
            if holder is peripheral or getattr(holder, field) is getattr(peripheral, field) is None:
                # The latter are on after a crash as at a start, and are told of that.
                continue
            line = scope.line_of(f"gpio.peripherals.{holder.name}.{field}")
            other = f'"{holder.name}" (line {line}) of the interlock {peripheral.interlock}'
            text = f"found on, which {other} is then too, expected one of them"
            scope.fault_at(f"gpio.peripherals.{peripheral.name}.{field}", text)


def _check_own_pins(options: Options, scope: Scope) -> None:
    for pin, direct in options.gateway.pins.items():
        number = int(pin[1:])
        if PIN_NAMES[pin] is PinKind.ANALOG:
            text = _wrong_channel(options, scope, number)
            if not text and direct.mode is not PinMode.IN:
                text = f"found {direct.mode}, expected in: a converter does nothing but read"
        else:
            text = _wrong_line(options, scope, number)
            if not text and fixed_pull(number) and direct.mode in _MODES_WITHOUT_PULL_UP:
                text = f"found {direct.mode}, expected pu: GPIO{number} {_RESISTOR}"
        if text:
            scope.fault_at(f"gateway.pins.{pin}", text)


def _wrong_channel(options: Options, scope: Scope, channel: int) -> str:
    if channel < channel_count(options.gpio) or _is_gpio_faulty(scope, "analog"):
        return ""
    if options.gpio.analog is None:
        return "found an analog pin, expected a converter for it: gpio.analog"
    last = channel_count(options.gpio) - 1
    place = f"gpio.analog (line {scope.line_of('gpio.analog')})"
    known = f"A0 to A{last}" if last else "A0"
    return f"found an analog pin that {place} does not have, expected {known}"


def _wrong_line(options: Options, scope: Scope, line: int) -> str:
    if line not in LINES:
        return f"found a line that the Pi does not have, expected D{LINES[0]} to D{LINES[-1]}"
    if line in open_lines(options.gpio) or _is_gpio_faulty(scope, "direct"):
        return ""
    if options.gpio.direct is None:
        return "found a line that something else uses, expected one that is left by gpio.direct"
    place = "gpio.direct"
    if place in scope.places:
        place += f" (line {scope.line_of(place)})"
    return f"found a line that is not open, expected it in {place}"


def _is_gpio_faulty(scope: Scope, key: str) -> bool:
    faulty = {fault.key for fault in scope.report.faults}
    return "gpio" in faulty or scope.is_faulty(f"gpio.{key}")


def _warn_of_buses(options: Options, scope: Scope) -> None:
    used = list(claims(options.gpio))
    # Of a bus that is in use `_check_lines` tells more.
    told = {claim.line for claim in used if claim.bus is not None}
    for claim in used:
        if claim.line not in told:
            _warn_of_bus(claim.line, claim.key, claim.key, scope)
    for index, line in enumerate(options.gpio.direct or ()):
        if line not in told:
            _warn_of_bus(line, "gpio.direct", f"gpio.direct[{index}]", scope)


def _warn_of_bus(line: int, key: str, place: str, scope: Scope) -> None:
    use = line_use(line)
    if use is None or use.bus not in _CAUTIOUS:
        return
    text = f"found GPIO{line}, which is {use}; "
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
        text = f"found GPIO{line}, which has no hardware PWM: "
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
    for name in options.gpio.peripherals:
        key = f"gpio.peripherals.{name}.interlock_wait"
        if key in scope.places and name not in driven:
            scope.warn_at(key, "found a wait without an interlock: it does nothing")
    sizes = Counter(driven.values())
    for name, group in driven.items():
        if sizes[group] == 1:
            hint = suggestion(group, set(sizes) - {group}) or "; is it misspelt?"
            text = f"found {group}, which no other has: it keeps nothing apart{hint}"
            scope.warn_at(f"gpio.peripherals.{name}.interlock", text)


_MOMENTS: dict[str, Callable[[DrivenOptions], Level]] = {
    "on_start": lambda options: options.on_start,
    "on_stop": lambda options: options.on_stop,
    "on_crash": lambda options: options.on_crash or options.on_start,
}

_CHECKS: tuple[Callable[[Options, Scope], None], ...] = (
    _check_lines,
    _check_pulls,
    _check_virtual_pins,
    _check_sockets,
    _check_converters,
    _check_interlocks,
    _check_own_pins,
    _warn_of_buses,
    _warn_of_software_pwm,
    _warn_of_lonely_interlocks,
)
