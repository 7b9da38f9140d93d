"""The options of `device`."""

import argparse
from typing import TYPE_CHECKING, Final

from blynk_gateway.cli.commands import add_json, command, group

if TYPE_CHECKING:
    from blynk_gateway.cli.commands import Commands

BOARDS: Final = ("esp8266", "esp32", "uno", "linux")

PAIRING_MINUTES: Final = 5

MAX_PAIRING_MINUTES: Final = 1440
"""What the gateway itself takes: a day."""


def add_device_commands(commands: "Commands") -> None:
    """Add the group."""
    commands = group(commands, "device", "devices and their tokens", "list")
    add = command(
        commands,
        "add",
        "add a device and print its token",
        "device:add",
        "device add Greenhouse --template climate",
    )
    add.add_argument("name", metavar="NAME", help="display name; the slug is made from it")
    add.add_argument("--template", metavar="T", help="template with its datastreams")
    add.add_argument("--token", metavar="T", help="token it has already; otherwise a new one")
    add_json(add)
    add_json(command(commands, "list", "list all devices", "device:show_all", "device list --json"))
    remove = command(
        commands,
        "remove",
        "remove a device, its token and its values",
        "device:remove",
        "device remove greenhouse",
    )
    _add_slug(remove)
    token = command(
        commands,
        "token",
        "print a device's token",
        "device:token",
        "device token greenhouse",
    )
    _add_slug(token)
    add_json(token)
    sketch = command(
        commands,
        "sketch",
        "print a complete sketch for a device",
        "device:sketch",
        "device sketch greenhouse --board esp32 > greenhouse.ino",
    )
    _add_slug(sketch)
    sketch.add_argument(
        "--board", choices=BOARDS, default=BOARDS[0], help=f"kind of board (default: {BOARDS[0]})"
    )
    pair = command(
        commands,
        "pair",
        "for some minutes let unknown tokens become devices",
        "device:pair",
        "device pair --minutes 10",
    )
    pair.add_argument(
        "--minutes",
        type=_minutes,
        default=PAIRING_MINUTES,
        metavar="N",
        help=f"0 to {MAX_PAIRING_MINUTES}, 0 ends it at once (default: {PAIRING_MINUTES})",
    )
    add_json(pair)


def _add_slug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("slug", metavar="SLUG", help="the device's name in addresses")


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1
    if not 0 <= minutes <= MAX_PAIRING_MINUTES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of minutes from 0 to {MAX_PAIRING_MINUTES}"
        )
    return minutes
