"""YAML text → nodes that know their lines.

Composed and never loaded: plain loading turns `12:30` into 750 and a token of 32 digits into a
number, and forgets lines. Nothing in the text is ever constructed, whatever its tags say.
"""

import os
from pathlib import Path

import yaml

from blynk_gateway.config.fault import Fault, Rejected, Report, found

MAX_FILE_BYTES = 256 * 1024
"""A thousand devices with names and tokens need 100 KiB; parsing takes seconds beyond this."""

MAX_DEPTH = 32
"""Nesting of lists and mappings; the deepest option lies at 6."""

_STANDARD_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {
    _STANDARD_TAG + name
    for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "seq", "map", "merge")
}


def read_bytes(path: Path, limit: int, *, is_private: bool = False) -> bytes:
    """The content of a small file; never waits for a pipe or reads a device without end.

    Args:
        path: the file.
        limit: most bytes it may have.
        is_private: refuse the file if its group or others may do anything with it; but root may
            let one group read it, such as that of a service.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is longer than the limit or open to others; says so.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if is_private and _is_open_to_others(os.fstat(descriptor)):
            raise ValueError(f"others than its owner may use it; expected `chmod 600 {path}`")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has more than {limit // 1024} KiB; expected a smaller file")
    return content


def _is_open_to_others(status: os.stat_result) -> bool:
    is_of_a_service = status.st_uid == 0 and status.st_gid != 0
    return bool(status.st_mode & (0o037 if is_of_a_service else 0o077))


def compose(path: Path, report: Report, *, is_private: bool = False) -> yaml.Node | None:
    """The root node of a YAML file, or None if the file holds nothing.

    Raises:
        Rejected: if the file cannot be read or is no YAML; the report says why.
    """
    fault = Fault(str(path), 0, "", "")
    try:
        text = read_bytes(path, MAX_FILE_BYTES, is_private=is_private).decode("utf-8-sig")
    except OSError as error:
        fault = fault._replace(text=f"cannot be read: {error.strerror}; {_remedy(error)}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        fault = fault._replace(line=line, text=f"found byte 0x{byte:02x}, expected UTF-8 text")
    except ValueError as error:
        fault = fault._replace(text=f"is refused: {error}")
    else:
        return compose_text(text, str(path), report)
    report.add(fault)
    raise Rejected


def compose_text(text: str, file: str, report: Report) -> yaml.Node | None:
    """The root node of a YAML text, or None if it holds nothing.

    Args:
        file: what faults name as its place.

    Raises:
        Rejected: if it is no YAML; the report says why.
    """
    fault = Fault(file, 0, "", "")
    try:
        return _compose(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"the character U+{error.character:04X}"
        fault = fault._replace(line=line, text=f"found {character}, expected printable text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fault = fault._replace(line=mark.line + 1 if mark else 0, text=_syntax(error, text))
    report.add(fault)
    raise Rejected


def line_of(node: yaml.Node) -> int:
    """The line a node begins at, from 1."""
    return int(node.start_mark.line) + 1


def is_null(node: yaml.Node) -> bool:
    """Whether nothing, `~` or `null` stands there; quotes make a text of it."""
    return bool(node.tag == _STANDARD_TAG + "null" and isinstance(node, yaml.ScalarNode))


def is_merge(node: yaml.Node) -> bool:
    """Whether the key is `<<`, which takes over another mapping."""
    return bool(node.tag == _STANDARD_TAG + "merge")


def has_plain_tag(node: yaml.Node) -> bool:
    """Whether the node carries no tag, or one of YAML's own for texts, lists and mappings."""
    return node.tag in _PLAIN_TAGS


def describe(node: yaml.Node) -> str:
    """What stands there, for a complaint."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if is_null(node) else found(node.value)


def braces_hint(node: yaml.Node) -> str:
    """The end of a complaint of `{value}` where a text is expected; it is a mapping to YAML."""
    if isinstance(node, yaml.MappingNode) and node.flow_style and len(node.value) == 1:
        value = node.value[0][1]
        if is_null(value) and not value.value:
            return '; quote a text with braces, as in "{value}"'
    return ""


def kind_of(node: yaml.Node) -> str:
    """What stands there, without its text, which may be a token."""
    if isinstance(node, yaml.ScalarNode) and not is_null(node):
        return "a text"
    return describe(node)


class _Composer(yaml.SafeLoader):
    """Composes with a limit on depth, where PyYAML would recurse until Python gives up."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            problem = f"found more than {MAX_DEPTH} levels of lists and mappings"
            mark = parent.start_mark if parent else self.get_mark()
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "expected a file; check the path"
    if isinstance(error, PermissionError):
        return "expected a file this user may read; use sudo, or check its owner and mode"
    return "expected a regular file"


def _compose(text: str) -> yaml.Node | None:
    composer = _Composer(text)
    try:
        return composer.get_single_node()
    except (ValueError, OverflowError) as error:
        # PyYAML lets "\UFFFFFFFF" and `%YAML 1.<5000 digits>` through to chr() and int().
        problem = "found a number out of range"
        mark = composer.get_mark()
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from error


def _is_in_line(error: yaml.MarkedYAMLError, text: str) -> bool:
    """Whether something stands in the line before the place of an error."""
    mark = error.problem_mark
    if mark is None:
        return False
    return bool(text.split("\n")[mark.line][: mark.column].strip(" -"))


def _syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or error.context or "it is malformed"
    if problem.startswith("expected <block end>") and _is_in_line(error, text):
        problem = "found a text behind a value that has ended; quote the whole text"
    elif problem.startswith("expected ',' or"):
        problem += "; quote a text that has : { [ or quotes in it"
    else:
        problem = next((said for part, said in _PROBLEMS.items() if part in problem), problem)
    return f"cannot be read as YAML: {problem}"


_NO_BEGINNING = "found a character that no text begins with; quote a text such as * % @ ` >"
_PROBLEMS = {
    # The name may be the head of a token that begins with an asterisk: not repeated.
    "found undefined alias": (
        "found * without an anchor of that name; quote a text that begins with *"
    ),
    "found undefined tag handle": "found ! with an unknown name; quote a text that begins with !",
    "'\\t' that cannot start any token": "found a tab, expected blanks",
    "cannot start any token": _NO_BEGINNING,
    # Of * and &, and of > and |.
    "expected alphabetic or numeric character": _NO_BEGINNING,
    "expected a comment or a line break": _NO_BEGINNING,
    "expected <block end>": "found another indentation; expected keys of one mapping in one column",
    "mapping values are not allowed here": (
        "found a second colon in a line, or an indentation below a text; quote the text"
    ),
    "could not find expected ':'": "found a line without a colon; expected `key: value`",
    "but found another document": "found a second document after ---, expected one",
    "sequence entries are not allowed here": (
        "found a list in the line of its key; begin it in the next line"
    ),
    "found unexpected end of stream": "found a quote that is never closed",
}
"""What YAML's complaints say to somebody who does not know its grammar, by a part of each."""
