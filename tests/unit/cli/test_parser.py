import argparse
from collections.abc import Iterator

import pytest

from blynk_gateway.cli.commands import WIDTH
from blynk_gateway.cli.parser import build_parser

COMMANDS = [
    "run",
    "reload",
    "check-config",
    "demo",
    "device add",
    "device list",
    "device remove",
    "device token",
    "device sketch",
    "device pair",
    "pin get",
    "pin set",
    "pin watch",
    "pin mode",
    "automation list",
    "automation test",
    "automation run",
    "automation runs",
    "automation enable",
    "automation disable",
    "webhook list",
    "webhook test",
    "notification list",
    "notification test",
    "user add",
    "user passwd",
    "user list",
    "user remove",
    "api-token add",
    "api-token list",
    "api-token remove",
    "history",
    "backup",
    "restore",
    "gpio status",
    "gpio config-txt",
    "sensors scan",
    "doctor",
    "support-bundle",
]


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for child in group.choices.values():
            yield from leaves(child)


def test_offers_exactly_the_commands_that_work() -> None:
    names = [leaf.prog.removeprefix("blynk-gateway ") for leaf in leaves(build_parser())]
    assert names == COMMANDS


@pytest.mark.parametrize("leaf", list(leaves(build_parser())), ids=lambda leaf: leaf.prog)
def test_every_help_has_an_example_that_parses_and_fits_the_width(
    leaf: argparse.ArgumentParser,
) -> None:
    text = leaf.format_help()
    assert max(map(len, text.splitlines())) <= WIDTH
    _, _, example = text.rpartition("example: ")
    for line in example.strip().splitlines():
        command = line.strip().split(" > ")[0].removeprefix("blynk-gateway ")
        assert build_parser().parse_args(command.split()).handler == leaf.get_default("handler")


def test_a_new_api_token_may_not_do_everything_unless_asked_for() -> None:
    assert build_parser().parse_args(["api-token", "add", "x"]).role == "viewer"
