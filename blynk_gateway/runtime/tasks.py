"""The one place where tasks are made, so that each has a name and none dies unnoticed."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()


def spawn(coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Run a coroutine as a named task. If it fails, that is logged with its traceback."""
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    # The loop itself keeps weak references only.
    _running.add(task)
    task.add_done_callback(_finished)
    return task


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended. It may have ended already."""
    task.cancel()
    await asyncio.wait([task])


def _finished(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task failed", extra={"task": task.get_name()}, exc_info=error)
