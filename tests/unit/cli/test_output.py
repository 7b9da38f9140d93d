import json
import time

import pytest

from blynk_gateway.cli.output import (
    cut,
    moment_of,
    print_json,
    print_paragraph,
    print_table,
    shown,
    shown_value,
)


def test_control_characters_never_reach_the_terminal() -> None:
    assert shown("a\x1b[2Jb\nc\x9b") == r"a\x1b[2Jb\nc\x9b"
    assert shown("21.5 °C") == "21.5 °C"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["21.5"], "21.5"),
        ([""], ""),
        (["1", "2"], '["1", "2"]'),
        (["ä\n", '"'], r'["ä\n", "\""]'),
        (["\x9b", "b"], r'["\x9b", "b"]'),
    ],
)
def test_a_value_is_one_line(value: list[str], text: str) -> None:
    assert shown_value(value) == text


def test_a_table_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("SLUG", "NAME"), [("a" * 32, "b" * 200), ("c", "d\n")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1] == "a" * 32 + "  " + "b" * 45 + "…"
    assert lines[2] == "c" + " " * 33 + r"d\n"


def test_cut_keeps_what_fits() -> None:
    assert cut("12345", 5) == "12345"
    assert cut("123456", 5) == "1234…"


def test_json_round_trips(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "Küche", "value": ["1"]}
    print_json(value)
    text = capsys.readouterr().out
    assert "Küche" in text
    assert json.loads(text) == value


def test_the_widest_column_gives_way_so_that_all_are_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("NAME", "KIND", "FAULT"), [("a" * 32, "b" * 50, "yes")])
    _, line = capsys.readouterr().out.splitlines()
    assert line == "a" * 32 + "  " + "b" * 38 + "…" + "  yes"
    assert len(line) <= 80


def test_what_the_next_command_is_given_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    heads = ("SLUG", "STATE", "NAME")
    print_table(heads, [("a" * 40, "off", "b" * 60)], is_first_whole=True)
    _, line = capsys.readouterr().out.splitlines()
    assert line == "a" * 40 + "  off    " + "b" * 30 + "…"
    print_table(heads, [("a" * 79, "off", "b" * 60)], is_first_whole=True)
    _, line = capsys.readouterr().out.splitlines()
    assert line == "a" * 79 + "  off   bbb…"


def test_a_moment_is_local_and_none_is_never() -> None:
    assert moment_of(1_700_000_000_000) == time.strftime(
        "%Y-%m-%d %H:%M", time.localtime(1_700_000_000)
    )
    assert moment_of(None) == "never"


def test_a_paragraph_is_indented_below_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_paragraph("Head  ", "word\x1b " * 30)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(r"Head  word\x1b")
    assert all(line.startswith(r"      word\x1b") for line in lines[1:])
