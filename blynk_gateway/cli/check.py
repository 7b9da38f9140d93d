"""`check-config`: every fault of the configuration at once, or the options in force."""

import os
from argparse import Namespace

from blynk_gateway.cli.output import print_json
from blynk_gateway.config import as_yaml, effective, find_config, load
from blynk_gateway.errors import ConfigError


def check_config(arguments: Namespace) -> int:
    """Load the configuration and say what is wrong with it.

    Raises:
        ConfigError: with every fault.
    """
    path = find_config(arguments.config, os.environ)
    try:
        options = load(path)
    except ConfigError as error:
        if arguments.json:
            print_json({"faults": [str(fault) for fault in error.faults]})
        raise
    if arguments.json:
        settings = [setting._asdict() for setting in effective(options)] if arguments.print else []
        print_json({"faults": [], "settings": settings} if arguments.print else {"faults": []})
    elif arguments.print:
        print(as_yaml(effective(options)), end="")
    elif path is None:
        print("No configuration file; the defaults are in force.")
    else:
        print(f"{path}: no faults")
    return 0
