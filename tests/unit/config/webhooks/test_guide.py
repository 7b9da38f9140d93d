"""docs/guide/webhooks.md: what stands there can be used as it is."""

import re
from pathlib import Path

import pytest

from blynk_gateway.cli.parser import build_parser
from blynk_gateway.config import load

PAGE = (Path(__file__).parents[4] / "docs/guide/webhooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ blynk-gateway (webhook .+?)(?: {2,}#.*)?$", PAGE, re.MULTILINE)
BASE = """\
gpio: {factory: mock, peripherals: {door: {type: button, line: 27, pin: V3}}}
"""
DEVICES = "devices: {greenhouse: {token: 4ae3851817194e2596cf1b7103603ef8}}\n"


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.split("\n")[1].strip()[:40])
def test_every_block_is_a_configuration_without_a_warning(tmp_path: Path, text: str) -> None:
    secrets = tmp_path / "secrets.yaml"
    names = set(re.findall(r"!secret (\w+)", text))
    secrets.write_text("".join(f"{name}: http-{name}\n" for name in names - {"make_address"}))
    with secrets.open("a") as file:
        file.write("make_address: https://hook.example.org/abc\n")
    secrets.chmod(0o600)
    path = tmp_path / "gateway.yaml"
    path.write_text(BASE + text + ("" if text.startswith("devices:") else DEVICES))
    options = load(path, {})
    assert options.webhooks or options.devices
    assert options.warnings == ()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    build_parser().parse_args(command.split())
