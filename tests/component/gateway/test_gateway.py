"""All parts together in one process: what is restored, declared, reloaded, and cleaned up."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.listeners import AddressUnavailable
from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.options import Factory, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.config.options import (
    Address,
    DeviceOptions,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import Dashboard, Page, Source, Widget
from blynk_gateway.core.datastream import Datastream, DatastreamType, Template
from blynk_gateway.core.links import Link
from blynk_gateway.errors import HistoryError
from blynk_gateway.gateway import CONTROL_SOCKET, Gateway
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.runtime.clock_quality import EARLIEST_MS
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.last_stop import Ending, RunMarker
from blynk_gateway.runtime.tasks import spawn
from tests.component.gateway.system import OPTIONS, SERVER, SHED, running, write
from tests.component.history.system import until
from tests.helpers.clock import FakeClock
from tests.helpers.devices import Peer
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import Frame


async def test_a_boot_in_the_past_is_put_right_when_the_clock_is_set(tmp_path: Path) -> None:
    clock = FakeClock(1_600_000_000_000)
    gateway = Gateway(OPTIONS, tmp_path, clock)
    gateway.parts.clock_quality._is_pc = True
    await gateway.start()
    try:
        (address,) = gateway.server.addresses
        async with await Peer.connect(address) as peer:
            await peer.log_in()
            peer.write_pin(1, "early")
            peer.send(encode_frame(17, 7, b"utc\0time"))
            assert await peer.fence() == []
            assert gateway.health.components["clock"].state is HealthState.DEGRADED
            clock.step(EARLIEST_MS - clock.now_ms())
            assert await peer.receive() == Frame(17, 7, f"utc\0time\0{EARLIEST_MS}".encode())
            # The writer's turn comes after the answer.
            await until(lambda: gateway.store.get("shed", "V1").at_ms == EARLIEST_MS)
            assert gateway.registry.get("shed").last_seen_ms == EARLIEST_MS
    finally:
        await gateway.stop()


async def test_reload_keeps_connections_and_applies_the_rest(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        (address,) = gateway.server.addresses
        peer = await Peer.connect(address)
        await peer.log_in()
        climate = Template("climate", {"V5": Datastream("V5", "Heat", DatastreamType.DOUBLE)})
        link = Link(PinAddress("shed", "V1"), PinAddress("attic", "V1"))
        await gateway.reload(
            replace(
                OPTIONS,
                devices={
                    "shed": replace(SHED, template="climate"),
                    "attic": DeviceOptions(slug="attic", name="Attic", token=Secret("a")),
                },
                templates={"climate": climate},
                links=(link,),
            )
        )
        datastream = gateway.store.get("shed", "V5").datastream
        assert datastream is not None
        assert datastream.name == "Heat"
        assert gateway.registry.get("shed").is_online
        write(gateway, "shed", "V1", "1")
        async with asyncio.timeout(PATIENCE_S):
            while gateway.store.find("attic", "V1") is None:  # noqa: ASYNC110  a turn of the loop
                await asyncio.sleep(0)
        await gateway.reload(OPTIONS)
        assert gateway.registry.find("attic") is None
        assert await peer.fence() != []
        peer.close()


async def test_link_to_an_unknown_device_is_told_by_health(tmp_path: Path) -> None:
    link = Link(PinAddress("shed", "V1"), PinAddress("gone", "V1"))
    async with running(tmp_path, replace(OPTIONS, links=(link,))) as gateway:
        state, detail = gateway.health.components["links"]
        assert state is HealthState.DEGRADED
        assert "gone" in detail
        await gateway.reload(OPTIONS)
        assert gateway.health.components["links"].state is HealthState.OK


async def test_start_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = Address("127.0.0.1", holder.getsockname()[1])
        gateway = Gateway(replace(OPTIONS, server=replace(SERVER, listen=(taken,))), tmp_path)
        with pytest.raises(AddressUnavailable, match=r"server\.listen"):
            await gateway.start()
    assert not (tmp_path / CONTROL_SOCKET).exists()
    async with running(tmp_path) as gateway:
        assert gateway.registry.find("shed") is not None
        # A service manager tries it again and again: only a start that came off is told.
        told = [event.description for event in await gateway.journal.events("pi", 9)]
        assert len(told) == 1
        assert "for the first time" in told[0]


async def test_a_start_that_fails_early_leaves_no_output_on_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandoned: list[GpioOptions] = []
    async with running(tmp_path):
        # The database is in use: this fails before any part of it has begun.
        gateway = Gateway(OPTIONS, tmp_path)
        monkeypatch.setattr(gateway.gpio, "abandon", abandoned.append)
        with pytest.raises(HistoryError, match="in use"):
            await gateway.start()
    assert abandoned == [OPTIONS.gpio]


async def test_a_start_that_fails_leaves_the_crash_before_it_to_be_told(tmp_path: Path) -> None:
    RunMarker(tmp_path).begin("0.9")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = Address("127.0.0.1", holder.getsockname()[1])
        gateway = Gateway(replace(OPTIONS, server=replace(SERVER, listen=(taken,))), tmp_path)
        with pytest.raises(AddressUnavailable):
            await gateway.start()
    async with running(tmp_path) as gateway:
        (restart,) = await gateway.journal.events("pi", 9)
        assert "before it 0.9; after a crash" in restart.description


async def test_a_gateway_for_one_command_is_no_restart(tmp_path: Path) -> None:
    deaf = replace(OPTIONS, server=replace(SERVER, listen=()))
    async with running(tmp_path, deaf) as gateway:
        assert await gateway.journal.events("pi", 9) == []
    assert RunMarker(tmp_path).begin("1.0").ending is Ending.FIRST


async def test_status_line_counts_no_messages_of_earlier_runs(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        gateway.bus.renumber(1_000_000)
        write(gateway, "shed", "V1", "1")
    async with running(tmp_path) as gateway:
        assert gateway.bus.next_seq > 1_000_000
        assert gateway._counts().changes < 1000


async def test_status_line_counts_devices(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        assert gateway.status.line().startswith("1 device, 0 online, ")


async def test_a_client_that_is_slow_to_leave_keeps_no_output_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = OutputOptions(name="pump", type="relay", pin="V1", line=17, on_start=Level.ON)
    gpio = GpioOptions(factory=Factory.MOCK, peripherals={"pump": pump})
    gateway = Gateway(replace(OPTIONS, gpio=gpio), tmp_path)
    await gateway.start()
    simulation = gateway.gpio.simulation
    assert simulation is not None
    assert simulation.lines()[17].level == 1
    stop, is_slow = gateway.server.stop, asyncio.Event()

    async def stop_slowly() -> None:
        await is_slow.wait()
        await stop()

    monkeypatch.setattr(gateway.server, "stop", stop_slowly)
    stopping = spawn(gateway.stop(), name="test stop")
    async with asyncio.timeout(PATIENCE_S):
        while simulation.lines()[17].level:  # noqa: ASYNC110  a line signals nothing
            await asyncio.sleep(0.002)
    is_slow.set()
    await stopping


async def test_dashboards_of_the_file_follow_a_reload_and_stored_ones_stay(tmp_path: Path) -> None:
    lamp = Widget("led", pin=PinAddress("shed", "V1"))
    declared = Dashboard("home", "Home", (Page("", (lamp,)),))
    async with running(tmp_path, replace(OPTIONS, dashboards={"home": declared})) as gateway:
        assert gateway.dashboards.get("home").source is Source.FILE
        await gateway.dashboards.put(Dashboard("mine", "Mine"), None)
        shares = gateway.accounts.shares
        for slug in ("home", "mine"):
            await shares.add(slug, None)
        await gateway.reload(OPTIONS)
        # A later dashboard of this name is not to be open by the old link.
        assert [share.dashboard for share in await shares.all()] == ["mine"]
        assert gateway.dashboards.find("home") is None
    async with running(tmp_path) as gateway:
        slugs = [title.slug for title in gateway.dashboards.titles()]
        assert slugs == ["mine", "device:pi", "device:shed"]
