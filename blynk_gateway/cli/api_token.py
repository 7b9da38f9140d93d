"""`api-token`: keys to `/api/v1`."""

import sys
from argparse import Namespace
from urllib.parse import quote

from blynk_gateway.cli.access import with_gateway
from blynk_gateway.cli.output import date_of, print_json, print_table

_PATH = "/api/v1/api-tokens"


def add(arguments: Namespace) -> int:
    """Make a token; it stands alone on standard output, so that a script can take it."""
    body = {"name": arguments.name, "role": arguments.role}
    if arguments.devices:
        body["devices"] = arguments.devices
    made = with_gateway(arguments, lambda gateway: gateway.request("POST", _PATH, body))
    if arguments.json:
        print_json(made)
        return 0
    print(made["token"])
    if sys.stdout.isatty():
        sys.stderr.write("Keep it now: it is not shown again.\n")
    return 0


def show_all(arguments: Namespace) -> int:
    """List names, roles, dates and devices."""
    tokens = with_gateway(arguments, lambda gateway: gateway.request("GET", _PATH))["api_tokens"]
    if arguments.json:
        print_json(tokens)
        return 0
    rows = [
        (
            date_of(token["created_ms"]),
            token["role"],
            token["name"],
            ", ".join(token["devices"]) or "all",
        )
        for token in tokens
    ]
    print_table(("CREATED", "ROLE", "NAME", "DEVICES"), rows)
    return 0


def remove(arguments: Namespace) -> int:
    """Make a token invalid. Says nothing if that went well."""
    path = f"{_PATH}/{quote(arguments.name, safe='')}"
    with_gateway(arguments, lambda gateway: gateway.request("DELETE", path))
    return 0
