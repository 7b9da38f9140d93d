"""Lines for the Pi's `config.txt` that put the pins right before the daemon starts.

From power-on until then lines are inputs with the pull they have by nature, and a relay that is on
while its line is low may click. The firmware sets lines some seconds after power-on by `gpio=`:
`op,dh` output high, `op,dl` output low, `ip` input, with `pu`, `pd` or `pn` for its pull.

Source: the vendor's documentation of config.txt, "GPIO control"; the README of the overlays.
"""

from collections.abc import Iterator

from blynk_gateway.config.gpio.common import (
    DrivenOptions,
    HardwarePwm,
    Level,
    PeripheralOptions,
    Pull,
)
from blynk_gateway.config.gpio.inputs import (
    AdcOptions,
    ButtonOptions,
    CounterOptions,
    DistanceOptions,
    EncoderOptions,
    FrequencyOptions,
    InputOptions,
    LightOptions,
)
from blynk_gateway.config.gpio.options import GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions, PwmOptions, RgbOptions, ServoOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.gpio.kernel_pwm import HARDWARE_LINES, OVERLAY_FUNCTIONS

CONFIG_TXT = "/boot/firmware/config.txt"
"""Where it is since Debian 12; before, and on other systems, `/boot/config.txt`."""

W1_LINE = 4
"""What dtoverlay=w1-gpio uses unless told otherwise."""

_HEADER = (
    f"# Blynk Gateway: add these lines to the end of {CONFIG_TXT}",
    "# (/boot/config.txt on systems before Debian 12) and start the Pi anew.",
    # Whatever section the file ends with, what follows is for every Pi.
    "[all]",
)

_PULLS = {Pull.UP: "pu", Pull.DOWN: "pd", Pull.NONE: "pn"}


def boot_lines(options: GpioOptions) -> list[str]:
    """The lines with a comment for each peripheral; none where nothing needs any.

    Outputs get the level of `on_start`, or are off where only the daemon can know it. Direct lines
    get none: what they will be is decided while the daemon runs.
    """
    lines: list[str] = []
    done: set[str] = set()
    for peripheral in options.peripherals.values():
        wanted = [line for line in _gpio_lines(peripheral) if line not in done]
        if wanted:
            lines += (f"# {_name(peripheral)}", *wanted)
            done.update(wanted)
    for section in (_spi_lines(options), _one_wire_lines(options), _pwm_lines(options)):
        lines += section
    return [*_HEADER, *lines] if lines else []


def _name(peripheral: PeripheralOptions) -> str:
    return f"{peripheral.name} ({peripheral.type})"


def _gpio_lines(peripheral: PeripheralOptions) -> Iterator[str]:
    match peripheral:
        case DrivenOptions():
            yield _gpio(peripheral, "op", "dh" if _is_high_at_boot(peripheral) else "dl")
        case DistanceOptions():
            yield f"gpio={peripheral.trigger}=op,dl"
            yield f"gpio={peripheral.echo}=ip,pn"
        case LightOptions():
            # A pull would charge the capacitor beside the photo resistor.
            yield _gpio(peripheral, "ip", "pn")
        case (
            InputOptions()
            | ButtonOptions()
            | EncoderOptions()
            | CounterOptions()
            | FrequencyOptions()
        ):
            yield _gpio(peripheral, "ip", _PULLS[peripheral.pull])
        case _:
            pass


def _gpio(peripheral: PeripheralOptions, *settings: str) -> str:
    lines = ",".join(str(line) for _, line in peripheral.lines())
    return f"gpio={lines}={','.join(settings)}"


def _is_high_at_boot(peripheral: DrivenOptions) -> bool:
    # Motors stand, servos and buzzers are silent, sockets hear nothing: all of that is low.
    if not isinstance(peripheral, OutputOptions | PwmOptions | RgbOptions):
        return False
    return (peripheral.on_start is Level.ON) is peripheral.active_high


def _spi_lines(options: GpioOptions) -> list[str]:
    users = [_name(each) for each in options.peripherals.values() if isinstance(each, AdcOptions)]
    if options.analog is not None:
        users.append(f"analog pins ({options.analog.type})")
    return [f"# {', '.join(users)}", "dtparam=spi=on"] if users else []


def _one_wire_lines(options: GpioOptions) -> list[str]:
    users = [
        _name(each) for each in options.peripherals.values() if isinstance(each, OneWireOptions)
    ]
    if not users:
        return []
    where = f"on GPIO{W1_LINE}; for another line add ,gpiopin=N"
    return [f"# {', '.join(users)}: {where}", "dtoverlay=w1-gpio"]


def _pwm_lines(options: GpioOptions) -> list[str]:
    """The overlay for the hardware PWM of at most two lines; who asked for it but gets none."""
    users: dict[int, str] = {}
    comments: list[str] = []
    for each in options.peripherals.values():
        if not isinstance(each, PwmOptions | ServoOptions) or each.line not in HARDWARE_LINES:
            continue
        if each.hardware_pwm is HardwarePwm.NEVER:
            continue
        if isinstance(each, PwmOptions) and not each.active_high:
            # A channel is low until the daemon begins.
            comments.append(
                f"# {_name(each)}: no hardware PWM, which would have it on until the gateway starts"
            )
            continue
        if (rival := next((line for line in users if _is_rival(line, each.line)), None)) is None:
            users[each.line] = _name(each)
        else:
            comments.append(
                f"# {_name(each)}: no hardware PWM, as GPIO{each.line} shares that of GPIO{rival}"
            )
    if users:
        comments.append(f"# {', '.join(users.values())}: hardware PWM;")
        comments.append("# up to the Pi 3 it excludes sound on the headphone jack")
        comments.append(_overlay(*sorted(users, key=_channel)))
    return comments


def _is_rival(line: int, other: int) -> bool:
    return _channel(line) == _channel(other)


def _channel(line: int) -> int:
    # 12 and 18 are channel 0, 13 and 19 channel 1, on every board but the Pi 5.
    return line % 2


def _overlay(line: int, second: int | None = None) -> str:
    first = f"pin={line},func={OVERLAY_FUNCTIONS[line]}"
    if second is None:
        return f"dtoverlay=pwm,{first}"
    return f"dtoverlay=pwm-2chan,{first},pin2={second},func2={OVERLAY_FUNCTIONS[second]}"
