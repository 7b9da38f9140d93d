"""Messages of dashboards: what they ask for, and what is refused."""

import json

import pytest

from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.live.watch import MAX_ADDRESSES, Watch, parse_watch
from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.address import PinAddress

V1, V2 = PinAddress("shed", "V1"), PinAddress("shed", "V2")


def parsed(scope: Scope | None = None, **fields: object) -> Watch:
    return parse_watch(json.dumps({"type": "watch", **fields}), scope)


def test_pins_are_asked_for_by_address() -> None:
    watch = parsed(pins=["shed/v1"], each=["shed/V2"])
    assert watch == Watch(frozenset({V1}), frozenset({V2}))
    assert watch.everything == {V1, V2}


def test_pin_of_which_every_value_counts_is_not_told_twice() -> None:
    assert parsed(pins=["shed/V1"], each=["shed/V1"]) == Watch(frozenset(), frozenset({V1}))


def test_nothing_asked_for_is_nothing() -> None:
    assert parsed() == Watch()


def test_what_the_scope_does_not_have_is_left_out() -> None:
    scope = Scope(pins=frozenset({V1}))
    watch = parsed(scope, pins=["shed/V1", "shed/V2"], each=["house/V1"])
    assert watch.everything == {V1}
    assert watch.sees_device("shed")
    assert not watch.sees_whole("shed")
    assert not watch.sees_device("house")


def test_without_scope_everything_is_seen() -> None:
    assert Watch().sees_device("shed")
    assert Watch().sees_whole("shed")


@pytest.mark.parametrize(
    "text",
    [
        b"bytes",
        "",
        "[]",
        "1",
        "{}",
        '{"type": "write"}',
        '{"type": "watch", "pin": []}',
        '{"type": "watch", "pins": "shed/V1"}',
        '{"type": "watch", "pins": [1]}',
        '{"type": "watch", "pins": [null]}',
        '{"type": "watch", "pins": ["V1"]}',
        '{"type": "watch", "each": ["shed/X1"]}',
        "[" * 100_000,
        json.dumps({"type": "watch", "pins": ["shed/V1"] * (MAX_ADDRESSES + 1)}),
    ],
)
def test_everything_else_is_refused(text: object) -> None:
    with pytest.raises(RequestError):
        parse_watch(text, None)


def test_both_kinds_together_are_limited() -> None:
    names = [f"d{device}/V{pin}" for device in range(4) for pin in range(250)]
    others = [f"e{device}/V{pin}" for device in range(4) for pin in range(250)]
    assert len(parsed(pins=names).pins) == 1000
    with pytest.raises(RequestError, match="too many"):
        parsed(pins=names, each=others)
