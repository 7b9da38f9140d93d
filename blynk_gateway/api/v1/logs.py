"""`/api/v1/logs`: the latest log records, and from which level up there are any."""

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, query_number, read_object
from blynk_gateway.core.accounts import Role
from blynk_gateway.runtime.log_level import CHOICES, change_level, current_level
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


LEVEL = {
    "level": Field(
        Kind.TEXT, f"log from this level up: {', '.join(CHOICES)}", True, {"enum": list(CHOICES)}
    )
}


class LogRoutes:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/logs", Role.ADMIN, self.records, "Latest log records.", query=LOGS),
            Route("GET", "/logs/level", Role.ADMIN, self.level, "From which level up is logged."),
            Route(
                "PUT",
                "/logs/level",
                Role.ADMIN,
                self.set_level,
                "Log from another level up, until the next reload or restart.",
                LEVEL,
            ),
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

    async def level(self, _call: Call) -> web.Response:
        """The level in force, and the configured one, to which a reload goes back."""
        configured = self._services.configuration.options().logging.level
        return api_json({"level": current_level(), "configured": configured})

    async def set_level(self, call: Call) -> web.Response:
        """Change the level in force."""
        level = (await read_object(call.request, LEVEL))["level"]
        if level not in CHOICES:
            raise RequestError(f"body.level: expected {', '.join(CHOICES)}, found {level[:40]!r}")
        change_level(level, "api")
        return await self.level(call)
