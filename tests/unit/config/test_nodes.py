import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Rejected, Report


def composed(text: str) -> yaml.Node:
    node = yaml.compose(text)
    assert isinstance(node, yaml.Node)
    return node


def complaint(path: Path, *, is_private: bool = False) -> str:
    report = Report()
    with pytest.raises(Rejected):
        nodes.compose(path, report, is_private=is_private)
    (fault,) = report.faults
    return str(fault).removeprefix(str(path))


def test_values_keep_their_text_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# head\ntime: 12:30\n")
    root = nodes.compose(path, Report())
    assert isinstance(root, yaml.MappingNode)
    value = root.value[0][1]
    assert (value.value, nodes.line_of(value)) == ("12:30", 2)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff"])
def test_file_with_nothing_in_it_has_no_root(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    root = nodes.compose(path, Report())
    assert root is None or nodes.is_null(root)


def test_directory_and_missing_file_are_refused(tmp_path: Path) -> None:
    assert complaint(tmp_path) == ": cannot be read: Is a directory; expected a regular file"
    missing = ": cannot be read: No such file or directory; expected a file; check the path"
    assert complaint(tmp_path / "a.yaml") == missing


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read everything: be nobody for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.touch(0o000)
    with without_privileges():
        text = complaint(path)
    assert text.startswith(
        ": cannot be read: Permission denied; expected a file this user may read"
    )
    assert "use sudo" in text


def test_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert nodes.compose(tmp_path / "pipe", Report()) is None


def test_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (nodes.MAX_FILE_BYTES + 1))
    assert complaint(path) == ": is refused: it has more than 256 KiB; expected a smaller file"
    path.write_bytes(b"#" * nodes.MAX_FILE_BYTES)
    assert nodes.compose(path, Report()) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_private_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.yaml"
    path.touch()
    path.chmod(mode)
    assert complaint(path, is_private=True).startswith(": is refused: others than its owner")
    path.chmod(0o600)
    assert nodes.compose(path, Report(), is_private=True) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(
    ("owner", "mode", "is_fine"),
    [
        (0, 0o640, True),
        (0, 0o660, False),
        (0, 0o644, False),
        (4711, 0o640, False),
    ],
)
def test_root_may_let_one_group_read_a_private_file(
    tmp_path: Path, owner: int, mode: int, is_fine: bool
) -> None:
    path = tmp_path / "a.yaml"
    path.touch()
    os.chown(path, owner, 4711)
    path.chmod(mode)
    if is_fine:
        assert nodes.compose(path, Report(), is_private=True) is None
    else:
        assert complaint(path, is_private=True).startswith(": is refused: others than its owner")


def test_depth_has_a_limit_before_python_has(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("[" * 5000)
    assert "more than 32 levels" in complaint(path)
    path.write_text("[" * nodes.MAX_DEPTH + "]" * nodes.MAX_DEPTH)
    assert nodes.compose(path, Report()) is not None


@pytest.mark.parametrize(
    "text", ["%YAML 1." + "9" * 5000 + "\n---\na\n", r'"\UFFFFFFFF"', r'"\U00110000"']
)
def test_numbers_that_python_cannot_hold_are_faults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert complaint(path) == ":1: cannot be read as YAML: found a number out of range"


def test_token_taken_for_an_alias_or_a_tag_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text in ("token: *hidden", "token: !hidden!x y"):
        path.write_text(text)
        assert "hidden" not in complaint(path)


def test_null_is_nothing_but_quoted_null_is_a_text() -> None:
    assert [nodes.is_null(composed(text)) for text in ("null", "~", "'null'", "[]")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{a: b}", "a mapping"), ("[a]", "a list"), ("null", "nothing"), ("a", '"a"')],
)
def test_node_is_described(text: str, expected: str) -> None:
    assert nodes.describe(composed(text)) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a:\n   b: 1\n  c: 2\n", ":3: cannot be read as YAML: found another indentation; "),
        ("a: b: c\n", ":1: cannot be read as YAML: found a second colon in a line, "),
        ("a: {value} is hot\n", ":1: cannot be read as YAML: found a text behind a value that "),
        ('- a: "x" y\n', ":1: cannot be read as YAML: found a text behind a value that has ended"),
        ("- a: 1\n b: 2\n", ":2: cannot be read as YAML: found another indentation; "),
        ("a: * 7 * * *\n", ":1: cannot be read as YAML: found a character that no text begins"),
        ("a: */5 * * * *\n", ":1: cannot be read as YAML: found a character that no text begins"),
        ("a: @hourly\n", ":1: cannot be read as YAML: found a character that no text begins with"),
        ("a: %s x\n", ":1: cannot be read as YAML: found a character that no text begins with"),
        ("a: > 30\n", ":1: cannot be read as YAML: found a character that no text begins with"),
        ("a: {b: c: d}\n", ":1: cannot be read as YAML: expected ',' or '}', but got ':'; quote a"),
        ("a: - b\n", ":1: cannot be read as YAML: found a list in the line of its key; begin it"),
        ("a: 'b\n", ":2: cannot be read as YAML: found a quote that is never closed"),
        ("a: 1\nbcd\ne: 2\n", ":3: cannot be read as YAML: found a line without a colon; "),
    ],
)
def test_wrong_indentation_and_colons_are_told_in_plain_words(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert complaint(path).startswith(told)
