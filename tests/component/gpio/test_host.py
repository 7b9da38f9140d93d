import pytest

from blynk_gateway.core.change import Intent, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import HardwareError
from tests.helpers.gpio import API, SLUG, TOKEN, Rig

COUNT = Datastream("V2", "Count", DatastreamType.INT)


def test_a_report_is_the_hardwares_with_its_own_time() -> None:
    with Rig() as rig:
        rig.host.report("V1", ("1",), 1_700_000_000_123)
        (change,) = rig.reports("V1")
        assert (change.origin.kind, change.intent) == (OriginKind.GPIO, Intent.REPORT)
        assert (change.at_ms, change.cause, change.depth) == (1_700_000_000_123, None, 0)


def test_a_report_carries_what_led_to_it() -> None:
    with Rig() as rig:
        command = rig.command("V1", "1")
        rig.host.report("V1", ("0",), cause=command)
        (change,) = rig.reports("V1")
        assert (change.cause, change.depth) == (command.seq, 1)


def test_a_value_that_the_owner_does_not_want_is_counted() -> None:
    with Rig(None, COUNT) as rig:
        rig.host.report("V2", ("1.5",))
        assert rig.value("V2") == ()
        assert rig.health.counters["gpio_reports_refused"] == 1


def test_while_history_cannot_follow_the_last_value_of_each_pin_is_kept() -> None:
    with Rig() as rig:
        rig.parts.gate.close()
        rig.host.report("V1", ("1",), 1000)
        rig.host.report("V1", ("0",), 2000)
        rig.host.report("V2", ("7",), 3000)
        assert rig.reports("V1") == []
        assert rig.health.counters["gpio_reports_conflated"] == 3
        rig.parts.gate.open()
        assert [(one.value, one.at_ms) for one in rig.reports("V1")] == [(("0",), 2000)]
        assert rig.values("V2") == ["7"]


def test_an_event_goes_to_the_timeline() -> None:
    with Rig() as rig:
        rig.host.event("door", "hold")
        assert rig.events() == [("door", "hold")]
        rig.host.slug = "gone"
        rig.host.event("door", "press")
        assert rig.events() == [("door", "hold")]


def test_without_a_back_end_there_is_no_board() -> None:
    with Rig() as rig:
        assert rig.host.board is rig.board
        assert set(rig.host.errors) >= {HardwareError, OSError}
        rig.host.use_board(None)
        assert rig.host.errors == (HardwareError, OSError)
        with pytest.raises(HardwareError, match="there is no GPIO back end"):
            _ = rig.host.board


def test_the_stored_value_is_that_of_the_own_device() -> None:
    with Rig() as rig:
        assert rig.host.stored("V1") == ()
        rig.command("V1", "5")
        assert rig.host.stored("V1") == ("5",)
        assert rig.host.slug == SLUG


def test_a_failure_is_handed_on() -> None:
    with Rig() as rig:
        error = HardwareError("gone")
        rig.host.failed("pump", error)
        assert rig.failures == [("pump", error)]


def test_a_level_that_was_read_is_none_to_be_driven() -> None:
    with Rig() as rig:
        rig.parts.registry.redefine(
            DeviceDefinition(SLUG, "Pi", TOKEN, DeviceSource.GATEWAY, open_pins=frozenset({"D5"})),
            API,
        )
        rig.store.set_mode(SLUG, "D5", DirectPin(PinMode.PULL_UP), API)
        rig.host.report("D5", ("1",))
        rig.store.set_mode(SLUG, "D5", DirectPin(PinMode.OUT), API)
        assert rig.host.stored("D5") == ("1",)
        assert rig.host.stored_for_mode("D5") == ()
        rig.command("D5", "1")
        assert rig.host.stored_for_mode("D5") == ("1",)
