"""A stock Blynk client in a process of its own, as the integration tests drive it."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.helpers.patience import PATIENCE_S

"""The slowest client connects again 5 s after it lost its server, and may just have missed it."""

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/integration/node"

_PYTHON = [sys.executable, "-m"]

DRIVERS: dict[str, list[str]] = {
    "blynklib 0.2.6": [*_PYTHON, "tests.integration.drivers.blynklib_driver"],
    "blynk-library-python 0.2.0": [
        *_PYTHON,
        "tests.integration.drivers.blynk_library_python_driver",
    ],
    "npm blynk-library 0.5.4": ["node", str(NODE / "client.js")],
    "websocket": [*_PYTHON, "tests.integration.drivers.websocket_driver"],
}


class StockClient:
    """Runs a driver (see `tests/integration/drivers/driver.py`) while its context is open."""

    def __init__(self, driver: Sequence[str], port: int, token: str) -> None:
        self._command = [*driver, "127.0.0.1", str(port), token]
        self._process: asyncio.subprocess.Process | None = None
        self._talk: list[str] = []

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, cwd=ROOT
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._running()
        if process.returncode is None:
            process.kill()
        # Reads to the end as well, so that the pipes are closed.
        await process.communicate()

    async def tell(self, *command: str) -> None:
        """Give the driver a command."""
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(json.dumps(command).encode() + b"\n")
        await stdin.drain()

    async def expect(self, *event: object) -> None:
        """Return when the driver tells this event; others before it are skipped.

        Raises:
            AssertionError: it does not within `PATIENCE_S`.
        """
        seen: list[object] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := await self.next_event()) != list(event):
                    seen.append(found)
        except (TimeoutError, EOFError):
            talk = "\n".join(self._talk[-30:])
            raise AssertionError(f"no {list(event)}, but {seen}; it said:\n{talk}") from None

    async def next_write(self) -> list[object]:
        """Pin and value of the next write that reaches the client."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self.next_event()
                if event[0] == "write":
                    return event[1:]

    async def next_event(self) -> list[object]:
        """The next event of the driver.

        Raises:
            EOFError: it ended.
        """
        stdout = self._running().stdout
        assert stdout is not None
        while line := (await stdout.readline()).decode():
            if line.startswith("@ "):
                event: list[object] = json.loads(line[2:])
                return event
            self._talk.append(line.rstrip())
        raise EOFError

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the client does not run"
        return self._process
