import asyncio

from blynk_gateway.core.gate import Gate
from tests.helpers.patience import PATIENCE_S


def test_the_gate_is_open_at_first() -> None:
    assert Gate().is_open


def test_listeners_hear_each_turn_once() -> None:
    gate = Gate()
    heard: list[tuple[str, bool]] = []
    gate.subscribe(lambda is_open: heard.append(("a", is_open)))
    gate.subscribe(lambda is_open: heard.append(("b", is_open)))
    for turn in (gate.open, gate.close, gate.close, gate.open, gate.open):
        turn()
    assert heard == [("a", False), ("b", False), ("a", True), ("b", True)]
    assert gate.times_closed == 1


async def test_a_closed_gate_holds_those_who_wait_until_it_opens() -> None:
    gate = Gate()
    gate.close()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(gate.wait(), name="waiting")
        for _ in range(3):
            await asyncio.sleep(0)
        assert not waiting.done()
        gate.open()
    assert waiting.done()


async def test_an_open_gate_holds_nobody() -> None:
    async with asyncio.timeout(PATIENCE_S):
        await Gate().wait()
