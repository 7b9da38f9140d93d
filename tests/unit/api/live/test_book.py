"""Notes of pins: each client is told what it lacks, whatever its pace."""

import json
from dataclasses import replace

import pytest

from blynk_gateway.api.live.book import MAX_EACH, Book
from blynk_gateway.api.live.watch import Watch
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, ModeChange, Origin, OriginKind, PropertyChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

ORIGIN = Origin(OriginKind.API, "test")
V1, V2 = PinAddress("shed", "V1"), PinAddress("shed", "V2")
BOTH = Watch(frozenset({V1, V2}))
EACH = Watch(each=frozenset({V1}))


class Desk:
    """A book with a store."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.parts = Parts.new(clock, Zone.of("UTC"), trusted(clock))
        self.device = self.parts.registry.add(DeviceDefinition("shed", "Shed", "t" * 32), ORIGIN)
        self.mailbox = Mailbox(100, Overflow.CLOSE)
        self.parts.bus.subscribe(self.mailbox, origin=None, echo=True)
        self.book = Book(self.parts.registry, self.parts.store)

    def write(self, pin: str, *value: str) -> None:
        change = self.parts.store.write("shed", pin, value, ORIGIN, Intent.REPORT)
        assert change is not None
        self.book.note_value(change)

    def told(self, watch: Watch, since: int) -> list[tuple[str, object]]:
        """Address and value, or properties, of each change."""
        frame = self.book.changes(watch, since, 0)
        if not frame:
            return []
        changes = json.loads(frame[frame.index(b"{") :])["changes"]
        return [(one["address"], one.get("value", one.get("properties"))) for one in changes]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.book.add(BOTH)
    desk.book.add(EACH)
    desk.book.begin()
    return desk


def test_latest_value_is_told_in_order_of_the_changes(desk: Desk) -> None:
    desk.write("V1", "1")
    desk.write("V2", "2")
    desk.write("V1", "3")
    assert desk.told(BOTH, 0) == [("shed/V2", ["2"]), ("shed/V1", ["3"])]


def test_pin_that_nobody_watches_is_not_told(desk: Desk) -> None:
    desk.write("V9", "1")
    assert desk.told(BOTH, 0) == []


def test_client_that_missed_ticks_is_told_all_of_them(desk: Desk) -> None:
    desk.write("V1", "1")
    desk.book.begin()
    desk.write("V2", "2")
    assert desk.told(BOTH, 1) == [("shed/V2", ["2"])]
    assert desk.told(BOTH, 0) == [("shed/V1", ["1"]), ("shed/V2", ["2"])]
    desk.book.begin()
    assert desk.told(BOTH, 2) == []


def test_equal_clients_share_one_message(desk: Desk) -> None:
    desk.write("V1", "1")
    assert desk.book.changes(BOTH, 0, 0) is desk.book.changes(BOTH, 0, 0)


def test_every_value_is_told_where_each_counts(desk: Desk) -> None:
    for value in "abc":
        desk.write("V1", value)
    assert desk.told(EACH, 0) == [("shed/V1", [value]) for value in "abc"]
    assert desk.told(BOTH, 0) == [("shed/V1", ["c"])]


def test_values_beyond_a_screen_are_cut_and_counted(desk: Desk) -> None:
    for number in range(MAX_EACH + 3):
        desk.write("V1", str(number))
    told = desk.told(EACH, 0)
    assert len(told) == MAX_EACH
    assert told[0] == ("shed/V1", ["3"])
    assert desk.book.cut == 3
    desk.book.begin()
    desk.write("V1", "new")
    assert desk.book.cut == 3


def test_properties_are_told_together(desk: Desk) -> None:
    for name, value in (("color", "#112233"), ("label", "Fan")):
        desk.parts.registry.set_property(desk.device, "V1", name, (value,), ORIGIN)
    for change in desk.mailbox.drain():
        if isinstance(change, PropertyChange):
            desk.book.note_property(change)
    expected = {"color": ["#112233"], "label": ["Fan"]}
    assert desk.told(BOTH, 0) == [("shed/V1", expected)]
    assert desk.told(BOTH, 1) == []


def test_pin_is_told_again_when_its_datastream_is_another(desk: Desk) -> None:
    desk.book.note_datastreams()
    assert desk.book.retold(BOTH, 0) == []
    stream = Datastream("V1", "Fan", DatastreamType.INT, minimum=0, maximum=1)
    desk.parts.store.define("shed", {"V1": stream})
    desk.book.note_datastreams()
    assert desk.book.retold(BOTH, 0) == [V1]
    assert desk.book.retold(BOTH, 1) == []
    desk.book.begin()
    desk.parts.store.define("shed", {"V1": replace(stream)})
    desk.book.note_datastreams()
    assert desk.book.retold(BOTH, 1) == []


def test_pins_are_told_again_when_their_device_is_another(desk: Desk) -> None:
    desk.book.note_device("shed")
    desk.book.note_device("house")
    assert sorted(desk.book.retold(BOTH, 0)) == [V1, V2]
    assert desk.book.retold(EACH, 0) == [V1]


def test_pin_with_another_mode_is_told_again() -> None:
    desk = Desk()
    d5 = PinAddress("shed", "D5")
    desk.book.add(Watch(frozenset({d5})))
    desk.book.begin()
    direct = DirectPin(PinMode.OUT)
    desk.parts.store.set_mode("shed", "D5", direct, ORIGIN)
    for change in desk.mailbox.drain():
        if isinstance(change, ModeChange):
            desk.book.note_mode(change)
    assert desk.book.retold(Watch(frozenset({d5})), 0) == [d5]


def test_what_nobody_watches_any_more_is_forgotten(desk: Desk) -> None:
    desk.write("V1", "1")
    desk.book.drop(EACH)
    assert desk.told(BOTH, 0) == [("shed/V1", ["1"])]
    desk.book.drop(BOTH)
    desk.book.begin()
    assert desk.told(BOTH, 0) == []
    desk.write("V1", "2")
    assert desk.told(BOTH, 0) == []
