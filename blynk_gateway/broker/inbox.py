"""Messages on their way from the network thread to the loop: in order, in batches, bounded."""

import contextlib
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable

from blynk_gateway.broker.message import Message
from blynk_gateway.core.gate import Gate

INBOX_MESSAGES = 2000
"""Half a second at full speed. What is more waits at the broker."""

INBOX_BYTES = 4 * 1024 * 1024

AT_ONCE = 50
"""Handed over before others get their turn of the loop: some five milliseconds."""

GATE_S = 0.05
"""How soon is looked again whether the gate is open."""


class Inbox:
    """Between the two threads.

    Args:
        on_messages: called on the loop's thread with a batch.
        on_room: called on the loop's thread when there is room again after it was full.
        gate: None for one that is always open. While it is closed nothing is handed over.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        on_messages: Callable[[list[Message]], None],
        on_room: Callable[[], None],
        gate: Gate | None,
    ) -> None:
        self._loop = loop
        self._on_messages = on_messages
        self._on_room = on_room
        self._gate = gate
        self._messages: deque[Message] = deque()
        self._bytes_in = 0
        self._bytes_out = 0
        self._is_called = False
        self._was_full = False
        self._is_closed = False
        self._finished: Callable[[], None] | None = None

    # On the network thread.

    def put(self, message: Message) -> None:
        """Take a message; `call` is to follow when there are no more at the moment."""
        self._bytes_in += len(message.payload)
        self._messages.append(message)

    def is_full(self) -> bool:
        """Whether no more should be put; `on_room` tells when this ends."""
        # Set first: the loop, which may drain it at this moment, must not miss it.
        self._was_full = True
        if len(self._messages) >= INBOX_MESSAGES or self._bytes_in - self._bytes_out >= INBOX_BYTES:
            return True
        self._was_full = False
        return False

    def call(self) -> None:
        """Have the loop fetch what was put."""
        if self._messages and not self._is_called:
            self._is_called = True
            # A loop that is closed takes nothing any more.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    # On the loop's thread.

    def close(self) -> None:
        """Hand over no more."""
        self._is_closed = True

    def finish(self, finished: Callable[[], None]) -> None:
        """Hand over what is left, whatever the gate says, as the broker gives none of it again.

        Args:
            finished: called after that.
        """
        self._gate, self._finished = None, finished
        self._deliver()

    def _deliver(self) -> None:
        if self._is_closed:
            self._messages.clear()
        elif self._gate is not None and not self._gate.is_open:
            self._loop.call_later(GATE_S, self._deliver)
            return
        # Before the look into the queue: what is put from now on has the loop called again.
        self._is_called = False
        messages = self._messages
        batch = [messages.popleft() for _ in range(min(AT_ONCE, len(messages)))]
        self._bytes_out += sum(len(message.payload) for message in batch)
        if messages and not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._deliver)
        if self._was_full:
            self._on_room()
        try:
            if batch:
                self._on_messages(batch)
        finally:
            if not messages and self._finished is not None:
                finished, self._finished = self._finished, None
                finished()
