"""`/api/v1/upstream`: the servers above."""

from aiohttp import web

from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.upstream import upstream_view
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.core.accounts import Role


class UpstreamRoute:
    """The handler."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/upstream", Role.VIEWER, self.state, "The servers above."),
        ]

    async def state(self, _call: Call) -> web.Response:
        """How all servers above are at the moment, in the order of the configuration."""
        return api_json({"upstream": upstream_view(self._services.upstreams.state())})
