"""`sensors`: what the kernel can read, and what it lacks for more."""

import sys
import textwrap
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from blynk_gateway.cli.commands import WIDTH
from blynk_gateway.cli.output import print_json, print_table, shown
from blynk_gateway.gpio.sensors.onewire import list_thermometers
from blynk_gateway.gpio.sensors.scan import Found, scan

_HEADS = ("KIND", "DEVICE", "CHANNEL", "VALUE")
_MISSING = "missing"
_INDENT = "  "


def scan_all(arguments: Namespace) -> int:
    """Read every sensor once, and print how to use it."""
    thermometers = len(list_thermometers(Path("/")))
    if thermometers and sys.stderr.isatty():
        sys.stderr.write(f"Reading: up to {thermometers} s for 1-Wire thermometers\n")
    found = scan()
    if arguments.json:
        print_json([one._asdict() for one in found])
        return 0
    there = [one for one in found if one.kind != _MISSING]
    if there:
        print_table(_HEADS, [(one.kind, one.device, one.channel, _reading(one)) for one in there])
    else:
        print("No sensor answers.")
    _print_section("Notes", (_noted(one) for one in there if one.note))
    # Not wrapped: they are to be copied.
    entries = [one.config for one in found if one.config]
    _print_section("Entries for gpio.peripherals in the configuration", entries, width=0)
    _print_section("Missing", (_noted(one) for one in found if one.kind == _MISSING))
    boot = [line for one in found if one.boot for line in (f"# {one.device}", one.boot)]
    _print_section("Lines for config.txt, to be followed by a restart", boot, width=0)
    return 0


def _reading(found: Found) -> str:
    return "" if found.value is None else f"{found.value:g} {found.unit}".rstrip()


def _noted(found: Found) -> str:
    name = f"{found.device} {found.channel}".rstrip()
    return f"{name}: {found.note}" if found.note else name


def _print_section(title: str, lines: Iterable[str], width: int = WIDTH) -> None:
    lines = list(lines)
    if not lines:
        return
    print(f"\n{title}:")
    for line in lines:
        if width:
            print(
                textwrap.fill(
                    shown(line),
                    width,
                    initial_indent=_INDENT,
                    subsequent_indent=_INDENT * 2,
                    break_on_hyphens=False,
                )
            )
        else:
            print(f"{_INDENT}{shown(line)}")
