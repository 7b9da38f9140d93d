"""The options of `automation`, `webhook` and `notification`."""

import argparse
from typing import TYPE_CHECKING

from blynk_gateway.cli.commands import add_json, command, group

if TYPE_CHECKING:
    from blynk_gateway.cli.commands import Commands

MAX_RUNS = 1000
"""As many as the gateway tells at once."""


def add_automation_commands(commands: "Commands") -> None:
    """Add the three groups."""
    _add_automation(group(commands, "automation", "rules of the running gateway", "list"))
    _add_webhook(group(commands, "webhook", "webhooks of the running gateway", "list"))
    _add_notification(
        group(commands, "notification", "services that tell people", "list"),
    )


def _add_automation(commands: "Commands") -> None:
    add_json(
        command(
            commands,
            "list",
            "list all rules, what they wait for and why some are stopped",
            "automation:show_all",
            "automation list",
        )
    )
    test = command(
        commands,
        "test",
        "explain what a rule would do now; nothing is done",
        "automation:test",
        "automation test too-hot\n         blynk-gateway automation test too-hot --value 31.5",
    )
    _add_rule(test)
    _add_value(test, "of the pin that triggers it; several parameters one by one")
    add_json(test)
    run = command(
        commands,
        "run",
        "run a rule by hand; its conditions and limit hold",
        "automation:run",
        "automation run good-night",
    )
    _add_rule(run)
    add_json(run)
    runs = command(
        commands,
        "runs",
        "print the latest runs with their causes and what became of each action",
        "automation:runs",
        "automation runs too-hot --limit 5",
    )
    runs.add_argument(
        "name", type=_name, metavar="NAME", nargs="?", help="of one rule; none for all"
    )
    runs.add_argument(
        "--limit",
        type=_limit,
        metavar="N",
        default=20,
        help=f"the latest so many, 1 to {MAX_RUNS} (default: 20)",
    )
    add_json(runs)
    enable = command(
        commands,
        "enable",
        "switch a rule on, also one that was stopped for a loop",
        "automation:enable",
        "automation enable too-hot",
    )
    _add_rule(enable)
    disable = command(
        commands,
        "disable",
        "switch a rule off; it stays off after a restart",
        "automation:disable",
        "automation disable too-hot",
    )
    _add_rule(disable)


def _add_webhook(commands: "Commands") -> None:
    add_json(
        command(
            commands,
            "list",
            "list all webhooks and what became of their requests",
            "webhook:show_all",
            "webhook list",
        )
    )
    test = command(
        commands,
        "test",
        "send a webhook once, now; one that is off is on again if it works",
        "webhook:test",
        "webhook test particle-led\n         blynk-gateway webhook test particle-led --value 1",
    )
    test.add_argument("name", type=_name, metavar="NAME", help="as in the list")
    _add_value(test, "what is sent as the pin's value; several parameters one by one")
    add_json(test)


def _add_notification(commands: "Commands") -> None:
    add_json(
        command(
            commands,
            "list",
            "list all notification services and what became of their messages",
            "notification:show_all",
            "notification list",
        )
    )
    test = command(
        commands,
        "test",
        "send a test message by one service, now",
        "notification:test",
        "notification test phone",
    )
    test.add_argument("name", type=_name, metavar="NAME", help="as in the list")
    add_json(test)


def _add_rule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", type=_name, metavar="NAME", help="name or slug of a rule, as in the list"
    )


def _add_value(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument(
        "--value", metavar="VALUE", nargs="+", help=f"{about} (default: what the pin has now)"
    )


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("found an empty name; expected one as in the list")
    return text


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_RUNS:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1 to {MAX_RUNS}")
    return int(text)
