"""What comes down from a server above."""

import pytest

from blynk_gateway.config.upstream.options import MappedPin
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.ascent import Ascent
from blynk_gateway.upstream.lanes.pace import Pace
from tests.helpers.upstream import BOARD, Below, FakeRoute, mapped, mapping, upstream

V1, V2 = PinAddress("house", "V1"), PinAddress("house", "V2")


class World(Below):
    """A mapping that is connected; `up` is done by hand."""

    def __init__(self, *datastreams: Datastream, pins: tuple[MappedPin, ...] = ()) -> None:
        super().__init__(upstream(mapping(*pins, metadata=("Room",)), rate=0), *datastreams)
        self.route = FakeRoute()
        self.arrivals = Arrivals(self.parts)
        self.arrivals.ascent = self.ascent = Ascent(self.parts, self.route, Pace(0, 0.0))
        self.ascent.begin(self.catch_up())

    async def up(self) -> None:
        """Commit, read and tell everything."""
        await self.committed()
        self.ascent._committed = self.trail.committed
        await self.ascent.read()
        while await self.ascent.send() is None:
            pass

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.pin, one.value[0]) for one in self.route.live]


def test_a_command_is_written_under_the_name_here() -> None:
    world = World()
    box = Mailbox(10, Overflow.CONFLATE)
    world.bus.subscribe_commands(box, device="house", origin=BOARD)
    world.arrivals.written("V7", ("5",))
    (change,) = box.drain()
    assert isinstance(change, PinChange)
    assert (change.pin, change.value, change.origin) == ("V2", ("5",), world.parts.origin)


def test_a_command_does_not_go_back_up() -> None:
    world = World()
    world.arrivals.written("V7", ("5",))
    world.catch_up()
    assert not world.parts.noticed.seq
    assert world.standing.agreed[V2] == ("5",)
    assert not world.ascent.is_telling(V2)


def test_a_command_that_crosses_a_change_goes_back_up() -> None:
    world = World()
    world.store.write("house", "V2", ("1",), BOARD, Intent.REPORT)
    world.arrivals.written("V7", ("5",))
    world.catch_up()
    assert world.parts.noticed.seq == world.bus.next_seq - 1
    assert world.value("V2") == ("5",)


def test_a_value_that_was_clamped_goes_back_up() -> None:
    world = World(Datastream("V2", "Level", DatastreamType.INT, maximum=10))
    world.arrivals.written("V7", ("50",))
    world.catch_up()
    assert world.value("V2") == ("10",)
    assert world.parts.noticed.seq == world.bus.next_seq - 1


async def test_a_command_that_crosses_what_is_told_again_goes_back_up() -> None:
    world = World()
    world.write("V1", "below")
    await world.up()
    # As after a break in which it was changed above.
    world.ascent.tell(V1)
    world.arrivals.written("V1", ("above",))
    await world.up()
    assert world.value("V1") == ("above",)
    assert world.told[-1] == ("V1", "above")


async def test_a_dead_band_counts_from_what_was_commanded_above() -> None:
    world = World(pins=(mapped("house/V1", dead_band=0.5),))
    world.write("V1", "20.0")
    await world.up()
    world.arrivals.written("V1", ("25",))
    world.write("V1", "20.1")
    await world.up()
    assert world.told == [("V1", "20.0"), ("V1", "20.1")]


async def test_a_command_refused_after_one_that_was_obeyed_is_put_right() -> None:
    world = World(Datastream("V1", "Switch", DatastreamType.BOOL))
    world.arrivals.written("V1", ("1",))
    world.arrivals.written("V1", ("often",))
    await world.up()
    assert world.told == [("V1", "1")]


async def test_a_refused_command_is_put_right_within_the_dead_band_too() -> None:
    reading = Datastream("V1", "Reading", is_writable=False)
    world = World(reading, pins=(mapped("house/V1", dead_band=0.5),))
    world.write("V1", "21")
    await world.up()
    world.arrivals.written("V1", ("99",))
    await world.up()
    assert world.told == [("V1", "21"), ("V1", "21")]


async def test_what_is_refused_here_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World(Datastream("V1", "Reading", is_writable=False))
    world.write("V1", "21")
    await world.up()
    for _ in range(3):
        world.arrivals.written("V1", ("99",))
    assert world.value("V1") == ("21",)
    assert world.parts.wake.is_set()
    await world.up()
    assert world.told[1:] == [("V1", "21")] * 3
    assert world.parts.health.counters["upstream_commands_refused"] == 3
    assert [record.message for record in caplog.records] == ["command from above refused"]


def test_pins_that_are_not_mapped_are_left_alone() -> None:
    world = World()
    world.arrivals.written("V3", ("1",))
    assert world.value("V3") == ()
    assert world.parts.health.counters["upstream_unmapped_writes"] == 1


def test_metadata_that_is_to_be_equal_is_kept() -> None:
    world = World()
    world.arrivals.metadata_set("Room", "Attic")
    world.arrivals.metadata_set("Secret", "x")
    world.catch_up()
    assert world.device.metadata == {"Room": "Attic"}
    assert not world.parts.noticed.metadata


def test_metadata_too_long_changes_nothing() -> None:
    world = World()
    world.arrivals.metadata_set("Room", "x" * 10_000)
    assert world.device.metadata == {}


def test_all_devices_hear_of_an_app() -> None:
    below = Below(upstream(mapping(mapped("house/V1"), mapped("shed/V1", "V2"), slug="all")))
    arrivals = Arrivals(below.parts)
    arrivals.app_changed(True)
    arrivals.app_changed(True)
    arrivals.app_changed(False)
    assert sorted(below.apps.told) == [
        ("house", False), ("house", True), ("house", True),
        ("shed", False), ("shed", True), ("shed", True),
    ]  # fmt: skip
