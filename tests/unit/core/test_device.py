from collections.abc import Callable
from dataclasses import replace

import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    EventKind,
    Intent,
    MetadataChange,
    Origin,
    OriginKind,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.datastream import Datastream, DatastreamType, Template
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import (
    MAX_DEVICES,
    MAX_METADATA_FIELDS,
    Device,
    DeviceRegistry,
)
from blynk_gateway.core.events import MAX_EVENT_CODE, MAX_EVENT_DESCRIPTION, EventDefinition
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import (
    DeviceError,
    DeviceExists,
    InvalidValue,
    UnknownDevice,
)
from tests.helpers.clock import FakeClock

CONFIG = Origin(OriginKind.GATEWAY, "config")
FIRST = Origin(OriginKind.DEVICE, "1")
SECOND = Origin(OriginKind.DEVICE, "2")
SHED = DeviceDefinition("shed", "Shed", "token-of-shed", metadata={"room": "garden"})
ATTIC = DeviceDefinition("attic", "Attic", "token-of-attic")


class Fixture:
    """A registry with a device `shed`; what was published since is in `heard`."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.bus = PinBus()
        self.store = PinStore(self.bus, self.clock)
        self.registry = DeviceRegistry(self.bus, self.store, self.clock)
        self.shed = self.registry.add(SHED, CONFIG)
        self._all = Mailbox(10_000, Overflow.CLOSE)
        self.bus.subscribe(self._all, origin=None, echo=True)

    def heard(self) -> list[Change]:
        return self._all.drain()


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def test_an_added_device_is_found_by_slug_and_token_and_told(fixture: Fixture) -> None:
    attic = fixture.registry.add(ATTIC, CONFIG)
    assert fixture.registry.get("attic") is attic
    assert fixture.registry.find("attic") is attic
    assert fixture.registry.find_by_token("token-of-attic") is attic
    assert attic.slug == "attic"
    assert fixture.store.pins("attic") == []
    assert fixture.heard() == [DefinitionChange(2, "attic", ATTIC, CONFIG, fixture.clock.now_ms())]


def test_devices_come_in_the_order_they_were_added(fixture: Fixture) -> None:
    fixture.registry.add(ATTIC, CONFIG)
    assert [device.slug for device in fixture.registry] == ["shed", "attic"]
    assert len(fixture.registry) == 2


def test_unknown_devices_and_tokens_are_not_found(fixture: Fixture) -> None:
    assert fixture.registry.find("attic") is None
    with pytest.raises(UnknownDevice, match="'attic'"):
        fixture.registry.get("attic")
    for token in ("", "token-of-she", "token-of-shed ", "\udcff", "\ud800"):
        assert fixture.registry.find_by_token(token) is None


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        (replace(ATTIC, slug="shed"), "device 'shed' already"),
        (replace(ATTIC, token="token-of-shed"), "token of 'attic' belongs to device 'shed'"),
        (replace(ATTIC, template="climate"), "no template 'climate'; there are: none"),
    ],
)
def test_a_refused_device_leaves_no_trace(
    fixture: Fixture, definition: DeviceDefinition, found: str
) -> None:
    with pytest.raises(DeviceError, match=found):
        fixture.registry.add(definition, CONFIG)
    assert [device.definition for device in fixture.registry] == [SHED]
    assert fixture.registry.find_by_token("token-of-attic") is None
    assert fixture.store.find("attic", "V1") is None
    assert fixture.heard() == []


def test_the_number_of_devices_is_limited(fixture: Fixture) -> None:
    for number in range(1, MAX_DEVICES):
        fixture.registry.add(DeviceDefinition(f"d{number}", "D", f"token-{number}"), CONFIG)
    with pytest.raises(DeviceError, match=f"{MAX_DEVICES} devices already"):
        fixture.registry.add(ATTIC, CONFIG)


def test_a_device_has_the_datastreams_of_its_template_and_its_own_win(fixture: Fixture) -> None:
    shared = {pin: Datastream(pin, "shared") for pin in ("V1", "V2")}
    own = {"V2": Datastream("V2", "own")}
    fixture.registry.use_templates({"climate": Template("climate", shared)})
    fixture.registry.add(replace(ATTIC, template="climate", datastreams=own), CONFIG)
    found = {state.pin: state.datastream for state in fixture.store.pins("attic")}
    assert found == {"V1": shared["V1"], "V2": own["V2"]}


def test_other_templates_reach_the_devices_that_exist(fixture: Fixture) -> None:
    fixture.registry.use_templates({"climate": Template("climate", {"V1": Datastream("V1", "a")})})
    fixture.registry.add(replace(ATTIC, template="climate"), CONFIG)
    number = Datastream("V1", "b", DatastreamType.INT)
    fixture.registry.use_templates({"climate": Template("climate", {"V1": number})})
    with pytest.raises(InvalidValue):
        fixture.store.write("attic", "V1", ("x",), FIRST, Intent.REPORT)
    fixture.registry.use_templates({})
    assert fixture.store.write("attic", "V1", ("x",), FIRST, Intent.REPORT) is not None


def test_a_redefined_device_keeps_values_and_connections(fixture: Fixture) -> None:
    fixture.registry.connected(fixture.shed, FIRST)
    fixture.store.write("shed", "V1", ("1",), FIRST, Intent.REPORT)
    fixture.heard()
    definition = replace(SHED, name="Potting shed", datastreams={"V1": Datastream("V1", "Lamp")})
    assert fixture.registry.redefine(definition, CONFIG) is fixture.shed
    assert fixture.shed.definition is definition
    assert fixture.shed.is_online
    state = fixture.store.get("shed", "V1")
    assert (state.value, state.datastream) == (("1",), definition.datastreams["V1"])
    assert fixture.heard() == [
        DefinitionChange(4, "shed", definition, CONFIG, fixture.clock.now_ms())
    ]


def test_an_equal_definition_is_no_news(fixture: Fixture) -> None:
    fixture.registry.redefine(replace(SHED), CONFIG)
    assert fixture.heard() == []


def test_a_new_token_replaces_the_old_one(fixture: Fixture) -> None:
    fixture.registry.redefine(replace(SHED, token="new"), CONFIG)
    assert fixture.registry.find_by_token("new") is fixture.shed
    assert fixture.registry.find_by_token("token-of-shed") is None


def test_a_token_of_another_device_is_refused_and_all_stays(fixture: Fixture) -> None:
    attic = fixture.registry.add(ATTIC, CONFIG)
    with pytest.raises(DeviceExists, match="belongs to device 'attic'"):
        fixture.registry.redefine(replace(SHED, token="token-of-attic"), CONFIG)
    assert fixture.registry.find_by_token("token-of-attic") is attic
    assert fixture.registry.find_by_token("token-of-shed") is fixture.shed
    assert fixture.shed.definition is SHED


def test_redefining_an_unknown_device_is_refused(fixture: Fixture) -> None:
    with pytest.raises(UnknownDevice):
        fixture.registry.redefine(ATTIC, CONFIG)


def test_metadata_that_a_reload_does_not_change_keeps_what_the_device_wrote(
    fixture: Fixture,
) -> None:
    fixture.registry.set_metadata(fixture.shed, "room", "cellar", FIRST)
    fixture.registry.redefine(replace(SHED, name="x"), CONFIG)
    assert fixture.shed.metadata == {"room": "cellar"}
    changed = replace(SHED, metadata={"room": "roof", "owner": "me"})
    fixture.registry.redefine(changed, CONFIG)
    assert fixture.shed.metadata == {"room": "roof", "owner": "me"}


def test_a_removed_device_is_gone_with_token_and_values(fixture: Fixture) -> None:
    fixture.registry.remove("shed", CONFIG)
    assert fixture.registry.find("shed") is None
    assert fixture.registry.find_by_token("token-of-shed") is None
    with pytest.raises(UnknownDevice):
        fixture.store.pins("shed")
    assert fixture.heard() == [DefinitionChange(2, "shed", None, CONFIG, fixture.clock.now_ms())]
    with pytest.raises(UnknownDevice):
        fixture.registry.remove("shed", CONFIG)


def test_the_first_connection_makes_it_online_and_the_last_offline(fixture: Fixture) -> None:
    registry, shed = fixture.registry, fixture.shed
    registry.connected(shed, FIRST)
    registry.connected(shed, SECOND)
    registry.disconnected(shed, FIRST)
    assert shed.connections == 1
    registry.disconnected(shed, SECOND)
    assert not shed.is_online
    now_ms = fixture.clock.now_ms()
    assert fixture.heard() == [
        StatusChange(2, "shed", True, (), FIRST, now_ms, last_seen_ms=now_ms),
        StatusChange(3, "shed", False, (), SECOND, now_ms, last_seen_ms=now_ms),
    ]


def test_a_connection_that_outlives_its_device_says_nothing_of_its_successor(
    fixture: Fixture,
) -> None:
    fixture.registry.connected(fixture.shed, FIRST)
    fixture.registry.remove("shed", CONFIG)
    successor = fixture.registry.add(SHED, CONFIG)
    fixture.registry.connected(successor, SECOND)
    fixture.heard()
    fixture.registry.disconnected(fixture.shed, FIRST)
    assert fixture.heard() == []
    assert successor.is_online


def test_info_is_kept_and_told(fixture: Fixture) -> None:
    pairs = [("ver", "1.4.0"), ("dev", "ESP32")]
    fixture.registry.told(fixture.shed, iter(pairs), FIRST)
    assert fixture.shed.info == tuple(pairs)
    assert fixture.heard() == [
        StatusChange(2, "shed", False, tuple(pairs), FIRST, fixture.clock.now_ms())
    ]


def statuses(fixture: Fixture) -> list[tuple[bool, bool]]:
    """What was told since: online, stale."""
    return [
        (one.is_online, one.is_stale) for one in fixture.heard() if isinstance(one, StatusChange)
    ]


@pytest.fixture
def attic(fixture: Fixture) -> Device:
    """A device that is stale after five seconds, heard of never."""
    device = fixture.registry.add(replace(ATTIC, stale_after_ms=5000), CONFIG)
    fixture.heard()
    return device


def test_a_device_is_stale_after_its_silence_and_not_before(
    fixture: Fixture, attic: Device
) -> None:
    registry = fixture.registry
    assert attic.is_stale
    registry.connected(attic, FIRST)
    fixture.clock.advance(5)
    registry.check_silence(attic)
    assert statuses(fixture) == [(True, False)]
    fixture.clock.advance(0.001)
    registry.check_silence(attic)
    registry.check_silence(attic)
    assert attic.is_stale
    (silence,) = fixture.heard()
    assert isinstance(silence, StatusChange)
    assert (silence.is_online, silence.is_stale) == (True, True)
    # The journal keeps when it was heard of, not when that was noticed.
    assert silence.at_ms - silence.last_seen_ms == 5001
    registry.seen(attic, fixture.clock.now_ms())
    registry.seen(attic, fixture.clock.now_ms())
    assert statuses(fixture) == [(True, False)]


def test_a_device_without_limit_is_never_stale(fixture: Fixture) -> None:
    fixture.clock.advance(10**9)
    fixture.registry.check_silence(fixture.shed)
    assert not fixture.shed.is_stale
    assert fixture.heard() == []


def test_a_wall_clock_that_is_set_makes_nobody_stale(fixture: Fixture, attic: Device) -> None:
    fixture.registry.connected(attic, FIRST)
    fixture.clock.step(10**12)
    fixture.registry.check_silence(attic)
    assert not attic.is_stale
    fixture.clock.step(-(10**12))
    fixture.clock.advance(5.001)
    fixture.registry.check_silence(attic)
    assert attic.is_stale


def test_an_update_by_http_puts_online_until_there_is_silence(
    fixture: Fixture, attic: Device
) -> None:
    registry = fixture.registry
    registry.heard(attic, FIRST)
    fixture.clock.advance(4)
    registry.heard(attic, FIRST)
    fixture.clock.advance(4)
    registry.check_silence(attic)
    assert attic.connections == 0
    assert statuses(fixture) == [(True, False)]
    fixture.clock.advance(2)
    registry.check_silence(attic)
    assert statuses(fixture) == [(False, True)]
    registry.heard(attic, FIRST)
    registry.check_silence(attic, is_ending=True)
    assert statuses(fixture) == [(True, False), (False, False)]


def test_without_a_limit_an_update_by_http_is_no_presence(fixture: Fixture) -> None:
    fixture.registry.heard(fixture.shed, FIRST)
    assert not fixture.shed.is_online
    assert fixture.shed.last_seen_ms == fixture.clock.now_ms()
    assert fixture.heard() == []


def test_a_connection_takes_over_from_updates_by_http(fixture: Fixture, attic: Device) -> None:
    registry = fixture.registry
    registry.heard(attic, FIRST)
    registry.connected(attic, FIRST)
    registry.heard(attic, FIRST)
    assert statuses(fixture) == [(True, False)]
    registry.disconnected(attic, FIRST)
    assert statuses(fixture) == [(False, False)]


def test_a_limit_that_a_reload_changes_counts_at_once(fixture: Fixture, attic: Device) -> None:
    registry = fixture.registry
    registry.heard(attic, FIRST)
    fixture.clock.advance(3)
    fixture.heard()
    registry.redefine(replace(attic.definition, stale_after_ms=2000), CONFIG)
    assert statuses(fixture) == [(False, True)]
    registry.redefine(replace(attic.definition, stale_after_ms=4000), CONFIG)
    assert statuses(fixture) == [(False, False)]
    registry.heard(attic, FIRST)
    fixture.heard()
    registry.redefine(replace(attic.definition, stale_after_ms=None), CONFIG)
    assert statuses(fixture) == [(False, False)]


@pytest.mark.parametrize(("age_s", "is_stale"), [(4, False), (6, True), (-100, False)])
def test_after_a_restart_the_silence_goes_on(
    fixture: Fixture, attic: Device, *, age_s: int, is_stale: bool
) -> None:
    at_ms = fixture.clock.now_ms() - age_s * 1000
    fixture.registry.restore("attic", properties={}, metadata={}, info=(), last_seen_ms=at_ms)
    assert attic.is_stale is is_stale
    # What only speaks HTTP is there until it is silent, whether or not the gateway was restarted.
    assert attic.is_online is not is_stale
    assert fixture.heard() == []
    fixture.registry.check_silence(attic)
    assert fixture.heard() == []
    fixture.clock.advance(200)
    fixture.registry.check_silence(attic)
    assert not attic.is_online


def test_after_a_restart_a_board_that_makes_connections_is_offline_until_it_does(
    fixture: Fixture, attic: Device
) -> None:
    info = (("ver", "1.3.2"),)
    seen_ms = fixture.clock.now_ms() - 1000
    fixture.registry.restore("attic", properties={}, metadata={}, info=info, last_seen_ms=seen_ms)
    assert not attic.is_stale
    assert not attic.is_online


def test_a_silence_before_the_start_is_measured_anew_by_the_right_time(
    fixture: Fixture, attic: Device
) -> None:
    registry, clock = fixture.registry, fixture.clock
    # A clock that begins a day late: whoever was heard a second ago seems silent for a day.
    seen_ms = clock.now_ms() - 1000
    clock.step(86_400_000)
    registry.restore("attic", properties={}, metadata={}, info=(), last_seen_ms=seen_ms)
    assert attic.is_stale
    clock.step(-86_400_000)
    registry.correct_times(lambda at_ms: at_ms)
    registry.check_silence(attic)
    assert statuses(fixture) == [(False, False)]
    # Of who was heard in this run the monotonic clock knows.
    registry.seen(attic, clock.now_ms())
    heard_at = attic.heard_at
    clock.advance(1)
    registry.correct_times(lambda at_ms: at_ms + 3000)
    assert attic.heard_at == heard_at


def test_an_event_means_what_its_device_or_else_its_template_declares(fixture: Fixture) -> None:
    registry = fixture.registry
    own = EventDefinition("hot", "Too hot here")
    shared = {
        "hot": EventDefinition("hot", "Too hot"),
        "wet": EventDefinition("wet", "Too wet", description="Water on the floor"),
    }
    registry.use_templates({"climate": Template("climate", events=shared)})
    definition = replace(SHED, template="climate", events={"hot": own})
    shed = registry.redefine(definition, CONFIG)
    fixture.heard()
    assert registry.event_of(shed, EventKind.LOGGED, "hot") is own
    assert registry.event_of(shed, EventKind.RESOLVED, "wet") is shared["wet"]
    assert registry.event_of(shed, EventKind.LOGGED, "power").name == "power"
    assert registry.event_of(shed, EventKind.SYSTEM, "power").name == "Power supply"
    registry.record_event(shed, EventKind.LOGGED, "wet", "", FIRST)
    registry.record_event(shed, EventKind.LOGGED, "wet", "In the cellar", FIRST)
    told = [one.description for one in fixture.heard() if isinstance(one, EventChange)]
    assert told == ["Water on the floor", "In the cellar"]


def test_times_are_corrected_without_a_word(fixture: Fixture) -> None:
    attic = fixture.registry.add(ATTIC, CONFIG)
    fixture.registry.seen(attic, 1000)
    fixture.heard()
    fixture.registry.correct_times(lambda at_ms: at_ms + 5000)
    assert (attic.last_seen_ms, fixture.shed.last_seen_ms) == (6000, 0)
    assert fixture.heard() == []


def test_what_an_earlier_run_kept_is_put_back_silently(fixture: Fixture) -> None:
    fixture.registry.restore(
        "shed",
        properties={("V1", "color"): ("#fff",)},
        metadata={"owner": "me"},
        info=(("ver", "1"),),
        last_seen_ms=77,
    )
    assert fixture.shed.properties == {("V1", "color"): ("#fff",)}
    assert fixture.shed.metadata == {"room": "garden", "owner": "me"}
    assert (fixture.shed.info, fixture.shed.last_seen_ms) == ((("ver", "1"),), 77)
    assert fixture.heard() == []


def test_a_property_is_kept_and_told(fixture: Fixture) -> None:
    fixture.registry.set_property(fixture.shed, "V1", "labels", ("a", "b"), FIRST)
    assert fixture.shed.properties == {("V1", "labels"): ("a", "b")}
    assert fixture.heard() == [
        PropertyChange(2, "shed", "V1", "labels", ("a", "b"), FIRST, fixture.clock.now_ms())
    ]


def test_metadata_is_kept_and_told(fixture: Fixture) -> None:
    fixture.registry.set_metadata(fixture.shed, "owner", "me", FIRST)
    assert fixture.shed.metadata["owner"] == "me"
    assert fixture.heard() == [
        MetadataChange(2, "shed", "owner", "me", FIRST, fixture.clock.now_ms())
    ]


def test_an_event_is_told(fixture: Fixture) -> None:
    longest = ("c" * MAX_EVENT_CODE, "d" * MAX_EVENT_DESCRIPTION)
    fixture.registry.record_event(fixture.shed, EventKind.LOGGED, *longest, FIRST)
    assert fixture.heard() == [
        EventChange(2, "shed", EventKind.LOGGED, *longest, FIRST, fixture.clock.now_ms())
    ]


REFUSED: dict[str, Callable[[DeviceRegistry, Device], None]] = {
    "unknown property": lambda r, d: r.set_property(d, "V1", "width", ("1",), FIRST),
    "no value": lambda r, d: r.set_property(d, "V1", "color", (), FIRST),
    "long value": lambda r, d: r.set_property(d, "V1", "color", ("x" * 1025,), FIRST),
    "no field": lambda r, d: r.set_metadata(d, "", "x", FIRST),
    "long field": lambda r, d: r.set_metadata(d, "x" * 257, "x", FIRST),
    "long text": lambda r, d: r.set_metadata(d, "owner", "x" * 257, FIRST),
    "no code": lambda r, d: r.record_event(d, EventKind.LOGGED, "", "x", FIRST),
    "long code": lambda r, d: r.record_event(d, EventKind.LOGGED, "x" * 51, "x", FIRST),
    "long event": lambda r, d: r.record_event(d, EventKind.LOGGED, "x", "x" * 301, FIRST),
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(
    fixture: Fixture, attempt: Callable[[DeviceRegistry, Device], None]
) -> None:
    with pytest.raises(InvalidValue):
        attempt(fixture.registry, fixture.shed)
    assert fixture.shed.properties == {}
    assert fixture.shed.metadata == {"room": "garden"}
    assert fixture.heard() == []
    assert fixture.bus.next_seq == 2


def test_metadata_fields_are_limited_and_known_ones_can_still_change(fixture: Fixture) -> None:
    for number in range(MAX_METADATA_FIELDS - 1):
        fixture.registry.set_metadata(fixture.shed, f"field{number}", "x", FIRST)
    with pytest.raises(InvalidValue, match=f"{MAX_METADATA_FIELDS} metadata fields already"):
        fixture.registry.set_metadata(fixture.shed, "one too many", "x", FIRST)
    fixture.registry.set_metadata(fixture.shed, "field0", "y", FIRST)
    assert fixture.shed.metadata["field0"] == "y"
