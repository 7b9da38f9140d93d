"""Those who wait for a number are woken when it is on the disk, and not before."""

import asyncio

from blynk_gateway.history.segments.commits import Commits
from tests.helpers.patience import PATIENCE_S


async def test_what_is_on_the_disk_is_not_waited_for() -> None:
    commits = Commits()
    commits.note(7)
    assert await commits.reached(7, PATIENCE_S)
    assert commits.seq == 7


async def test_all_who_wait_are_woken_by_their_number_alone() -> None:
    commits = Commits()
    done: list[int] = []

    async def wait(seq: int) -> None:
        assert await commits.reached(seq, PATIENCE_S)
        done.append(seq)

    async with asyncio.TaskGroup() as group:
        for seq in (3, 5, 5):
            group.create_task(wait(seq), name="waiter")
        for seq, expected in ((2, []), (3, [3]), (9, [3, 5, 5])):
            await asyncio.sleep(0)
            commits.note(seq)
            for _ in range(5):
                await asyncio.sleep(0)
            assert done == expected


async def test_who_waits_too_long_is_told() -> None:
    commits = Commits()
    assert not await commits.reached(1, 0.001)
