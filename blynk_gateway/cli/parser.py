"""Every command and option. What a command does is in the module that its `handler` names."""

import argparse
from typing import TYPE_CHECKING, Final

from blynk_gateway import __version__
from blynk_gateway.cli.automation_options import add_automation_commands
from blynk_gateway.cli.commands import (
    PROGRAM,
    Formatter,
    add_config,
    add_data_dir,
    add_json,
    command,
    group,
)
from blynk_gateway.cli.device_options import add_device_commands
from blynk_gateway.cli.history_options import add_history_command
from blynk_gateway.cli.pin_options import add_pin_commands

if TYPE_CHECKING:
    from blynk_gateway.cli.commands import Commands

ROLES: Final = ("admin", "operator", "viewer")

MAX_KEPT: Final = 1000
"""Backups that `backup --keep` leaves at most."""


def build_parser() -> argparse.ArgumentParser:
    """The parser. Its result has `handler`, "module:function" within this package."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A local server for stock Blynk devices.",
        epilog=f"{PROGRAM} COMMAND --help says more, with an example.\nexample: {PROGRAM} demo",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    add_config(parser)
    add_data_dir(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_daemon(commands)
    add_device_commands(commands)
    add_pin_commands(commands)
    add_automation_commands(commands)
    _add_user(group(commands, "user", "who may log in at the dashboard", "list"))
    _add_api_token(group(commands, "api-token", "keys to the HTTP API /api/v1", "list"))
    add_history_command(commands)
    _add_backup(commands)
    _add_gpio(group(commands, "gpio", "the Pi's own lines and peripherals", "status"))
    _add_sensors(group(commands, "sensors", "sensors that the kernel knows", "scan"))
    add_json(
        command(
            commands,
            "doctor",
            "look for faults of configuration, system and pins",
            "doctor.report:doctor",
            "doctor",
        )
    )
    bundle = command(
        commands,
        "support-bundle",
        "write what helps to find a fault into one file, without secrets",
        "support_bundle.command:support_bundle",
        "support-bundle /tmp",
    )
    bundle.add_argument("file", metavar="FILE", help="a new file, or a directory to make one in")
    add_json(bundle)
    return parser


def _add_daemon(commands: "Commands") -> None:
    command(commands, "run", "run the gateway until it is told to stop", "daemon:run", "run")
    command(
        commands,
        "reload",
        "have the running gateway apply its configuration file",
        "reload:reload",
        "reload",
    )
    check = command(
        commands,
        "check-config",
        "name every fault of the configuration file",
        "check:check_config",
        "check-config --print",
    )
    check.add_argument(
        "--print", action="store_true", help="print the options in force and where each came from"
    )
    add_json(check)
    command(
        commands,
        "demo",
        "run with two simulated devices, for this machine only",
        "demo:demo",
        "demo",
        is_demo=True,
    )


def _add_backup(commands: "Commands") -> None:
    backup = command(
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
    backup.add_argument(
        "--keep",
        type=_count,
        metavar="N",
        help="remove all but the N latest backups of the directory, when the new one is whole",
    )
    restore = command(
        commands,
        "restore",
        "replace all data by those of a backup; the old ones are kept",
        "backup:restore",
        "restore /media/stick/shed.tar.gz",
    )
    restore.add_argument("file", metavar="FILE", help="a backup, or - for standard input")
    add_json(restore)


def _add_gpio(commands: "Commands") -> None:
    add_json(
        command(
            commands,
            "status",
            "print how lines and peripherals of the running gateway are",
            "gpio:status",
            "gpio status",
        )
    )
    command(
        commands,
        "config-txt",
        "print what config.txt needs, such as lines that keep relays quiet at boot",
        "gpio:config_txt",
        "gpio config-txt",
    )


def _add_sensors(commands: "Commands") -> None:
    add_json(
        command(
            commands,
            "scan",
            "list sensors that answer, and what is missing for others",
            "sensors:scan_all",
            "sensors scan",
        )
    )


def _add_user(commands: "Commands") -> None:
    add = command(
        commands,
        "add",
        "add a user; the password is asked for, or read from standard input",
        "user:add",
        "user add ann --role admin",
    )
    add.add_argument("name", metavar="NAME", help="for the login")
    _add_role(add)
    add_json(add)
    passwd = command(
        commands,
        "passwd",
        "give a user a new password; all its sessions end",
        "user:passwd",
        "user passwd ann",
    )
    passwd.add_argument("name", metavar="NAME", help="as in the list")
    add_json(command(commands, "list", "list all users by name", "user:show_all", "user list"))
    remove = command(
        commands, "remove", "remove a user; all its sessions end", "user:remove", "user remove ann"
    )
    remove.add_argument("name", metavar="NAME", help="as in the list")


def _add_role(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role",
        choices=ROLES,
        default="viewer",
        help="admin may do everything, operator reads and writes pins, viewer reads"
        " (default: viewer)",
    )


def _slugs(text: str) -> list[str]:
    return [slug for slug in text.split(",") if slug]


def _add_api_token(commands: "Commands") -> None:
    add = command(
        commands,
        "add",
        "make a token and print it, this once only",
        "api_token:add",
        "api-token add node-red --role operator",
    )
    add.add_argument("name", metavar="NAME", help="what it is for")
    _add_role(add)
    add.add_argument(
        "--devices",
        metavar="SLUG,…",
        type=_slugs,
        default=[],
        help="the only devices it is good for, separated by commas (default: all)",
    )
    add_json(add)
    add_json(
        command(commands, "list", "list all tokens by name", "api_token:show_all", "api-token list")
    )
    remove = command(
        commands,
        "remove",
        "make a token invalid",
        "api_token:remove",
        "api-token remove node-red",
    )
    remove.add_argument("name", metavar="NAME", help="as in the list")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_KEPT:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1 to {MAX_KEPT}")
    return int(text)
