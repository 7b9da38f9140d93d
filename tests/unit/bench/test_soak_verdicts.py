"""Each promise that the soak judges can be broken, and is kept when nothing is wrong."""

import itertools
import math
from collections.abc import Sequence

import pytest

from bench.soak import verdicts
from bench.soak.faults import BROKER_KILL, DISK, FAULTS, FREEZE, KILL, STOP
from bench.soak.ledger import Accepted, Command, Count, Drop, Ping, Window
from bench.soak.plot import COLOURS
from bench.soak.samples import Sample
from bench.soak.world import COMMIT_EVERY_S, Line

LATE_S = COMMIT_EVERY_S + verdicts.SLACK_S


def window(kind: str, begin: float = 100.0, lasts_s: float = 2.0) -> Window:
    return Window(kind, begin, begin + lasts_s, begin + lasts_s + 1)


def count(*accepted: tuple[float, int, int], sent: int = 9) -> Count:
    return Count(sent, list(itertools.starmap(Accepted, accepted)))


def samples(values: Sequence[float]) -> list[Sample]:
    return [Sample(float(at), 1, value, round(value), 5, 0, 0) for at, value in enumerate(values)]


def test_history_with_every_accepted_number_is_whole() -> None:
    # 5 was sent and not answered for: it may be there, or not.
    found = verdicts.history_is_whole(
        {"a": count((10.0, 1, 4), (20.0, 6, 7))}, {"a": [1, 2, 3, 4, 6, 7, 8]}, []
    )
    assert found.is_kept
    assert found.told == "6 accepted writes, 0 lost by 0 kills"


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ([1, 3, 4], "a: 2 was accepted and is missing"),
        ([], "a: 1 was accepted and is missing"),
        ([1, 2, 2, 3, 4], "out of order, or twice"),
        ([1, 3, 2, 4], "out of order, or twice"),
        ([1, 2, 3, 4, 10], "10 was never sent"),
    ],
)
def test_history_with_a_fault_is_not_whole(numbers: list[int], complaint: str) -> None:
    found = verdicts.history_is_whole({"a": count((10.0, 1, 4))}, {"a": numbers}, [])
    assert not found.is_kept
    assert complaint in found.told


@pytest.mark.parametrize(
    ("kind", "accepted_at", "is_kept"),
    [
        (KILL, 100.0 - LATE_S + 0.1, True),
        (KILL, 100.0 - LATE_S - 0.1, False),
        (KILL, 103.0, False),
        (STOP, 99.9, False),
    ],
)
def test_only_a_kill_may_cost_what_was_accepted_just_before(
    kind: str, accepted_at: float, is_kept: bool
) -> None:
    found = verdicts.history_is_whole(
        {"a": count((50.0, 1, 1), (accepted_at, 2, 2))}, {"a": [1]}, [window(kind)]
    )
    assert found.is_kept is is_kept


@pytest.mark.parametrize(
    ("kind", "at", "is_kept"),
    [(KILL, 101.0, True), (STOP, 105.0, True), (STOP, 200.0, False), (DISK, 101.0, False)],
)
def test_a_drop_is_explained_by_a_restart_alone(kind: str, at: float, is_kept: bool) -> None:
    found = verdicts.nobody_dropped([Drop(at, "soak-1", "reset")], [window(kind)])
    assert found.is_kept is is_kept
    assert is_kept or found.told == "soak-1: reset"


def test_slow_answers_break_the_promise_unless_the_gateway_was_away() -> None:
    quick = [Ping(float(at), 0.002) for at in range(1000)]
    one_late = Ping(300.0, verdicts.PING_MOST_S + 1)
    slow = [Ping(float(at), verdicts.PING_P99_S + 0.1) for at in range(20)]
    assert verdicts.answered_in_time(quick, []).is_kept
    assert not verdicts.answered_in_time([*quick, one_late], []).is_kept
    assert not verdicts.answered_in_time([*quick, *slow], []).is_kept
    assert verdicts.answered_in_time([*quick, one_late], [window(FREEZE, 301.0)]).is_kept
    assert not verdicts.answered_in_time([*quick, one_late], [window(DISK, 301.0)]).is_kept
    assert not verdicts.answered_in_time([], []).is_kept


