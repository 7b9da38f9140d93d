"""The schema, its page in the documentation and the example files say the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config import Options, as_yaml, effective, load
from blynk_gateway.config.automations.schema import AUTOMATION, Automations
from blynk_gateway.config.kinds import Kind, ListOf, MapOf, OrNull, Section
from blynk_gateway.config.mqtt.presentation import PresentationUse
from blynk_gateway.config.pins import PinUse
from blynk_gateway.config.schema import SCHEMA
from blynk_gateway.config.switch import Switch
from blynk_gateway.config.typed import Typed
from blynk_gateway.config.upstream.mapped_pins import MappedPins

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/config.md").read_text()
EXAMPLE = ROOT / "config/gateway.example.yaml"
PLACEHOLDERS = {
    "devices": "<slug>",
    "templates": "<name>",
    "dashboards": "<slug>",
    "peripherals": "<name>",
    "upstream": "<name>",
    "datastreams": "<pin>",
    "pins": "<pin>",
    "webhooks": "<name>",
    "services": "<name>",
    "events": "<code>",
}
LIKE_ANOTHER = {
    *("devices.<slug>.datastreams", "gateway.datastreams", "gateway.pins"),
    *("devices.<slug>.events", "gateway.events"),
}
"""Their entries are documented elsewhere."""

# One of each, which leave everything else to the defaults.
MINIMAL = (
    "devices: {<slug>: {token: t}}\n"
    "templates: {<name>: {datastreams: {<pin>: }, events: {<code>: }}}\n"
    "upstream: {<name>: {server: nas, devices: {<slug>: {token: u, pins: [V1]}}}}\n"
    "dashboards: {<slug>: }\nwebhooks: {<name>: {url: https://nas}}\n"
    "notifications: {}\n"
)
NAMES = {"<slug>": "shed", "<name>": "all", "<pin>": "V1", "<code>": "hot"}


def documented() -> list[str]:
    return re.findall(r"^####? `(.+)`$", PAGE, re.MULTILINE)


def keys_of(kind: Kind[Any], path: str) -> Iterator[str]:
    """Every option below a kind; those that are entries of the same sort once."""
    match kind:
        case Section():
            for key in kind.keys:
                yield from keys_of(key.kind, f"{path}.{key.name}".removeprefix("."))
        case MapOf() if path not in LIKE_ANOTHER:
            if not isinstance(kind.section, Section):
                yield path
            yield from keys_of(kind.section, f"{path}.{PLACEHOLDERS[path.rpartition('.')[2]]}")
        case MappedPins():
            yield path
            yield from keys_of(kind.section, f"{path}.{PLACEHOLDERS['pins']}")
        case PinUse() | PresentationUse():
            yield from keys_of(kind.section, path)
        case Typed():
            keys = (key for shape in kind.shapes.values() for key in keys_of(shape, path))
            yield from dict.fromkeys(keys)
        case OrNull(kind=Section() | PresentationUse() as inner) | Switch(section=inner):
            yield path
            yield from keys_of(inner, path)
        case ListOf(kind=Section()) | Automations():
            yield path
            yield from keys_of(getattr(kind, "kind", AUTOMATION), f"{path}[]")
        case _:
            yield path


def test_every_option_is_documented_and_nothing_else() -> None:
    assert documented() == list(keys_of(SCHEMA, ""))


def test_documented_defaults_are_the_real_ones(tmp_path: Path) -> None:
    text = MINIMAL
    for placeholder, name in NAMES.items():
        text = text.replace(placeholder, name)
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    real = {setting.key: setting.value for setting in effective(load(path, {}))}
    sections = re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    told = {key: re.search(r"Default\s`(.*)`\.$", body, re.MULTILINE) for key, body in sections}
    stated = {key: match[1] for key, match in told.items() if match}
    for placeholder, name in NAMES.items():
        stated = {key.replace(placeholder, name): value for key, value in stated.items()}
    assert stated == {key: real[key] for key in stated}
    untold = {key.rpartition(".")[2] for key in real.keys() - stated.keys()}
    assert untold == {"name", "title", "token", "server", "pins", "url", "services"}


def test_example_as_it_stands_is_fine_and_declares_no_device() -> None:
    # A token in an example would become a password that everybody knows.
    options = load(EXAMPLE, {})
    assert options.devices == {}
    assert options.gateway.token is None


def test_example_with_every_option_switched_on_sets_each_section(tmp_path: Path) -> None:
    tokens = ("gateway", "cloud-greenhouse", "cloud-pi", "house-greenhouse")
    for number, name in enumerate(tokens):
        (tmp_path / f"{name}.token").write_text(f"t{number}")
    for name in ("server.crt", "server.key", "house-ca.pem"):
        (tmp_path / name).touch()
    path = tmp_path / "gateway.yaml"
    path.write_text(re.sub(r"^#(?! \S|$)", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    options = load(path, {})
    given = {re.sub(r"[.[].*", "", key) for key in options.places}
    assert given == {key.name for key in SCHEMA.keys}
    assert set(options.devices["greenhouse"].datastreams) == {"V7", "V8"}
    assert set(options.gpio.peripherals) == {"pump", "lamp", "door", "soil", "heat"}
    assert list(options.upstream) == ["cloud", "house"]
    assert len(options.dashboards["home"].pages[0].widgets) == 4
    assert options.warnings == ()


@pytest.mark.parametrize("path", sorted((ROOT / "config/templates").glob("*.yaml")), ids=str)
def test_ready_made_template_is_fine_and_named_like_its_file(path: Path) -> None:
    options = load(path, {})
    assert list(options.templates) == [path.stem]
    assert options.templates[path.stem].datastreams


def test_defaults_shown_as_yaml_are_the_defaults_again(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(as_yaml(effective(Options())))
    assert load(path, {}) == Options()
