import asyncio
import gc
import logging
import weakref

import pytest

from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.patience import PATIENCE_S


async def _answer() -> int:
    return 42


async def _crash() -> None:
    raise ValueError("broken")


async def test_a_task_has_its_name_and_gives_its_result() -> None:
    task = spawn(_answer(), name="question")
    assert task.get_name() == "question"
    assert await task == 42


async def test_a_crash_is_logged_with_name_and_traceback(caplog: pytest.LogCaptureFixture) -> None:
    task = spawn(_crash(), name="worker")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "task failed")
    assert vars(record)["task"] == "worker"
    assert record.exc_info is not None
    assert "broken" in str(record.exc_info[1])


async def test_a_good_end_and_a_cancellation_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await spawn(_answer(), name="good")
    await cancel(spawn(asyncio.Event().wait(), name="cancelled"))
    await asyncio.sleep(0)
    assert [record for record in caplog.records if record.name.startswith("blynk")] == []


async def test_a_task_that_nobody_holds_is_not_collected() -> None:
    alive: list[weakref.ref[asyncio.Event]] = []

    async def work() -> None:
        # Nobody else knows what this waits for, so only `spawn` keeps both alive.
        never = asyncio.Event()
        alive.append(weakref.ref(never))
        await never.wait()

    assert spawn(work(), name="forgotten").get_name() == "forgotten"
    await asyncio.sleep(0)
    gc.collect()
    assert alive[0]() is not None
    (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "forgotten")
    await cancel(task)


async def test_cancel_returns_when_the_task_has_cleaned_up() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    task = spawn(work(), name="worker")
    await asyncio.sleep(0)
    await cancel(task)
    assert steps == ["cleaned up"]
    assert task.cancelled()


async def test_a_task_that_has_ended_can_be_cancelled() -> None:
    task = spawn(_answer(), name="done")
    await task
    await cancel(task)
    assert task.result() == 42


async def test_cancel_does_not_raise_what_the_task_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = spawn(_crash(), name="worker")
    await asyncio.wait([task])
    await cancel(task)
    assert isinstance(task.exception(), ValueError)


async def test_whoever_cancels_can_be_cancelled() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()

    task = spawn(stubborn(), name="stubborn")
    await asyncio.sleep(0)
    stopper = spawn(cancel(task), name="stopper")
    await asyncio.sleep(0)
    await cancel(stopper)
    assert stopper.cancelled()
    assert not task.done()
    release.set()
    async with asyncio.timeout(PATIENCE_S):
        await task
