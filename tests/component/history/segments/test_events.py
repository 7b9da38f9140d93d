"""The event timeline, latest first for people, in order for those who follow it."""

from pathlib import Path

from blynk_gateway.core.change import EventKind, Origin, OriginKind
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.segments.events import following_events
from tests.component.history.system import ORIGIN, System


async def test_events_come_newest_first_for_one_device_or_all(tmp_path: Path) -> None:
    origin = Origin(OriginKind.API, "Ännchen")
    async with System(tmp_path) as system:
        for slug in ("a", "b"):
            system.add(slug)
        a, b = system.registry.get("a"), system.registry.get("b")
        system.registry.record_event(a, EventKind.LOGGED, "first", "zu heiß \udcff", origin)
        system.registry.record_event(b, EventKind.SYSTEM, "second", "", ORIGIN)
        system.registry.record_event(a, EventKind.RESOLVED, "first", "x", ORIGIN)
        # An event is there as soon as it was recorded, committed or not.
        latest = await system.journal.events(None, 2)
    async with System(tmp_path) as system:
        assert await system.journal.events(None, 2) == latest
        assert [event.code for event in latest] == ["first", "second"]
        of_a = await system.journal.events("a", 10)
        assert [event.code for event in of_a] == ["first", "first"]
        assert of_a[1].description == "zu heiß \udcff"
        assert of_a[1].origin == origin
        assert of_a[1].kind is EventKind.LOGGED


async def test_events_of_some_devices_follow_by_number(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        for slug in ("a", "b", "c"):
            system.add(slug)
        seqs = []
        for number, slug in enumerate("abcab"):
            device = system.registry.get(slug)
            seqs.append(system.bus.next_seq)
            system.registry.record_event(device, EventKind.LOGGED, str(number), "", ORIGIN)
        await system.journal.flush()
        reader = Reader(system.path)

        async def codes(after: int, upto: int, devices: set[str], limit: int = 9) -> list[str]:
            events = await reader.run(
                lambda snapshot: following_events(snapshot, after, upto, devices, limit)
            )
            return [event.code for event in events]

        assert await codes(0, seqs[-1], {"a", "b"}) == ["0", "1", "3", "4"]
        assert await codes(seqs[0], seqs[3], {"a", "b"}) == ["1", "3"]
        assert await codes(0, seqs[-1], {"a", "b"}, 3) == ["0", "1", "3"]
        assert await codes(0, seqs[-1], set()) == []
        await reader.close()
