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
from blynk_gateway.config.gpio.lines import plain_lines
from blynk_gateway.config.gpio.options import GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions, PwmOptions, RgbOptions, ServoOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.core.header import (
    HARDWARE_PWM_LINES,
    ONE_WIRE_ELSEWHERE,
    ONE_WIRE_LINE,
    ONE_WIRE_SETTING,
    SPI0_CHIP_SELECTS,
    SPI0_ONE_SELECT,
    SPI0_SETTING,
)
from blynk_gateway.gpio.lines.kernel_pwm import OVERLAY_FUNCTIONS, TWO_CHANNELS

CONFIG_TXT = "/boot/firmware/config.txt"
"""Where it is since Debian 12; before, and on other systems, `/boot/config.txt`."""

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
    if not users:
        return []
    # With a chip on both selects `check-config` refuses a plain line there.
    has_one_select = SPI0_CHIP_SELECTS[1] in plain_lines(options)
    return [f"# {', '.join(users)}", SPI0_SETTING, *[SPI0_ONE_SELECT] * has_one_select]


def _one_wire_lines(options: GpioOptions) -> list[str]:
    users = [
        _name(each) for each in options.peripherals.values() if isinstance(each, OneWireOptions)
    ]
    if not users:
        return []
    head = f"# {', '.join(users)}:"
    if ONE_WIRE_LINE in plain_lines(options):
        # Where the bus is instead, only its owner knows.
        where = f"GPIO{ONE_WIRE_LINE} is used otherwise; write their line for N, without the #"
        return [f"{head} {where}", f"#{ONE_WIRE_ELSEWHERE}"]
    where = f"on GPIO{ONE_WIRE_LINE}; for another line add ,gpiopin=N"
    return [f"{head} {where}", ONE_WIRE_SETTING]


def _pwm_lines(options: GpioOptions) -> list[str]:
    """The overlay for the hardware PWM of at most two lines; who asked for it but gets none."""
    users: dict[int, str] = {}
    comments: list[str] = []
    for each in options.peripherals.values():
        if not isinstance(each, PwmOptions | ServoOptions) or each.line not in HARDWARE_PWM_LINES:
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
        comments.append(_overlay(*sorted(users, key=TWO_CHANNELS.__getitem__)))
    return comments


def _is_rival(line: int, other: int) -> bool:
    # On the Pi 5 they are not, but this may run on another board, or on a laptop.
    return TWO_CHANNELS[line] == TWO_CHANNELS[other]


def _overlay(line: int, second: int | None = None) -> str:
    first = f"pin={line},func={OVERLAY_FUNCTIONS[line]}"
    if second is None:
        return f"dtoverlay=pwm,{first}"
    return f"dtoverlay=pwm-2chan,{first},pin2={second},func2={OVERLAY_FUNCTIONS[second]}"
