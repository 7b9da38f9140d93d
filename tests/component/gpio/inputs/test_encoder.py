"""Rotary encoders."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from unittest.mock import Mock

import pytest

from blynk_gateway.config.gpio.common import Pull, Range
from blynk_gateway.config.gpio.inputs import EncoderOptions
from blynk_gateway.errors import InvalidValue, LineUnavailable
from blynk_gateway.gpio.inputs import encoder
from blynk_gateway.gpio.inputs.encoder import Encoder, Quadrature
from blynk_gateway.gpio.lines.edges import Edge, Edges
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.gpio import Rig

A, B = 5, 6

# Line and level; a falls first on the way up.
UP = [(0, 0), (1, 0), (0, 1), (1, 1)]
DOWN = [(1, 0), (0, 0), (1, 1), (0, 1)]


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def opened(rig: Rig, **options: object) -> Encoder:
    given = {"name": "knob", "type": "encoder", "pin": "V6", "a": A, "b": B} | options
    knob = Encoder(EncoderOptions(**given), rig.host)  # type: ignore[arg-type]  # each test's fit
    knob.open(Opening.START)
    return knob


async def turn(rig: Rig, detents: int, *, rest: int = 1) -> None:
    """Turn by so many detents, all before the loop has its turn."""
    for line, level in (UP if detents > 0 else DOWN) * abs(detents):
        rig.drive((A, B)[line], level if rest else not level)
        rig.advance(0.001)
    await rig.settled()


def counted(edges: Iterable[tuple[int, int]], a: int = 1, b: int = 1) -> int:
    quadrature = Quadrature(a, b, 1)
    return sum(quadrature.take(line, level) for line, level in edges)


def test_detent_counts_by_its_direction() -> None:
    assert counted(UP * 3) == 3
    assert counted(DOWN * 2) == -2


@pytest.mark.parametrize("bouncing", range(4))
def test_bounces_cancel_out(bouncing: int) -> None:
    line, level = UP[bouncing]
    bounces = [(line, level), (line, 1 - level)] * 5
    assert counted([*UP[:bouncing], *bounces, *UP[bouncing:]]) == 1


def test_half_a_turn_and_back_is_none() -> None:
    assert counted([(0, 0), (1, 0), (1, 1), (0, 1)]) == 0


@pytest.mark.parametrize("lost", range(4))
def test_lost_edge_shifts_nothing_that_follows(lost: int) -> None:
    assert counted(UP[:lost] + UP[lost + 1 :] + UP * 4) in {4, 5}


def test_encoder_between_two_detents_counts_from_the_next_one() -> None:
    assert counted([*UP[2:], *UP, *UP], a=0, b=0) == 2


async def test_first_open_reports_the_begin_of_the_range(rig: Rig) -> None:
    knob = opened(rig, range=Range(10, 20))
    assert rig.values("V6") == ["10"]
    await knob.close()


async def test_detents_count_by_step(rig: Rig) -> None:
    knob = opened(rig, step=0.1)
    await turn(rig, 3)
    assert rig.values("V6") == ["0", "0.3"]
    await turn(rig, -1)
    assert rig.value("V6") == ("0.2",)
    assert knob.actual == ("0.2",)
    await knob.close()


async def test_report_has_the_time_of_the_last_detent(rig: Rig) -> None:
    knob = opened(rig)
    began_ms = rig.clock.now_ms()
    await turn(rig, 2)
    rig.advance(1.0)
    assert rig.reports("V6")[-1].at_ms == began_ms + 7
    await knob.close()


@pytest.mark.parametrize(("pull", "rest"), [(Pull.UP, 1), (Pull.DOWN, 0), (Pull.NONE, 1)])
async def test_pull_tells_the_lines_at_rest(rig: Rig, pull: Pull, rest: int) -> None:
    for line in (A, B):
        rig.drive(line, rest)
    knob = opened(rig, pull=pull)
    for line in (A, B):
        rig.drive(line, rest)
    await rig.settled()
    await turn(rig, 2, rest=rest)
    assert rig.value("V6") == ("2",)
    await knob.close()


async def test_position_stays_within_the_range(rig: Rig) -> None:
    knob = opened(rig, range=Range(0, 2.5))
    await turn(rig, 4)
    assert rig.value("V6") == ("2.5",)
    await turn(rig, -1)
    assert rig.value("V6") == ("1.5",)
    await turn(rig, -3)
    assert rig.value("V6") == ("0",)
    await knob.close()


async def test_wrap_leads_from_the_end_to_the_begin_and_back(rig: Rig) -> None:
    knob = opened(rig, range=Range(0, 3), wrap=True)
    await turn(rig, 4)
    assert rig.value("V6") == ("0",)
    await turn(rig, -2)
    assert rig.value("V6") == ("2",)
    await knob.close()


async def test_reversed_range_counts_down_first(rig: Rig) -> None:
    knob = opened(rig, range=Range(100, 0), step=5)
    await turn(rig, 2)
    assert rig.values("V6") == ["100", "90"]
    await knob.close()


async def test_turn_against_the_end_reports_nothing(rig: Rig) -> None:
    knob = opened(rig)
    await turn(rig, -5)
    assert rig.values("V6") == ["0"]
    await knob.close()


async def test_position_goes_on_from_where_the_pin_stood(rig: Rig) -> None:
    rig.command("V6", "42")
    knob = opened(rig)
    await turn(rig, 1)
    assert rig.values("V6") == ["43"]
    await knob.close()


@pytest.mark.parametrize(("stored", "value"), [("400", "100"), ("off", "0")])
async def test_stored_value_that_does_not_fit_is_mended(rig: Rig, stored: str, value: str) -> None:
    rig.command("V6", stored)
    knob = opened(rig)
    assert rig.values("V6") == [value]
    await knob.close()


async def test_command_sets_the_position(rig: Rig) -> None:
    knob = opened(rig)
    knob.command(rig.command("V6", "70"))
    await turn(rig, 1)
    assert rig.values("V6") == ["0", "71"]
    await knob.close()


async def test_command_beyond_the_range_is_answered_by_its_end(rig: Rig) -> None:
    knob = opened(rig)
    change = rig.command("V6", "170")
    knob.command(change)
    assert rig.value("V6") == ("100",)
    assert rig.reports("V6")[-1].cause == change.seq
    await knob.close()


async def test_command_that_is_no_number_is_refused(rig: Rig) -> None:
    knob = opened(rig)
    with pytest.raises(InvalidValue, match="'loud' is no position; expected a number from 0 to"):
        knob.command(rig.command("V6", "loud"))
    assert knob.actual == ("0",)
    await knob.close()


async def test_second_line_in_use_gives_the_first_one_up(rig: Rig) -> None:
    other = opened(rig, name="other", pin="V7", a=B, b=13)
    with pytest.raises(LineUnavailable, match="GPIO6"):
        opened(rig)
    await other.close()
    knob = opened(rig)
    await knob.close()


async def test_order_of_both_lines_counts_though_one_is_told_first(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Callable[[Edges], None]] = []

    def watch_by_hand(*_: object, handler: Callable[[Edges], None], **__: object) -> Mock:
        told.append(handler)
        return Mock(level=1)

    monkeypatch.setattr(encoder, "watch", watch_by_hand)
    knob = opened(rig)

    def tell(line: int, *edges: tuple[int, float]) -> None:
        told[line](Edges(tuple(Edge(level, 0, at_s, None) for level, at_s in edges), 0, 0, 0))

    loop = asyncio.get_running_loop()
    # b is told before a, and a's last edge, which is later than all, together with b's.
    tell(1, (0, 2.0))
    loop.call_soon(tell, 0, (0, 1.0), (1, 3.0))
    await rig.settled()
    tell(0, (0, 5.0))
    loop.call_soon(lambda: loop.call_soon(tell, 0, (1, 7.0)))
    loop.call_soon(tell, 1, (1, 4.0), (0, 6.0), (1, 8.0))
    await rig.settled()
    await rig.settled()
    assert knob.actual == ("2",)
    await knob.close()


@pytest.mark.parametrize("turns_of_the_loop", [0, 1, 2])
async def test_closed_encoder_counts_no_more(rig: Rig, turns_of_the_loop: int) -> None:
    knob = opened(rig)
    for line, level in UP:
        rig.drive((A, B)[line], level)
        rig.advance(0.001)
    for _ in range(turns_of_the_loop):
        await asyncio.sleep(0)
    await knob.close()
    await knob.close()
    await rig.settled()
    assert rig.values("V6") == ["0"]
    assert knob.actual == ()
