"""A JSON document written as YAML, with placeholders and secrets in its texts."""

import json
import re
from dataclasses import dataclass

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Kind
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.webhooks.mixed import MixedText, is_sensitive
from blynk_gateway.config.webhooks.options import JsonBody, JsonWord
from blynk_gateway.config.webhooks.texts import (
    MixedTextKind,
    is_bare,
    unquoted_fault,
    unquoted_placeholder,
)

MAX_BODY = 65_536
"""Characters of a body; the vendor's cloud takes 5 KB. Source: blynk-protocol §12.3."""

MAX_DEPTH = 32
"""As deep as the file itself may be; an alias can stand within what it names."""

_WORD = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null", re.ASCII
)


@dataclass(frozen=True, slots=True)
class JsonBodyKind(Kind[JsonBody]):
    """Any mapping, list, text, number, `true`, `false` or `null`."""

    text: MixedTextKind

    def read(self, node: yaml.Node, key: str, scope: Scope) -> JsonBody:
        """The document; what JSON calls a number or a word stays one unless it is quoted."""
        body = self._read(node, key, scope, 1)
        if len(self.flow(body)) > MAX_BODY:
            scope.reject(node, key, f"found too long a document, expected {MAX_BODY} characters")
        if isinstance(body, MixedText) and _is_document(str(body)):
            scope.fault(
                nodes.line_of(node),
                key,
                "found a JSON document in quotes, expected it without them, or as `body` with"
                " `content_type: application/json`",
            )
        return body

    def flow(self, value: JsonBody) -> str:
        """As JSON, which is YAML too."""
        match value:
            case MixedText():
                return quoted(str(value))
            case JsonWord():
                return value.text
            case tuple():
                return "[" + ", ".join(map(self.flow, value)) + "]"
            case _:
                pairs = (f"{quoted(name)}: {self.flow(one)}" for name, one in value.items())
                return "{" + ", ".join(pairs) + "}"

    def _read(self, node: yaml.Node, key: str, scope: Scope, depth: int) -> JsonBody:
        if depth > MAX_DEPTH:
            scope.reject(node, key, f"found more than {MAX_DEPTH} levels, expected fewer")
        if placeholder := unquoted_placeholder(node):
            scope.reject(node, key, unquoted_fault(placeholder))
        if isinstance(node, yaml.MappingNode):
            return {
                name: _hidden(name, self._read(value, join(key, name), scope, depth + 1))
                for name, _, value in scope.pairs_of(node, key)
            }
        if isinstance(node, yaml.SequenceNode):
            entries = scope.entries_of(node, key, "a list")
            return tuple(
                self._read(entry, f"{key}[{index}]", scope, depth + 1)
                for index, entry in enumerate(entries)
            )
        if nodes.is_null(node):
            return JsonWord("null")
        if _is_unquoted(node) and _WORD.fullmatch(node.value):
            return JsonWord(str(node.value))
        return self.text.read(node, key, scope)


def _hidden(name: str, value: JsonBody) -> JsonBody:
    """A text that should be a secret is hidden, as in headers and forms."""
    if isinstance(value, MixedText) and is_sensitive(name) and is_bare(value):
        return MixedText(value.parts, is_private=True)
    return value


def _is_unquoted(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and nodes.has_plain_tag(node) and node.style is None


def _is_document(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False
