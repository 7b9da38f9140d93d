"""Notes of devices: their latest state, their silence, and their events."""

import json
from typing import Any

import pytest

from blynk_gateway.api.live.devices import MAX_EVENTS, DeviceBook
from blynk_gateway.api.live.watch import Watch
from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventChange, EventKind, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

ORIGIN = Origin(OriginKind.API, "test")
ALL = Watch()
OTHER = Watch(scope=Scope(frozenset({"house"})))
PART = Watch(scope=Scope(pins=frozenset({PinAddress("shed", "V1")})))


@pytest.fixture
def parts() -> Parts:
    clock = FakeClock()
    parts = Parts.new(clock, Zone.of("UTC"), trusted(clock))
    definition = DeviceDefinition("shed", "Shed", "t" * 32, stale_after_ms=1000)
    parts.registry.add(definition, ORIGIN)
    return parts


@pytest.fixture
def book(parts: Parts) -> DeviceBook:
    return DeviceBook(parts.registry)


def told(book: DeviceBook, watch: Watch = ALL, since: int = 0) -> list[dict[str, Any]]:
    return [json.loads(one[one.index(b"{") :]) for one in book.frames(watch, since)]


def event(code: str, seq: int = 1) -> EventChange:
    return EventChange(seq, "shed", EventKind.LOGGED, code, "", ORIGIN, 0)


def test_changed_device_is_told_once_for_each_tick(book: DeviceBook) -> None:
    book.note("shed", 1)
    book.note("shed", 2)
    assert [one["device"]["slug"] for one in told(book)] == ["shed"]
    assert told(book, since=2) == []


def test_removed_device_is_told_as_removed(book: DeviceBook, parts: Parts) -> None:
    parts.registry.remove("shed", ORIGIN)
    book.note("shed", 1)
    assert told(book) == [{"type": "device_removed", "slug": "shed"}]


def test_device_out_of_scope_is_not_told(book: DeviceBook) -> None:
    book.note("shed", 1)
    book.note_event(event("hot"), 1)
    assert told(book, OTHER) == []


def test_who_sees_some_pins_is_not_told_what_the_device_says(
    book: DeviceBook, parts: Parts
) -> None:
    parts.registry.set_metadata(parts.registry.get("shed"), "Bed", "3", ORIGIN)
    book.note("shed", 1)
    book.note_event(event("hot"), 1)
    assert told(book)[0]["device"]["metadata"] == {"Bed": "3"}
    (only,) = told(book, PART)
    assert only["device"]["metadata"] == {}


def test_events_come_in_order_and_are_bounded(book: DeviceBook) -> None:
    for number in range(MAX_EVENTS + 1):
        book.note_event(event(str(number)), 1)
    codes = [one["event"]["code"] for one in told(book)]
    assert codes == [str(number) for number in range(1, MAX_EVENTS + 1)]


def test_what_all_know_is_forgotten(book: DeviceBook) -> None:
    book.note("shed", 1)
    book.forget(2)
    assert told(book) == []


def test_later_tick_tells_the_device_as_it_is_then(book: DeviceBook, parts: Parts) -> None:
    book.note("shed", 1)
    assert told(book)[0]["device"]["online"] is False
    parts.registry.connected(parts.registry.get("shed"), ORIGIN)
    book.begin()
    assert told(book)[0]["device"]["online"] is True
