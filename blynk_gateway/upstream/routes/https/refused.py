"""What the server does not take, and how to tell one bad value from a server that takes nothing."""

from collections.abc import Iterable

from blynk_gateway.core.clock import Clock
from blynk_gateway.upstream.route import Refusal
from blynk_gateway.upstream.routes.https.answers import Blame, Complaint

HOLD_S = 600.0
"""How long a pin that the server does not have is not tried again: each try costs a message."""

MAX_UNEXPLAINED = 4
"""Values refused in a row for a reason that may be the whole device's, before it is taken so."""


class RefusedPins:
    """Pins that the server did not take.

    Attributes:
        apart: those of which a value was refused: they are sent alone, so that the others of a
            request need not be sent twice.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[str, float]] = {}
        self.apart: set[str] = set()

    def hold(self, pin: str, reason: str) -> None:
        """Do not try this pin for some time."""
        self._held[pin] = reason, self._clock.monotonic() + HOLD_S

    def reason(self, pin: str) -> str | None:
        """Why it is not worth trying, None if it is."""
        found = self._held.get(pin)
        return found[0] if found is not None and self._clock.monotonic() < found[1] else None


class Verdicts:
    """What became of the values of one call.

    A reason that nobody knows is a value's own if others arrive after it. Else it is taken for the
    device's, as a quota that is used up, and nothing is given up for it.

    Args:
        refusals: those that are not sent at all.
    """

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self._refusals = list(refusals)
        self._unexplained: list[Complaint] = []

    def arrived(self) -> None:
        """Some were taken."""
        self._unexplained.clear()

    def refuse(self, ats: Iterable[int], complaint: Complaint) -> None:
        """Some were not, and are not sent again.

        Raises:
            Complaint: it seems that nothing is taken any more.
        """
        self._refusals += [Refusal(at, complaint.reason) for at in ats]
        if complaint.blame is Blame.UNKNOWN:
            self._unexplained.append(complaint)
            if len(self._unexplained) >= MAX_UNEXPLAINED:
                raise complaint

    def result(self) -> list[Refusal]:
        """All refusals, in order.

        Raises:
            Complaint: nothing is taken any more, and it is not known why.
        """
        if self._unexplained:
            raise self._unexplained[0]
        return sorted(self._refusals)
