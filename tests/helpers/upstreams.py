"""Servers above, as others see them."""

from collections.abc import Sequence

from blynk_gateway.core.upstream import BudgetState, MappingState, MappingStatus, UpstreamState

ABOVE = UpstreamState(
    name="cloud",
    server="blynk.cloud",
    via="tcp",
    budgets=(
        BudgetState("month", 100_000, spent=41_200, left=58_800, forecast=98_900, ends_ms=9000),
        BudgetState("day", 5000, spent=12, left=4988, forecast=700, ends_ms=8000),
    ),
    mappings=(
        MappingState(
            "greenhouse",
            MappingStatus.CONNECTED,
            place="fra1.blynk.cloud:443",
            backlog_points=17,
            oldest_ms=5000,
            sent=1702,
            merged=311,
            given_up=4,
            clock_offset_ms=-12,
        ),
        MappingState("pi", MappingStatus.STOPPED, "the token is not valid", backlog_points=None),
    ),
)


class MemoryUpstreams:
    """What `state` tells is what it is given."""

    def __init__(self, states: Sequence[UpstreamState]) -> None:
        self.states = list(states)

    def state(self) -> list[UpstreamState]:
        return self.states
