"""`/api/v1/devices/{slug}/frames`: what a device and the gateway say to each other."""

from aiohttp import web

from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.logs import AFTER, NUMBERS
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import query_number
from blynk_gateway.core.accounts import Role


class FrameRoute:
    """The handler."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                "GET",
                "/devices/{slug}/frames",
                Role.ADMIN,
                self.frames,
                "Latest frames of a device; kept while somebody asks for them.",
                query={"after": AFTER},
            ),
        ]

    async def frames(self, call: Call) -> web.Response:
        """The latest frames, oldest first; the first question has them kept from now on."""
        device = self._services.registry.get(call.request.match_info["slug"])
        after = query_number(call.request, "after", 0, NUMBERS)
        last, frames = self._services.frames.frames(device.slug, after)
        return api_json({"last": last, "frames": [frame._asdict() for frame in frames]})
