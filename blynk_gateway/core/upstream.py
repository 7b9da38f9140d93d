"""How the servers above are doing, for health, metrics and people (made by `upstream`)."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class MappingStatus(StrEnum):
    """What a mapping is at."""

    CONNECTED = "connected"
    WAITING = "waiting"
    """There is no connection now; it is tried again."""

    STOPPED = "stopped"
    """The server refused us for good; nothing is tried until the configuration changes."""


class MappingState(NamedTuple):
    """One device above.

    Attributes:
        device: its slug here.
        detail: what is wrong and what to do; empty if nothing is.
        place: the server in use, `fra1.blynk.cloud:443`; empty before the first connection.
        backlog_points: points that still have to go up; None if they are not counted yet.
        oldest_ms: UTC of the oldest of them, None for none.
        sent: values that arrived there since the start, those of the backlog too.
        merged: values that were replaced by a later one before they went up, to save messages.
        given_up: points that were too old or too many, or that the server refused.
        clock_offset_ms: its clock minus ours, None if it does not tell.
    """

    device: str
    status: MappingStatus
    detail: str = ""
    place: str = ""
    backlog_points: int | None = 0
    oldest_ms: int | None = None
    sent: int = 0
    merged: int = 0
    given_up: int = 0
    clock_offset_ms: int | None = None


class BudgetState(NamedTuple):
    """Messages of one calendar period in UTC.

    Attributes:
        period: `month` or `day`.
        forecast: how many it will have been at the end, if it goes on as it did.
        ends_ms: UTC.
    """

    period: str
    limit: int
    spent: int
    left: int
    forecast: int
    ends_ms: int


class UpstreamState(NamedTuple):
    """One server above.

    Attributes:
        server: as configured, `blynk.cloud`.
        via: `tcp`, `https`, `mqtt` or `mqtt-gateway`.
        budgets: those that have a limit.
    """

    name: str
    server: str
    via: str
    budgets: tuple[BudgetState, ...]
    mappings: tuple[MappingState, ...]


class Upstreams(Protocol):
    """All servers above."""

    def state(self) -> list[UpstreamState]:
        """How they are at the moment, in the order of the configuration."""


class NoUpstreams:
    """None."""

    def state(self) -> list[UpstreamState]:
        """Nothing."""
        return []
