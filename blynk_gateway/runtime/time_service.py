"""Whether a time server is followed: the kernel knows, or systemd-timedated tells what it knows.

In the service's sandbox the kernel cannot be asked: the call that tells it is the one that sets the
clock. timedated asks it for anybody; it is started by the question, and ends by itself.
"""

import ctypes
import subprocess
import threading
from collections.abc import Callable, Sequence

from blynk_gateway.core.clock import Clock

QUESTION = (
    *("busctl", "--system", "get-property", "org.freedesktop.timedate1"),
    *("/org/freedesktop/timedate1", "org.freedesktop.timedate1", "NTPSynchronized"),
)

ASK_EVERY_S = 15.0
"""A time server takes longer to be believed, and timedated is not to be started every second."""

ANSWER_WITHIN_S = 10.0

_YES = "b true"

_TIME_ERROR = 5
_TIMEX_BYTES = 512


def kernel_is_synchronised() -> bool | None:
    """Whether the kernel says that a time server disciplines its clock; None if it must not say.

    chrony, ntpd and systemd-timesyncd all tell it. Source: adjtimex(2), `STA_UNSYNC`, `TIME_ERROR`.
    """
    # All zero: nothing is changed. The structure has 208 bytes at most.
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = int(ctypes.CDLL(None).adjtimex(timex))
    return None if state < 0 else state != _TIME_ERROR


class TimeService:
    """Asks the kernel, or else timedated in a thread of its own.

    Args:
        question: a command that prints `b true` if it is so.
    """

    def __init__(
        self,
        clock: Clock,
        question: Sequence[str] = QUESTION,
        kernel: Callable[[], bool | None] = kernel_is_synchronised,
    ) -> None:
        self._clock = clock
        self._question = question
        self._kernel = kernel
        self._next_at = clock.monotonic()
        self._asking: threading.Thread | None = None
        self._is_synchronised = False

    def is_synchronised(self) -> bool:
        """What is known, no as long as nothing is; asks again if that is old. Never waits."""
        told = self._kernel()
        if told is not None:
            return told
        is_free = self._asking is None or not self._asking.is_alive()
        if is_free and self._clock.monotonic() >= self._next_at:
            self._next_at = self._clock.monotonic() + ASK_EVERY_S
            self._asking = threading.Thread(target=self._ask, name="time service", daemon=True)
            self._asking.start()
        return self._is_synchronised

    def _ask(self) -> None:
        try:
            answer = subprocess.run(  # noqa: S603  a command of our own
                self._question, capture_output=True, text=True, timeout=ANSWER_WITHIN_S, check=False
            )
        except (OSError, subprocess.SubprocessError, UnicodeError):
            # No systemd, or one that does not answer: nobody knows.
            self._is_synchronised = False
        else:
            self._is_synchronised = answer.stdout.strip() == _YES
