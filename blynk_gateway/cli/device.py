"""`device`: devices and their tokens."""

import os
from argparse import Namespace
from typing import Any
from urllib.parse import quote

from blynk_gateway.cli.access import options_of, running, with_gateway
from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.failure import NoListener
from blynk_gateway.cli.output import print_json, print_table
from blynk_gateway.config import Options
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.formats.sketch import BOARDS, Target, sketch_for
from blynk_gateway.runtime.lan import lan_host

_PATH = "/api/v1/devices"

_UNITS = ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def add(arguments: Namespace) -> int:
    """Add a device; prints slug, token and the next step."""
    body = {"name": arguments.name, "template": arguments.template, "token": arguments.token}
    body = {key: value for key, value in body.items() if value is not None}

    device = with_gateway(arguments, lambda gateway: gateway.request("POST", _PATH, body))
    if arguments.json:
        print_json(device)
        return 0
    slug = device["slug"]
    print(f"Device  {slug}")
    print(f"Token   {device['token']}")
    # Who needed it for this command needs it for the next one.
    sudo = "sudo " if "SUDO_USER" in os.environ else ""
    print(f"Next    {sudo}blynk-gateway device sketch {slug} > {slug}.ino")
    return 0


def show_all(arguments: Namespace) -> int:
    """List slugs, states and names."""
    devices = with_gateway(arguments, lambda gateway: gateway.request("GET", _PATH))["devices"]
    if arguments.json:
        print_json(devices)
        return 0
    now_ms = SystemClock().now_ms()
    rows = [(one["slug"], _state(one), _ago(one, now_ms), one["name"]) for one in devices]
    print_table(("SLUG", "STATE", "LAST SEEN", "NAME"), rows)
    return 0


def remove(arguments: Namespace) -> int:
    """Remove a device with its values. Says nothing if that went well."""
    with_gateway(arguments, lambda gateway: gateway.request("DELETE", _device(arguments)))
    return 0


def token(arguments: Namespace) -> int:
    """Print a device's token, alone on standard output."""
    answer = with_gateway(arguments, lambda gateway: _token(gateway, arguments.slug))
    if arguments.json:
        print_json(answer)
    else:
        print(answer["token"])
    return 0


def sketch(arguments: Namespace) -> int:
    """Print a sketch with host, port and token filled in."""
    options = options_of(arguments)

    def command(gateway: ControlClient) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
        device = gateway.request("GET", _device(arguments))
        pins = gateway.request("GET", f"{_device(arguments)}/pins")["pins"]
        return device, _token(gateway, arguments.slug)["token"], pins

    device, text, pins = with_gateway(arguments, command)
    host, port = _lan_address(options)
    target = Target(device["name"], text, host, port)
    datastreams = [
        {"pin": pin["pin"], **pin["datastream"]} for pin in pins if pin["datastream"] is not None
    ]
    print(sketch_for(BOARDS[arguments.board], target, datastreams))
    return 0


def pair(arguments: Namespace) -> int:
    """Let unknown tokens become devices; returns at once, the gateway closes by itself."""
    gateway = running(arguments)
    state = gateway.request("POST", "/api/v1/pairing", {"minutes": arguments.minutes})
    if arguments.json:
        print_json(state)
        return 0
    if arguments.minutes == 0:
        print("Pairing is closed.")
        return 0
    minutes = "1 minute" if arguments.minutes == 1 else f"{arguments.minutes:g} minutes"
    print(f"Pairing is open for {minutes}: an unknown token that logs in now")
    print("becomes a device. Switch the device on, then: blynk-gateway device list")
    if state["refused"]:
        print("\nRefused lately:")
        print_table(
            ("TOKEN", "FROM", "TRIES"),
            [(one["token"], one["peer"], str(one["attempts"])) for one in state["refused"]],
        )
    return 0


def _device(arguments: Namespace) -> str:
    return f"{_PATH}/{quote(arguments.slug, safe='')}"


def _token(gateway: ControlClient, slug: str) -> dict[str, Any]:
    answer: dict[str, Any] = gateway.request("GET", f"{_PATH}/{quote(slug, safe='')}/token")
    return answer


def _state(device: dict[str, Any]) -> str:
    if device["online"]:
        return "stale" if device["stale"] else "online"
    return "offline"


def _ago(device: dict[str, Any], now_ms: int) -> str:
    if not device["last_seen_ms"]:
        return "never"
    seconds = max(0, now_ms - device["last_seen_ms"]) // 1000
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return "now"


def _lan_address(options: Options) -> tuple[str, int]:
    """Host and port under which devices on the network reach the gateway."""
    if not options.server.listen:
        raise NoListener("server.listen is empty, found no port for devices; expected one")
    host, port = options.server.listen[0]
    return lan_host(host), port
