"""A child that is ended is gone, and reaped, whatever happens meanwhile."""

import asyncio
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec

import pytest

from blynk_gateway.runtime.children import end_child
from blynk_gateway.runtime.tasks import spawn

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("last words", file=sys.stderr, flush=True)
print("ready", flush=True)
time.sleep(60)
"""


async def _stubborn() -> asyncio.subprocess.Process:
    process = await create_subprocess_exec(
        sys.executable, "-c", STUBBORN, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def test_child_is_gone_and_what_it_said_is_told() -> None:
    process = await _stubborn()
    assert await end_child(process, "stubborn") == b"last words\n"
    assert process.returncode == -9


async def test_child_that_ended_by_itself_may_be_ended_again() -> None:
    process = await create_subprocess_exec(sys.executable, "-c", "", stdout=PIPE)
    await process.wait()
    assert await end_child(process, "quick") == b""
    assert await end_child(process, "quick") == b""
    assert process.returncode == 0


async def test_child_is_reaped_though_its_end_is_cancelled_again_and_again() -> None:
    process = await _stubborn()
    ending = spawn(end_child(process, "stubborn"), name="trial")
    await asyncio.sleep(0)
    while not ending.done():
        ending.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert process.returncode == -9
