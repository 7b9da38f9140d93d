import pytest

from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.store import FUSE_BURST, FUSE_PER_SECOND
from blynk_gateway.core.stream import PinState
from blynk_gateway.mqtt.bindings.echoes import ECHO_S
from blynk_gateway.mqtt.bindings.outflow import Outflow, may_come_round
from blynk_gateway.mqtt.bindings.rule import Rule
from tests.helpers.mqtt import FakeOutlet

ON, OFF = ("1",), ("0",)


def flow(direction: Direction = Direction.OUT, seq: int = 5) -> Outflow:
    rule = Rule(BindingOptions("x", "lamp/V1", direction))
    return Outflow(rule, seq, frozenset({rule.id}))


def state(value: tuple[str, ...], seq: int) -> PinState:
    return PinState("V1", value, 0, seq, None)


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (Origin(OriginKind.MQTT), True),
        (Origin(OriginKind.BINDING, "x lamp/V1"), True),
        (Origin(OriginKind.LINK, "a/V1 -> b/V1"), True),
        (Origin(OriginKind.DEVICE, "mqtt:lamp"), True),
        (Origin(OriginKind.DEVICE, "7"), False),
        (Origin(OriginKind.API, "phone"), False),
        (Origin(OriginKind.GPIO), False),
    ],
)
def test_what_came_by_the_broker_may_come_round(origin: Origin, may: bool) -> None:
    assert may_come_round(origin) is may


def test_what_stood_there_at_first_is_not_owed() -> None:
    assert not flow(seq=5).owes(ON, 5)
    assert flow(seq=5).owes(ON, 6)


def test_unacknowledged_publication_is_owed_on_the_next_connection() -> None:
    one, outlet = flow(), FakeOutlet()
    outlet.held = True
    one.send(outlet, ON, 6, 0)
    assert not one.owes(ON, 6)
    one.disconnected()
    assert one.owes(ON, 6)


def test_acknowledged_publication_is_done() -> None:
    one, outlet = flow(), FakeOutlet()
    one.send(outlet, ON, 6, 0)
    one.disconnected()
    assert not one.owes(ON, 6)


def test_skipped_change_does_not_hide_one_that_is_under_way() -> None:
    one, outlet = flow(), FakeOutlet()
    outlet.held = True
    one.send(outlet, ON, 6, 0)
    one.skip(7)
    one.disconnected()
    assert one.owes(ON, 7)


def test_skipped_change_counts_when_all_before_it_has_arrived() -> None:
    one, outlet = flow(), FakeOutlet()
    outlet.held = True
    one.send(outlet, ON, 6, 0)
    one.skip(7, ON, 1)
    outlet.waiting.pop()()
    one.disconnected()
    assert not one.owes(ON, 7)


def test_what_the_far_end_said_itself_is_not_owed() -> None:
    one = flow()
    one.skip(6, ON, 0)
    assert not one.owes(ON, 6)
    assert one.owes(OFF, 6)


def test_put_off_change_is_owed_even_if_the_last_words_were_the_same() -> None:
    one = flow()
    one.send(FakeOutlet(), ON, 6, 0)
    one.defer(7)
    assert one.owes(ON, 7)


def test_said_is_what_was_published_of_the_latest_change() -> None:
    one = flow()
    one.send(FakeOutlet(), ON, 6, 0)
    assert one.said(ON, 6)
    assert not one.said(ON, 7)
    assert not one.said(OFF, 6)


def test_fuse_lets_a_burst_through_and_then_so_many_a_second() -> None:
    one = flow()
    assert sum(one.passes(0) for _ in range(1000)) == FUSE_BURST
    assert sum(one.passes(1) for _ in range(1000)) == FUSE_PER_SECOND


class TestSharedTopic:
    def test_foreign_message_is_followed(self) -> None:
        assert flow(Direction.BOTH).takes(ON, state(OFF, 5), 0)

    def test_message_that_says_what_the_pin_has_is_not(self) -> None:
        assert not flow(Direction.BOTH).takes(("1.0",), state(ON, 5), 0)

    def test_own_message_comes_back_and_is_not_followed(self) -> None:
        one = flow(Direction.BOTH)
        one.send(FakeOutlet(), ON, 6, 0)
        assert not one.takes(ON, state(ON, 6), 0)

    def test_what_comes_before_our_own_will_be_overruled_by_it(self) -> None:
        one = flow(Direction.BOTH)
        one.send(FakeOutlet(), ON, 6, 0)
        assert not one.takes(OFF, state(ON, 6), 0.1)
        assert not one.takes(ON, state(ON, 6), 0.2)
        assert one.takes(OFF, state(ON, 6), 0.3)

    def test_own_message_that_a_broker_lost_is_passed_over(self) -> None:
        one = flow(Direction.BOTH)
        one.send(FakeOutlet(), ON, 6, 0)
        one.send(FakeOutlet(), OFF, 7, 0)
        assert not one.takes(OFF, state(OFF, 7), 0.1)
        assert one.takes(ON, state(OFF, 7), 0.2)

    def test_own_message_is_not_waited_for_for_ever(self) -> None:
        one = flow(Direction.BOTH)
        one.send(FakeOutlet(), ON, 6, 0)
        assert one.takes(OFF, state(ON, 6), ECHO_S)

    def test_change_that_is_about_to_be_published_overrules(self) -> None:
        assert not flow(Direction.BOTH).takes(OFF, state(ON, 6), 0)

    def test_rounding_of_what_we_sent_is_not_applied_to_ourselves(self) -> None:
        rule = Rule(BindingOptions("x", "lamp/V1", Direction.BOTH, scale=0.5, round=0))
        one = Outflow(rule, 5, frozenset())
        assert not one.takes(("43",), state(("21.5",), 5), 0)

    def test_value_that_has_no_words_there_is_replaced(self) -> None:
        rule = Rule(BindingOptions("x", "lamp/V1", Direction.BOTH, map={"ON": "1"}))
        assert Outflow(rule, 5, frozenset()).takes(("ON",), state(("x",), 5), 0)

    def test_first_value_of_a_pin_is_taken(self) -> None:
        assert flow(Direction.BOTH, 0).takes(ON, state((), 0), 0)

    def test_new_connection_waits_for_nothing_of_the_old_one(self) -> None:
        one = flow(Direction.BOTH)
        one.send(FakeOutlet(), ON, 6, 0)
        one.disconnected()
        assert not one.is_heard
        assert one.takes(OFF, state(ON, 6), 0)
