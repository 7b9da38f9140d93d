"""What was sent in one go, and what the server has said to it so far.

A write is not answered, so a ping follows: frames are handled in their order, and its answer says
that all before it were taken, but for those that were refused by a status in between.

Source: blynk-protocol §8 (status 1), §5 and §6 (no answers, ids of syncs).
"""

import asyncio
from collections.abc import Mapping, Sequence

from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PeerError
from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import Status
from blynk_gateway.upstream.route import Refusal

AFTER_FLOOD_S = 5.0
"""The longest wait for a ping's answer after a flood: the Java server drops pings, too."""

_ACCEPTED = frozenset({Status.OK, Status.OPERATION_ACCEPT})

_FIRST_SYNC_ID = 65_000
"""A server counts its own messages up from 1: none of them gets so far in the time of a sync. The
Java server has 1, 111, 888, 7777 and 7778."""


class Exchange:
    """One batch or question; made on the loop.

    Attributes:
        fence: message id of the ping at the end, 0 for none.
        question: message id of a question that is answered by an INTERNAL frame, 0 for none.
        answer: the parts of that answer.
        values: what stands in the pins asked for, by the latest that the server said.
        is_flooded: whether the server said that it was too much; nothing of the batch counts then.
        refusals: what was refused, by its index.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[PeerError | None] = loop.create_future()
        self.fence = 0
        self.question = 0
        self.answer: tuple[str, ...] = ()
        self.values: dict[str, PinValue] = {}
        self.is_flooded = False
        self.refusals: dict[int, Refusal] = {}
        self._sent: dict[int, Sequence[int]] = {}
        self._asked: dict[int, Mapping[str, str]] = {}
        self._limit: asyncio.Timeout | None = None

    async def settle(self, patience_s: float) -> bool:
        """Wait until the server has told all; False if it did not in time.

        Raises:
            PeerError: the connection has ended.
        """
        try:
            async with asyncio.timeout(patience_s) as self._limit:
                error = await self._done
        except TimeoutError:
            return False
        if error is not None:
            raise error
        return True

    def sent(self, message_id: int, indexes: Sequence[int]) -> None:
        """Note which of what is sent depend on a frame."""
        self._sent[message_id] = indexes

    def sync(self, client: ClientConnection, pins: Sequence[str]) -> None:
        """Queue the questions for pins of any kind."""
        for number, kind in enumerate("VDA"):
            wanted = tuple(pin for pin in pins if pin[0] == kind)
            if wanted:
                names = {pin: pin for pin in wanted}
                if kind == "D":
                    # In mode `pwm` it is told as `aw`.
                    names |= {f"A{pin[1:]}": pin for pin in wanted}
                self._asked[client.sync(wanted, _FIRST_SYNC_ID + number)] = names

    def take_write(self, pin: str, value: PinValue, message_id: int) -> bool:
        """Whether this is an answer to a sync and no command."""
        names = self._asked.get(message_id, {})
        is_answer = pin in names
        if not is_answer:
            names = {told: name for kind in self._asked.values() for told, name in kind.items()}
        # Of a list, as of a terminal, the latest line comes last. And a command behind an answer is
        # what stands then: with the answer it would be undone here alone.
        if pin in names:
            self.values[names[pin]] = value
        return is_answer

    def take_status(self, message_id: int, status: int) -> None:
        """Judge a status; one that says "too much" holds for all, whatever its id."""
        if status == Status.QUOTA_LIMIT:
            self._be_flooded()
        elif message_id in self._sent and status not in _ACCEPTED:
            for at in self._sent[message_id]:
                self.refusals[at] = Refusal(at, _status_text(status))
        if message_id and message_id in (self.fence, self.question):
            self.finish()

    def take_answer(self, parts: tuple[str, ...], message_id: int) -> bool:
        """Whether this is the answer to the question."""
        if not self.question or message_id != self.question:
            return False
        self.answer = parts
        self.finish()
        return True

    def finish(self, error: PeerError | None = None) -> None:
        """Nothing more will come."""
        if not self._done.done():
            self._done.set_result(error)

    def _be_flooded(self) -> None:
        self.is_flooded = True
        if self._limit is not None and not self._limit.expired():
            soon = asyncio.get_running_loop().time() + AFTER_FLOOD_S
            self._limit.reschedule(min(self._limit.when() or soon, soon))


def _status_text(status: int) -> str:
    """What a status means."""
    try:
        return f"status {status}: {Status(status).doc}"
    except ValueError:
        return f"status {status}"
