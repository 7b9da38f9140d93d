"""How texts with secrets in them (`webhooks.mixed`) are read and shown."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.credentials import PASSWORD, named_secret
from blynk_gateway.config.fault import Rejected, found, quoted
from blynk_gateway.config.kinds import Kind, Scalar
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret

_SECRET = re.compile(r"!secret +([A-Za-z0-9_.-]+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def read_text(node: yaml.Node, text: str, key: str, scope: Scope) -> MixedText:
    """A text of the file, with the secrets that it names looked up.

    Raises:
        Rejected: if there is no such secret, or one that does not fit into a text.
    """
    parts: list[str | NamedSecret] = []
    end = 0
    for match in _SECRET.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(_secret(match[1], node, key, scope))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return MixedText(tuple(parts))


@dataclass(frozen=True, slots=True)
class MixedTextKind(Kind[MixedText]):
    """A text that may hold placeholders, and `!secret NAME` once or more often.

    Attributes:
        what: for people, "a header's value".
        limit: most characters.
        may_be_empty, may_have_lines: whether it may.
    """

    what: str
    limit: int
    may_be_empty: bool = True
    may_have_lines: bool = False

    def read(self, node: yaml.Node, key: str, scope: Scope) -> MixedText:
        """The text as it is written; `!secret NAME` alone may be a tag as well."""
        if node.tag == "!secret":
            name = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
            return MixedText((_secret(name, node, key, scope),))
        if placeholder := unquoted_placeholder(node):
            scope.reject(node, key, unquoted_fault(placeholder))
        text = scope.text_of(node, key, self.expected)
        is_control = _CONTROL_BUT_LINES if self.may_have_lines else _CONTROL
        is_empty = not text and not self.may_be_empty
        if is_empty or len(text) > self.limit or is_control.search(text):
            what = "control characters" if is_control.search(text) else f"{len(text)} characters"
            scope.reject(node, key, f"found {what}, expected {self.expected}")
        return read_text(node, text, key, scope)

    def flow(self, value: MixedText) -> str:
        """As it is written."""
        return quoted(str(value))

    @property
    def expected(self) -> str:
        """Ends the sentence "found x, expected …"."""
        lines = "" if self.may_have_lines else " in one line"
        return f"{self.what} of at most {self.limit} characters{lines}"


@dataclass(frozen=True, slots=True)
class MixedTexts(Kind[dict[str, MixedText]]):
    """Names and texts.

    Attributes:
        hides: whether the text under this name has to be hidden even if it stands in the file.
    """

    name: Scalar[str]
    text: MixedTextKind
    limit: int
    hides: Callable[[str], bool]

    def read(self, node: yaml.Node, key: str, scope: Scope) -> dict[str, MixedText]:
        """The good entries, in order."""
        pairs = scope.pairs_of(node, key)
        if len(pairs) > self.limit:
            scope.reject(node, key, f"found {len(pairs)} entries, expected at most {self.limit}")
        texts: dict[str, MixedText] = {}
        for name, key_node, value in pairs:
            path = join(key, name)
            try:
                scope.note(path, key_node)
                parsed = self.name.read(key_node, path, scope)
                text = self.text.read(value, path, scope)
            except Rejected:
                continue
            texts[parsed] = MixedText(text.parts, self.hides(parsed) and is_bare(text))
        return texts

    def flow(self, value: dict[str, MixedText]) -> str:
        """As a mapping in braces."""
        pairs = (f"{quoted(name)}: {self.text.flow(text)}" for name, text in value.items())
        return "{" + ", ".join(pairs) + "}"


def is_bare(text: MixedText) -> bool:
    """Whether a text that should be a secret stands in the file as it is."""
    return bool(text.parts) and not text.has_secrets and "{" not in str(text)


def unquoted_placeholder(node: yaml.Node) -> str:
    """`{value}` where somebody left out its quotes, which makes a mapping of it; else empty."""
    if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
        name, value = node.value[0]
        is_nothing = nodes.is_null(value) and value.value == ""
        if is_nothing and node.flow_style and isinstance(name, yaml.ScalarNode):
            return f"{{{name.value}}}"
    return ""


def unquoted_fault(placeholder: str) -> str:
    """What is said of it."""
    return f"found {placeholder[:40]} without quotes, expected it in quotes: {found(placeholder)}"


def _secret(name: str, node: yaml.Node, key: str, scope: Scope) -> NamedSecret:
    text = named_secret(name, node, key, scope)
    if not PASSWORD.pattern.fullmatch(text):
        what = f"{len(text)} characters that do not fit" if text else "nothing"
        scope.reject(node, key, f"found {what} as !secret {name}, expected {PASSWORD.expected}")
    return NamedSecret(name, Secret(text))
