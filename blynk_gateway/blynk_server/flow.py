"""The flow of bytes of one device connection: when to read, when to write, when to wake up.

Knows deadlines, pauses and limits, and no meaning of any byte.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from blynk_gateway.blynk_server.context import Context
from blynk_gateway.protocol.server import ServerConnection

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.frame_log import Tap

MAX_BACKLOG = 1024
"""Frames queued for a client that is sent one per 60 ms: about a minute's worth."""

MAX_UNSENT_BYTES = 256 * 1024
"""Written and not taken by the peer, before the next piece is written."""

RESUME_GRACE_S = 1.0
"""After a pause what came in meanwhile is read before silence is held against the device."""

QUOTA = 1
GATE = 2


class Flow(ABC):
    """Reading, writing and the timer of one connection; meaning is its subclass's affair.

    Attributes:
        host: the peer's address without port.
        tap: reads along while somebody looks at the device's frames.
    """

    __slots__ = (
        "_is_over",
        "_paused",
        "_quiet_until",
        "_resume_timer",
        "_timer",
        "_timer_at",
        "context",
        "host",
        "peer",
        "tap",
        "wire",
    )

    def __init__(self, context: Context, peer: str, host: str) -> None:
        self.context = context
        self.peer = peer
        self.host = host
        self.wire = ServerConnection(context.clock.monotonic(), context.login_timeout_s)
        self._is_over = False
        self._paused = 0
        self._quiet_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._resume_timer: asyncio.TimerHandle | None = None
        self.tap: Tap | None = None

    @abstractmethod
    def cut(self, reason: str) -> None:
        """End it at once, without waiting for the peer."""

    def pause(self, reason: int) -> None:
        """Read nothing until `resume` was called for each reason."""
        if self._is_over:
            return
        if not self._paused:
            self._pause_carrier()
        self._paused |= reason

    def pause_for(self, seconds: float) -> None:
        """Read nothing for so long, because of the quota."""
        self.pause(QUOTA)
        if self._resume_timer is not None:
            self._resume_timer.cancel()
        loop = asyncio.get_running_loop()
        self._resume_timer = loop.call_later(seconds, self.resume, QUOTA)

    def resume(self, reason: int) -> None:
        """Go on reading, unless there is another reason not to."""
        if self._is_over or not self._paused & reason:
            return
        self._paused &= ~reason
        if not self._paused:
            self._quiet_until = self.context.clock.monotonic() + RESUME_GRACE_S
            self._resume_carrier()

    def send_queued(self) -> None:
        """Write what is queued."""
        if not self._is_over:
            now = self.context.clock.monotonic()
            self._flush(now)
            self._arm(now)

    def may_ask(self) -> bool:
        """Whether to ask the device for something that can wait.

        Not while something is left to be written, nor while answers would not be read.
        """
        return (
            not (self._is_over or self._paused or self.wire.backlog or self._is_behind)
            and self._check()
        )

    @property
    @abstractmethod
    def _is_behind(self) -> bool:
        """Whether the peer has not taken all that was written."""

    @abstractmethod
    def _transmit(self, frames: list[bytes]) -> bool:
        """Write whole frames; False if the peer has not taken too much of what came before."""

    @abstractmethod
    def _close_carrier(self, *, at_once: bool) -> None:
        """Close, after what was written unless `at_once`. May be called twice."""

    @abstractmethod
    def _pause_carrier(self) -> None:
        """Let no more bytes come in."""

    @abstractmethod
    def _resume_carrier(self) -> None:
        """Let bytes come in again."""

    @abstractmethod
    def _stop_waiting(self) -> None:
        """Not a stranger any more, or gone: be counted among those that wait no longer."""

    @abstractmethod
    def _check(self) -> bool:
        """Whether the connection may go on; if not it has been ended."""

    @abstractmethod
    def _handle_timeout(self, now: float) -> None:
        """Do what the wire has to do now."""

    def _stop_timers(self) -> None:
        for timer in (self._timer, self._resume_timer):
            if timer is not None:
                timer.cancel()

    def _flush(self, now: float) -> None:
        wire = self.wire
        frames = wire.data_to_send(now)
        if frames and self.tap is not None:
            self.tap.sent(frames)
        if frames and not self._transmit(frames):
            self.cut("it does not read what it is sent")
        elif wire.backlog > MAX_BACKLOG and not self._is_over:
            self.cut(f"more than {MAX_BACKLOG} frames wait for it")

    def _arm(self, now: float) -> None:
        """Have the timer go off when the wire wants it, or earlier."""
        if self._is_over:
            return
        due = self.wire.next_timeout(now)
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set_timer(due, now)

    def _on_timer(self) -> None:
        self._timer = None
        now = self.context.clock.monotonic()
        if not self._check():
            return
        if self._paused or now < self._quiet_until:
            # We do not read: its silence is our doing. Frames for it flow on.
            self._flush(now)
            if not self._is_over:
                self._set_timer(min(now + RESUME_GRACE_S, self.wire.next_send_at), now)
            return
        self._handle_timeout(now)
        if not self._is_over:
            self._flush(now)
            self._arm(now)

    def _set_timer(self, due: float, now: float) -> None:
        self._timer_at = due
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, due - now), self._on_timer)
