"""By which words gateways know each other."""

import json

import pytest

from blynk_gateway.mqtt.bridge.signature import Signature, find_signature, json_of

OWN = Signature("0123456789abcdef" * 2, "fedcba98")


def test_what_is_signed_is_json_that_begins_with_its_signature() -> None:
    text = OWN.sign({"name": "Größe", "devices": []})
    assert json.loads(text) == {**OWN._asdict(), "name": "Größe", "devices": []}
    assert find_signature(text.encode()) == OWN


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"online",
        b"{}",
        b"\xff\xfe",
        b'{"run_id": "fedcba98", "instance_id": "0123456789abcdef0123456789abcdef", "a": 1}',
        b'{"instance_id": "short", "run_id": "fedcba98", "a": 1}',
        OWN.sign({"a": 1}).encode()[:-20],
        b" " + OWN.sign({"a": 1}).encode(),
    ],
)
def test_other_things_have_no_signature(payload: bytes) -> None:
    assert find_signature(payload) is None


def test_signature_is_found_without_reading_what_follows() -> None:
    assert find_signature(OWN.sign({"a": 1}).encode()[:-3] + b"\xff" * 10_000_000) == OWN


def test_text_that_has_no_bytes_is_still_json() -> None:
    assert json.loads(json_of({"name": "a\ud800b°"})) == {"name": "a�b°"}
