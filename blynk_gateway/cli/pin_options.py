"""The options of `pin`."""

import argparse
from typing import TYPE_CHECKING, Final

from blynk_gateway.cli.commands import add_json, command, group

if TYPE_CHECKING:
    from blynk_gateway.cli.commands import Commands

# Those of `core.direct.PinMode`, which is not imported for a mere --help.
MODES: Final = ("in", "out", "pu", "pd", "pwm")


def add_pin_commands(commands: "Commands") -> None:
    """Add the group."""
    commands = group(commands, "pin", "pins of the running gateway", "get greenhouse/V5")
    address = "DEVICE/PIN, such as greenhouse/V5"
    get = command(commands, "get", "print a pin's value", "pin:get", "pin get greenhouse/V5")
    get.add_argument("address", metavar="ADDR", help=address)
    add_json(get)
    write = command(
        commands,
        "set",
        "write a pin; its device receives the value",
        "pin:write",
        "pin set greenhouse/V6 1\n         blynk-gateway pin set lamp/V2 255 128 0",
    )
    write.add_argument("address", metavar="ADDR", help=address)
    write.add_argument("value", metavar="VALUE", nargs="+", help="one or several parameters")
    watch = command(
        commands,
        "watch",
        "print values now and whenever a pin is written",
        "pin:watch",
        "pin watch greenhouse/V5 greenhouse/V6",
    )
    watch.add_argument("address", metavar="ADDR", nargs="*", help=f"{address}; none for all pins")
    add_json(watch)

    mode = command(
        commands,
        "mode",
        "print what a D or A pin is used as, or set it",
        "pin:mode",
        "pin mode greenhouse/A0 in --every 1s\n         blynk-gateway pin mode pi/D18 pwm",
    )
    mode.add_argument("address", metavar="ADDR", help="DEVICE/PIN, such as greenhouse/D8")
    mode.add_argument(
        "mode",
        metavar="MODE",
        nargs="?",
        choices=MODES,
        help=f"one of {', '.join(MODES)}; none to print it (pu, pd: input with pull-up, pull-down)",
    )
    mode.add_argument(
        "--every",
        type=_duration,
        metavar="TIME",
        help="how often a device is asked for an input, 50ms to 1d (default: never)",
    )
    add_json(mode)


def _duration(text: str) -> int:
    from blynk_gateway.config.scalars import parse_duration  # noqa: PLC0415  loads YAML

    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no duration such as 500ms, 1s or 5m"
        ) from None
