import json

import pytest

from blynk_gateway.api.faults import Refusal, Throttled, Unauthorized
from blynk_gateway.api.replies import (
    api_error,
    cloud_error,
    device_empty,
    device_text,
    to_json,
    typed_value,
)
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.errors import UnknownPin


def stream(kind: DatastreamType) -> Datastream:
    return Datastream("V1", "x", kind)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (("7",), DatastreamType.INT, 7),
        (("7",), DatastreamType.ENUM, 7),
        (("1",), DatastreamType.BOOL, 1),
        (("100.00000",), DatastreamType.DOUBLE, 100.0),
        (("7",), DatastreamType.STRING, "7"),
        (("11", "48"), DatastreamType.LOCATION, [11.0, 48.0]),
        (("1", "2"), DatastreamType.INT, [1, 2]),
        (("ovf",), DatastreamType.DOUBLE, "ovf"),
    ],
)
def test_json_type_follows_the_datastream(
    value: tuple[str, ...], kind: DatastreamType, expected: object
) -> None:
    found = typed_value(value, stream(kind))
    assert (found, type(found)) == (expected, type(expected))


def test_undeclared_pin_is_text() -> None:
    assert typed_value(("7",), None) == "7"


def test_json_is_compact_and_never_fails_on_text() -> None:
    assert to_json({"a": ["ü", "\ud800"]}) == '{"a":["ü","?"]}'.encode()


def test_api_error_has_code_message_and_hint() -> None:
    answer = api_error(UnknownPin("'x' is no pin"))
    assert isinstance(answer.body, bytes)
    assert answer.status == 404
    assert json.loads(answer.body)["error"] == {
        "code": "pin.unknown",
        "message": "'x' is no pin",
        "hint": UnknownPin.hint,
    }


def test_authentication_errors_carry_their_headers() -> None:
    assert api_error(Unauthorized("x")).headers["WWW-Authenticate"] == "Bearer"
    assert api_error(Throttled("x")).headers["Retry-After"] == "60"


def test_device_answers_may_be_read_by_any_page() -> None:
    for answer in (device_empty(), device_text("x"), cloud_error("x", 400)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_refusal_keeps_its_status() -> None:
    assert api_error(Refusal("no", 501)).status == 501
