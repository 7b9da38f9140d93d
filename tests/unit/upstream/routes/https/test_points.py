"""Points as JSON, and which of them go together."""

import json

import pytest

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.upstream.route import Past
from blynk_gateway.upstream.routes.https import points as module
from blynk_gateway.upstream.routes.https.points import (
    MAX_CHARACTERS,
    MAX_POINTS,
    Form,
    bodies_of,
    body_of,
    by_type,
    forms,
)


def points(*values: str, pin: str = "V1") -> list[Past]:
    return [Past(1000 + at, pin, tuple(value.split("\0"))) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("21.50", Form.NUMBERS, "21.50"),
        ("-7", Form.NUMBERS, "-7"),
        ("1e3", Form.NUMBERS, "1e3"),
        ("007", Form.NUMBERS, "7"),
        ("+1.5", Form.NUMBERS, "1.5"),
        (".5", Form.NUMBERS, "0.5"),
        ("nan", Form.NUMBERS, '"nan"'),
        ("1_0", Form.NUMBERS, '"1_0"'),
        ("", Form.NUMBERS, '""'),
        ("21.5", Form.TEXTS, '"21.5"'),
        ('a"\\\n', Form.TEXTS, '"a\\"\\\\\\n"'),
        ("é\udcff", Form.TEXTS, '"é\N{REPLACEMENT CHARACTER}"'),
        ("1", Form.TRUTHS, "true"),
        ("0", Form.TRUTHS, "false"),
        ("2", Form.TRUTHS, "2"),
        ("13.4\x0052.5", Form.NUMBERS, "[13.4,52.5]"),
        ("a\x00b", Form.NUMBERS, '["a","b"]'),
    ],
)
def test_value_in_json(text: str, form: Form, expected: str) -> None:
    assert body_of(points(text), form).decode() == f"[[1000,{expected}]]"


def test_body_is_all_points_in_order() -> None:
    body = body_of(points("1", "2", "1", "x"), Form.NUMBERS)
    assert json.loads(body) == [[1000, 1], [1001, 2], [1002, 1], [1003, "x"]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (DatastreamType.INT, (Form.NUMBERS, Form.TEXTS)),
        (DatastreamType.DOUBLE, (Form.NUMBERS, Form.TEXTS)),
        (DatastreamType.ENUM, (Form.NUMBERS, Form.TEXTS)),
        (DatastreamType.LOCATION, (Form.NUMBERS, Form.TEXTS)),
        (DatastreamType.STRING, (Form.TEXTS, Form.NUMBERS)),
        (DatastreamType.BOOL, (Form.NUMBERS, Form.TRUTHS)),
        (None, (Form.NUMBERS, Form.TEXTS)),
    ],
)
def test_datastream_here_says_which_form_is_likelier(
    kind: DatastreamType | None, expected: tuple[Form, Form]
) -> None:
    assert forms(None if kind is None else Datastream("V1", "x", kind)) == expected


def test_each_pin_has_requests_of_its_own_in_order() -> None:
    mixed = [Past(at, pin, ("1",)) for at, pin in enumerate(["V1", "V2", "V1", "V3", "V2"])]
    assert bodies_of(mixed) == [[0, 2], [1, 4], [3]]
    assert bodies_of(mixed, left_out={0, 3}) == [[1, 4], [2]]


def test_day_of_numbers_is_one_request() -> None:
    assert len(bodies_of(points(*["-1234.56789"] * MAX_POINTS))) == 1
    assert list(map(len, bodies_of(points(*["1"] * (MAX_POINTS + 1))))) == [MAX_POINTS, 1]


def test_long_texts_take_more_requests_and_none_is_too_long() -> None:
    many = points(*["\x01" * 1000] * 500, *["x"] * 10)
    parts = bodies_of(many)
    assert len(parts) > 1
    assert [at for part in parts for at in part] == list(range(510))
    for part in parts:
        assert len(body_of([many[at] for at in part], Form.TEXTS)) <= MAX_CHARACTERS


def test_point_longer_than_a_request_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHARACTERS", 100)
    assert bodies_of(points("1", "x" * 100, "2")) == [[0], [1], [2]]


def test_points_part_by_the_type_of_their_value() -> None:
    many = points("1", "2.5", "nan", "-3", "a\0b", "1e3", "07")
    assert by_type(many, range(7)) == [[0, 3], [1, 5], [2, 4, 6]]
    assert by_type(many, [3, 2]) == [[3], [2]]
