"""The gateway's end of `history/archive/packer.py`: starts it, asks it, and ends it."""

import asyncio
import logging
import marshal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import blynk_gateway
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.archive.packer import HEAD, message
from blynk_gateway.history.archive.packing import Wanted
from blynk_gateway.history.file.database import Statement
from blynk_gateway.runtime.children import end_child

log = logging.getLogger(__name__)

NICE = 10
"""What everything else does goes first."""

ANSWER_S = 120.0
"""What may pass until an answer: on a Pi Zero beside a storm some seconds do."""

EXIT_S = 5.0
"""What may pass between the end of its answers and its own."""

MAX_COMPLAINT = 2000
"""Characters of what a packer says when it fails; a traceback has some hundred."""

# Not `-m`: it would find whatever the working directory or the environment says. With neither, and
# without site-packages, it runs the same files as its parent, and starts in half the time.
_START = (
    "-I",
    "-S",
    "-c",
    "import sys; sys.path.insert(0, sys.argv.pop());"
    " from blynk_gateway.history.archive.packer import main; main()",
)
_ROOT = str(Path(blynk_gateway.__file__).parents[1])


class PackerProcess:
    """A process that packs points. Made by `start`; whoever has it ends it, whatever happens.

    After an error nothing is left of what was handed over, and the process has ended.
    """

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout

    @classmethod
    async def start(cls, nice: int = NICE) -> Self:
        """Start one.

        Args:
            nice: how much other processes go first; 0 for not at all.

        Raises:
            HistoryError: the system does not let us.
        """
        command = (sys.executable, *_START, str(nice), _ROOT)
        try:
            process = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        except OSError as error:
            raise HistoryError(
                f"the process that packs the archive cannot be started: {error.strerror};"
                " expected room for one more. Free memory, or allow the gateway more tasks"
            ) from error
        return cls(process)

    async def add(self, bodies: Sequence[bytes]) -> None:
        """Hand over segments; returns when there is room for more.

        Raises:
            HistoryError: the process fails.
        """
        await self._send(("add", list(bodies)))

    async def streams(self) -> list[tuple[int, int]]:
        """As `Packing.streams`.

        Raises:
            HistoryError: the process fails.
        """
        answer: list[tuple[int, int]] = await self._ask(("streams",))
        return answer

    async def statements(self, wanted: Iterable[Wanted]) -> list[Statement]:
        """As `Packing.statements`.

        Raises:
            HistoryError: the process fails.
        """
        plain = [(one.stream, one.is_raw, one.opened and tuple(one.opened)) for one in wanted]
        answer: list[Statement] = await self._ask(("statements", plain))
        return answer

    async def end(self) -> str:
        """Kill the process, as it has nothing to finish; returns what it said about its faults."""
        said = await end_child(self._process, "archive packer")
        return said.decode(errors="replace").strip()[-MAX_COMPLAINT:]

    async def _ask(self, request: tuple[object, ...]) -> list[Any]:
        await self._send(request)
        try:
            async with asyncio.timeout(ANSWER_S):
                (size,) = HEAD.unpack(await self._answers.readexactly(HEAD.size))
                body = await self._answers.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise await self._failure(error) from error
        answer: list[Any]
        answer, damage = marshal.loads(body)  # noqa: S302 - written by our own program
        for event, reason in damage:
            log.error(event, extra={"reason": reason})
        return answer

    async def _send(self, request: tuple[object, ...]) -> None:
        self._requests.write(message(request))
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._requests.drain()
        except OSError as error:
            raise await self._failure(error) from error

    async def _failure(self, error: Exception) -> HistoryError:
        is_silent = isinstance(error, TimeoutError)
        if not is_silent:
            # It has closed its pipes, so it ends; a kill now could take its exit code from asyncio.
            with suppress(TimeoutError):
                async with asyncio.timeout(EXIT_S):
                    await self._process.wait()
        said = await self.end()
        if is_silent:
            found = f"did not answer within {ANSWER_S:.0f} s"
        else:
            found = f"ended with exit code {self._process.returncode}"
        log.error("archive packer failed", extra={"reason": found, "said": said})
        return HistoryError(
            f"the process that packs the archive {found}; expected an answer. A new one is started"
            " soon. If this comes again, free memory, and look into the log for what it said"
        )
