"""`pin`: values of the running gateway."""

import json
import sys
import time
from argparse import Namespace
from typing import Any
from urllib.parse import urlencode

from blynk_gateway.cli.access import running
from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.output import print_json, shown_value
from blynk_gateway.config.scalars import format_duration
from blynk_gateway.core.address import PinAddress, parse_address

EXIT_BAD_USAGE = 2


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


def mode(arguments: Namespace) -> int:
    """Print the mode of a D or A pin, or set it. Says nothing if setting went well."""
    if arguments.mode is None:
        if arguments.every is not None:
            sys.stderr.write("blynk-gateway: --every goes with a MODE, such as in; found none\n")
            return EXIT_BAD_USAGE
        pin = _known(running(arguments), parse_address(arguments.address))
    else:
        body = {"mode": arguments.mode, "every_ms": arguments.every}
        pin = running(arguments).request("PUT", f"{_path(arguments.address)}/mode", body)
    if arguments.json:
        print_json({name: pin[name] for name in ("address", "mode", "every_ms")})
    elif arguments.mode is None:
        every = "" if pin["every_ms"] is None else f" every {format_duration(pin['every_ms'])}"
        print(f"{pin['mode'] or 'none'}{every}")
    return 0


def watch(arguments: Namespace) -> int:
    """Print values now and at each write, until interrupted."""
    pins = ",".join(str(parse_address(address)) for address in arguments.address)
    query = f"?{urlencode({'pins': pins}, safe='/,')}" if pins else ""
    for change in running(arguments).stream(f"/api/v1/changes{query}"):
        print(_line(change, is_json=arguments.json), flush=True)
    return 0


def _known(gateway: ControlClient, address: PinAddress) -> dict[str, Any]:
    """What is known of a pin. It is not asked for by itself: that would have it read."""
    pins = gateway.request("GET", f"/api/v1/devices/{address.device}/pins")["pins"]
    unused = {"address": str(address), "mode": None, "every_ms": None}
    return next((pin for pin in pins if pin["pin"] == address.pin), unused)


def _path(address: str) -> str:
    return f"/api/v1/pins/{parse_address(address)}"


def _line(change: dict[str, Any], *, is_json: bool) -> str:
    if is_json:
        return json.dumps(change, ensure_ascii=False)
    at = time.strftime("%H:%M:%S", time.localtime(change["at_ms"] / 1000))
    return f"{at}  {change['address']}  {shown_value(change['value'])}"
