"""When something comes next: what the agenda asks of each kind of schedule."""

from typing import NamedTuple, Protocol


class Moment(NamedTuple):
    """One moment of a schedule.

    Attributes:
        at_ms: UTC.
        text: for people, `at 07:30`.
    """

    at_ms: int
    text: str


class Moments(Protocol):
    """The moments of one schedule."""

    def after(self, now_ms: int) -> Moment | None:
        """The first one later than this; None if none is in sight."""
