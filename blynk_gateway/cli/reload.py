"""`reload`: the running gateway applies its configuration file."""

from argparse import Namespace

from blynk_gateway.cli.access import running

_PATH = "/api/v1/settings/reload"

RELOADED_WITHIN_S = 120.0
"""Longer than anything that a change opens or closes may take."""


def reload(arguments: Namespace) -> int:
    """Have it applied, and return when it is in force."""
    running(arguments).request("POST", _PATH, None, RELOADED_WITHIN_S)
    return 0
