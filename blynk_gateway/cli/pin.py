"""`pin`: values of the running gateway."""

import json
import time
from argparse import Namespace
from typing import Any
from urllib.parse import urlencode

from blynk_gateway.cli.access import running
from blynk_gateway.cli.output import print_json, shown_value
from blynk_gateway.core.address import parse_address


def get(arguments: Namespace) -> int:
    """Print the value of one pin."""
    pin = running(arguments).request("GET", _path(arguments.address))
    if arguments.json:
        print_json(pin)
    else:
        print(shown_value(pin["value"]))
    return 0


def write(arguments: Namespace) -> int:
    """Write one pin as a command to its device. Says nothing if that went well."""
    running(arguments).request("PUT", _path(arguments.address), {"value": arguments.value})
    return 0


def watch(arguments: Namespace) -> int:
    """Print values now and at each write, until interrupted."""
    pins = ",".join(str(parse_address(address)) for address in arguments.address)
    query = f"?{urlencode({'pins': pins}, safe='/,')}" if pins else ""
    for change in running(arguments).stream(f"/api/v1/changes{query}"):
        print(_line(change, is_json=arguments.json), flush=True)
    return 0


def _path(address: str) -> str:
    return f"/api/v1/pins/{parse_address(address)}"


def _line(change: dict[str, Any], *, is_json: bool) -> str:
    if is_json:
        return json.dumps(change, ensure_ascii=False)
    at = time.strftime("%H:%M:%S", time.localtime(change["at_ms"] / 1000))
    return f"{at}  {change['address']}  {shown_value(change['value'])}"
