"""The options in force, and where each came from."""

from collections.abc import Iterable
from typing import NamedTuple

from blynk_gateway.config.options import Options
from blynk_gateway.config.schema import SCHEMA

DEFAULT = "default"


class Setting(NamedTuple):
    """One option: its dotted path, its value in YAML, and `file:line` or `default`.

    A secret's value is `"***"`.
    """

    key: str
    value: str
    origin: str


def effective(options: Options) -> list[Setting]:
    """Every option in force, in the order of the documentation."""
    return [
        Setting(key, value, str(options.places.get(key, DEFAULT)))
        for key, value in SCHEMA.settings(options, "")
    ]


def as_yaml(settings: Iterable[Setting]) -> str:
    """The settings as a configuration file, the origin of each in a comment behind it."""
    lines: list[str] = []
    open_keys: list[str] = []
    for setting in settings:
        *parents, name = setting.key.split(".")
        for depth, parent in enumerate(parents):
            if open_keys[depth : depth + 1] != [parent]:
                lines.append(f"{'  ' * depth}{parent}:")
                open_keys[depth:] = [parent]
        del open_keys[len(parents) :]
        lines.append(f"{'  ' * len(parents)}{name}: {setting.value}  # {setting.origin}")
    return "\n".join(lines) + "\n"
