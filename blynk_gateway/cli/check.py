"""`check-config`: every fault of the configuration at once, or the options in force."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from blynk_gateway.cli.access import load_of, service_environment
from blynk_gateway.cli.output import print_json
from blynk_gateway.config import Options, as_yaml, effective, find_config
from blynk_gateway.errors import ConfigError


def check_config(arguments: Namespace) -> int:
    """Load the configuration and say what is wrong with it; warnings go to standard error.

    Raises:
        ConfigError: with every fault.
    """
    path = find_config(arguments.config, os.environ)
    try:
        options = load_of(arguments, path, service_environment())
    except ConfigError as error:
        if arguments.json:
            print_json({"faults": [str(fault) for fault in error.faults]})
        raise
    if arguments.json:
        settings = [setting._asdict() for setting in effective(options)]
        printed = {"settings": settings} if arguments.print else {}
        print_json({"faults": [], "warnings": list(options.warnings), **printed})
        return 0
    for warning in options.warnings:
        print(warning, file=sys.stderr)
    print(as_yaml(effective(options)) if arguments.print else _verdict(path, options), end="")
    return 0


def _verdict(path: Path | None, options: Options) -> str:
    if path is None:
        return "No configuration file; the defaults are in force.\n"
    count = len(options.warnings)
    warnings = f", {count} warning{'s' if count > 1 else ''}" if count else ""
    return f"{path}: no faults{warnings}\n"
