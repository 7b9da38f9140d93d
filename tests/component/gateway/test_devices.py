"""Devices of the file and of an earlier run, as they come into the core."""

from dataclasses import replace
from pathlib import Path

from blynk_gateway.config.options import (
    DeviceOptions,
    GatewayOptions,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.runtime.health import HealthState
from tests.component.gateway.system import OPTIONS, PERSON, SHED, running, write
from tests.helpers.wire import TOKEN


async def test_everything_is_back_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        added = DeviceDefinition("attic", "Attic", "attic-token", DeviceSource.COMMAND)
        attic = gateway.registry.add(added, PERSON)
        write(gateway, "attic", "V1", "7")
        write(gateway, "shed", "V2", "old")
        write(gateway, "shed", "V2", "new")
        gateway.registry.set_property(attic, "V1", "label", ("Lamp",), PERSON)
        gateway.registry.set_metadata(attic, "Room", "top", PERSON)
        last_seq = gateway.bus.next_seq
    async with running(tmp_path) as gateway:
        attic = gateway.registry.get("attic")
        assert attic.definition == added
        assert attic.properties == {("V1", "label"): ("Lamp",)}
        assert attic.metadata == {"Room": "top"}
        assert gateway.store.get("attic", "V1").value == ("7",)
        assert gateway.store.get("shed", "V2").value == ("new",)
        assert gateway.bus.next_seq > last_seq


async def test_what_is_open_after_a_restart_is_resolved_once(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        shed = gateway.registry.get("shed")
        gateway.registry.record_event(shed, EventKind.LOGGED, "hot", "", PERSON)
    async with running(tmp_path) as gateway:
        shed = gateway.registry.get("shed")
        for _ in range(3):
            gateway.registry.record_event(shed, EventKind.RESOLVED, "hot", "", PERSON)
        kinds = [event.kind for event in await gateway.journal.events("shed", 9)]
        assert kinds == [EventKind.RESOLVED, EventKind.LOGGED]


async def test_own_token_is_made_once(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        token = gateway.registry.get("pi").definition.token
    async with running(tmp_path) as gateway:
        assert gateway.registry.get("pi").definition.token == token
    named = replace(OPTIONS, gateway=GatewayOptions(slug="hut", token=Secret("chosen")))
    async with running(tmp_path, named) as gateway:
        assert gateway.registry.get("hut").definition.token == "chosen"
        assert gateway.registry.find("pi") is None


async def test_file_wins_over_a_device_added_by_command(tmp_path: Path) -> None:
    async with running(tmp_path, replace(OPTIONS, devices={})) as gateway:
        by_command = DeviceDefinition("shed", "By command", "t", DeviceSource.COMMAND)
        gateway.registry.add(by_command, PERSON)
        write(gateway, "shed", "V1", "kept")
    async with running(tmp_path) as gateway:
        assert gateway.registry.get("shed").definition.name == "Shed"
        assert gateway.store.get("shed", "V1").value == ("kept",)


async def test_device_that_cannot_be_declared_leaves_the_rest_running(tmp_path: Path) -> None:
    same_token = DeviceOptions(slug="twin", name="Twin", token=Secret(TOKEN))
    options = replace(OPTIONS, devices={"shed": SHED, "twin": same_token})
    async with running(tmp_path, options) as gateway:
        assert gateway.registry.find("twin") is None
        state, detail = gateway.health.components["devices"]
        assert state is HealthState.FAILED
        assert "twin" in detail
        await gateway.reload(OPTIONS)
        assert gateway.health.components["devices"].state is HealthState.OK


async def test_value_that_does_not_fit_its_new_datastream_is_not_restored(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        write(gateway, "shed", "V1", "text")
        write(gateway, "shed", "V2", "text")
    number = Datastream("V1", "Number", DatastreamType.INT)
    typed = replace(SHED, datastreams={"V1": number})
    async with running(tmp_path, replace(OPTIONS, devices={"shed": typed})) as gateway:
        assert gateway.store.get("shed", "V1").value == ()
        assert gateway.store.get("shed", "V2").value == ("text",)


async def test_reload_lets_two_devices_swap_their_tokens(tmp_path: Path) -> None:
    attic = DeviceOptions(slug="attic", name="Attic", token=Secret("a"))
    async with running(
        tmp_path, replace(OPTIONS, devices={"shed": SHED, "attic": attic})
    ) as gateway:
        swapped = {
            "shed": replace(SHED, token=attic.token),
            "attic": replace(attic, token=SHED.token),
        }
        await gateway.reload(replace(OPTIONS, devices=swapped))
        assert gateway.health.components["devices"].state is HealthState.OK
        assert gateway.registry.find_by_token("a") is gateway.registry.get("shed")
        assert gateway.registry.find_by_token(TOKEN) is gateway.registry.get("attic")
