"""What a mapping is told by the bus."""

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.upstream import noticed
from tests.helpers.upstream import BOARD, Below

V1 = PinAddress("house", "V1")


def test_changes_of_mapped_pins_wake() -> None:
    below = Below()
    below.write("V1", "1")
    assert below.parts.noticed.seq == below.parts.noticed.latest[V1] == below.bus.next_seq - 1
    assert below.parts.wake.is_set()


def test_other_pins_do_not() -> None:
    below = Below()
    below.write("V9", "1")
    assert not below.parts.noticed.seq
    assert not below.parts.wake.is_set()


def test_commands_are_urgent() -> None:
    below = Below()
    below.write("V1", "1")
    below.write("V1", "2", Intent.COMMAND)
    assert below.parts.noticed.urgent == {below.bus.next_seq - 1}


def test_echoes_are_no_news() -> None:
    below = Below()
    seq = below.bus.next_seq
    below.parts.noticed.echo(seq)
    below.store.write("house", "V1", ("5",), below.parts.origin, Intent.COMMAND)
    below.catch_up()
    assert not below.parts.noticed.seq
    assert not below.parts.wake.is_set()
    assert V1 not in below.parts.noticed.latest


def test_a_point_of_the_past_is_no_latest() -> None:
    below = Below()
    below.write("V1", "1")
    latest = below.parts.noticed.latest[V1]
    below.write("V1", "0", Intent.PAST, at_ms=below.clock.now_ms() - 1000)
    assert below.parts.noticed.seq == latest + 1
    assert below.parts.noticed.latest[V1] == latest


def test_events_properties_and_metadata_are_noted() -> None:
    below = Below()
    below.registry.record_event(below.device, EventKind.LOGGED, "hot", "", BOARD)
    below.registry.set_property(below.device, "V2", "color", ("#fff",), BOARD)
    below.registry.set_property(below.device, "V9", "color", ("#fff",), BOARD)
    below.registry.set_metadata(below.device, "Room", "1", BOARD)
    below.registry.set_metadata(below.device, "Floor", "2", below.parts.origin)
    below.catch_up()
    assert below.parts.noticed.event_seq == below.parts.noticed.seq
    assert below.parts.noticed.properties == {(PinAddress("house", "V2"), "color")}
    assert below.parts.noticed.metadata == {("house", "Room")}


def test_what_was_read_is_forgotten() -> None:
    below = Below()
    below.parts.noticed.urgent |= {2, 8}
    below.parts.noticed.read(5)
    assert below.parts.noticed.urgent == {8}


def test_commands_while_nobody_reads_are_bounded() -> None:
    below = Below()
    for _ in range(noticed.MAX_URGENT + 10):
        below.write("V1", "1", Intent.COMMAND)
    assert len(below.parts.noticed.urgent) <= noticed.MAX_URGENT
    assert below.parts.noticed.seq in below.parts.noticed.urgent


def test_echoes_are_bounded() -> None:
    below = Below()
    for seq in range(noticed.MAX_ECHOES + 10):
        below.parts.noticed.echo(seq)
    assert list(below.parts.noticed.echoes) == list(range(10, noticed.MAX_ECHOES + 10))
