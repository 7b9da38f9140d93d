"""Who publishes much lets others go on."""

import asyncio

from blynk_gateway.mqtt.states.pace import AT_ONCE, Pace
from tests.helpers.mqtt import FakeOutlet


async def test_others_and_the_broker_get_their_turn_after_some_messages() -> None:
    outlet = FakeOutlet()
    pace = Pace(outlet)
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    for _ in range(AT_ONCE - 1):
        await pace.step()
    assert (outlet.rooms, turns) == (0, [])
    await pace.step()
    assert (outlet.rooms, turns) == (1, [1])
    for _ in range(10 * AT_ONCE):
        await pace.step()
    assert outlet.rooms == 11
