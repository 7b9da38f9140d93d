import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind, PastChange, PinChange
from blynk_gateway.core.datastream import Authority, Datastream, DatastreamType
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import FUSE_BURST, FUSE_PER_SECOND, MAX_DEPTH, PinStore
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import (
    InvalidValue,
    LoopDetected,
    NotWritable,
    PinError,
    TooManyCommands,
    UnknownDevice,
    UnknownPin,
)
from tests.helpers.clock import FakeClock

DEVICE = Origin(OriginKind.DEVICE, "1")
OTHER = Origin(OriginKind.DEVICE, "2")
PERSON = Origin(OriginKind.API, "phone")
LINK = Origin(OriginKind.LINK, "a -> b")
BINDING = Origin(OriginKind.BINDING, "z/lamp shed/V1")
MQTT = Origin(OriginKind.MQTT)
RESTORE = Origin(OriginKind.RESTORE)

TEMPERATURE = Datastream(
    "V5", "Temperature", DatastreamType.DOUBLE, minimum=-40, maximum=85, is_writable=False
)
SET_POINT = Datastream(
    "V6", "Set point", DatastreamType.INT, default=("20",), authority=Authority.CLOUD
)


class Fixture:
    """A store with a device `shed`, and one mailbox that hears everything."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.bus = PinBus()
        self.store = PinStore(self.bus, self.clock)
        self.store.define("shed", {"V5": TEMPERATURE, "V6": SET_POINT})
        self._all = Mailbox(10_000, Overflow.CLOSE)
        self.bus.subscribe(self._all, origin=None, echo=True)

    def write(
        self,
        pin: str,
        *value: str,
        origin: Origin = DEVICE,
        intent: Intent = Intent.REPORT,
        depth: int = 0,
        at_ms: int | None = None,
    ) -> PinChange | None:
        return self.store.write("shed", pin, value, origin, intent, at_ms, depth=depth)

    def heard(self) -> list[Change]:
        return self._all.drain()


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def test_a_write_is_stored_returned_and_published(fixture: Fixture) -> None:
    change = fixture.write("V1", "42")
    assert change == PinChange(
        1, "shed", "V1", ("42",), (), DEVICE, Intent.REPORT, fixture.clock.now_ms(), None, 0
    )
    assert type(change) is PinChange
    assert fixture.heard() == [change]
    state = fixture.store.get("shed", "V1")
    assert state == ("V1", ("42",), fixture.clock.now_ms(), 1, None, None, True)


def test_a_change_carries_the_previous_value_the_time_and_the_cause(fixture: Fixture) -> None:
    fixture.write("V1", "1")
    change = fixture.store.write("shed", "V1", ("2",), PERSON, Intent.COMMAND, 123, 7, 3)
    assert change is not None
    assert (change.previous, change.at_ms, change.cause, change.depth) == (("1",), 123, 7, 3)
    assert fixture.store.get("shed", "V1").at_ms == 123


@pytest.mark.parametrize("intent", [Intent.REPORT, Intent.COMMAND])
def test_second_press_of_equal_value_is_delivered(fixture: Fixture, intent: Intent) -> None:
    for _ in range(2):
        assert fixture.write("V1", "1", intent=intent) is not None
    assert len(fixture.heard()) == 2


def test_a_command_reaches_the_device_and_a_report_does_not(fixture: Fixture) -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    fixture.bus.subscribe_commands(mailbox, device="shed", origin=OTHER)
    fixture.write("V1", "1", intent=Intent.REPORT)
    fixture.write("V1", "2", intent=Intent.COMMAND)
    fixture.write("V1", "3", intent=Intent.SYNC, origin=RESTORE)
    assert [one.seq for one in mailbox.drain()] == [2]


def test_numbers_come_from_the_bus_that_others_use_too(fixture: Fixture) -> None:
    fixture.write("V1", "1")
    fixture.bus.take_seq()
    change = fixture.write("V1", "2")
    assert change is not None
    assert change.seq == 3
    assert fixture.bus.next_seq == 4


def test_a_value_is_stored_as_the_datastream_takes_it(fixture: Fixture) -> None:
    change = fixture.write("V5", "99.5")
    assert change is not None
    assert change.value == ("85",)
    assert fixture.store.get("shed", "V5").value == ("85",)


def test_unknown_device_is_refused(fixture: Fixture) -> None:
    with pytest.raises(UnknownDevice, match="'attic'"):
        fixture.store.write("attic", "V1", ("1",), DEVICE, Intent.REPORT)
    with pytest.raises(UnknownDevice, match="'attic'"):
        fixture.store.get("attic", "V1")
    with pytest.raises(UnknownDevice, match="'attic'"):
        fixture.store.pins("attic")
    assert fixture.store.find("attic", "V1") is None


@pytest.mark.parametrize("pin", ["", "v1", "V256", "X1", "V01"])
def test_pin_that_does_not_exist_is_refused(fixture: Fixture, pin: str) -> None:
    with pytest.raises(UnknownPin, match=repr(pin)):
        fixture.write(pin, "1")


@pytest.mark.parametrize(
    "value",
    [(), ("x" * 1025,), ("°" * 600,), ("1", "x" * 1025), ("1\0002",)],
    ids=["none", "long", "long in bytes", "long second", "zero byte"],
)
def test_a_refused_value_leaves_no_trace(fixture: Fixture, value: PinValue) -> None:
    before = fixture.store.pins("shed")
    with pytest.raises(InvalidValue):
        fixture.write("V1", *value)
    assert fixture.store.pins("shed") == before
    assert fixture.heard() == []
    assert fixture.bus.next_seq == 1


@pytest.mark.parametrize("value", [("x" * 1024,), ("°" * 512,), ("\U0001f600" * 256,)])
def test_the_longest_values_are_stored(fixture: Fixture, value: PinValue) -> None:
    fixture.write("V1", *value)
    assert fixture.store.get("shed", "V1").value == value


def test_a_refused_write_keeps_the_earlier_value(fixture: Fixture) -> None:
    fixture.write("V5", "21.5")
    before = fixture.store.get("shed", "V5")
    fixture.clock.advance(1)
    for refused in (("warm", Intent.REPORT), ("22", Intent.COMMAND)):
        with pytest.raises(PinError):
            fixture.write("V5", refused[0], intent=refused[1])
    assert fixture.store.get("shed", "V5") == before
    assert len(fixture.heard()) == 1


def test_only_the_device_writes_a_read_only_datastream(fixture: Fixture) -> None:
    with pytest.raises(NotWritable, match=r"shed/V5 \(Temperature\)"):
        fixture.write("V5", "1", origin=PERSON, intent=Intent.COMMAND)
    assert fixture.write("V5", "1") is not None


def test_a_writable_datastream_takes_commands(fixture: Fixture) -> None:
    assert fixture.write("V6", "1", origin=PERSON, intent=Intent.COMMAND) is not None


def test_an_equal_sync_is_no_news(fixture: Fixture) -> None:
    fixture.write("V1", "1")
    assert fixture.write("V1", "1", intent=Intent.SYNC) is None
    assert fixture.write("V1", "1", origin=RESTORE, intent=Intent.SYNC) is None
    assert len(fixture.heard()) == 1


def test_a_sync_fills_a_pin_that_was_never_written(fixture: Fixture) -> None:
    change = fixture.write("V1", "1", intent=Intent.SYNC)
    assert change is not None
    assert fixture.heard() == [change]


@pytest.mark.parametrize(("pin", "stands"), [("V1", "1"), ("V5", "1"), ("V6", "2")])
def test_an_unequal_sync_is_settled_by_authority(fixture: Fixture, pin: str, stands: str) -> None:
    fixture.write(pin, "1")
    fixture.write(pin, "2", intent=Intent.SYNC)
    assert fixture.store.get("shed", pin).value == (stands,)
    assert len(fixture.heard()) == (2 if stands == "2" else 1)


def test_a_restored_value_always_stands(fixture: Fixture) -> None:
    fixture.write("V5", "1")
    fixture.write("V5", "2", origin=RESTORE, intent=Intent.SYNC)
    assert fixture.store.get("shed", "V5").value == ("2",)


def test_an_older_point_of_the_past_is_told_as_such_and_changes_nothing(fixture: Fixture) -> None:
    fixture.write("V5", "1", at_ms=2000)
    before = fixture.store.get("shed", "V5")
    assert fixture.write("V5", "99", intent=Intent.PAST, at_ms=1999) is None
    assert fixture.store.get("shed", "V5") == before
    assert fixture.heard()[1:] == [
        PastChange(2, "shed", "V5", ("85",), (), DEVICE, Intent.PAST, 1999, None, 0)
    ]
    change = fixture.write("V5", "2")
    assert change is not None
    assert (change.seq, change.previous) == (3, ("1",))


@pytest.mark.parametrize("at_ms", [None, 2000, 2001])
def test_a_point_of_the_past_that_nothing_newer_follows_is_a_report(
    fixture: Fixture, at_ms: int | None
) -> None:
    fixture.write("V5", "1", at_ms=2000)
    change = fixture.write("V5", "2", intent=Intent.PAST, at_ms=at_ms)
    assert change is not None
    assert (type(change), change.intent) == (PinChange, Intent.REPORT)
    assert fixture.heard()[1:] == [change]
    assert fixture.store.get("shed", "V5").value == ("2",)


def test_the_first_value_of_a_pin_may_be_of_the_past(fixture: Fixture) -> None:
    assert fixture.write("V1", "1", intent=Intent.PAST, at_ms=5) is not None
    assert fixture.store.get("shed", "V1")[1:3] == (("1",), 5)


@pytest.mark.parametrize("value", ["x", "1" * 1025])
def test_a_point_of_the_past_is_checked_like_any_report(fixture: Fixture, value: str) -> None:
    fixture.write("V5", "1", at_ms=2000)
    with pytest.raises(InvalidValue):
        fixture.write("V5", value, intent=Intent.PAST, at_ms=1)
    assert len(fixture.heard()) == 1


@pytest.mark.parametrize("intent", [Intent.REPORT, Intent.COMMAND])
def test_what_happens_now_stands_although_the_clock_was_set_back(
    fixture: Fixture, intent: Intent
) -> None:
    fixture.write("V1", "1")
    fixture.clock.step(-3_600_000)
    assert fixture.write("V1", "2", intent=intent, at_ms=fixture.clock.now_ms()) is not None
    assert fixture.store.get("shed", "V1").value == ("2",)


def test_nobody_has_to_obey_a_point_of_the_past() -> None:
    bus = PinBus()
    store = PinStore(bus, FakeClock())
    store.define("pi", {}, open_pins=frozenset())
    commands = Mailbox(10, Overflow.CLOSE)
    bus.subscribe_commands(commands, device="pi", origin=OTHER)
    store.write("pi", "V1", ("1",), DEVICE, Intent.REPORT, 2000)
    store.write("pi", "V1", ("0",), DEVICE, Intent.PAST, 1000)
    assert [change.seq for change in commands.drain()] == [1]


def test_a_point_of_the_past_is_not_told_to_who_brought_it(fixture: Fixture) -> None:
    own, other = Mailbox(10, Overflow.CLOSE), Mailbox(10, Overflow.CLOSE)
    fixture.write("V1", "1")
    fixture.bus.subscribe(own, origin=DEVICE, echo=False)
    fixture.bus.subscribe(other, origin=OTHER, echo=False)
    fixture.write("V1", "0", intent=Intent.PAST, at_ms=1)
    assert [len(box) for box in (own, other)] == [0, 1]


def test_a_chain_of_causes_ends_at_the_limit(fixture: Fixture) -> None:
    assert fixture.write("V1", "1", intent=Intent.COMMAND, depth=MAX_DEPTH) is not None
    with pytest.raises(LoopDetected, match=f"effect {MAX_DEPTH + 1}"):
        fixture.write("V2", "1", intent=Intent.COMMAND, depth=MAX_DEPTH + 1)
    with pytest.raises(UnknownPin):
        fixture.store.get("shed", "V2")


@pytest.mark.parametrize("origin", [LINK, BINDING], ids=["link", "binding"])
def test_the_fuse_of_a_pin_blows_on_a_flood_and_heals(fixture: Fixture, origin: Origin) -> None:
    for _ in range(FUSE_BURST):
        fixture.write("V1", "1", origin=origin, intent=Intent.COMMAND)
    with pytest.raises(TooManyCommands, match=f"more than {FUSE_PER_SECOND} commands a second"):
        fixture.write("V1", "2", origin=origin, intent=Intent.COMMAND)
    assert fixture.write("V2", "1", origin=origin, intent=Intent.COMMAND) is not None
    fixture.clock.advance(2 / FUSE_PER_SECOND)
    assert fixture.write("V1", "3", origin=origin, intent=Intent.COMMAND) is not None


def test_people_programs_and_devices_have_no_fuse(fixture: Fixture) -> None:
    for _ in range(FUSE_BURST + 1):
        fixture.write("V1", "1", origin=PERSON, intent=Intent.COMMAND)
        fixture.write("V1", "1", origin=MQTT, intent=Intent.COMMAND)
        fixture.write("V1", "1")
    assert len(fixture.heard()) == 3 * FUSE_BURST + 3


def test_what_a_binding_reports_passes_no_fuse(fixture: Fixture) -> None:
    for _ in range(2 * FUSE_BURST):
        fixture.write("V5", "21", origin=BINDING, intent=Intent.REPORT)
    assert len(fixture.heard()) == 2 * FUSE_BURST


def test_a_defined_pin_is_known_before_its_first_write(fixture: Fixture) -> None:
    state = fixture.store.get("shed", "V5")
    assert state == ("V5", (), 0, 0, TEMPERATURE, None, True)
    assert fixture.store.find("shed", "V5") == state


def test_the_datastream_says_whether_a_pin_is_text(fixture: Fixture) -> None:
    name = Datastream("V7", "Name", DatastreamType.STRING)
    fixture.store.define("shed", {"V5": TEMPERATURE, "V7": name})
    fixture.write("V1", "x")
    assert fixture.store.find_datastream("shed", "V5") == TEMPERATURE
    for unknown in (("shed", "V1"), ("shed", "V9"), ("attic", "V5")):
        assert fixture.store.find_datastream(*unknown) is None
        assert not fixture.store.is_text(*unknown)
    assert not fixture.store.is_text("shed", "V5")
    assert fixture.store.is_text("shed", "V7")


def test_a_pin_neither_written_nor_defined_is_unknown(fixture: Fixture) -> None:
    with pytest.raises(UnknownPin, match="shed/V1 was never written"):
        fixture.store.get("shed", "V1")
    assert fixture.store.find("shed", "V1") is None


def test_the_default_is_shown_until_the_first_write(fixture: Fixture) -> None:
    assert fixture.store.get("shed", "V6").shown == ("20",)
    assert fixture.store.get("shed", "V5").shown == ()
    fixture.write("V6", "7")
    fixture.write("V1", "8")
    assert fixture.store.get("shed", "V6").shown == ("7",)
    assert fixture.store.get("shed", "V1").shown == ("8",)


def test_pins_come_in_natural_order(fixture: Fixture) -> None:
    for pin in ("A0", "V10", "D2", "V2"):
        fixture.write(pin, "1")
    assert [state.pin for state in fixture.store.pins("shed")] == [
        "V2", "V5", "V6", "V10", "D2", "A0",
    ]  # fmt: skip


def test_the_snapshot_holds_the_written_pins_of_all_devices(fixture: Fixture) -> None:
    fixture.store.define("attic", {})
    fixture.write("V1", "1")
    fixture.store.write("attic", "V1", ("2",), DEVICE, Intent.REPORT)
    found = {(device, state.pin): state.value for device, state in fixture.store.snapshot()}
    assert found == {("shed", "V1"): ("1",), ("attic", "V1"): ("2",)}


def test_other_datastreams_leave_the_values(fixture: Fixture) -> None:
    fixture.write("V5", "21.5")
    narrow = Datastream("V5", "Temperature", DatastreamType.DOUBLE, maximum=10)
    fixture.store.define("shed", {"V5": narrow})
    assert fixture.store.get("shed", "V5").value == ("21.5",)
    fixture.write("V5", "22")
    assert fixture.store.get("shed", "V5").value == ("10",)


def test_a_pin_whose_datastream_goes_stays_only_if_it_was_written(fixture: Fixture) -> None:
    fixture.write("V5", "21.5")
    fixture.store.define("shed", {})
    assert fixture.store.get("shed", "V5").datastream is None
    with pytest.raises(UnknownPin):
        fixture.store.get("shed", "V6")


def test_a_forgotten_device_is_gone_with_its_values(fixture: Fixture) -> None:
    fixture.write("V1", "1")
    fixture.store.forget("shed")
    fixture.store.forget("shed")
    with pytest.raises(UnknownDevice):
        fixture.write("V1", "1")
    fixture.store.define("shed", {})
    assert fixture.store.pins("shed") == []


@pytest.mark.parametrize(
    ("pin", "value", "error"),
    [
        ("V5", ("21",), NotWritable),
        ("V6", ("warm",), InvalidValue),
        ("V0", (), InvalidValue),
        ("V0", ("x" * 1025,), InvalidValue),
        ("V256", ("1",), UnknownPin),
        ("D8", ("2",), InvalidValue),
        ("D4", ("1",), NotWritable),
    ],
)
def test_a_check_refuses_what_a_command_would_be_refused_for_and_changes_nothing(
    fixture: Fixture, pin: str, value: PinValue, error: type[PinError]
) -> None:
    fixture.store.set_mode("shed", "D4", DirectPin(PinMode.IN), PERSON)
    fixture.heard()
    with pytest.raises(error) as checked:
        fixture.store.check_command("shed", pin, value)
    with pytest.raises(error) as written:
        fixture.store.write("shed", pin, value, PERSON, Intent.COMMAND)
    assert str(checked.value) == str(written.value)
    assert fixture.heard() == []


def test_a_check_of_a_good_command_writes_nothing_and_gives_no_mode(fixture: Fixture) -> None:
    for pin, value in (("V0", ("a", "b")), ("V6", ("7",)), ("D8", ("1",)), ("A0", ("255",))):
        fixture.store.check_command("shed", pin, value)
    assert fixture.heard() == []
    assert fixture.store.find("shed", "D8") is None
    with pytest.raises(UnknownDevice):
        fixture.store.check_command("none", "V0", ("1",))


def test_only_the_gateways_own_device_has_pins_that_are_not_open(fixture: Fixture) -> None:
    fixture.store.define("pi", {}, {}, frozenset({"D5"}))
    fixture.store.check_open("pi", "D5")
    fixture.store.check_open("shed", "D6")
    with pytest.raises(UnknownPin, match=r"pi/D6 is not open .* expected one of: D5"):
        fixture.store.check_open("pi", "D6")
    with pytest.raises(UnknownPin, match="pi/D6 is not open"):
        fixture.store.check_command("pi", "D6", ("1",))


def test_times_are_corrected_without_a_word(fixture: Fixture) -> None:
    fixture.write("V1", "42")
    fixture.write("V2", "43")
    fixture.heard()
    before = fixture.store.get("shed", "V1")
    fixture.store.correct_times(lambda seq, at_ms: at_ms + 5000 if seq == 1 else at_ms)
    assert fixture.store.get("shed", "V1") == before._replace(at_ms=before.at_ms + 5000)
    assert fixture.store.get("shed", "V2").at_ms == before.at_ms
    assert fixture.store.get("shed", "V6").at_ms == 0
    assert fixture.heard() == []
