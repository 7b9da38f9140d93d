import asyncio

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.patience import PATIENCE_S

ORIGIN = Origin(OriginKind.DEVICE, "1")


def change(seq: int, pin: str = "V1") -> PinChange:
    return PinChange(seq, "shed", pin, (str(seq),), (), ORIGIN, Intent.REPORT, 0, None, 0)


def fill(mailbox: Mailbox, *changes: PinChange) -> None:
    for one in changes:
        mailbox.put(one)


def seqs(mailbox: Mailbox) -> list[int]:
    return [one.seq for one in mailbox.drain()]


def test_drain_empties_the_box_oldest_first() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    fill(mailbox, change(1), change(2), change(3))
    assert len(mailbox) == 3
    assert seqs(mailbox) == [1, 2, 3]
    assert seqs(mailbox) == []


def test_wake_is_called_when_the_box_stops_being_empty_and_not_again() -> None:
    woken: list[int] = []
    mailbox = Mailbox(10, Overflow.CLOSE, wake=lambda: woken.append(len(mailbox)))
    fill(mailbox, change(1), change(2))
    assert woken == [1]
    mailbox.drain()
    fill(mailbox, change(3))
    assert woken == [1, 1]


def test_a_sink_may_drain_while_it_is_woken() -> None:
    received: list[int] = []
    mailbox = Mailbox(1, Overflow.CLOSE, wake=lambda: received.extend(seqs(mailbox)))
    fill(mailbox, change(1), change(2), change(3))
    assert received == [1, 2, 3]
    assert not mailbox.is_closed


def test_nothing_is_conflated_up_to_the_limit() -> None:
    mailbox = Mailbox(3, Overflow.CONFLATE)
    fill(mailbox, change(1), change(2), change(3))
    assert seqs(mailbox) == [1, 2, 3]
    assert mailbox.conflated == 0


def test_beyond_the_limit_the_latest_of_each_pin_stays_in_order() -> None:
    mailbox = Mailbox(3, Overflow.CONFLATE)
    fill(mailbox, change(1, "V1"), change(2, "V2"), change(3, "V1"), change(4, "V3"))
    assert seqs(mailbox) == [2, 3, 4]
    assert mailbox.conflated == 1


def test_with_more_pins_than_the_limit_none_is_lost_and_the_box_stays_bounded() -> None:
    mailbox = Mailbox(4, Overflow.CONFLATE)
    longest = 0
    for seq in range(1, 201):
        mailbox.put(change(seq, f"V{seq % 10}"))
        longest = max(longest, len(mailbox))
    # Twice the pins: sooner there would be little to gain from looking through them all.
    assert longest == 20
    latest = {one.pin: one.seq for one in mailbox.drain() if isinstance(one, PinChange)}
    assert latest == {f"V{seq % 10}": seq for seq in range(191, 201)}


def test_after_a_drain_the_limit_holds_again() -> None:
    mailbox = Mailbox(2, Overflow.CONFLATE)
    fill(mailbox, *(change(seq, f"V{seq}") for seq in range(1, 10)))
    mailbox.drain()
    conflated = mailbox.conflated
    fill(mailbox, change(10), change(11), change(12))
    assert mailbox.conflated == conflated + 2
    assert seqs(mailbox) == [12]


def test_beyond_the_limit_a_command_box_closes_and_keeps_nothing() -> None:
    woken: list[bool] = []
    mailbox = Mailbox(2, Overflow.CLOSE, wake=lambda: woken.append(mailbox.is_closed))
    fill(mailbox, change(1), change(2))
    assert woken == [False]
    fill(mailbox, change(3))
    assert woken == [False, True]
    fill(mailbox, change(4))
    assert seqs(mailbox) == []


def test_closing_twice_wakes_once() -> None:
    woken: list[None] = []
    mailbox = Mailbox(2, Overflow.CLOSE, wake=lambda: woken.append(None))
    mailbox.close()
    mailbox.close()
    assert len(woken) == 1


def test_a_box_that_nobody_waits_at_closes_quietly() -> None:
    mailbox = Mailbox(0, Overflow.CLOSE)
    fill(mailbox, change(1))
    assert mailbox.is_closed


