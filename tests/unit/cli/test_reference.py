"""docs/reference/cli.md and the parser say the same, both ways."""

import argparse
import re
from pathlib import Path

import pytest

from blynk_gateway.cli.parser import build_parser
from tests.unit.cli.test_parser import leaves

PAGE = Path(__file__).parents[3] / "docs/reference/cli.md"
COMMON = {"--help", "--config", "--data-dir"}


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)\n", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def options(leaf: argparse.ArgumentParser) -> set[str]:
    names = {name for action in leaf._actions for name in action.option_strings}
    return {name for name in names if name.startswith("--")} - COMMON


LEAVES = {leaf.prog.removeprefix("blynk-gateway "): leaf for leaf in leaves(build_parser())}


def test_every_command_has_its_heading_and_no_other_has() -> None:
    assert list(sections()) == list(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_a_section_names_exactly_the_options_there_are(name: str) -> None:
    text = sections()[name]
    named = set(re.findall(r"`(--[a-z-]+)", text)) - COMMON
    assert named == options(LEAVES[name])


def test_common_options_stand_at_the_top() -> None:
    head = PAGE.read_text().split("\n## ")[0]
    for name in (*COMMON, "--version", "--json"):
        assert f"`{name}" in head
