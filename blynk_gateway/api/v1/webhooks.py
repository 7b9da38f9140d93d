"""`/api/v1/webhooks`: how they are, and a request to try one."""

from typing import Any

from aiohttp import web

from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.automations import VALUE, read_test_value
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.automations import WebhookAnswer, WebhookState
from blynk_gateway.core.value import printable


class WebhookRoutes:
    """Handlers of webhooks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/webhooks", Role.VIEWER, self.states, "All webhooks."),
            Route(
                "POST",
                "/webhooks/{name}/test",
                Role.ADMIN,
                self.test,
                "Send one request now.",
                VALUE,
            ),
        ]

    async def states(self, _call: Call) -> web.Response:
        """All webhooks, in the order of the configuration."""
        states = self._services.webhooks.states()
        return api_json({"webhooks": [_state_view(one) for one in states]})

    async def test(self, call: Call) -> web.Response:
        """Send one request; 200 whatever the other side says to it."""
        value = await read_test_value(call)
        name = call.request.match_info["name"]
        return api_json(_answer_view(await self._services.webhooks.test(name, value)))


def _state_view(state: WebhookState) -> dict[str, Any]:
    return {
        "name": state.name,
        "target": printable(state.target),
        "off": state.is_off,
        "failures": state.failures,
        "waiting": state.waiting,
        "sent": state.sent,
        "merged": state.merged,
        "last_ms": state.last_ms,
        "last_result": printable(state.last_result),
    }


def _answer_view(answer: WebhookAnswer) -> dict[str, Any]:
    return {
        "ok": answer.is_ok,
        "request": printable(answer.request),
        "status": answer.status,
        "result": printable(answer.result),
        "took_ms": answer.took_ms,
        "body": printable(answer.body),
    }
