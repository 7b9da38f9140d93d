"""The token's way through a real journal, and everything that may hold it up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.core.clock import SystemClock
from blynk_gateway.history.retention.retention import Keep
from blynk_gateway.runtime import pulse as pulse_module
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.pulse import COMPONENT, Pulse
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import System, until
from tests.helpers.full_disk import limited

BEAT_S = 0.01

BEATS_OF_A_HANG = 20
"""So many without a token that comes back are no chance."""


class Watched:
    """A journal, and what the pulse says of it.

    Attributes:
        alive: how often it was known that nothing hangs.
        beats: how often anything was known at all.
    """

    def __init__(self, system: System, is_waiting: Callable[[], bool]) -> None:
        self.system = system
        self.pulse = Pulse(system.bus, SystemClock(), system.health, is_waiting)
        self.pulse.beat_s = BEAT_S
        self.alive = 0
        self.beats = 0
        self.pulse.on_alive(self._count_alive)
        self.pulse.on_beat(self._count_beat)

    @property
    def state(self) -> str:
        component = self.system.health.components.get(COMPONENT)
        return "" if component is None else str(component.state)

    async def is_alive(self) -> None:
        """Return when a token that is sent now has come back."""
        before = self.alive
        await until(lambda: self.alive > before + 1)

    async def is_hung(self) -> bool:
        """Whether no token comes back any more."""
        # One may have been on its way back.
        before = self.alive + 1
        ends = self.beats + BEATS_OF_A_HANG
        await until(lambda: self.beats >= ends)
        return self.alive <= before

    def _count_alive(self) -> None:
        self.alive += 1

    def _count_beat(self) -> None:
        self.beats += 1


@asynccontextmanager
async def watched(
    directory: Path, is_waiting: Callable[[], bool] = lambda: False, *, runs: bool = True
) -> AsyncIterator[Watched]:
    async with System(directory) as system:
        found = Watched(system, is_waiting)
        tasks = [spawn(found.pulse.run(), name="pulse")]
        if runs:
            tasks.append(spawn(system.journal.run(), name="journal"))
            await found.is_alive()
        yield found
        for task in tasks:
            await cancel(task)


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = spawn(work, name="work")
    yield
    await task


async def test_tokens_come_back_while_nothing_happens_and_while_much_does(tmp_path: Path) -> None:
    async with watched(tmp_path) as found:
        assert found.pulse.age_s is not None
        assert found.state == HealthState.OK
        found.system.add("a")
        for number in range(20_000):
            found.system.write("a", "V1", str(number))
        await found.is_alive()
        assert found.pulse.age_s < 5


async def test_a_token_commits_nothing_before_its_time(tmp_path: Path) -> None:
    async with watched(tmp_path) as found:
        found.system.journal.reconfigure(commit_every_ms=3_600_000, keep=Keep())
        # The window that is under way is still the short one.
        await found.system.journal.flush()
        await asyncio.sleep(0.05)
        found.system.add("a")
        found.system.write("a", "V1", "1")
        committed = found.system.journal.commits.seq
        for _ in range(3):
            await found.is_alive()
        assert found.system.journal.commits.seq == committed


async def test_a_journal_that_does_not_run_is_a_hang(tmp_path: Path) -> None:
    async with watched(tmp_path, runs=False) as found:
        assert await found.is_hung()
        assert found.alive == 0
        assert found.pulse.age_s is None


async def test_a_thread_that_does_not_answer_is_a_hang_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse_module, "LATE_S", 2 * BEAT_S)
    async with watched(tmp_path) as found:
        found.system.journal.reconfigure(commit_every_ms=3_600_000, keep=Keep())
        await asyncio.sleep(0.05)
        end = threading.Event()

        async def block() -> None:
            # The connection is given back: what a token has to pass is the thread alone.
            async with found.system.journal.exclusive() as given:
                database = given
            await database._connection.create_function("block", 0, end.wait)
            await database.fetch("SELECT block()")

        async with beside(block()):
            assert await found.is_hung()
            assert found.state == HealthState.FAILED
            end.set()
            await found.is_alive()
        assert found.state == HealthState.OK


async def test_a_connection_that_nobody_gives_back_is_a_hang(tmp_path: Path) -> None:
    async with watched(tmp_path) as found:
        async with found.system.journal.exclusive():
            assert await found.is_hung()
        await found.is_alive()


async def test_a_mailbox_that_nobody_empties_is_a_hang(tmp_path: Path) -> None:
    async with watched(tmp_path) as found:
        found.system.bus.unsubscribe(found.system.journal.mailbox)
        assert await found.is_hung()
        found.system.bus.subscribe(found.system.journal.mailbox, origin=None, echo=True)
        # A token that was lost does not come back: the process would be ended by now.
        assert await found.is_hung()


async def test_changes_that_are_not_packed_are_a_hang(tmp_path: Path) -> None:
    async with watched(tmp_path) as found:
        async with found.system.journal._intake.packing:
            assert await found.is_hung()
        await found.is_alive()


async def test_a_full_disk_is_no_hang(tmp_path: Path) -> None:
    async with watched(tmp_path) as found:
        found.system.add("a")
        await found.system.journal.flush()
        with limited(1):
            for number in range(1000):
                found.system.write("a", "V1", str(number))
            await until(
                lambda: found.system.health.components["history"].state is HealthState.FAILED
            )
            for _ in range(3):
                await found.is_alive()
            assert found.state == HealthState.OK


async def test_a_disk_that_does_not_answer_is_told_and_no_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse_module, "LATE_S", 2 * BEAT_S)
    async with watched(tmp_path, lambda: True) as found:
        async with found.system.journal.exclusive():
            for _ in range(BEATS_OF_A_HANG):
                await found.is_alive()
            assert found.state == HealthState.DEGRADED
            age_s = found.pulse.age_s
            assert age_s is not None
            assert age_s > BEAT_S
        await until(lambda: found.state == HealthState.OK)


async def test_the_threads_of_a_journal_that_works_do_not_wait_for_the_disk(
    tmp_path: Path,
) -> None:
    async with watched(tmp_path) as found:
        await until(lambda: not found.system.journal.is_waiting_for_disk)
    assert not found.system.journal.is_waiting_for_disk
