from pathlib import Path

import pytest

from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from tests.component.history.system import ORIGIN, System, files_of, put_back
from tests.helpers.clock import FakeClock


async def test_values_come_back_with_their_time(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1", at_ms=1_000)
        system.write("a", "V1", "2", "zwei \udcff", at_ms=2_000)
        system.write("a", "D3", "0", at_ms=3_000)
    async with System(tmp_path) as system:
        assert sorted(system.restored.values) == [
            ("a", "D3", ("0",), 3_000),
            ("a", "V1", ("2", "zwei \udcff"), 2_000),
        ]


async def test_latest_write_wins_over_a_later_timestamp(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "first", at_ms=9_000)
        system.write("a", "V1", "second", at_ms=1_000)
        await system.journal.flush()
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("second",)}


@pytest.mark.parametrize("is_clean", [True, False])
async def test_points_of_the_past_are_never_current_again(tmp_path: Path, is_clean: bool) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "current", at_ms=9_000)
        # The first commit is one with a checkpoint.
        await system.journal.flush()
        system.write("a", "V2", "newest", at_ms=9_000)
        system.store.write("a", "V1", ("past",), ORIGIN, Intent.PAST, 8_000)
        system.store.write("a", "V2", ("past",), ORIGIN, Intent.PAST, 8_000)
        await system.journal.flush()
        left = files_of(tmp_path)
    if not is_clean:
        # As a power cut leaves it: without the checkpoint of a close.
        for path in files_of(tmp_path):
            path.unlink()
        put_back(left)
    async with System(tmp_path) as system:
        assert system.restored.values == [
            ("a", "V1", ("current",), 9_000),
            ("a", "V2", ("newest",), 9_000),
        ]


async def test_devices_added_or_paired_come_back_and_those_of_the_file_do_not(
    tmp_path: Path,
) -> None:
    async with System(tmp_path) as system:
        added = DeviceDefinition(
            "b", "B", "tb", DeviceSource.COMMAND, datastreams={"V1": Datastream("V1", "One")}
        )
        system.registry.add(added, ORIGIN)
        paired = system.add("a", DeviceSource.PAIRED)
        system.add("c", DeviceSource.FILE)
        system.add("pi", DeviceSource.GATEWAY)
    async with System(tmp_path) as system:
        assert system.restored.definitions == [paired, added]


async def test_device_that_moved_to_the_file_is_no_longer_kept(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.registry.redefine(DeviceDefinition("a", "A", "t2", DeviceSource.FILE), ORIGIN)
    async with System(tmp_path) as system:
        assert system.restored.definitions == []


async def test_what_devices_told_comes_back(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        device = system.registry.get("a")
        system.registry.set_property(device, "V1", "color", ("#FF0000",), ORIGIN)
        system.registry.set_property(device, "V1", "color", ("#00FF00",), ORIGIN)
        system.registry.set_property(device, "V2", "labels", ("an", "aus \udce4"), ORIGIN)
        system.registry.set_metadata(device, "Ort \udcff", "", ORIGIN)
        system.registry.told(device, [("ver", "1.3.2"), ("h-beat", ""), ("", "x")], ORIGIN)
        system.registry.connected(device, ORIGIN)
        seen_ms = clock.now_ms()
        # What is told of it later, that it fell silent for one, is no sign of life.
        clock.advance(60)
        system.registry.disconnected(device, ORIGIN)
    async with System(tmp_path) as system:
        restored = system.restored
        assert restored.properties == {
            "a": {("V1", "color"): ("#00FF00",), ("V2", "labels"): ("an", "aus \udce4")}
        }
        assert restored.metadata == {"a": {"Ort \udcff": ""}}
        assert restored.infos == {"a": (("ver", "1.3.2"), ("h-beat", ""), ("", "x"))}
        assert restored.last_seen == {"a": seen_ms}


async def test_what_was_logged_and_resolved_comes_back_in_order(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        device = system.registry.get("a")
        for kind in (EventKind.LOGGED, EventKind.SYSTEM, EventKind.RESOLVED, EventKind.LOGGED):
            system.registry.record_event(device, kind, "heiß", "", ORIGIN)
    async with System(tmp_path) as system:
        logged, resolved = (
            ("a", kind, "heiß", "") for kind in (EventKind.LOGGED, EventKind.RESOLVED)
        )
        assert system.restored.events == [logged, resolved, logged]


async def test_learned_modes_of_pins_come_back_until_the_device_is_removed(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.add("b")
        system.store.set_mode("a", "D8", DirectPin(PinMode.OUT), ORIGIN)
        system.store.set_mode("a", "D8", DirectPin(PinMode.PULL_UP, 500), ORIGIN)
        system.store.set_mode("a", "A0", DirectPin(PinMode.IN), ORIGIN)
        system.store.set_mode("b", "D1", DirectPin(PinMode.PWM), ORIGIN)
        system.registry.remove("b", ORIGIN)
    async with System(tmp_path) as system:
        assert system.restored.modes == {
            "a": {"D8": (PinMode.PULL_UP, 500), "A0": (PinMode.IN, None)}
        }


async def test_device_without_info_has_none_after_restart(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.registry.connected(system.registry.get("a"), ORIGIN)
    async with System(tmp_path) as system:
        assert system.restored.infos == {"a": ()}


async def test_removed_device_leaves_nothing_to_a_new_one_of_its_name(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "old")
        system.write("a", "V2", "old")
        device = system.registry.get("a")
        system.registry.set_property(device, "V1", "color", ("#FF0000",), ORIGIN)
        system.registry.set_metadata(device, "field", "old", ORIGIN)
        system.registry.record_event(device, EventKind.LOGGED, "old", "", ORIGIN)
        system.registry.told(device, [("ver", "1")], ORIGIN)
        await system.journal.flush()
        system.write("a", "V3", "old")
        system.registry.remove("a", ORIGIN)
        new = DeviceDefinition("a", "New", "t2", DeviceSource.COMMAND)
        system.registry.add(new, ORIGIN)
        system.write("a", "V2", "new")
    async with System(tmp_path) as system:
        restored = system.restored
        assert system.values == {"a/V2": ("new",)}
        assert restored.definitions == [new]
        assert (restored.properties, restored.metadata, restored.infos) == ({}, {}, {})
        assert await system.journal.events("a", 10) == []


async def test_removed_device_stays_removed(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "old")
    async with System(tmp_path) as system:
        system.registry.add(system.restored.definitions[0], ORIGIN)
        system.registry.remove("a", ORIGIN)
    async with System(tmp_path) as system:
        assert system.restored.definitions == []
        assert system.values == {}


async def test_number_of_a_removed_stream_is_never_used_again(tmp_path: Path) -> None:
    # The segments with the old number are still there, and are replayed.
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "old")
        system.registry.remove("a", ORIGIN)
        await system.journal.flush()
    async with System(tmp_path) as system:
        system.add("b")
        system.write("b", "V9", "new")
    async with System(tmp_path) as system:
        assert system.values == {"b/V9": ("new",)}


async def test_identity_is_kept_and_is_random(tmp_path: Path) -> None:
    async with System(tmp_path / "one") as system:
        first = system.restored
    async with System(tmp_path / "one") as system:
        assert system.restored.instance_id == first.instance_id
        assert system.restored.gateway_token == first.gateway_token
    async with System(tmp_path / "two") as system:
        assert system.restored.instance_id != first.instance_id
        assert system.restored.gateway_token != first.gateway_token
