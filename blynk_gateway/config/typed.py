"""Sections of several shapes: the key `type` says which one an entry has."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Rejected
from blynk_gateway.config.kinds import Entry, Key, Scalar, Section
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.suggest import did_you_mean, suggestion

MAX_TYPES_NAMED = 3
"""Types that a complaint names for a key of theirs; `line` belongs to nearly all."""

MAX_TYPES_LISTED = 12
"""With more, a complaint lists them only where it has none to suggest."""

TYPE = Key("type", Scalar(str, "a type", str))
"""First key of every shape. `Typed` reads it before anything else."""


class HasType(Protocol):
    """What a shape is made into."""

    @property
    def type(self) -> str:
        """The word that chose the shape."""


T = TypeVar("T", bound=HasType)


@dataclass(frozen=True, slots=True)
class Typed(Entry[T]):
    """A section whose keys depend on its `type`.

    Attributes:
        shapes: a section by type; the first key of each is `TYPE`.
    """

    shapes: Mapping[str, Section[T]]

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """The object that the shape makes."""
        return self.read_named(node, key, scope, {})

    def read_named(
        self, node: yaml.Node, key: str, scope: Scope, attributes: Mapping[str, object]
    ) -> T:
        """Likewise, with attributes that come from outside."""
        pairs = scope.pairs_of(node, key)
        word = self._word_of(pairs, key, scope)
        shape = self.shapes[word]
        own = {entry.name for entry in shape.keys}
        fitting = []
        for pair in pairs:
            name, key_node, _ = pair
            others = [] if name in own else list(self._types_with(name))
            if others:
                expected = ", ".join(entry.name for entry in shape.keys)
                text = f"found a key of {_listed(others)}, which {word} does not have"
                fault = f"{text}; expected one of {expected}"
                scope.fault(nodes.line_of(key_node), join(key, name), fault)
            else:
                fitting.append(pair)
        return shape.read_pairs(fitting, key, scope, attributes)

    def flow(self, value: T) -> str:
        """As its shape writes it."""
        return self.shapes[value.type].flow(value)

    def settings(self, value: T, key: str) -> Iterator[tuple[str, str]]:
        """Those of its shape."""
        return self.shapes[value.type].settings(value, key)

    def _word_of(
        self, pairs: Iterable[tuple[str, yaml.Node, yaml.Node]], key: str, scope: Scope
    ) -> str:
        words = tuple(self.shapes)
        kind = Scalar(self._known, f"one of {', '.join(words)}", str, words)
        for name, key_node, value in pairs:
            if name == TYPE.name:
                path = join(key, name)
                scope.note(path, key_node)
                if len(words) > MAX_TYPES_LISTED and suggestion(str(value.value), words):
                    kind = replace(kind, expected=f"one of {len(words)} types")
                return kind.read(value, path, scope)
        names = (name for name, _, _ in pairs)
        misspelt = next((name for name in names if suggestion(TYPE.name, (name,))), "")
        if misspelt:
            text = f"found an unknown key, expected {TYPE.name}{did_you_mean(TYPE.name)}"
            scope.fault_at(join(key, misspelt), text)
        else:
            scope.fault_at(key, f"found no type, expected {kind.expected}")
        raise Rejected

    def _known(self, text: str) -> str:
        if text not in self.shapes:
            raise ValueError(text)
        return text

    def _types_with(self, name: str) -> Iterator[str]:
        for word, shape in self.shapes.items():
            if any(entry.name == name for entry in shape.keys):
                yield word


def _listed(words: list[str]) -> str:
    shown = ", ".join(words[:MAX_TYPES_NAMED])
    return f"{shown} and others" if len(words) > MAX_TYPES_NAMED else shown
