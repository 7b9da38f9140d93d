"""The demo as a process."""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

READY_WITHIN_S = 60.0
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Demo(NamedTuple):
    """A running demo."""

    port: int
    control_path: Path


@asynccontextmanager
async def running_demo() -> AsyncIterator[Demo]:
    """Run the demo on a data directory of its own."""
    with tempfile.TemporaryDirectory(prefix="blynk-gateway-pictures-") as directory:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "blynk_gateway", "demo", "--data-dir", directory],
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while (found := _URL.search((await process.stdout.readline()).decode())) is None:
                    assert process.returncode is None, "the demo did not start"
            yield Demo(int(found[1]), Path(directory) / "control.sock")
        finally:
            process.terminate()
            await process.communicate()
