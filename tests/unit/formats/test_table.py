"""Streams side by side as text."""

import csv
import json

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.formats.table import TABLES, Row
from blynk_gateway.formats.text import TextFormat

ADDRESSES = [PinAddress("a", "V1"), PinAddress("b", "V2")]
ROWS: list[Row] = [(1000, [1, 2.5]), (2000, [None, -3]), (4000, [7, None])]


def text_of(form: TextFormat, *batches: list[Row]) -> str:
    table = TABLES[form]()
    parts = [table.begin(ADDRESSES, 1000), *map(table.rows, batches), table.end()]
    return "".join(parts)


@pytest.mark.parametrize(
    "batches", [[ROWS], [ROWS[:1], [], ROWS[1:]], [[], *([row] for row in ROWS)]]
)
def test_batches_make_one_document(batches: list[list[Row]]) -> None:
    assert json.loads(text_of(TextFormat.JSON, *batches)) == {
        "addresses": ["a/V1", "b/V2"],
        "step_ms": 1000,
        "rows": [[1000, 1, 2.5], [2000, None, -3], [4000, 7, None]],
    }
    lines = text_of(TextFormat.NDJSON, *batches).splitlines()
    assert [json.loads(line) for line in lines] == [
        [1000, 1, 2.5],
        [2000, None, -3],
        [4000, 7, None],
    ]
    assert list(csv.reader(text_of(TextFormat.CSV, *batches).splitlines())) == [
        ["at_ms", "a/V1", "b/V2"],
        ["1000", "1", "2.5"],
        ["2000", "", "-3"],
        ["4000", "7", ""],
    ]


def test_without_rows_it_is_whole_all_the_same() -> None:
    assert json.loads(text_of(TextFormat.JSON, []))["rows"] == []
    assert text_of(TextFormat.CSV) == "at_ms,a/V1,b/V2\n"
    assert text_of(TextFormat.NDJSON) == ""