def test_beyond_the_limit_history_keeps_all_and_closes_the_gate_until_drained() -> None:
    gate = Gate()
    turns: list[bool] = []
    gate.subscribe(turns.append)
    mailbox = Mailbox(2, Overflow.PAUSE, gate=gate)
    fill(mailbox, change(1), change(2))
    assert turns == []
    fill(mailbox, change(3), change(4))
    assert turns == [False]
    assert seqs(mailbox) == [1, 2, 3, 4]
    assert turns == [False, True]


@pytest.mark.parametrize(
    ("overflow", "gate"),
    [(Overflow.PAUSE, None), (Overflow.CLOSE, Gate()), (Overflow.CONFLATE, Gate())],
)
def test_a_gate_goes_with_pause_and_only_with_it(overflow: Overflow, gate: Gate | None) -> None:
    with pytest.raises(AssertionError, match=r"Overflow\.PAUSE"):
        Mailbox(1, overflow, gate=gate)


async def test_take_returns_at_once_what_is_there() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    fill(mailbox, change(1), change(2))
    async with asyncio.timeout(PATIENCE_S):
        assert [one.seq for one in await mailbox.take()] == [1, 2]


async def test_take_waits_for_the_first_change_and_returns_its_neighbours_too() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(mailbox.take(), name="taking")
        await asyncio.sleep(0)
        assert not taking.done()
        fill(mailbox, change(1), change(2), change(3))
    assert [one.seq for one in taking.result()] == [1, 2, 3]


async def test_take_waits_for_as_many_as_asked() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    fill(mailbox, change(1))
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(mailbox.take(3), name="taking")
        await asyncio.sleep(0)
        fill(mailbox, change(2))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not taking.done()
        fill(mailbox, change(3))
    assert [one.seq for one in taking.result()] == [1, 2, 3]


async def test_take_gives_up_in_time_with_what_is_there() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    assert await mailbox.take(within_s=0.001) == []
    fill(mailbox, change(1))
    assert [one.seq for one in await mailbox.take(5, within_s=0.001)] == [1]


async def test_a_cancelled_take_loses_nothing() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(mailbox.take(), name="taking")
        await asyncio.sleep(0)
        fill(mailbox, change(1))
        taking.cancel()
    assert taking.cancelled()
    fill(mailbox, change(2))
    assert seqs(mailbox) == [1, 2]


async def test_two_takes_in_a_row_each_wait_anew() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    for seq in (1, 2):
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(mailbox.take(), name="taking")
            await asyncio.sleep(0)
            fill(mailbox, change(seq))
        assert [one.seq for one in taking.result()] == [seq]


async def test_a_waiting_sink_survives_a_conflation_and_hears_of_it_once() -> None:
    mailbox = Mailbox(2, Overflow.CONFLATE)
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(mailbox.take(2), name="taking")
        await asyncio.sleep(0)
        # The third conflates to one, the fourth makes two again before the sink runs.
        fill(mailbox, change(1), change(2), change(3), change(4))
    assert [one.seq for one in taking.result()] == [3, 4]


async def test_closing_ends_a_take_with_nothing() -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(mailbox.take(), name="taking")
        await asyncio.sleep(0)
        mailbox.close()
    assert taking.result() == []
    async with asyncio.timeout(PATIENCE_S):
        assert await mailbox.take() == []


def test_only_a_sink_that_must_see_everything_gets_tokens() -> None:
    heard: list[str] = []
    for overflow in (Overflow.CLOSE, Overflow.CONFLATE):
        mailbox = Mailbox(10, overflow)
        mailbox.put_token(lambda: heard.append("lost"))
        assert mailbox.take_tokens() == []
    mailbox = Mailbox(10, Overflow.PAUSE, gate=Gate())
    mailbox.put_token(lambda: heard.append("token"))
    assert len(mailbox) == 0
    (token,) = mailbox.take_tokens()
    token()
    assert heard == ["token"]
    assert mailbox.take_tokens() == []


async def test_a_token_wakes_a_sink_that_waits_for_more_changes() -> None:
    mailbox = Mailbox(10, Overflow.PAUSE, gate=Gate())
    async with asyncio.TaskGroup() as group:
        taking = group.create_task(mailbox.take(5), name="taking")
        await asyncio.sleep(0)
        fill(mailbox, change(1))
        await asyncio.sleep(0)
        assert not taking.done()
        mailbox.put_token(lambda: None)
    assert [one.seq for one in taking.result()] == [1]
    async with asyncio.timeout(PATIENCE_S):
        # It is still there for who has not taken it.
        assert await mailbox.take(5) == []
