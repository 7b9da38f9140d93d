"""What a request says, and how it is answered."""

import json

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.mqtt.bridge.request import (
    MAX_REQUEST_BYTES,
    Request,
    answer,
    parse_request,
    refusal,
)


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (b"", ""),
        (b"{}", {}),
        (b'{"minutes": 5}', {"minutes": 5}),
        (b"5", 5),
        (b"ON", "ON"),
        (b"NaN", "NaN"),
        (b"[1, NaN]", "[1, NaN]"),
        (b"\xff", "�"),
        (b"[" * 4000, "[" * 4000),
        (b" " * (MAX_REQUEST_BYTES + 1), None),
    ],
)
def test_any_bytes_are_a_request(payload: bytes, body: object) -> None:
    assert parse_request("pair", payload) == Request("pair", body, None)


@pytest.mark.parametrize("transaction", ["mine-7", 7, 7.5, 0, ""])
def test_the_answer_repeats_the_transaction(transaction: object) -> None:
    request = parse_request("pair", json.dumps({"transaction": transaction}).encode())
    assert json.loads(answer(request, {"a": 1})) == {
        "status": "ok",
        "data": {"a": 1},
        "transaction": transaction,
    }


@pytest.mark.parametrize("transaction", ["null", "true", "[1]", '{"a": 1}', "1e999"])
def test_what_is_neither_text_nor_number_is_not_repeated(transaction: str) -> None:
    request = parse_request("pair", f'{{"transaction": {transaction}}}'.encode())
    assert json.loads(answer(request, {})) == {"status": "ok", "data": {}}


def test_a_refusal_says_what_is_wrong_and_what_to_do() -> None:
    request = parse_request("backup", b'{"transaction": "\\ud800"}')
    document = json.loads(refusal(request, HistoryError("the disk is full"), {"free": 0}))
    assert document == {
        "status": "error",
        "error": "the disk is full. Check free space and permissions of the data directory.",
        "data": {"free": 0},
        "transaction": "�",
    }
