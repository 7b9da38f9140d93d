import asyncio
import threading
from itertools import count

import pytest

from blynk_gateway.broker import inbox as module
from blynk_gateway.broker.inbox import AT_ONCE, INBOX_BYTES, INBOX_MESSAGES, Inbox
from blynk_gateway.broker.message import Message
from blynk_gateway.core.gate import Gate
from tests.helpers.patience import PATIENCE_S


class Taken:
    """Notes what an inbox hands over."""

    def __init__(self, gate: Gate | None = None) -> None:
        self.batches: list[list[Message]] = []
        self.rooms = 0
        loop = asyncio.get_running_loop()
        self.inbox = Inbox(loop, self.batches.append, self._room, gate)

    @property
    def payloads(self) -> list[int]:
        return [int(message.payload) for batch in self.batches for message in batch]

    def put(self, numbers: range) -> None:
        for number in numbers:
            self.inbox.put(Message("a", str(number).encode()))
        self.inbox.call()

    async def until(self, total: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while sum(map(len, self.batches)) < total:  # noqa: ASYNC110  any number of batches
                # A loop that never rests leaves the other thread no time.
                await asyncio.sleep(0.001)

    def _room(self) -> None:
        self.rooms += 1


async def test_order_is_kept_and_others_get_their_turn_between_batches() -> None:
    taken = Taken()
    taken.put(range(3 * AT_ONCE + 1))
    turns = 0
    while len(taken.payloads) <= 3 * AT_ONCE:
        await asyncio.sleep(0)
        turns += 1
    assert taken.payloads == list(range(3 * AT_ONCE + 1))
    assert [len(batch) for batch in taken.batches] == [AT_ONCE] * 3 + [1]
    assert turns >= 4


async def test_nothing_put_calls_nobody() -> None:
    taken = Taken()
    taken.inbox.call()
    await asyncio.sleep(0.01)
    assert taken.batches == []


async def test_it_is_full_at_its_limits_and_tells_when_there_is_room() -> None:
    taken = Taken()
    taken.put(range(INBOX_MESSAGES - 1))
    assert not taken.inbox.is_full()
    taken.put(range(1))
    assert taken.inbox.is_full()
    assert taken.rooms == 0
    await taken.until(INBOX_MESSAGES)
    assert taken.rooms > 0
    assert not taken.inbox.is_full()
    taken.inbox.put(Message("a", b"0" * INBOX_BYTES))
    assert taken.inbox.is_full()
    taken.inbox.call()
    await asyncio.sleep(0.01)
    assert not taken.inbox.is_full()


async def test_a_closed_gate_holds_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATE_S", 0.001)
    gate = Gate()
    taken = Taken(gate)
    gate.close()
    taken.put(range(10))
    await asyncio.sleep(0.01)
    assert taken.batches == []
    gate.open()
    await taken.until(10)
    assert taken.payloads == list(range(10))


async def test_a_closed_inbox_hands_over_nothing() -> None:
    taken = Taken()
    taken.put(range(10))
    taken.inbox.close()
    await asyncio.sleep(0.01)
    assert taken.batches == []


async def test_nothing_is_lost_between_two_threads() -> None:
    taken = Taken()
    total, numbers = 5_000, count()

    def put() -> None:
        while (number := next(numbers)) < total:
            taken.inbox.put(Message("a", str(number).encode()))
            if number % 7 == 0:
                taken.inbox.call()
        taken.inbox.call()

    thread = threading.Thread(target=put)
    thread.start()
    await taken.until(total)
    thread.join()
    assert taken.payloads == list(range(total))


def test_a_loop_that_is_closed_is_no_fault() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    inbox = Inbox(loop, lambda _: None, lambda: None, None)
    inbox.put(Message("a", b""))
    inbox.call()


async def test_what_is_left_at_the_end_is_handed_over_before_the_end_is_told() -> None:
    gate = Gate()
    gate.close()
    taken = Taken(gate)
    taken.put(range(2 * AT_ONCE))
    await asyncio.sleep(0)
    ended: list[int] = []
    taken.inbox.finish(lambda: ended.append(len(taken.payloads)))
    await taken.until(2 * AT_ONCE)
    assert ended == [2 * AT_ONCE]


async def test_what_is_left_in_a_closed_one_is_dropped() -> None:
    taken = Taken()
    taken.put(range(AT_ONCE))
    taken.inbox.close()
    ended: list[int] = []
    taken.inbox.finish(lambda: ended.append(len(taken.payloads)))
    assert ended == [0]
    await asyncio.sleep(0)
    assert taken.payloads == []
