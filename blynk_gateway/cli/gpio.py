"""`gpio`: the Pi's own lines and peripherals."""

import textwrap
from argparse import Namespace
from typing import Any

from blynk_gateway.cli.access import options_of, running
from blynk_gateway.cli.commands import WIDTH
from blynk_gateway.cli.output import cut, print_json, print_table, shown, shown_value
from blynk_gateway.gpio.boot_lines import boot_lines

_HEADS = ("NAME", "TYPE", "PIN", "LINES", "COMMANDED", "ACTUAL", "FAULT")

_VALUE_WIDTH = 12


def status(arguments: Namespace) -> int:
    """Print back end, open pins and every peripheral of the running gateway."""
    state = running(arguments).request("GET", "/api/v1/gpio")
    if arguments.json:
        print_json(state)
        return 0
    chip = f" ({state['chip']})" if state["chip"] else ""
    print(shown(f"Factory  {state['factory']}{chip}"))
    if state["fault"]:
        _print_reason("Fault    ", state["fault"])
    _print_reason("Direct   ", " ".join(state["open_pins"]) or "none")
    peripherals = state["peripherals"]
    if peripherals:
        print()
        print_table(_HEADS, [_row(one) for one in peripherals])
    for one in peripherals:
        if one["fault"]:
            print()
            _print_reason(f"{one['name']}: ", one["fault"])
    return 0


def config_txt(arguments: Namespace) -> int:
    """Print what the configuration needs in the Pi's config.txt.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    lines = boot_lines(options_of(arguments).gpio)
    for line in lines or ["# Nothing in the configuration needs a line in config.txt."]:
        print(line)
    return 0


def _row(peripheral: dict[str, Any]) -> tuple[str, ...]:
    return (
        peripheral["name"],
        peripheral["type"],
        peripheral["pin"],
        ",".join(map(str, peripheral["lines"])),
        _value(peripheral["commanded"]),
        _value(peripheral["actual"]),
        "yes" if peripheral["fault"] else "",
    )


def _value(value: list[str]) -> str:
    return cut(shown_value(value), _VALUE_WIDTH) if value else ""


def _print_reason(head: str, text: str) -> None:
    print(textwrap.fill(shown(text), WIDTH, initial_indent=head, subsequent_indent="  "))
