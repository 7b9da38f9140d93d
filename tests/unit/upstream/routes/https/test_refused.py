"""Pins and values that the server does not take."""

import pytest

from blynk_gateway.upstream.route import Refusal
from blynk_gateway.upstream.routes.https.answers import Blame, Complaint
from blynk_gateway.upstream.routes.https.refused import (
    HOLD_S,
    MAX_UNEXPLAINED,
    RefusedPins,
    Verdicts,
)
from tests.helpers.clock import FakeClock

KNOWN = Complaint("V1", "wrong", Blame.VALUE)
UNKNOWN = Complaint("V1", "strange", Blame.UNKNOWN)


def test_pin_is_held_for_some_time() -> None:
    clock = FakeClock()
    pins = RefusedPins(clock)
    assert pins.reason("V1") is None
    pins.hold("V1", "not there")
    assert pins.reason("V1") == "not there"
    assert pins.reason("V2") is None
    clock.advance(HOLD_S - 1)
    assert pins.reason("V1") == "not there"
    clock.advance(1)
    assert pins.reason("V1") is None


def test_refusals_come_in_order() -> None:
    verdicts = Verdicts([Refusal(3, "held")])
    verdicts.refuse([4, 1], KNOWN)
    assert verdicts.result() == [Refusal(1, "wrong"), Refusal(3, "held"), Refusal(4, "wrong")]


def test_unexplained_refusal_is_the_value_s_if_others_arrive_after_it() -> None:
    verdicts = Verdicts([])
    verdicts.refuse([0], UNKNOWN)
    verdicts.arrived()
    assert verdicts.result() == [Refusal(0, "strange")]


def test_nothing_is_given_up_where_nothing_arrives_any_more_and_nobody_knows_why() -> None:
    verdicts = Verdicts([])
    verdicts.arrived()
    verdicts.refuse([0], UNKNOWN)
    with pytest.raises(Complaint) as caught:
        verdicts.result()
    assert caught.value is UNKNOWN


def test_few_unexplained_refusals_in_a_row_are_enough() -> None:
    verdicts = Verdicts([])
    for _ in range(2):
        for at in range(MAX_UNEXPLAINED - 1):
            verdicts.refuse([at], UNKNOWN)
        verdicts.arrived()
    for at in range(MAX_UNEXPLAINED - 1):
        verdicts.refuse([at], UNKNOWN)
    with pytest.raises(Complaint):
        verdicts.refuse([9], UNKNOWN)


def test_known_refusals_of_everything_are_refusals() -> None:
    verdicts = Verdicts([])
    for at in range(2 * MAX_UNEXPLAINED):
        verdicts.refuse([at], KNOWN)
    assert len(verdicts.result()) == 2 * MAX_UNEXPLAINED
