"""Values that come back whenever they were told."""

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.upstream.lanes.circles import (
    BACK_WITHIN_S,
    BELIEVED_S,
    HOLD_S,
    MAX_TOLD,
    REMEMBERED_S,
    ROUNDS,
    ROUNDS_AGAIN,
    Circles,
)

V1, V2 = PinAddress("house", "V1"), PinAddress("house", "V2")


def turn(circles: Circles, rounds: int, now: float, every_s: float = 0.1) -> float | None:
    """Tell a value and have it back so often; until when it is held then."""
    until = None
    for step in range(rounds):
        circles.told(V1, ("1",), now + step * every_s)
        until = circles.came(V1, ("1",), now + step * every_s + every_s / 2)
        if until is not None:
            break
    return until


def test_what_comes_back_each_time_is_held_and_found_when_it_falls_silent() -> None:
    circles = Circles()
    assert turn(circles, ROUNDS - 1, 0.0) is None
    until = turn(circles, 1, 100.0)
    assert until is not None
    assert until == pytest.approx(100.05 + HOLD_S)
    assert circles.over(until - 0.01) == []
    assert circles.over(until) == [V1]
    assert circles.over(until) == []
    assert circles.found(until) == [V1]


def test_what_was_in_the_circle_already_may_still_come() -> None:
    circles = Circles()
    until = turn(circles, ROUNDS, 0.0)
    assert until is not None
    for _ in range(5):
        circles.came(V1, ("1",), until - HOLD_S * 0.8)
    assert circles.over(until) == [V1]


def test_a_board_that_goes_on_is_believed() -> None:
    circles = Circles()
    until = turn(circles, ROUNDS, 0.0)
    assert until is not None
    circles.came(V1, ("1",), until - 0.9)
    circles.came(V1, ("1",), until - 0.1)
    assert circles.over(until) == []
    assert circles.found(until) == []
    assert turn(circles, 3 * ROUNDS, until) is None
    assert turn(circles, ROUNDS, until + BELIEVED_S) is not None


def test_one_value_of_somebody_else_does_not_make_it_a_board() -> None:
    circles = Circles()
    until = turn(circles, ROUNDS, 0.0)
    assert until is not None
    circles.came(V1, ("2",), until - 0.1)
    assert circles.over(until) == [V1]


def test_a_slow_board_that_repeats_itself_is_no_suspect() -> None:
    circles = Circles()
    assert turn(circles, 10 * ROUNDS, 0.0, every_s=2 * BACK_WITHIN_S + 0.1) is None


def test_another_value_is_news() -> None:
    circles = Circles()
    turn(circles, ROUNDS - 1, 0.0)
    circles.came(V1, ("2",), 100.0)
    assert turn(circles, ROUNDS - 1, 101.0) is None


def test_several_values_in_one_circle_are_found() -> None:
    circles = Circles()
    for step in range(ROUNDS):
        for value in ("1", "2", "3"):
            now = step * 0.3
            circles.told(V1, (value,), now)
            until = circles.came(V1, (value,), now + 0.2)
            if until is not None:
                assert circles.over(until) == [V1]
                return
    raise AssertionError("not found")


def test_few_values_are_remembered() -> None:
    circles = Circles()
    for number in range(10 * MAX_TOLD):
        circles.told(V1, (str(number),), 0.0)
    assert len(circles._told[V1]) == MAX_TOLD


def test_other_pins_are_not_concerned() -> None:
    circles = Circles()
    circles.told(V1, ("1",), 0.0)
    for _ in range(2 * ROUNDS):
        assert circles.came(V2, ("1",), 0.1) is None


def test_a_circle_is_known_again_sooner_and_forgotten_in_the_end() -> None:
    circles = Circles()
    until = turn(circles, ROUNDS, 0.0)
    assert until is not None
    assert circles.over(until) == [V1]
    assert turn(circles, ROUNDS_AGAIN - 1, until) is None
    again = turn(circles, 1, until)
    assert again is not None
    assert circles.over(again) == [V1]
    late = again + REMEMBERED_S
    assert circles.found(late) == []
    assert turn(circles, ROUNDS - 1, late) is None
