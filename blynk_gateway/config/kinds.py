"""The words a schema is written in: what a key may hold, how it is read and how it is shown.

A kind reads one node into one value. A value that cannot be used is reported and `Rejected`
raised; the mapping around it leaves that key out and goes on, so that one run finds every fault.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Rejected, found, quoted
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.suggest import MAX_WORD_LENGTH, did_you_mean, hint, suggestion

T = TypeVar("T")
K = TypeVar("K")

_FEW = 3
"""Keys that can be told in a row with `or`."""


class Kind(ABC, Generic[T]):
    """What a key may hold."""

    @abstractmethod
    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """The value of a node.

        Raises:
            Rejected: if there is none; the scope's report says why.
        """

    @abstractmethod
    def flow(self, value: T) -> str:
        """The value in YAML, on one line."""

    def settings(self, value: T, key: str) -> Iterator[tuple[str, str]]:
        """The value's options, each with its dotted path."""
        yield key, self.flow(value)


@dataclass(frozen=True, slots=True)
class Scalar(Kind[T]):
    """A text that `parse` understands, or refuses with ValueError.

    Attributes:
        expected: ends the sentence "found x, expected …".
        show: the inverse of `parse`, in YAML.
        words: the texts it takes, where they are few: for suggestions.
        likely: what a text that is refused was likely meant to be; see `config.likely`.
    """

    parse: Callable[[str], T]
    expected: str
    show: Callable[[T], str]
    words: tuple[str, ...] = ()
    likely: Callable[[str], str] | None = None

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """What `parse` makes of the text."""
        text = scope.text_of(node, key, self.expected)
        try:
            return self.parse(text)
        except ValueError:
            hint = suggestion(text, self.words) or self._guess(text)
            scope.reject(node, key, f"found {found(text)}, expected {self.expected}{hint}")

    def flow(self, value: T) -> str:
        """As `show` writes it."""
        return self.show(value)

    def _guess(self, text: str) -> str:
        if self.likely is None or len(text) > MAX_WORD_LENGTH:
            return ""
        guess = self.likely(text)
        try:
            self.parse(guess)
        except ValueError:
            return ""
        return did_you_mean(guess)


@dataclass(frozen=True, slots=True)
class OrNull(Kind[T | None]):
    """The kind, or null."""

    kind: Kind[T]

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T | None:
        """None for null, else as the kind reads it."""
        return None if nodes.is_null(node) else self.kind.read(node, key, scope)

    def flow(self, value: T | None) -> str:
        """`null`, or as the kind writes it."""
        return "null" if value is None else self.kind.flow(value)

    def settings(self, value: T | None, key: str) -> Iterator[tuple[str, str]]:
        """`null`, or those of the kind."""
        if value is None:
            yield key, "null"
        else:
            yield from self.kind.settings(value, key)


@dataclass(frozen=True, slots=True)
class ListOf(Kind[tuple[T, ...]]):
    """Entries of one kind; faulty ones are left out."""

    kind: Kind[T]
    expected: str
    limit: int

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[T, ...]:
        """The good entries, in order."""
        entries = scope.entries_of(node, key, self.expected)
        if len(entries) > self.limit:
            scope.reject(node, key, f"found {len(entries)} entries, expected at most {self.limit}")
        values: list[T] = []
        for index, entry in enumerate(entries):
            scope.note(f"{key}[{index}]", entry)
            try:
                values.append(self.kind.read(entry, f"{key}[{index}]", scope))
            except Rejected:
                continue
            # Again by its index among the good ones, which is its index in the result.
            scope.note(f"{key}[{len(values) - 1}]", entry)
        return tuple(values)

    def flow(self, value: tuple[T, ...]) -> str:
        """As a list in brackets."""
        return "[" + ", ".join(self.kind.flow(entry) for entry in value) + "]"


@dataclass(frozen=True, slots=True)
class Table(Kind[dict[K, T]]):
    """Names and scalars on one line each; faulty ones are left out."""

    name: Scalar[K]
    kind: Scalar[T]
    limit: int

    def read(self, node: yaml.Node, key: str, scope: Scope) -> dict[K, T]:
        """The good entries, in order."""
        pairs = scope.pairs_of(node, key)
        if len(pairs) > self.limit:
            scope.reject(node, key, f"found {len(pairs)} entries, expected at most {self.limit}")
        table: dict[K, T] = {}
        for name, key_node, value in pairs:
            entry_key = join(key, name)
            try:
                parsed = self.name.read(key_node, entry_key, scope)
                if parsed in table:
                    scope.reject(key_node, entry_key, "found a second time, expected once")
                table[parsed] = self.kind.read(value, entry_key, scope)
            except Rejected:
                continue
        return table

    def flow(self, value: dict[K, T]) -> str:
        """As a mapping in braces."""
        pairs = (f"{self.name.flow(name)}: {self.kind.flow(text)}" for name, text in value.items())
        return "{" + ", ".join(pairs) + "}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a section: what it holds, and the attribute that takes it if named otherwise."""

    name: str
    kind: Kind[Any]
    attribute: str = ""

    @property
    def target(self) -> str:
        """The attribute that takes the value."""
        return self.attribute or self.name


class Entry(Kind[T]):
    """What can stand under a name of its own, in a `MapOf`."""

    @abstractmethod
    def read_named(
        self, node: yaml.Node, key: str, scope: Scope, attributes: Mapping[str, object]
    ) -> T:
        """Read with attributes that come from outside, such as the name of the entry.

        Raises:
            Rejected: as `read` does.
        """


