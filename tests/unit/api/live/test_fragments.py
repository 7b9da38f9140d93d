"""Texts that dashboards are told, and their frames."""

import json

import pytest

from blynk_gateway.api.live.fragments import framed, message, to_fragment, value_fragment
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange

ORIGIN = Origin(OriginKind.API, "test")


def change(*value: str) -> PinChange:
    return PinChange(7, "greenhouse", "V5", value, (), ORIGIN, Intent.REPORT, 1000, None, 0)


@pytest.mark.parametrize(
    "value", [("21.5",), (), ("a", "b"), ('"quoted" \\ \n\x01',), ("größe",), ("</script>",)]
)
def test_value_is_json_whatever_is_in_it(value: tuple[str, ...]) -> None:
    assert json.loads(value_fragment(change(*value))) == {
        "address": "greenhouse/V5",
        "value": list(value),
        "at_ms": 1000,
        "seq": 7,
    }


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert json.loads(value_fragment(change("a\udcff")))["value"] == ["a\ufffd"]
    assert json.loads(to_fragment({"name": "\ud800"})) == {"name": "?"}


def test_message_joins_its_parts() -> None:
    text = message("pins", 5, "pins", [b"1", b"2"])
    assert json.loads(text) == {"type": "pins", "now_ms": 5, "pins": [1, 2]}
    assert json.loads(message("pins", 5, "pins", []))["pins"] == []


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_frame_has_the_shortest_head(size: int, head: bytes) -> None:
    assert framed(b"x" * size) == head + b"x" * size
