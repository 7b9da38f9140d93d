import csv
import io
import json

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.formats.plain import PlainPoint
from blynk_gateway.formats.text import FORMS, TextFormat

A = PinAddress("shed", "V1")
B = PinAddress("shed", "V2")
POINTS: list[PlainPoint] = [
    (1000, 21.5),
    (2000, 7),
    (3000, 'say "hi", \\ and\ngo'),
    (4000, ["1", "ü"]),
]


def document(form: TextFormat, *, is_joined: bool = False, piece: int = 100) -> str:
    """The points of one or two streams, in batches of some size."""
    out = FORMS[form](is_joined)
    text = out.begin()
    for address in (A, B) if is_joined else (A,):
        text += out.begin_stream(address, 0, is_thinned=False)
        for start in range(0, len(POINTS), piece):
            text += out.points(POINTS[start : start + piece])
        text += out.points([]) + out.end_stream()
    return text + out.end()


@pytest.mark.parametrize("form", TextFormat)
@pytest.mark.parametrize("is_joined", [False, True])
def test_size_of_batches_does_not_show(form: TextFormat, is_joined: bool) -> None:
    whole = document(form, is_joined=is_joined)
    assert document(form, is_joined=is_joined, piece=1) == whole
    assert whole.endswith("\n")


def test_json_is_one_document() -> None:
    points = [[at_ms, value] for at_ms, value in POINTS]
    one = {"address": "shed/V1", "step_ms": 0, "points": points}
    assert json.loads(document(TextFormat.JSON)) == one
    assert json.loads(document(TextFormat.JSON, is_joined=True)) == {
        "series": [one, {**one, "address": "shed/V2"}]
    }


def test_json_without_points_and_with_fewer_than_there_are() -> None:
    out = FORMS[TextFormat.JSON](False)
    text = out.begin() + out.begin_stream(A, 60_000, is_thinned=True) + out.end_stream() + out.end()
    assert json.loads(text) == {
        "address": "shed/V1",
        "step_ms": 60_000,
        "thinned": True,
        "points": [],
    }


def test_lines_are_one_point_each() -> None:
    lines = document(TextFormat.NDJSON).splitlines()
    assert [json.loads(line) for line in lines] == [[at_ms, value] for at_ms, value in POINTS]
    first = document(TextFormat.NDJSON, is_joined=True).splitlines()[0]
    assert first == '["shed/V1",1000,21.5]'


def test_csv_is_read_back() -> None:
    rows = list(csv.reader(io.StringIO(document(TextFormat.CSV))))
    assert rows[0] == ["at_ms", "value"]
    assert rows[1:] == [
        ["1000", "21.5"],
        ["2000", "7"],
        ["3000", 'say "hi", \\ and\ngo'],
        ["4000", '["1","ü"]'],
    ]


def test_line_protocol_keeps_numbers_and_texts_in_fields_of_their_own() -> None:
    assert document(TextFormat.INFLUX).splitlines() == [
        "blynk,device=shed,pin=V1 value=21.5 1000000000",
        "blynk,device=shed,pin=V1 value=7 2000000000",
        r'blynk,device=shed,pin=V1 text="say \"hi\", \\ and\ngo" 3000000000',
        r'blynk,device=shed,pin=V1 text="[\"1\",\"ü\"]" 4000000000',
    ]


def test_line_protocol_gives_points_of_one_millisecond_times_of_their_own() -> None:
    out = FORMS[TextFormat.INFLUX](True)
    text = out.begin_stream(A, 0, is_thinned=False)
    text += out.points([(1000, 1), (1000, 2)]) + out.points([(1000, 3), (1001, 4)])
    text += out.begin_stream(B, 0, is_thinned=False) + out.points([(1000, 5)])
    times = [int(line.rpartition(" ")[2]) for line in text.splitlines()]
    assert times == [1_000_000_000, 1_000_000_001, 1_000_000_002, 1_001_000_000, 1_000_000_000]
