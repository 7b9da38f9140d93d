"""Runs over restarts of the gateway, with the real tables."""

from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from blynk_gateway.automations.saving import Saving
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    DelayAction,
    Mode,
    WebhookAction,
)
from blynk_gateway.core.automations import RunOutcome
from blynk_gateway.history.automations import AutomationTable
from tests.component.history.system import System as Database
from tests.component.history.system import files_of, put_back
from tests.helpers.clock import FakeClock
from tests.unit.automations.runs.system import System, rule, setting


class Rules:
    """States as the engine would keep them."""

    def __init__(self) -> None:
        self.dirty: set[str] = set()
        self.states: dict[str, dict[str, Any]] = {}

    def state_of(self, slug: str) -> dict[str, Any]:
        return self.states[slug]


class Gateway:
    """Runs of rules, with their tables; `async with` starts and stops it."""

    def __init__(self, directory: Path, clock: FakeClock, *rules: AutomationOptions) -> None:
        self.database = Database(directory, clock=clock)
        self.system = System(clock)
        self.rules = {one.slug: one for one in rules}
        self.engine = Rules()
        self.saving = Saving(AutomationTable(self.database.journal.exclusive), clock)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self.database)
        saved = await self.saving.restore()
        self.engine.states.update(saved.states)
        self.system.runner.number_from(saved.next_run)
        self.system.runner.resume(saved.waiting, self.rules)
        self.saving.attach(self.system.runner, self.engine)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.system.runner.stop()
        await self.saving.close()
        await self._open.aclose()


SLOW = rule("Slow", setting(a_V1="{value}"), DelayAction(10_000), setting(a_V1="0"))


async def test_run_goes_on_and_keeps_its_record(tmp_path: Path) -> None:
    clock = FakeClock(1_800_000_000_000)
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        gateway.system.start(rule("Quick"))
        gateway.system.start(SLOW, gateway.system.cause(value=("1", "2"), seq=5))
        gateway.system.advance(4)
    clock.advance(3)
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        gateway.system.advance(2.9)
        assert gateway.system.writes == []
        (before,) = await gateway.saving.runs("slow", 10)
        gateway.system.advance(0.1)
        assert gateway.system.writes == ["a/V1 = 0"]
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        assert gateway.system.runner.running() == set()
        slow, quick = await gateway.saving.runs(None, 10)
        assert (quick.automation, quick.outcome) == ("quick", RunOutcome.DONE)
        assert before.id == slow.id == 2
        assert (before.outcome, slow.outcome) == (RunOutcome.RUNNING, RunOutcome.DONE)
        assert [action.action for action in slow.actions] == [
            "set a/V1 to 1, 2",
            "wait 10 s",
            "set a/V1 to 0",
        ]
        assert slow.cause_seq == 5
        third = gateway.system.start(SLOW)
        assert third is not None
        assert third.id == 3


async def test_run_of_a_gateway_that_was_killed_goes_on_from_the_latest_save(
    tmp_path: Path,
) -> None:
    clock = FakeClock(1_800_000_000_000)
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        gateway.system.start(SLOW, gateway.system.cause(value=("1",)))
        await gateway.saving.save()
        left = files_of(tmp_path)
    put_back(left)
    clock.advance(60)
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        assert gateway.system.writes == ["a/V1 = 0"]
        await gateway.saving.save()
        (run,) = await gateway.saving.runs("slow", 10)
        assert run.outcome is RunOutcome.DONE
        left = files_of(tmp_path)
    put_back(left)
    # And it is done once only.
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        assert gateway.system.writes == []


async def test_run_that_nothing_goes_on_with_has_ended(tmp_path: Path) -> None:
    clock = FakeClock(1_800_000_000_000)
    async with Gateway(tmp_path, clock, SLOW) as gateway:
        gateway.system.start(SLOW)
    clock.advance(5)
    async with Gateway(tmp_path, clock) as gateway:
        await gateway.saving.save()
        (run,) = await gateway.saving.runs("slow", 10)
        assert (run.outcome, run.ended_ms) == (RunOutcome.ENDED, clock.now_ms())
        assert await gateway.saving.load("run") == []


async def test_result_that_comes_late_is_kept(tmp_path: Path) -> None:
    clock = FakeClock(1_800_000_000_000)
    async with Gateway(tmp_path, clock) as gateway:
        gateway.system.start(rule("Hook", WebhookAction("x")))
        await gateway.saving.save()
        ((*_, done),) = gateway.system.doors.webhooks
        done("gone for good", True)
    async with Gateway(tmp_path, clock) as gateway:
        (run,) = await gateway.saving.runs(None, 10)
        assert run.outcome is RunOutcome.FAILED
        assert run.actions[0].result == "gone for good"


async def test_queue_goes_on_in_order(tmp_path: Path) -> None:
    clock = FakeClock(1_800_000_000_000)
    options = rule("Q", DelayAction(10_000), setting(a_V1="{value}"), mode=Mode.QUEUED)
    async with Gateway(tmp_path, clock, options) as gateway:
        for number in range(3):
            gateway.system.start(options, gateway.system.cause(value=(str(number),)))
    async with Gateway(tmp_path, clock, options) as gateway:
        gateway.system.advance(30)
        assert gateway.system.writes == ["a/V1 = 0", "a/V1 = 1", "a/V1 = 2"]
        runs = await gateway.saving.runs("q", 10)
        assert [(run.id, run.outcome) for run in runs] == [
            (number, RunOutcome.DONE) for number in (3, 2, 1)
        ]


async def test_states_of_rules_are_kept(tmp_path: Path) -> None:
    clock = FakeClock(1_800_000_000_000)
    async with Gateway(tmp_path, clock) as gateway:
        gateway.engine.states["hot"] = {"edge": True}
        gateway.engine.dirty.add("hot")
    async with Gateway(tmp_path, clock) as gateway:
        assert gateway.engine.states == {"hot": {"edge": True}}
