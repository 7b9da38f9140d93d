"""What the groups of commands are put together from: options that many have, and their frame."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  unnamed

PROGRAM: Final = "blynk-gateway"

WIDTH: Final = 80
"""Columns that everything printed fits into."""

_DATA_DIR = (
    "data_dir of the configuration, else $STATE_DIRECTORY, else ~/.local/share/blynk-gateway"
)


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help of `WIDTH` columns, examples left as they are."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH, max_help_position=26)


def group(commands: "Commands", name: str, summary: str, example: str) -> "Commands":
    """Add a group of commands.

    Args:
        example: one of them, without program and group.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        epilog=f"example: {PROGRAM} {name} {example}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    return parser.add_subparsers(metavar="COMMAND", required=True)


def command(
    commands: "Commands",
    name: str,
    summary: str,
    handler: str,
    example: str,
    *,
    is_demo: bool = False,
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        handler: "module:function" within this package; imported only when the command runs.
        example: without the program.
        is_demo: its data directory is made for it, and it reads no configuration.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example: {PROGRAM} {example}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.set_defaults(handler=handler)
    # Given behind the command they replace what stands before it, otherwise they leave that alone.
    if is_demo:
        add_data_dir(parser, argparse.SUPPRESS, "a new one, removed at the end")
    else:
        add_config(parser, argparse.SUPPRESS)
        add_data_dir(parser, argparse.SUPPRESS)
    return parser


def add_config(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add `--config`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=default,
        help="configuration file (default: $BLYNK_GATEWAY_CONFIG, else"
        " /etc/blynk-gateway/gateway.yaml if it is there)",
    )


def add_data_dir(
    parser: argparse.ArgumentParser, default: str | None = None, place: str = _DATA_DIR
) -> None:
    """Add `--data-dir`."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=default,
        help=f"where database and keys are (default: {place})",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON")
