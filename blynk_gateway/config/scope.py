"""What the reading of one configuration shares: its report, places, secrets and budget."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Fault, Rejected, Report, found
from blynk_gateway.config.options import Place

MAX_ENTRIES = 50_000
"""Keys and list entries, aliases followed: a few lines of aliases can stand for billions."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Scope:
    """One load of one file.

    Attributes:
        path: the file; relative paths in it start from its directory.
        places: where each key stands, by its dotted path. A key is noted before its value is
            read, so that a faulty entry is still known to be there.
        has_read_secrets, kept_secrets: the secrets file, read when the first one is asked for;
            None if it is faulty.
    """

    def __init__(self, path: Path, report: Report, environ: Mapping[str, str]) -> None:
        self.path = path
        self.report = report
        self.environ = environ
        self.places: dict[str, Place] = {}
        self.has_read_secrets = False
        self.kept_secrets: dict[str, str] | None = None
        self._entries = 0

    def note(self, key: str, node: yaml.Node) -> None:
        """Remember where a key stands."""
        self.places[key] = Place(str(self.path), nodes.line_of(node))

    def fault(self, line: int, key: str, text: str) -> None:
        """Report a fault of this file and go on."""
        self.report.add(Fault(str(self.path), line, key, text))

    def fault_at(self, key: str, text: str, place: str = "") -> None:
        """Report a fault of a key whose value was read.

        Args:
            key: dotted path; it need not be given in the file.
            text: what was found and is expected.
            place: the noted path whose line to name, if it is not that of the key. Without a
                place of its own a fault stands at its nearest parent.
        """
        self.fault(self.line_of(place or key), key, text)

    def warn_at(self, key: str, text: str, place: str = "") -> None:
        """Report a warning as `fault_at` does a fault; the file can still be used."""
        line = self.line_of(place or key)
        self.report.add(Fault(str(self.path), line, key, text, is_warning=True))

    def line_of(self, key: str) -> int:
        """The line of a key or of its nearest parent in the file; 0 without any."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return self.places[key].line if key else 0

    def is_faulty(self, key: str) -> bool:
        """Whether a fault of this key or one of its entries was reported."""
        return any(fault.key.startswith(key) for fault in self.report.faults)

    def reject(self, node: yaml.Node, key: str, text: str) -> NoReturn:
        """Report a fault and leave the value out.

        Raises:
            Rejected: always.
        """
        self.fault(nodes.line_of(node), key, text)
        raise Rejected

    def text_of(self, node: yaml.Node, key: str, expected: str) -> str:
        """The scalar as it is written.

        Raises:
            Rejected: if it is a list, a mapping, nothing, or has a tag; that is reported.
        """
        self._check_tag(node, key)
        if not isinstance(node, yaml.ScalarNode) or nodes.is_null(node):
            text = f"found {nodes.describe(node)}, expected {expected}{nodes.braces_hint(node)}"
            self.reject(node, key, text)
        return str(node.value)

    def entries_of(self, node: yaml.Node, key: str, expected: str) -> list[yaml.Node]:
        """The entries of a list.

        Raises:
            Rejected: if it is no list.
        """
        self._check_tag(node, key)
        if not isinstance(node, yaml.SequenceNode):
            self.reject(node, key, f"found {nodes.describe(node)}, expected {expected}")
        self._spend(len(node.value), node, key)
        return list(node.value)

    def pairs_of(self, node: yaml.Node, key: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Key, key's node and value of each entry; nothing counts as an empty mapping.

        Keys of mappings taken over by `<<` follow unless they are given here. A key given twice
        is reported, and its first value stands.

        Raises:
            Rejected: if it is no mapping.
        """
        pairs: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        self._collect(node, key, pairs, ())
        return [(name, key_node, value) for name, (key_node, value) in pairs.items()]

    def _collect(
        self,
        node: yaml.Node,
        key: str,
        pairs: dict[str, tuple[yaml.Node, yaml.Node]],
        mergers: tuple[yaml.Node, ...],
    ) -> None:
        self._check_tag(node, key)
        if nodes.is_null(node):
            return
        if not isinstance(node, yaml.MappingNode):
            # The text is not repeated: it may be a token.
            what = "a list" if isinstance(node, yaml.SequenceNode) else "a text"
            where = ", indented below it" if key else ""
            self.reject(node, key, f"found {what}, expected `key: value` pairs{where}")
        self._spend(len(node.value), node, key)
        own: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value in node.value:
            if nodes.is_merge(key_node):
                merged.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                text = f"found {nodes.describe(key_node)} as a key, expected a word"
                self.fault(nodes.line_of(key_node), key, text)
                continue
            name = str(key_node.value)
            if node.flow_style and _is_glued(key_node, value):
                # What is behind the colon is not repeated: it may be a token.
                name = name.partition(":")[0]
                text = "found no blank behind the colon, expected one"
                self.reject(key_node, join(key, name), text)
            if name in own:
                text = f"found a second time, expected once; it stands in line {own[name]} already"
                self.fault(nodes.line_of(key_node), join(key, name), text)
                continue
            own[name] = nodes.line_of(key_node)
            pairs.setdefault(name, (key_node, value))
        for other in merged:
            if other is node or other in mergers:
                self.reject(other, key, "found a mapping that merges itself; expected another one")
            self._collect(other, key, pairs, (*mergers, node))

    def _check_tag(self, node: yaml.Node, key: str) -> None:
        if node.tag == "!secret":
            self.reject(node, key, "found !secret, expected plain text: this option is no secret")
        if not nodes.has_plain_tag(node):
            self.reject(node, key, f"found the tag {found(node.tag)}, expected none")

    def _spend(self, count: int, node: yaml.Node, key: str) -> None:
        self._entries += count
        if self._entries > MAX_ENTRIES:
            self.fault(
                nodes.line_of(node),
                key,
                f"found more than {MAX_ENTRIES} entries in all, aliases followed; expected fewer",
            )
            raise self.report.error()


def _is_glued(name: yaml.ScalarNode, value: yaml.Node) -> bool:
    """Whether it is `{pin:pi/V1}`, to YAML a key without a value."""
    return ":" in name.value and nodes.is_null(value) and not value.value


def join(parent: str, name: str) -> str:
    """The dotted path of a key; a name that is no plain word is quoted and cut."""
    shown = name if _PLAIN_NAME.fullmatch(name) else found(name)
    return f"{parent}.{shown}" if parent else shown
