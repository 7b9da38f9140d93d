"""`webhook`: webhooks of the running gateway."""

from argparse import Namespace
from typing import Any
from urllib.parse import quote

from blynk_gateway.cli.access import running
from blynk_gateway.cli.output import moment_of, print_json, print_paragraph, print_table

_PATH = "/api/v1/webhooks"
_HEADS = ("NAME", "STATE", "SENT", "WAITING", "LATEST", "TARGET")

TESTED_WITHIN_S = 90.0
"""A server may take as long as its webhook's `timeout` says, a minute at most."""

EXIT_NOT_SENT = 1


def show_all(arguments: Namespace) -> int:
    """List webhooks, and what went wrong with some."""
    webhooks = running(arguments).request("GET", _PATH)["webhooks"]
    if arguments.json:
        print_json(webhooks)
        return 0
    if not webhooks:
        print("No webhooks yet; they are below `webhooks:` in the configuration file.")
        return 0
    print_table(_HEADS, [_row(one) for one in webhooks], is_first_whole=True)
    for one in webhooks:
        if one["failures"]:
            times = "once" if one["failures"] == 1 else f"{one['failures']} times in a row"
            print()
            print_paragraph(f"{one['name']}: ", f"failed {times}: {one['last_result']}")
        if one["off"]:
            print(f"  Switch it on again: blynk-gateway webhook test {one['name']}")
    return 0


def test(arguments: Namespace) -> int:
    """Send one request now."""
    path = f"{_PATH}/{quote(arguments.name, safe='')}/test"
    body = {"value": arguments.value}
    answer = running(arguments).request("POST", path, body, TESTED_WITHIN_S)
    if arguments.json:
        print_json(answer)
    else:
        print_paragraph("Request  ", answer["request"])
        print_paragraph("Answer   ", f"{answer['result']}, after {answer['took_ms']} ms")
        if answer["body"]:
            print_paragraph("Body     ", answer["body"])
    return 0 if answer["ok"] else EXIT_NOT_SENT


def _row(webhook: dict[str, Any]) -> tuple[str, ...]:
    failing = "failing" if webhook["failures"] else "on"
    return (
        webhook["name"],
        "off" if webhook["off"] else failing,
        str(webhook["sent"]),
        str(webhook["waiting"]),
        moment_of(webhook["last_ms"]),
        webhook["target"],
    )
