"""`/api/v1/notifications`: the services that tell people, and a message to try one."""

from typing import Any

from aiohttp import web

from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.automations import ServiceState
from blynk_gateway.core.value import printable


class NotificationRoutes:
    """Handlers of notification services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/notifications", Role.VIEWER, self.states, "All notification services."),
            Route(
                "POST",
                "/notifications/{name}/test",
                Role.ADMIN,
                self.test,
                "Send a test message now.",
            ),
        ]

    async def states(self, _call: Call) -> web.Response:
        """All services, in the order of the configuration."""
        states = self._services.notifications.states()
        return api_json({"services": [_state_view(one) for one in states]})

    async def test(self, call: Call) -> web.Response:
        """Send a test message by one service; 200 whatever becomes of it."""
        fault = await self._services.notifications.test(call.request.match_info["name"])
        return api_json({"ok": not fault, "fault": printable(fault)})


def _state_view(state: ServiceState) -> dict[str, Any]:
    return {**state._asdict(), "detail": printable(state.detail)}
