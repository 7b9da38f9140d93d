"""Writes without end until killed; prints each number that is promised to be on disk."""

import asyncio
import sys
from pathlib import Path

from blynk_gateway.core.clock import SystemClock
from blynk_gateway.runtime.tasks import spawn
from tests.component.history.system import System


async def storm(directory: Path) -> None:
    async with System(directory, clock=SystemClock()) as system:
        system.add("a")
        writer = spawn(system.journal.run(), name="journal")
        number = 0
        while not writer.done():
            for _ in range(500):
                number += 1
                system.write("a", f"V{number % 250}", str(number))
            await system.journal.flush()
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


asyncio.run(storm(Path(sys.argv[1])))
