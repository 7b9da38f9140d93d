"""The options of `history`."""

import re
from typing import TYPE_CHECKING, Final

from blynk_gateway.cli.commands import command

if TYPE_CHECKING:
    from blynk_gateway.cli.commands import Commands

# Those of `core.history.Aggregate`, which is not imported for a mere --help.
AGGREGATES: Final = ("avg", "min", "max", "sum", "count", "last")
FORMATS: Final = ("csv", "json", "influx", "parquet")

DEFAULT_FROM: Final = "-1d"

_NO_OPTION: Final = re.compile(r"-\d")


def add_history_command(commands: "Commands") -> None:
    """Add the command."""
    parser = command(
        commands,
        "history",
        "draw or export what a pin was",
        "history:history",
        "history greenhouse/V5\n         blynk-gateway history greenhouse/V5 --from -7d"
        " --step 1h --format csv\n         blynk-gateway history stats",
    )
    # argparse takes -5 for a value, but -1d for an unknown option.
    parser._negative_number_matcher = _NO_OPTION  # noqa: SLF001  there is no public way
    time = "-1d or -90m before now, 2026-01-31T12:00Z, or ms since 1970"
    parser.add_argument(
        "address",
        metavar="ADDR",
        help="DEVICE/PIN, such as greenhouse/V5; or stats, to print how much history there is",
    )
    parser.add_argument(
        "--from",
        dest="since",
        metavar="TIME",
        default=DEFAULT_FROM,
        help=f"{time} (default: {DEFAULT_FROM})",
    )
    parser.add_argument("--to", metavar="TIME", help="likewise (default: now)")
    parser.add_argument(
        "--step",
        metavar="TIME",
        help="one value for so long, such as 5m or 1h (default: as fits the chart;"
        " every point in an export)",
    )
    parser.add_argument(
        "--agg",
        choices=AGGREGATES,
        default=AGGREGATES[0],
        help=f"what a step shows: {', '.join(AGGREGATES)} (default: {AGGREGATES[0]})",
        metavar="A",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="F",
        help=f"export instead of a chart: {', '.join(FORMATS)} (parquet needs pyarrow)",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="where the export goes (default: standard output)"
    )
    parser.add_argument("--json", action="store_true", help="the same as --format json")
