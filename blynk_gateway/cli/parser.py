"""Every command and option. What a command does is in the module that its `handler` names."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from blynk_gateway import __version__

if TYPE_CHECKING:
    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  unnamed

PROGRAM: Final = "blynk-gateway"

WIDTH: Final = 80
"""Columns that everything printed fits into."""

ROLES: Final = ("admin", "operator", "viewer")
BOARDS: Final = ("esp8266", "esp32", "uno", "linux")

PAIRING_MINUTES: Final = 5
# Those of `core.direct.PinMode`, which is not imported for a mere --help.
MODES: Final = ("in", "out", "pu", "pd", "pwm")

MAX_PAIRING_MINUTES: Final = 1440
"""What the gateway itself takes: a day."""

_DATA_DIR = (
    "data_dir of the configuration, else $STATE_DIRECTORY, else ~/.local/share/blynk-gateway"
)


def build_parser() -> argparse.ArgumentParser:
    """The parser. Its result has `handler`, "module:function" within this package."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A local server for stock Blynk devices.",
        epilog=f"{PROGRAM} COMMAND --help says more, with an example.\nexample: {PROGRAM} demo",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_config(parser)
    _add_data_dir(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_daemon(commands)
    _add_device(_group(commands, "device", "devices and their tokens", "list"))
    _add_pin(_group(commands, "pin", "pins of the running gateway", "get greenhouse/V5"))
    _add_api_token(_group(commands, "api-token", "keys to the HTTP API /api/v1", "list"))
    _add_history(commands)
    _add_backup(commands)
    _add_gpio(_group(commands, "gpio", "the Pi's own lines and peripherals", "status"))
    _add_sensors(_group(commands, "sensors", "sensors that the kernel knows", "scan"))
    _add_json(
        _command(
            commands,
            "doctor",
            "look for faults of configuration, system and pins",
            "doctor.report:doctor",
            "doctor",
        )
    )
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH, max_help_position=26)


def _add_daemon(commands: "_Commands") -> None:
    _command(commands, "run", "run the gateway until it is told to stop", "daemon:run", "run")
    check = _command(
        commands,
        "check-config",
        "name every fault of the configuration file",
        "check:check_config",
        "check-config --print",
    )
    check.add_argument(
        "--print", action="store_true", help="print the options in force and where each came from"
    )
    _add_json(check)
    _command(
        commands,
        "demo",
        "run with two simulated devices, for this machine only",
        "demo:demo",
        "demo",
        is_demo=True,
    )


