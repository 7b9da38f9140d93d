"""Sections of several shapes, chosen by one of their keys: `{pin: …}`, `{at: …}`, `{cron: …}`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Rejected
from blynk_gateway.config.kinds import Kind, Section
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.suggest import did_you_mean, hint

T = TypeVar("T")


class OneOrMore(Kind[tuple[T, ...]]):
    """A list of entries, or one without a list around it; with a faulty one there is none at all.

    Otherwise those behind it would stand in other places than in the file.
    """

    def __init__(self, kind: Kind[T], expected: str, limit: int, least: int = 0) -> None:
        self.kind = kind
        self._expected = expected
        self._limit = limit
        self._least = least

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[T, ...]:
        """The entries, in order; the path of the only one of no list is that of the key."""
        if nodes.is_null(node):
            scope.reject(node, key, f"found nothing, expected {self._expected}")
        if not isinstance(node, yaml.SequenceNode):
            return (self.kind.read(node, key, scope),)
        entries = scope.entries_of(node, key, self._expected)
        if len(entries) > self._limit:
            scope.reject(node, key, f"found {len(entries)} entries, expected at most {self._limit}")
        if len(entries) < self._least:
            scope.reject(node, key, f"found an empty list, expected {self._expected}")
        values: list[T] = []
        for index, entry in enumerate(entries):
            path = f"{key}[{index}]"
            scope.note(path, entry)
            try:
                values.append(self.kind.read(entry, path, scope))
            except Rejected:
                continue
        if len(values) < len(entries):
            raise Rejected
        return tuple(values)

    def flow(self, value: tuple[T, ...]) -> str:
        """As a list in brackets."""
        return "[" + ", ".join(self.kind.flow(entry) for entry in value) + "]"


def paths_of(key: str, count: int, scope: Scope) -> list[str]:
    """The path of each entry that `OneOrMore` read below a key."""
    paths = [f"{key}[{index}]" for index in range(count)]
    return [key] if paths[:1] and paths[0] not in scope.places else paths


@dataclass(frozen=True, slots=True)
class Form(Kind[T]):
    """A section that is shown without what says nothing; one of several shapes.

    Attributes:
        type: what its section makes.
        section: reads it.
        show: its keys and what their kinds write, those left out that say nothing.
    """

    type: type[T]
    section: Section[T]
    show: Callable[[T], Mapping[str, object]]

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """As the section reads it."""
        return self.section.read(node, key, scope)

    def flow(self, value: T) -> str:
        """As a mapping in braces."""
        kinds = {key.name: key.kind for key in self.section.keys}
        shown = self.show(value).items()
        return "{" + ", ".join(f"{name}: {kinds[name].flow(held)}" for name, held in shown) + "}"


class Forms(Kind[T]):
    """A mapping whose shape is that of the first of these keys which it has.

    Args:
        what: as a complaint calls it.
        forms: by the key that chooses; several keys may choose the same.
        habits: keys that people know from other programs; see `suggest.hint`.
        example: one of them.
    """

    def __init__(
        self, what: str, forms: Mapping[str, Form[Any]], habits: Mapping[str, str], example: str
    ) -> None:
        self.forms = forms
        self._what = what
        self._habits = habits
        self._example = example

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """The object that the shape makes."""
        if not isinstance(node, yaml.MappingNode):
            expected = f"a {self._what} such as {self._example}"
            text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
            end = _key_hint(text, self.forms)
            scope.reject(node, key, f"found {nodes.kind_of(node)}, expected {expected}{end}")
        pairs = scope.pairs_of(node, key)
        names = [name for name, _, _ in pairs]
        word = next((word for word in self.forms if word in names), None)
        # `{platform: sun, event: sunset}` is no event.
        if word is None or "platform" in names or "trigger" in names:
            scope.reject(node, key, _no_word(self._what, names, self.forms, self._habits))
        made: T = self.forms[word].section.read_pairs(pairs, key, scope, {})
        return made

    def flow(self, value: T) -> str:
        """As its shape writes it."""
        form = next(form for form in self.forms.values() if form.type is type(value))
        return form.flow(value)


class OneKey(Kind[T]):
    """A mapping of one key; that says what the value is.

    Args:
        what: as a complaint calls it.
        kinds: of the value, by the key.
        word_of: the key of a value.
        habits: keys that people know from other programs; see `suggest.hint`.
    """

    def __init__(
        self,
        what: str,
        kinds: Mapping[str, Kind[Any]],
        word_of: Callable[[T], str],
        habits: Mapping[str, str],
    ) -> None:
        self.kinds = kinds
        self._what = what
        self._word_of = word_of
        self._habits = habits

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """What the kind of the key reads."""
        if isinstance(node, yaml.ScalarNode) and not nodes.is_null(node):
            hint = _key_hint(str(node.value), self.kinds)
            expected = f"`key: value`, the key one of {', '.join(self.kinds)}{hint}"
            scope.reject(node, key, f"found a text, expected {expected}")
        pairs = scope.pairs_of(node, key)
        known = [pair for pair in pairs if pair[0] in self.kinds]
        if not known:
            names = [name for name, _, _ in pairs]
            scope.reject(node, key, _no_word(self._what, names, self.kinds, self._habits))
        word, key_node, value = known[0]
        is_alone = True
        for name, other, _ in pairs:
            if name == word:
                continue
            is_alone = False
            text = f"found beside {word}, expected one key"
            text += f": begin another entry with `- {name}:`" if name in self.kinds else " alone"
            scope.fault(nodes.line_of(other), join(key, name), text)
        path = f"{key}.{word}"
        scope.note(path, key_node)
        read: T = self.kinds[word].read(value, path, scope)
        if not is_alone:
            raise Rejected
        return read

    def flow(self, value: T) -> str:
        """As a mapping in braces."""
        word = self._word_of(value)
        return f"{{{word}: {self.kinds[word].flow(value)}}}"


class TextOr(Kind[T]):
    """A section, or the text of its most important key alone.

    Args:
        name: that key.
        form: the section.
    """

    def __init__(self, name: str, form: Form[T]) -> None:
        self.form = form
        self._name = name
        self._names = {entry.name for entry in form.section.keys}

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """The object that the section makes."""
        if not isinstance(node, yaml.ScalarNode) or nodes.is_null(node):
            end = nodes.braces_hint(node)
            if end and str(node.value[0][0].value) not in self._names:
                scope.reject(node, key, f"found a mapping, expected {self._name} alone{end}")
            return self.form.section.read(node, key, scope)
        return self.form.section.read_pairs([(self._name, node, node)], key, scope, {})

    def flow(self, value: T) -> str:
        """As a mapping in braces."""
        return self.form.flow(value)


class Made(Kind[T]):
    """Another kind, whose value is a part of what is meant.

    Args:
        make: of the part.
        part: the inverse.
    """

    def __init__(
        self, kind: Kind[Any], make: Callable[[Any], T], part: Callable[[T], object]
    ) -> None:
        self.kind = kind
        self._make = make
        self._part = part

    def read(self, node: yaml.Node, key: str, scope: Scope) -> T:
        """What is made of what the kind reads."""
        return self._make(self.kind.read(node, key, scope))

    def flow(self, value: T) -> str:
        """As the kind writes it."""
        return self.kind.flow(self._part(value))


def given(**shown: object) -> Iterator[tuple[str, object]]:
    """Those that say something: not 0, not empty. A trailing _ makes a name of a keyword."""
    for name, value in shown.items():
        if value:
            yield name.rstrip("_"), value


def _no_word(
    what: str, names: Iterable[str], words: Mapping[str, object], habits: Mapping[str, str]
) -> str:
    ends = (hint(name, words, habits)[1] for name in names)
    end = next((end for end in ends if end), "")
    return f"found no {what}, expected one of {', '.join(words)}{end}"


def _key_hint(text: str, words: Mapping[str, object]) -> str:
    return did_you_mean(f"{{{text}: …}}") if text in words else ""
