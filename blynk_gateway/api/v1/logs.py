"""`/api/v1/logs`: the latest log records."""

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, query_number
from blynk_gateway.core.accounts import Role
from blynk_gateway.runtime.log_ring import LEVELS, MAX_RECORDS

DEFAULT_LIMIT = 200

NUMBERS = range(2**53)
"""What JavaScript counts exactly."""

AFTER = Field(
    Kind.NUMBER,
    "only what is behind this number, everything if left out; the answer's `last` to go on",
    False,
    {"type": "integer", "minimum": NUMBERS[0], "maximum": NUMBERS[-1]},
)

LOGS = {
    "after": AFTER,
    "level": Field(
        Kind.TEXT,
        f"the least severe level wanted: {', '.join(LEVELS)}; all if left out",
        False,
        {"enum": list(LEVELS)},
    ),
    "limit": Field(
        Kind.NUMBER,
        f"the latest so many, 1 to {MAX_RECORDS}, {DEFAULT_LIMIT} if left out",
        False,
        {"type": "integer", "minimum": 1, "maximum": MAX_RECORDS},
    ),
}


class LogRoute:
    """The handler."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/logs", Role.ADMIN, self.records, "Latest log records.", query=LOGS),
        ]

    async def records(self, call: Call) -> web.Response:
        """The latest records, oldest first."""
        request = call.request
        after = query_number(request, "after", 0, NUMBERS)
        limit = query_number(request, "limit", DEFAULT_LIMIT, range(1, MAX_RECORDS + 1))
        level = only_field(parse_query(request), "level") or "debug"
        if level not in LEVELS:
            raise RequestError(f"level: expected {', '.join(LEVELS)}, found {level[:40]!r}")
        ring = self._services.logs
        last = ring.last
        entries = ring.entries(after, LEVELS[level], limit)
        return api_json({"last": last, "records": [entry._asdict() for entry in entries]})
