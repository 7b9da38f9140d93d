"""Processes of our own: how one is ended."""

import asyncio
from asyncio.subprocess import Process
from contextlib import suppress

from blynk_gateway.runtime.tasks import spawn


async def end_child(process: Process, name: str) -> bytes:
    """Kill a process that has nothing to finish, and wait until it is gone. May be repeated.

    Args:
        name: what is being ended, for the task's name.

    Returns:
        The rest of what it said on standard error, empty if that is no pipe.
    """
    with suppress(ProcessLookupError):
        process.kill()
    ending = spawn(process.communicate(), name=f"{name} end")
    cancelled = None
    while not ending.done():
        # It takes a moment, and who is cancelled again must not leave a process behind.
        try:
            await asyncio.wait([ending])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    _, said = ending.result()
    return said or b""
