"""Writing for HTTP: all or nothing, and past values in their place."""

import asyncio
from pathlib import Path

import pytest

from blynk_gateway.api.faults import Busy
from blynk_gateway.api.writes import SLICE, PinWriter, http_origin
from blynk_gateway.core.change import Intent, PinChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.past import MAX_AGE_MS, MAX_AHEAD_MS
from blynk_gateway.errors import InvalidValue, UnknownDevice
from tests.helpers.http import CONFIG, Site


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def writer(site: Site) -> PinWriter:
    return PinWriter(site.api._services)


def changes(mailbox: Mailbox) -> list[PinChange]:
    return [one for one in mailbox.drain() if isinstance(one, PinChange)]


def watch(site: Site) -> Mailbox:
    mailbox = Mailbox(100_000, Overflow.CLOSE)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    return mailbox


async def test_one_bad_value_keeps_all_others_back(site: Site, writer: PinWriter) -> None:
    mailbox = watch(site)
    with pytest.raises(InvalidValue):
        await writer.write("greenhouse", {"V0": ("1",), "V1": ("x",)}, http_origin(site.device))
    with pytest.raises(InvalidValue):
        await writer.set_properties(site.device, "V0", {"color": ["a"], "colour": ["b"]})
    with pytest.raises(InvalidValue):
        await writer.backfill(site.device, "V1", [(1, ("1",)), (2, ("x",))])
    with pytest.raises(InvalidValue):
        await writer.write_extra(site.device, "V1", [(1, ("1",)), (2, ("x",))])
    assert mailbox.drain() == []


async def test_device_that_is_gone_is_told(site: Site, writer: PinWriter) -> None:
    with pytest.raises(UnknownDevice):
        await writer.write("none", {"V0": ("1",)}, CONFIG)


async def test_others_go_on_between_slices_and_their_newer_value_stays(
    site: Site, writer: PinWriter
) -> None:
    mailbox = watch(site)
    now_ms = site.clock.now_ms()
    points = [(now_ms - 10_000 + number, (str(number),)) for number in range(3 * SLICE)]

    async def live() -> None:
        await watch(site).take()
        site.store.write("greenhouse", "V0", ("live",), CONFIG, Intent.REPORT)

    await asyncio.gather(writer.backfill(site.device, "V0", points), live())
    found = mailbox.drain()
    assert len(found) == 3 * SLICE + 1
    position = next(number for number, one in enumerate(found) if one.origin == CONFIG)
    assert 0 < position < 3 * SLICE
    assert site.value("V0") == ("live",)
    # The latest point was news when it came, and no other.
    news = [one for one in found if isinstance(one, PinChange)]
    assert [one.value for one in news] == [points[-1][1], ("live",)]


async def test_older_value_gives_way_to_the_newest_point(site: Site, writer: PinWriter) -> None:
    now_ms = site.clock.now_ms()
    site.store.write("greenhouse", "V0", ("old",), CONFIG, Intent.REPORT, now_ms - 1000)
    mailbox = watch(site)
    await writer.backfill(site.device, "V0", [(now_ms - 2000, ("a",)), (now_ms - 500, ("b",))])
    assert site.value("V0") == ("b",)
    assert [one.value for one in changes(mailbox)] == [("b",)]


async def test_first_extra_point_is_commanded_and_stays(site: Site, writer: PinWriter) -> None:
    now_ms = site.clock.now_ms()
    times = {"a": 5, "c": 4, "b": 3, "d": 6}
    points = [(now_ms - ago_ms, (text,)) for text, ago_ms in times.items()]
    mailbox = watch(site)
    await writer.write_extra(site.device, "V0", points)
    assert [(one.value, one.intent) for one in changes(mailbox)] == [
        (("b",), Intent.REPORT),
        (("a",), Intent.COMMAND),
    ]
    assert site.store.get("greenhouse", "V0")[1:3] == (("a",), now_ms - 5)


async def test_closed_gate_is_busy_after_its_time(
    site: Site, writer: PinWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.writes.GATE_WITHIN_S", 0.01)
    site.gate.close()
    with pytest.raises(Busy):
        await writer.write("greenhouse", {"V0": ("1",)}, CONFIG)
    assert site.health.counters["http_writes_refused_busy"] == 1


async def test_write_waits_for_a_gate_that_opens(site: Site, writer: PinWriter) -> None:
    site.gate.close()
    write = asyncio.gather(writer.write("greenhouse", {"V0": ("1",)}, CONFIG))
    await asyncio.sleep(0)
    assert site.store.find("greenhouse", "V0") is None
    site.gate.open()
    await write
    assert site.value("V0") == ("1",)


async def test_points_of_a_month_up_to_a_fast_clock_are_recent(
    site: Site, writer: PinWriter
) -> None:
    now_ms = site.clock.now_ms()
    assert writer.is_recent(now_ms - MAX_AGE_MS)
    assert writer.is_recent(now_ms + MAX_AHEAD_MS)
    assert not writer.is_recent(now_ms - MAX_AGE_MS - 1)
    assert not writer.is_recent(now_ms + MAX_AHEAD_MS + 1)
