"""The gateway's end of `sender.py`: starts it, asks it, and ends it."""

import asyncio
import json
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeAlias

import blynk_gateway
from blynk_gateway.automations.notifications.sender import Answer, Outcome
from blynk_gateway.config.secret import Secret
from blynk_gateway.runtime.children import end_child

log = logging.getLogger(__name__)

ANSWER_S = 60.0
"""What may pass until an answer. Apprise gives a server 4 s, mail 15 s; a Pi Zero needs some more
for the first, in which Apprise is loaded."""

MAX_ANSWER_BYTES = 64 * 1024

# Not `-m`: it would find whatever the working directory or the environment says. Site-packages are
# needed, those of the user where the gateway itself has them.
_START = (
    "-E",
    "-P",
    *(("-s",) if sys.flags.no_user_site else ()),
    "-c",
    "import sys; sys.path.insert(0, sys.argv.pop());"
    " from blynk_gateway.automations.notifications.sender import main; main()",
)
_ROOT = str(Path(blynk_gateway.__file__).parents[1])

SENDER = (sys.executable, *_START, _ROOT)


class Sender(Protocol):
    """What sends, one message at a time."""

    @property
    def has_ended(self) -> bool:
        """Whether it serves no more."""

    async def check(self, url: Secret) -> Answer:
        """Whether the URL can be used; an answer of `FAILED` means that it is not known."""

    async def send(self, url: Secret, title: str, text: str, recipient: str = "") -> Answer:
        """Send a message.

        Args:
            recipient: address that a mail goes to whose URL names none; empty for its sender's.
        """

    async def end(self) -> None:
        """End it. May be repeated."""


Start: TypeAlias = Callable[[], Awaitable[Sender]]
"""Raises OSError where the system does not let us."""


class SenderProcess:
    """A process that sends; meets `Sender`.

    Made by `start`; whoever has it ends it, whatever happens.
    """

    def __init__(self, process: Process, answer_s: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout
        self._answer_s = answer_s

    @classmethod
    async def start(cls, command: Sequence[str] = SENDER, answer_s: float = ANSWER_S) -> Self:
        """Start one.

        Args:
            answer_s: what may pass until an answer.

        Raises:
            OSError: the system does not let us.
        """
        return cls(
            await create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=MAX_ANSWER_BYTES
            ),
            answer_s,
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    async def check(self, url: Secret) -> Answer:
        """Whether the URL can be used; see `Sender`."""
        return await self._ask(url, "", None, "")

    async def send(self, url: Secret, title: str, text: str, recipient: str = "") -> Answer:
        """Send a message; see `Sender`. Without an answer the process is ended."""
        return await self._ask(url, title, text, recipient)

    @property
    def has_ended(self) -> bool:
        """Whether it serves no more."""
        return self._process.returncode is not None or self._requests.is_closing()

    async def end(self) -> None:
        """Kill the process, as it has nothing to finish. May be repeated."""
        self._requests.close()
        await end_child(self._process, "notification sender")

    async def _ask(self, url: Secret, title: str, text: str | None, recipient: str) -> Answer:
        request = {"url": url.reveal(), "title": title, "text": text, "recipient": recipient}
        try:
            async with asyncio.timeout(self._answer_s):
                self._requests.write(json.dumps(request).encode() + b"\n")
                await self._requests.drain()
                answer = json.loads(await self._answers.readline())
                return Answer(Outcome(answer["outcome"]), answer["reason"])
        except TimeoutError:
            reason = f"it did not answer within {self._answer_s:.0f} s"
        except (OSError, ValueError, KeyError, TypeError):
            reason = "the process that sends ended without an answer"
        await self.end()
        return Answer(Outcome.FAILED, reason)
