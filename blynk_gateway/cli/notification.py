"""`notification`: the services of the running gateway that tell people."""

from argparse import Namespace
from urllib.parse import quote

from blynk_gateway.cli.access import running
from blynk_gateway.cli.output import moment_of, print_json, print_paragraph, print_table

_PATH = "/api/v1/notifications"
_HEADS = ("NAME", "KIND", "SENT", "FAILED", "WAITING", "LATEST")

TESTED_WITHIN_S = 90.0
"""A mail server may take its time before it refuses."""

EXIT_NOT_SENT = 1


def show_all(arguments: Namespace) -> int:
    """List services, and what is wrong with some."""
    services = running(arguments).request("GET", _PATH)["services"]
    if arguments.json:
        print_json(services)
        return 0
    if not services:
        print("No services yet; they are below `notifications:` in the configuration file.")
        return 0
    rows = [
        (
            one["name"],
            one["kind"],
            str(one["sent"]),
            str(one["failed"]),
            str(one["waiting"]),
            moment_of(one["last_ms"]),
        )
        for one in services
    ]
    print_table(_HEADS, rows, is_first_whole=True)
    for one in services:
        if one["detail"]:
            print()
            print_paragraph(f"{one['name']}: ", one["detail"])
    return 0


def test(arguments: Namespace) -> int:
    """Send a test message by one service."""
    path = f"{_PATH}/{quote(arguments.name, safe='')}/test"
    answer = running(arguments).request("POST", path, None, TESTED_WITHIN_S)
    if arguments.json:
        print_json(answer)
    elif answer["ok"]:
        print("A test message is on its way; look whether it arrives.")
    else:
        print_paragraph("Not sent: ", answer["fault"])
    return 0 if answer["ok"] else EXIT_NOT_SENT
