"""How the servers above are doing, in JSON and as metrics."""

from collections.abc import Iterator, Sequence
from typing import Any

from blynk_gateway.api.samples import Sample, labels, series
from blynk_gateway.core.upstream import MappingState, MappingStatus, UpstreamState
from blynk_gateway.core.value import printable


def upstream_view(upstreams: Sequence[UpstreamState]) -> list[dict[str, Any]]:
    """Each server with its budgets and devices."""
    return [
        {
            "name": one.name,
            "server": one.server,
            "via": one.via,
            "budgets": [budget._asdict() for budget in one.budgets],
            "devices": [_mapping_view(mapping) for mapping in one.mappings],
        }
        for one in upstreams
    ]


def upstream_metrics(upstreams: Sequence[UpstreamState]) -> Iterator[str]:
    """Lines of Prometheus' text format; none without a server."""
    mappings = [
        (labels(upstream=one.name, device=mapping.device), mapping)
        for one in upstreams
        for mapping in one.mappings
    ]
    yield from series(
        "upstream_connected",
        "gauge",
        "1 if the device is connected to the server above.",
        [Sample(int(one.status is MappingStatus.CONNECTED), where) for where, one in mappings],
    )
    yield from series(
        "upstream_backlog_points",
        "gauge",
        "Points that still have to go up.",
        [
            Sample(one.backlog_points, where)
            for where, one in mappings
            if one.backlog_points is not None
        ],
    )
    for name, text in _COUNTERS.items():
        counted = [Sample(getattr(one, name), where) for where, one in mappings]
        yield from series(f"upstream_{name}_total", "counter", text, counted)
    budgets = [
        (labels(upstream=one.name, period=budget.period), budget)
        for one in upstreams
        for budget in one.budgets
    ]
    for name, text in _BUDGETS.items():
        told = [Sample(getattr(budget, name), where) for where, budget in budgets]
        yield from series(f"upstream_budget_{name}", "gauge", text, told)


_COUNTERS = {
    "sent": "Values that arrived above.",
    "merged": "Values that a later one replaced before they went up.",
    "given_up": "Points that were too old or too many, or refused above.",
}

_BUDGETS = {
    "limit": "Messages that may be sent in the period.",
    "spent": "Messages sent in it.",
    "left": "Messages left in it.",
    "forecast": "Messages at its end, if it goes on as it did.",
}


def _mapping_view(mapping: MappingState) -> dict[str, Any]:
    return {**mapping._asdict(), "status": str(mapping.status), "detail": printable(mapping.detail)}