@pytest.mark.parametrize(
    ("route", "came_at", "ended_at", "fault", "is_kept"),
    [
        ("api", 50.2, None, None, True),
        ("api", None, None, None, False),
        ("api", 61.0, None, None, False),
        ("api", None, 50.1, None, True),
        ("api", None, None, BROKER_KILL, False),
        ("mqtt", None, None, BROKER_KILL, True),
        ("http", None, None, FREEZE, True),
    ],
)
def test_a_command_arrives_while_its_connection_lives(
    route: str, came_at: float | None, ended_at: float | None, fault: str | None, is_kept: bool
) -> None:
    other = Command(10.0, "soak-2", "c0", "api", 1, came_at=10.1)
    command = Command(50.0, "soak-1", "c1", route, 1, came_at, ended_at)
    windows = [] if fault is None else [window(fault, 51.0)]
    assert verdicts.commands_arrived([other, command], windows).is_kept is is_kept


def test_commands_of_which_none_came_prove_nothing() -> None:
    assert not verdicts.commands_arrived([], []).is_kept


@pytest.mark.parametrize(
    ("at", "text", "is_kept"),
    [
        (50.0, "12:00:00 INFO    device logged in device=1", True),
        (50.0, "12:00:00 WARNING health component=mqtt", True),
        (50.0, "12:00:00 ERROR   task failed task=x", False),
        (101.0, "12:00:00 ERROR   task failed task=x", False),
        (50.0, "12:00:00 ERROR   health component=history", False),
        (101.0, "12:00:00 ERROR   health component=history", True),
        (101.0, "Traceback (most recent call last):", False),
        (50.0, "Task exception was never retrieved", False),
    ],
)
def test_an_error_in_the_log_needs_a_fault_that_explains_it(
    at: float, text: str, is_kept: bool
) -> None:
    assert verdicts.log_is_clean([Line(at, text)], [window(DISK)]).is_kept is is_kept


def test_growth_is_a_trend_and_a_bump_is_none() -> None:
    noise = [60 + math.sin(at) for at in range(300)]
    bump = [*noise[:100], *(value + 30 for value in noise[100:160]), *noise[160:]]
    leak = [value + at * (verdicts.MEMORY_MIB + 1) / 300 for at, value in enumerate(noise)]
    for judge in (verdicts.memory_is_flat, verdicts.files_are_flat):
        assert judge(samples(noise)).is_kept
        assert judge(samples(bump)).is_kept
        assert not judge(samples(leak)).is_kept
        assert not judge([]).is_kept


def test_a_leak_shows_in_a_long_run_too() -> None:
    hours = [60 + at * (verdicts.MEMORY_MIB + 1) / 20_000 for at in range(20_000)]
    assert not verdicts.memory_is_flat(samples(hours)).is_kept


def test_a_run_of_seconds_is_not_judged_and_says_so() -> None:
    found = verdicts.memory_is_flat(samples([50.0, 90.0]))
    assert found.is_kept
    assert "not judged" in found.told


def test_descriptors_that_stay_open_are_told() -> None:
    assert verdicts.files_are_closed(30, 30 + verdicts.FDS_LEFT).is_kept
    assert not verdicts.files_are_closed(30, 31 + verdicts.FDS_LEFT).is_kept


def test_a_list_of_faults_is_shortened() -> None:
    assert verdicts.judged("p", [], "all").told == "all"
    found = verdicts.judged("p", list("abcde"), "all")
    assert found == ("p", False, "a; b; c … 5 in all")


def test_every_fault_has_its_colour_in_the_picture() -> None:
    assert list(COLOURS) == list(FAULTS)
