import logging

import pytest

from blynk_gateway.api.dashboards import Dashboards
from blynk_gateway.api.faults import Conflict, UnknownDashboard
from blynk_gateway.config.dashboards.documents import read_yaml
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.dashboards.model import Dashboard, Page, Source, Widget
from blynk_gateway.core.dashboards.ports import StoredDashboard
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.dashboards import MemoryDashboards

FAN = PinAddress("shed", "V1")
HOME = Dashboard("home", "Home", (Page("", (Widget("led", pin=FAN),)),))
ORIGIN = Origin(OriginKind.GATEWAY, "test")


class World:
    """Dashboards of a gateway with one device, `shed`."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.parts = Parts.new(clock, Zone.of(None), trusted(clock))
        self.table = MemoryDashboards()
        self.parts.registry.add(DeviceDefinition("shed", "Shed", "t"), ORIGIN)
        self.dashboards = Dashboards(self.parts, self.table)

    def again(self) -> Dashboards:
        """After a restart."""
        return Dashboards(self.parts, self.table)


@pytest.fixture
def world() -> World:
    return World()


async def test_stored_dashboard_is_there_after_a_restart(world: World) -> None:
    shown = await world.dashboards.put(HOME, None)
    again = world.again()
    assert again.find("home") is None
    await again.load()
    assert again.get("home") == shown
    assert world.table.rows["home"].changed_ms == world.parts.clock.now_ms()


async def test_stored_dashboard_that_makes_no_sense_is_left_out_and_kept(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.dashboards.put(HOME, None)
    for slug, document in (("old", '{"widgets": [{"type": "bridge"}]}'), ("torn", '{"title')):
        world.table.rows[slug] = StoredDashboard(slug, document, 3, 0)
    again = world.again()
    with caplog.at_level(logging.WARNING):
        await again.load()
    assert [one.slug for one in again.titles()] == ["home", "device:shed"]
    assert [record.message for record in caplog.records] == ["stored dashboard cannot be read"] * 2
    assert set(world.table.rows) == {"home", "old", "torn"}


async def test_pins_of_a_dashboard_follow_its_changes(world: World) -> None:
    dashboards = world.dashboards
    assert dashboards.pins_of("home") == frozenset()
    await dashboards.put(HOME, None)
    assert dashboards.pins_of("home") == {FAN}
    await dashboards.put(Dashboard("home", "Home"), 1)
    assert dashboards.pins_of("home") == frozenset()
    world.parts.store.write("shed", "V7", ("1",), ORIGIN, Intent.REPORT)
    assert dashboards.pins_of("device:shed") == {PinAddress("shed", "V7")}
    assert dashboards.get("device:shed").dashboard.pins() == {PinAddress("shed", "V7")}
    assert dashboards.pins_of("device:nowhere") == frozenset()
    assert dashboards.find("device:nowhere") is None


async def test_replace_takes_whatever_was_there(world: World) -> None:
    assert (await world.dashboards.replace(HOME)).revision == 1
    assert (await world.dashboards.replace(HOME)).revision == 2


async def test_unknown_dashboard_is_told(world: World) -> None:
    with pytest.raises(UnknownDashboard, match="'none'"):
        world.dashboards.get("none")
    with pytest.raises(UnknownDashboard):
        await world.dashboards.remove("none")


async def test_dashboard_of_the_file_hides_a_stored_one_until_it_goes(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    dashboards = world.dashboards
    await dashboards.put(HOME, None)
    with caplog.at_level(logging.WARNING):
        dashboards.declare({"home": Dashboard("home", "Declared")})
    assert dashboards.is_hidden("home")
    assert dashboards.get("home").source is Source.FILE
    assert "stored dashboard is hidden by one of the configuration file" in caplog.messages
    with pytest.raises(Conflict):
        await dashboards.remove("home")
    dashboards.declare({})
    assert not dashboards.is_hidden("home")
    assert dashboards.get("home").source is Source.STORED


def test_dashboard_of_the_file_is_placed(world: World) -> None:
    world.dashboards.declare({"home": read_yaml("home", "widgets: [{type: header}]")})
    (widget,) = world.dashboards.get("home").dashboard.widgets()
    assert widget.desktop == (0, 0, 12, 5)


def test_unknown_devices_are_told_by_health(world: World) -> None:
    world.dashboards.declare({"home": read_yaml("home", "widgets: [{type: led, pin: shd/V1}]")})
    health = world.parts.health.components["dashboards"]
    assert health.state is HealthState.DEGRADED
    assert "shd" in health.detail
    world.dashboards.declare({"home": HOME})
    assert world.parts.health.components["dashboards"].state is HealthState.OK
