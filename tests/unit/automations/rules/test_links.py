import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

import pytest

from blynk_gateway.core.address import parse_address
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange, StatusChange
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.links import Link
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import FUSE_BURST, MAX_DEPTH
from tests.helpers.rules import RuleRig

PERSON = Origin(OriginKind.API, "phone")
DEVICE = Origin(OriginKind.DEVICE, "1")
READ_ONLY = Datastream("V9", "Gauge", is_writable=False)


def link(source: str, target: str) -> Link:
    return Link(parse_address(source), parse_address(target))


class Fixture:
    """Devices `a` and `b` with running links, and a mailbox that hears everything."""

    def __init__(self, rig: RuleRig) -> None:
        self.bus, self.store = rig.bus, rig.store
        self.store.define("b", {"V9": READ_ONLY})
        self._engine = rig.engine
        self.links = rig.engine.links
        self._all = Mailbox(10_000, Overflow.CLOSE)
        self.bus.subscribe(self._all, origin=None, echo=True)

    def define(self, links: Iterable[Link]) -> None:
        self._engine.define((), links)

    async def write(self, pin: str, value: str) -> list[PinChange]:
        """All changes that follow from one write by a person."""
        address = parse_address(pin)
        self.store.write(address.device, address.pin, (value,), PERSON, Intent.COMMAND)
        return await self.heard()

    async def heard(self) -> list[PinChange]:
        changes: list[PinChange] = []
        # The engine has one turn per round; it is done when a round brings nothing.
        while True:
            for _ in range(5):
                await asyncio.sleep(0)
            batch = [one for one in self._all.drain() if isinstance(one, PinChange)]
            if not batch:
                return changes
            changes += batch


@pytest.fixture
def fixture(rig: RuleRig) -> Fixture:
    return Fixture(rig)


async def test_a_change_here_is_a_command_there(fixture: Fixture) -> None:
    fixture.define([link("a/V5", "b/V7")])
    cause = fixture.store.write("a", "V5", ("1", "2"), DEVICE, Intent.REPORT, 123)
    assert cause is not None
    changes = await fixture.heard()
    assert changes == [
        cause,
        PinChange(
            cause.seq + 1, "b", "V7", ("1", "2"), (), Origin(OriginKind.LINK, "a/V5 -> b/V7"),
            Intent.COMMAND, 123, cause.seq, 1,
        ),
    ]  # fmt: skip


async def test_a_point_of_the_past_is_not_followed(fixture: Fixture) -> None:
    fixture.define([link("a/V5", "b/V7")])
    fixture.store.write("a", "V5", ("1",), DEVICE, Intent.REPORT, 123)
    assert len(await fixture.heard()) == 2
    fixture.store.write("a", "V5", ("0",), DEVICE, Intent.PAST, 122)
    assert await fixture.heard() == []


async def test_an_equal_value_is_passed_on_too(fixture: Fixture) -> None:
    fixture.define([link("a/V5", "b/V7")])
    await fixture.write("a/V5", "1")
    assert len(await fixture.write("a/V5", "1")) == 2


async def test_other_pins_and_other_changes_are_not_followed(fixture: Fixture) -> None:
    fixture.define([link("a/V5", "b/V7")])
    fixture.bus.publish(StatusChange(fixture.bus.take_seq(), "a", True, (), DEVICE, 0))
    assert len(await fixture.write("a/V6", "1")) == 1
    assert len(await fixture.write("b/V5", "1")) == 1


async def test_one_pin_feeds_several_and_chains(fixture: Fixture) -> None:
    fixture.define([link("a/V1", "a/V2"), link("a/V1", "b/V1"), link("b/V1", "b/V2")])
    changes = await fixture.write("a/V1", "1")
    found = [(one.device, one.pin, one.depth) for one in changes]
    assert found == [("a", "V1", 0), ("a", "V2", 1), ("b", "V1", 1), ("b", "V2", 2)]


async def test_other_links_replace_the_earlier_ones(fixture: Fixture) -> None:
    fixture.define([link("a/V1", "a/V2")])
    fixture.define([link("a/V1", "a/V3")])
    assert [one.pin for one in await fixture.write("a/V1", "1")] == ["V1", "V3"]
    fixture.define([])
    assert [one.pin for one in await fixture.write("a/V1", "2")] == ["V1"]


async def test_three_links_in_a_circle_end_with_one_disabled_and_its_reason(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    circle = [link("a/V1", "a/V2"), link("a/V2", "b/V1"), link("b/V1", "a/V1")]
    fixture.define(circle)
    changes = await fixture.write("a/V1", "1")
    assert [one.depth for one in changes] == list(range(MAX_DEPTH + 1))
    assert fixture.links.disabled == {circle[2]}
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "link disabled")
    assert vars(record)["link"] == "b/V1 -> a/V1"
    assert f"expected at most {MAX_DEPTH}" in str(vars(record)["reason"])


async def test_after_a_circle_is_cut_the_other_links_work_on(fixture: Fixture) -> None:
    fixture.define(
        [link("a/V1", "a/V2"), link("a/V2", "b/V1"), link("b/V1", "a/V1"), link("a/V1", "b/V7")]
    )
    await fixture.write("a/V1", "1")
    changes = await fixture.write("a/V1", "2")
    assert [(one.device, one.pin) for one in changes] == [
        ("a", "V1"), ("a", "V2"), ("b", "V7"), ("b", "V1"),
    ]  # fmt: skip


async def test_a_reload_gives_a_disabled_link_a_new_chance(fixture: Fixture) -> None:
    fixture.define([link("a/V1", "a/V2"), link("a/V2", "a/V1")])
    await fixture.write("a/V1", "1")
    assert len(fixture.links.disabled) == 1
    fixture.define([link("a/V2", "a/V1")])
    assert fixture.links.disabled == set()
    assert [one.pin for one in await fixture.write("a/V2", "2")] == ["V2", "V1"]


async def test_a_flood_through_a_link_blows_its_fuse_only(fixture: Fixture) -> None:
    flooded = link("a/V1", "b/V1")
    fixture.define([flooded, link("a/V2", "b/V2")])
    for count in range(FUSE_BURST + 1):
        fixture.store.write("a", "V1", (str(count),), DEVICE, Intent.REPORT)
    await fixture.heard()
    assert fixture.links.disabled == set()
    assert fixture.store.get("b", "V1").value == (str(FUSE_BURST - 1),)
    assert len(await fixture.write("a/V2", "1")) == 2


async def test_a_refused_write_is_told_once_until_it_works_again(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fixture.define([link("a/V1", "b/V9")])
    for value in ("1", "2"):
        assert len(await fixture.write("a/V1", value)) == 1
    fixture.store.define("b", {"V9": replace(READ_ONLY, is_writable=True)})
    assert len(await fixture.write("a/V1", "3")) == 2
    fixture.store.define("b", {"V9": READ_ONLY})
    await fixture.write("a/V1", "4")
    levels = [one.levelno for one in caplog.records if one.message == "link not followed"]
    assert levels == [logging.WARNING, logging.DEBUG, logging.WARNING]
    assert fixture.links.disabled == set()


async def test_a_link_to_a_removed_device_does_not_stop_the_others(fixture: Fixture) -> None:
    fixture.define([link("a/V1", "gone/V1"), link("a/V1", "b/V1")])
    assert [one.device for one in await fixture.write("a/V1", "1")] == ["a", "b"]