def _add_device(commands: "_Commands") -> None:
    add = _command(
        commands,
        "add",
        "add a device and print its token",
        "device:add",
        "device add Greenhouse --template climate",
    )
    add.add_argument("name", metavar="NAME", help="display name; the slug is made from it")
    add.add_argument("--template", metavar="T", help="template with its datastreams")
    add.add_argument("--token", metavar="T", help="token it has already; otherwise a new one")
    _add_json(add)
    _add_json(
        _command(commands, "list", "list all devices", "device:show_all", "device list --json")
    )
    remove = _command(
        commands,
        "remove",
        "remove a device, its token and its values",
        "device:remove",
        "device remove greenhouse",
    )
    _add_slug(remove)
    token = _command(
        commands,
        "token",
        "print a device's token",
        "device:token",
        "device token greenhouse",
    )
    _add_slug(token)
    _add_json(token)
    sketch = _command(
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
    pair = _command(
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
    _add_json(pair)


def _add_pin(commands: "_Commands") -> None:
    address = "DEVICE/PIN, such as greenhouse/V5"
    get = _command(commands, "get", "print a pin's value", "pin:get", "pin get greenhouse/V5")
    get.add_argument("address", metavar="ADDR", help=address)
    _add_json(get)
    write = _command(
        commands,
        "set",
        "write a pin; its device receives the value",
        "pin:write",
        "pin set greenhouse/V6 1\n         blynk-gateway pin set lamp/V2 255 128 0",
    )
    write.add_argument("address", metavar="ADDR", help=address)
    write.add_argument("value", metavar="VALUE", nargs="+", help="one or several parameters")
    watch = _command(
        commands,
        "watch",
        "print values now and whenever a pin is written",
        "pin:watch",
        "pin watch greenhouse/V5 greenhouse/V6",
    )
    watch.add_argument("address", metavar="ADDR", nargs="*", help=f"{address}; none for all pins")
    _add_json(watch)

    mode = _command(
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
    _add_json(mode)


def _add_history(commands: "_Commands") -> None:
    from blynk_gateway.cli.history_options import add_options  # noqa: PLC0415  it imports this

    add_options(
        _command(
            commands,
            "history",
            "draw or export what a pin was",
            "history:history",
            "history greenhouse/V5\n         blynk-gateway history greenhouse/V5 --from -7d"
            " --step 1h --format csv\n         blynk-gateway history stats",
        )
    )


def _add_backup(commands: "_Commands") -> None:
    backup = _command(
        commands,
        "backup",
        "write all data but the configuration file into one file",
        "backup:backup",
        "backup /media/stick",
    )
    backup.add_argument(
        "file",
        metavar="FILE",
        help="a new file, a directory to make one in, or - for standard output",
    )
    restore = _command(
        commands,
        "restore",
        "replace all data by those of a backup; the old ones are kept",
        "backup:restore",
        "restore /media/stick/shed.tar.gz",
    )
    restore.add_argument("file", metavar="FILE", help="a backup, or - for standard input")
    _add_json(restore)


def _add_gpio(commands: "_Commands") -> None:
    _add_json(
        _command(
            commands,
            "status",
            "print how lines and peripherals of the running gateway are",
            "gpio:status",
            "gpio status",
        )
    )
    _command(
        commands,
        "config-txt",
        "print what config.txt needs, such as lines that keep relays quiet at boot",
        "gpio:config_txt",
        "gpio config-txt",
    )


def _add_sensors(commands: "_Commands") -> None:
    _add_json(
        _command(
            commands,
            "scan",
            "list sensors that answer, and what is missing for others",
            "sensors:scan_all",
            "sensors scan",
        )
    )


def _add_api_token(commands: "_Commands") -> None:
    add = _command(
        commands,
        "add",
        "make a token and print it, this once only",
        "api_token:add",
        "api-token add node-red --role operator",
    )
    add.add_argument("name", metavar="NAME", help="what it is for")
    add.add_argument(
        "--role",
        choices=ROLES,
        default="viewer",
        help="admin may do everything, operator reads and writes pins, viewer reads"
        " (default: viewer)",
    )
    _add_json(add)
    _add_json(
        _command(
            commands, "list", "list all tokens by name", "api_token:show_all", "api-token list"
        )
    )
    remove = _command(
        commands,
        "remove",
        "make a token invalid",
        "api_token:remove",
        "api-token remove node-red",
    )
    remove.add_argument("name", metavar="NAME", help="as in the list")


def _group(commands: "_Commands", name: str, summary: str, example: str) -> "_Commands":
    parser = commands.add_parser(
        name,
        help=summary,
        epilog=f"example: {PROGRAM} {name} {example}",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    return parser.add_subparsers(metavar="COMMAND", required=True)


def _command(
    commands: "_Commands",
    name: str,
    summary: str,
    handler: str,
    example: str,
    *,
    is_demo: bool = False,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example: {PROGRAM} {example}",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.set_defaults(handler=handler)
    # Given behind the command they replace what stands before it, otherwise they leave that alone.
    if is_demo:
        _add_data_dir(parser, argparse.SUPPRESS, "a new one, removed at the end")
    else:
        _add_config(parser, argparse.SUPPRESS)
        _add_data_dir(parser, argparse.SUPPRESS)
    return parser


def _add_config(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=default,
        help="configuration file (default: $BLYNK_GATEWAY_CONFIG, else"
        " /etc/blynk-gateway/gateway.yaml if it is there)",
    )


def _add_data_dir(
    parser: argparse.ArgumentParser, default: str | None = None, place: str = _DATA_DIR
) -> None:
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=default,
        help=f"where database and keys are (default: {place})",
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


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


def _duration(text: str) -> int:
    from blynk_gateway.config.scalars import parse_duration  # noqa: PLC0415  loads YAML

    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no duration such as 500ms, 1s or 5m"
        ) from None
