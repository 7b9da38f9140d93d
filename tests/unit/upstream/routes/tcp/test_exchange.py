"""Batches and questions, with what a server says to them."""

import asyncio

import pytest

from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import Command
from blynk_gateway.upstream.route import Refusal, ServerDown
from blynk_gateway.upstream.routes.tcp.exchange import Exchange
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import TOKEN, response, split_frames


def logged_in() -> ClientConnection:
    client = ClientConnection(TOKEN)
    client.connect(0.0)
    client.receive_data(response(1) + response(2), 0.0)
    client.data_to_send(0.0)
    return client


async def test_a_batch_is_settled_by_the_answer_to_its_ping_and_by_none_before() -> None:
    exchange = Exchange()
    exchange.sent(5, (0,))
    exchange.fence = 6
    exchange.take_status(5, 200)
    exchange.take_status(7, 200)
    settling = asyncio.create_task(exchange.settle(5))
    await asyncio.sleep(0.01)
    assert not settling.done()
    exchange.take_status(6, 200)
    exchange.take_status(6, 200)
    assert await settling
    assert exchange.refusals == {}


@pytest.mark.parametrize(
    ("status", "reason"),
    [(2, "status 2: Malformed or unsupported."), (999, "status 999")],
)
async def test_a_refusal_is_for_all_that_depends_on_the_frame(status: int, reason: str) -> None:
    exchange = Exchange()
    exchange.sent(5, (0, 1))
    exchange.sent(6, (2,))
    exchange.take_status(5, status)
    exchange.take_status(6, 23)
    exchange.take_status(77, status)
    assert exchange.refusals == {0: Refusal(0, reason), 1: Refusal(1, reason)}


async def test_a_flood_of_any_id_holds_for_all() -> None:
    exchange = Exchange()
    exchange.fence = 6
    exchange.take_status(4711, 1)
    assert exchange.is_flooded
    assert exchange.refusals == {}
    # The ping's answer is still waited for.
    assert not await exchange.settle(0.01)


async def test_the_end_of_the_connection_is_raised() -> None:
    exchange = Exchange()
    error = ServerDown("gone")
    exchange.finish(error)
    exchange.finish()
    with pytest.raises(ServerDown) as caught:
        await exchange.settle(5)
    assert caught.value is error


async def test_a_question_is_settled_by_its_answer_or_by_a_status() -> None:
    exchange = Exchange()
    exchange.question = 9
    assert not exchange.take_answer(("meta", "a", "b"), 8)
    assert exchange.take_answer(("utc", "time", "1"), 9)
    assert await exchange.settle(5)
    assert exchange.answer == ("utc", "time", "1")
    refused = Exchange()
    refused.question = 9
    refused.take_status(9, 2)
    assert await refused.settle(5)
    assert refused.answer == ()


async def test_without_a_question_or_a_ping_no_id_is_theirs() -> None:
    exchange = Exchange()
    assert not exchange.take_answer(("meta", "a", "b"), 0)
    exchange.take_status(0, 200)
    assert not await exchange.settle(0.01)


async def test_pins_of_each_kind_are_asked_for_by_an_id_that_no_server_uses() -> None:
    client, exchange = logged_in(), Exchange()
    exchange.sync(client, ["D5", "V1", "A0", "V2"])
    frames = split_frames(b"".join(client.data_to_send(0.0)))
    assert [(one.command, one.message_id, one.body) for one in frames] == [
        (Command.SYNC, 65_000, b"vr\x001\x002"),
        (Command.SYNC, 65_001, b"dr\x005"),
        (Command.SYNC, 65_002, b"ar\x000"),
    ]
    assert exchange.take_write("V1", ("a",), 65_000)
    assert exchange.take_write("V1", ("b",), 65_000)
    assert exchange.take_write("A5", ("128",), 65_001)
    assert exchange.take_write("A0", ("1",), 65_002)
    assert exchange.values == {"V1": ("b",), "D5": ("128",), "A0": ("1",)}
    # Commands, after which that is what stands.
    for pin, message_id in (("V2", 3), ("V3", 65_000), ("A5", 65_002), ("A0", 65_000)):
        assert not exchange.take_write(pin, ("x",), message_id)
    assert exchange.values == {"V1": ("b",), "D5": ("x",), "A0": ("x",), "V2": ("x",)}


async def test_a_flood_shortens_the_wait_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blynk_gateway.upstream.routes.tcp.exchange.AFTER_FLOOD_S", 0.01)
    exchange = Exchange()
    exchange.fence = 6
    asyncio.get_running_loop().call_soon(exchange.take_status, 5, 1)
    async with asyncio.timeout(PATIENCE_S):
        assert not await exchange.settle(60)
