"""Few commits, shared by all who wait, and none where the journal's own comes first."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.segments import early_commits as module
from blynk_gateway.history.segments.commits import Commits
from blynk_gateway.history.segments.early_commits import COMMITS_BURST, COMMITS_PER_S, EarlyCommits
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


class FakeJournal:
    """Meets `Committer`. A flush has what was published when it began, and lasts until told."""

    def __init__(self) -> None:
        self.commits = Commits()
        self.published = 0
        self.flushes = 0
        self.is_failing = False
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def flush(self) -> None:
        self.flushes += 1
        seq = self.published
        await self.may_end.wait()
        if self.is_failing:
            raise HistoryError("the disk is full")
        self.commits.note(seq)


async def turns(count: int = 10) -> None:
    """Let others go on."""
    for _ in range(count):
        await asyncio.sleep(0)


async def together(
    journal: FakeJournal, *waiting: Coroutine[Any, Any, None]
) -> list[BaseException | None]:
    """What became of all who wait while one commit is under way."""
    journal.may_end.clear()
    waiters = asyncio.gather(*waiting, return_exceptions=True)
    await turns()
    journal.may_end.set()
    return await waiters


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def early(journal: FakeJournal, clock: FakeClock) -> EarlyCommits:
    return EarlyCommits(journal, clock)


async def test_what_is_on_the_disk_is_not_committed_again(
    journal: FakeJournal, early: EarlyCommits
) -> None:
    journal.commits.note(5)
    await early.have(5)
    await early.have(0)
    assert journal.flushes == 0


async def test_all_that_is_published_before_a_commit_begins_shares_it(
    journal: FakeJournal, early: EarlyCommits
) -> None:
    journal.published = 5
    assert await together(journal, *(early.have(seq) for seq in (5, 1, 4))) == [None] * 3
    assert journal.flushes == 1


async def test_what_is_published_while_one_is_under_way_shares_the_next(
    journal: FakeJournal, early: EarlyCommits
) -> None:
    journal.may_end.clear()
    journal.published = 1
    async with asyncio.TaskGroup() as group:
        first = group.create_task(early.have(1), name="first")
        await turns()
        journal.published = 4
        later = [group.create_task(early.have(seq), name="later") for seq in (2, 3, 4)]
        await turns()
        assert journal.flushes == 1
        assert not first.done()
        journal.may_end.set()
        await turns()
        assert first.done()
        assert all(task.done() for task in later)
    assert journal.flushes == 2


async def test_a_failure_is_told_to_all_who_waited_and_tried_again_by_the_next(
    journal: FakeJournal, early: EarlyCommits
) -> None:
    journal.is_failing = True
    journal.published = 3
    found = await together(journal, *(early.have(seq) for seq in (1, 2, 3)))
    assert [str(error) for error in found] == ["the disk is full"] * 3
    assert journal.flushes == 1
    with pytest.raises(HistoryError, match="full"):
        await early.have(3)
    assert journal.flushes == 2
    journal.is_failing = False
    await early.have(3)
    assert journal.commits.seq == 3


async def test_after_a_cancellation_the_next_who_waits_commits(
    journal: FakeJournal, early: EarlyCommits
) -> None:
    journal.may_end.clear()
    journal.published = 2
    async with asyncio.TaskGroup() as group:
        first = group.create_task(early.have(1), name="first")
        second = group.create_task(early.have(2), name="second")
        await turns()
        first.cancel()
        await turns()
        journal.may_end.set()
        await second
    assert journal.flushes == 2


async def test_a_storm_waits_for_the_commits_of_the_journal_itself(
    journal: FakeJournal, clock: FakeClock, early: EarlyCommits
) -> None:
    for _ in range(int(COMMITS_BURST)):
        journal.published += 1
        await early.have(journal.published)
    assert journal.flushes == COMMITS_BURST
    async with asyncio.TaskGroup() as group:
        waiting = []
        # More than there are tokens in an hour: none that is not used is spent.
        for _ in range(50):
            journal.published += 1
            task = group.create_task(early.have(journal.published), name="waiter")
            await turns()
            waiting.append(task)
            assert not task.done()
            journal.commits.note(journal.published)
            await turns()
            assert task.done()
    assert journal.flushes == COMMITS_BURST
    clock.advance(1 / COMMITS_PER_S)
    journal.published += 1
    async with asyncio.timeout(PATIENCE_S):
        await early.have(journal.published)
    assert journal.flushes == COMMITS_BURST + 1


async def test_where_the_journal_does_not_commit_a_token_is_waited_for(
    journal: FakeJournal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMITS_PER_S", 100.0)
    monkeypatch.setattr(module, "COMMITS_BURST", 1.0)
    early = EarlyCommits(journal, clock)
    for seq in (1, 2):
        journal.published = seq
        await early.have(seq)
    assert journal.flushes == 2


async def test_who_gives_up_waiting_spends_nothing(
    journal: FakeJournal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMITS_BURST", 1.0)
    early = EarlyCommits(journal, clock)
    journal.published = 1
    await early.have(1)
    journal.published = 2
    for _ in range(50):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await early.have(2)
    clock.advance(1 / COMMITS_PER_S)
    async with asyncio.timeout(PATIENCE_S):
        await early.have(2)
    assert journal.flushes == 2
