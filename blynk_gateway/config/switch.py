"""A section that can be switched on as it is: `tls: true`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import found
from blynk_gateway.config.kinds import Kind, Section
from blynk_gateway.config.scalars import BOOLEAN
from blynk_gateway.config.scope import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Switch(Kind[T | None]):
    """`true` for the section with its defaults, `false` for None, or the section.

    Attributes:
        is_on: what null stands for: as good as no key at all, so whatever is the default.
    """

    section: Section[T]
    is_on: bool = False

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T | None:
        """The section, or None where it is switched off."""
        if nodes.is_null(node):
            return self.section.read_pairs((), key, scope, {}) if self.is_on else None
        if not isinstance(node, yaml.ScalarNode):
            return self.section.read(node, key, scope)
        names = ", ".join(entry.name for entry in self.section.keys)
        expected = f"{BOOLEAN.expected}, or `key: value` pairs of {names}"
        text = scope.text_of(node, key, expected)
        try:
            is_on = BOOLEAN.parse(text)
        except ValueError:
            scope.reject(node, key, f"found {found(text)}, expected {expected}")
        return self.section.read_pairs((), key, scope, {}) if is_on else None

    def flow(self, value: T | None) -> str:
        """`false`, or a mapping in braces."""
        return BOOLEAN.flow(False) if value is None else self.section.flow(value)

    def settings(self, value: T | None, key: str) -> Iterator[tuple[str, str]]:
        """`false`, or those of the section."""
        if value is None:
            yield key, BOOLEAN.flow(False)
        else:
            yield from self.section.settings(value, key)
