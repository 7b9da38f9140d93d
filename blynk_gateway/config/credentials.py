"""Where secrets come from: the file itself, `!secret NAME`, or a file that holds one alone.

`!secret NAME` is looked for among the systemd credentials (`$CREDENTIALS_DIRECTORY/NAME`), then
in `secrets.yaml` beside the configuration file. No complaint here repeats what it found.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Rejected, found, quoted
from blynk_gateway.config.kinds import Kind
from blynk_gateway.config.scalars import FilePath
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.definition import TOKEN_PATTERN, TOKEN_RULE

MAX_SECRET_BYTES = 4096
"""A token or password with its line end; anything longer is another file."""

SECRETS_FILE = "secrets.yaml"

_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,255}")


class SecretRule(NamedTuple):
    """What a secret has to be.

    Attributes:
        expected: ends the sentence "found x, expected …".
    """

    pattern: re.Pattern[str]
    expected: str


AUTH_TOKEN = SecretRule(TOKEN_PATTERN, TOKEN_RULE)
PASSWORD = SecretRule(re.compile(r"[^\x00-\x1f\x7f]{1,1024}"), "1 to 1024 characters in one line")


@dataclass(frozen=True, slots=True)
class SecretText(Kind[Secret]):
    """A secret in the file, or `!secret NAME` for one kept elsewhere."""

    rule: SecretRule

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Secret:
        """The secret, wherever it is kept."""
        if node.tag == "!secret":
            name = node.value if isinstance(node, yaml.ScalarNode) else ""
            text = named_secret(name, node, key, scope)
        elif nodes.has_plain_tag(node) and isinstance(node, yaml.ScalarNode):
            text = "" if nodes.is_null(node) else node.value
        else:
            expected = f"{self.rule.expected}, or !secret NAME"
            scope.reject(node, key, f"found no text, expected {expected}")
        if not self.rule.pattern.fullmatch(text):
            what = f"{len(text)} characters that do not fit" if text else "nothing"
            scope.reject(node, key, f"found {what}, expected {self.rule.expected}")
        return Secret(text)

    def flow(self, value: Secret) -> str:
        """Hidden."""
        return quoted(str(value))


@dataclass(frozen=True, slots=True)
class SecretFile(SecretText):
    """The path of a file that holds a secret alone, a line end allowed."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Secret:
        """The file's only line."""
        path = FilePath(must_exist=True).read(node, key, scope)
        text = _content(path, node, key, scope)
        if not self.rule.pattern.fullmatch(text):
            what = f"the file {found(str(path))} does not hold {self.rule.expected}"
            scope.reject(node, key, what)
        return Secret(text)


def named_secret(name: str, node: yaml.Node, key: str, scope: Scope) -> str:
    """What is kept under a name elsewhere.

    Args:
        node, key: what asks for it; faults name its place.

    Raises:
        Rejected: if nothing is, or it cannot be read.
    """
    if not _NAME.fullmatch(name):
        scope.reject(node, key, "found !secret without a name, expected !secret NAME")
    directory = scope.environ.get("CREDENTIALS_DIRECTORY")
    if directory and os.path.lexists(credential := Path(directory, name)):
        return _content(credential, node, key, scope)
    kept = _kept_secrets(scope)
    if name not in kept:
        where = f"{SECRETS_FILE} or a systemd credential of that name"
        text = f"found no secret {quoted(name)}, expected it in {where}{suggestion(name, kept)}"
        scope.reject(node, key, text)
    return kept[name]


def _kept_secrets(scope: Scope) -> dict[str, str]:
    if not scope.has_read_secrets:
        scope.has_read_secrets = True
        scope.kept_secrets = _read_secrets(scope)
    if scope.kept_secrets is None:
        # The file is faulty, which was reported when it was read.
        raise Rejected
    return scope.kept_secrets


def _read_secrets(scope: Scope) -> dict[str, str] | None:
    path = scope.path.parent / SECRETS_FILE
    if not os.path.lexists(path):
        return {}
    inner = Scope(path, scope.report, scope.environ)
    root = nodes.compose(path, scope.report, is_private=True)
    kept: dict[str, str] = {}
    is_whole = True
    for name, _, value in inner.pairs_of(root, "") if root else ():
        if isinstance(value, yaml.ScalarNode):
            kept[name] = str(value.value)
        else:
            inner.fault(nodes.line_of(value), join("", name), "found no text, expected a secret")
            is_whole = False
    return kept if is_whole else None


def _content(path: Path, node: yaml.Node, key: str, scope: Scope) -> str:
    try:
        content = nodes.read_bytes(path, MAX_SECRET_BYTES)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); expected a readable file"
        scope.reject(node, key, f"the file {found(str(path))} {reason}")
    except ValueError as error:
        scope.reject(node, key, f"the file {found(str(path))} is refused: {error}")
    return content.decode("utf-8", "replace").rstrip("\r\n")
