"""docs/guide/automations.md: what stands there can be used as it is."""

import re
from pathlib import Path

import pytest

from blynk_gateway.cli.parser import build_parser
from blynk_gateway.config import Options, load

PAGE = (Path(__file__).parents[4] / "docs/guide/automations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ blynk-gateway (automation .+?)(?: {2,}#.*)?$", PAGE, re.MULTILINE)

BASE = {
    "gateway": "gateway:\n  location: {latitude: 52.52, longitude: 13.41}\n",
    "devices": """\
devices:
  greenhouse: {name: Greenhouse, token: 4ae3851817194e2596cf1b7103603ef8, stale_after: 1h}
  lamp: {name: Lamp, token: 4ae3851817194e2596cf1b7103603ef9}
""",
    "gpio": """\
gpio:
  factory: mock
  peripherals:
    pump: {type: relay, line: 17, pin: V1}
    valve: {type: relay, line: 18, pin: V2}
    door: {type: button, line: 27, pin: V3}
""",
    "mqtt": "mqtt: {host: localhost}\n",
    "notifications": """\
notifications:
  services: {phone: {url: "json://localhost/"}}
  default: [phone]
""",
    "webhooks": 'webhooks: {particle-led: {url: "http://localhost/"}}\n',
}
"""What the examples take for granted, by section; that of an example replaces ours."""


def loaded(tmp_path: Path, text: str) -> Options:
    """The options of a part of a configuration: whole sections, or entries of `automations`."""
    if text.startswith("  - "):
        text = f"automations:\n{text}"
    own = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    file = tmp_path / "gateway.yaml"
    file.write_text("".join(part for name, part in BASE.items() if name not in own) + text)
    return load(file, {})


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.split("\n")[0].strip()[:40])
def test_every_block_is_a_configuration_without_a_warning(tmp_path: Path, text: str) -> None:
    options = loaded(tmp_path, text)
    assert options.automations or options.links
    assert options.warnings == ()


def cells_of(head: str) -> list[str]:
    """The code in the first column of the table with this head."""
    table = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0]
    return [
        code
        for line in table.splitlines()[2:]
        for code in re.findall(r"`(\{.+?\})`(?=[,; |])", line.split("|")[1] + " ")
    ]


TRIGGERS, ACTIONS = cells_of("trigger"), cells_of("action")


@pytest.mark.parametrize("text", TRIGGERS)
def test_every_trigger_of_the_table_works(tmp_path: Path, text: str) -> None:
    rules = f"automations: [{{name: x, when: {text}, then: {{set: {{pi/V1: 1}}}}}}]\n"
    assert loaded(tmp_path, rules).automations[0].when


@pytest.mark.parametrize("text", ACTIONS)
def test_every_action_of_the_table_works(tmp_path: Path, text: str) -> None:
    others = [f"{{name: {name}, then: {{delay: 1s}}}}" for name in ("Good night", "Holiday light")]
    first = f"{{name: x, when: {{startup: true}}, then: {text}}}"
    rules = f"automations: [{', '.join([first, *others])}]\n"
    assert loaded(tmp_path, rules).automations[0].then


def test_the_page_has_examples_of_all_sorts() -> None:
    assert len(BLOCKS) >= 12
    assert len(TRIGGERS) >= 14
    assert len(ACTIONS) >= 12
    assert len(COMMANDS) >= 4


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    assert build_parser().parse_args(re.findall(r'"[^"]*"|\S+', command)).handler