@dataclass(frozen=True, slots=True)
class Section(Entry[T]):
    """A mapping of known keys, made into one frozen object.

    Attributes:
        make: called with the attributes that were given; supplies the defaults.
        keys: what it may hold. Of two keys for one attribute only one may be given; the first
            is the one that is shown.
        required: attributes without which nothing can be made.
        finish: looks at what was made, reports faults by `scope.fault_at`, and returns it or
            what stands in its place.
        habits: keys that people know from other programs; see `suggest.hint`.
    """

    make: Callable[..., T]
    keys: tuple[Key, ...]
    required: tuple[str, ...] = ()
    finish: Callable[[T, str, Scope], T] | None = None
    habits: Mapping[str, str] = field(default_factory=dict)

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """The object, made of what is given."""
        return self.read_named(node, key, scope, {})

    def read_named(
        self, node: yaml.Node, key: str, scope: Scope, attributes: Mapping[str, object]
    ) -> T:
        """Read with attributes that come from outside; what is given goes before them."""
        return self.read_pairs(scope.pairs_of(node, key), key, scope, attributes)

    def read_pairs(
        self,
        pairs: Iterable[tuple[str, yaml.Node, yaml.Node]],
        key: str,
        scope: Scope,
        attributes: Mapping[str, object],
    ) -> T:
        """The object, made of name, name's node and value of each key.

        Raises:
            Rejected: if something required is missing or faulty.
        """
        known = {entry.name: entry for entry in self.keys}
        given: dict[str, str] = {}
        values: dict[str, object] = dict(attributes)
        is_whole = True
        empty = ""
        meant: set[str] = set()
        for name, key_node, value in pairs:
            path = join(key, name)
            entry = known.get(name)
            if entry is None:
                word, text = self._unknown(name, known, empty)
                if word:
                    meant.add(known[word].target)
                scope.fault(nodes.line_of(key_node), path, text)
                continue
            empty = name if nodes.is_null(value) else ""
            if entry.target in given:
                text = f"found beside {given[entry.target]}, expected only one of the two"
                scope.fault(nodes.line_of(key_node), path, text)
                continue
            given[entry.target] = name
            scope.note(path, key_node)
            scope.note(join(key, self._shown_name(entry)), key_node)
            try:
                values[entry.target] = entry.kind.read(value, path, scope)
            except Rejected:
                is_whole = is_whole and entry.target not in self.required
        for attribute in self.required:
            if attribute not in given:
                is_whole = False
                # A complaint of its misspelt name is enough.
                if attribute not in meant:
                    scope.fault_at(key, self._missing(attribute))
        if not is_whole:
            raise Rejected
        made = self.make(**values)
        return made if self.finish is None else self.finish(made, key, scope)

    def flow(self, value: T) -> str:
        """As a mapping in braces."""
        pairs = (f"{entry.name}: {entry.kind.flow(held)}" for entry, held in self._shown(value))
        return "{" + ", ".join(pairs) + "}"

    def settings(self, value: T, key: str) -> Iterator[tuple[str, str]]:
        """Those of each key."""
        for entry, held in self._shown(value):
            yield from entry.kind.settings(held, join(key, entry.name))

    def _shown(self, value: T) -> Iterator[tuple[Key, Any]]:
        for entry in self.keys:
            if self._shown_name(entry) == entry.name:
                yield entry, getattr(value, entry.target)

    def _shown_name(self, entry: Key) -> str:
        return next(other.name for other in self.keys if other.target == entry.target)

    def _missing(self, attribute: str) -> str:
        names = [entry.name for entry in self.keys if entry.target == attribute]
        if len(names) <= _FEW:
            return f"found no {' or '.join(names)}, expected one"
        return f"found none of {', '.join(names)}; expected one of them"

    def _unknown(self, name: str, known: Mapping[str, Key], empty: str) -> tuple[str, str]:
        """The key that was likely meant, and a complaint.

        Args:
            empty: the key before it if that has no value.
        """
        word, end = hint(name, known, self.habits)
        if empty and not end:
            end = f"; if it belongs to {empty}, indent it"
        return word, f"found an unknown key, expected one of {', '.join(known)}{end}"


@dataclass(frozen=True, slots=True)
class MapOf(Kind[dict[str, T]]):
    """Named entries of one kind; the name becomes an attribute of the entry.

    Attributes:
        name: what a name must be.
        attributes: take the name, unless the entry gives them itself.
        section: what each entry is.
        limit: most entries.
    """

    name: Scalar[str]
    attributes: tuple[str, ...]
    section: Entry[T]
    limit: int

    def read(self, node: yaml.Node, key: str, scope: Scope) -> dict[str, T]:
        """The good entries by name."""
        pairs = scope.pairs_of(node, key)
        if len(pairs) > self.limit:
            scope.reject(node, key, f"found {len(pairs)} entries, expected at most {self.limit}")
        entries: dict[str, T] = {}
        for name, key_node, value in pairs:
            try:
                parsed = self.name.read(key_node, join(key, name), scope)
                path = join(key, parsed)
                if parsed in entries:
                    scope.reject(key_node, path, "found a second time, expected once")
                scope.note(path, key_node)
                named = dict.fromkeys(self.attributes, parsed)
                entries[parsed] = self.section.read_named(value, path, scope, named)
            except Rejected:
                continue
        return entries

    def flow(self, value: dict[str, T]) -> str:
        """As a mapping in braces."""
        pairs = (f"{quoted(name)}: {self.section.flow(entry)}" for name, entry in value.items())
        return "{" + ", ".join(pairs) + "}"

    def settings(self, value: dict[str, T], key: str) -> Iterator[tuple[str, str]]:
        """Those of each entry."""
        if not value:
            yield key, "{}"
        for name, entry in value.items():
            yield from self.section.settings(entry, join(key, name))
