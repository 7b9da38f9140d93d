"""`/api/v1/shares`: links that show one dashboard to whoever has them. For admins."""

from typing import Any, Final

from aiohttp import web

from blynk_gateway.api.accounts.shares import MAX_DAYS
from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.core.accounts import Role, Share

MAX_SLUG: Final = 64

NEW_SHARE: Final = {
    "dashboard": Field(
        Kind.TEXT, "slug of the dashboard", limits={"minLength": 1, "maxLength": MAX_SLUG}
    ),
    "days": Field(
        Kind.NUMBER,
        f"how long the link is valid, at most {MAX_DAYS}; null or left out for ever",
        False,
        {"minimum": 0, "exclusiveMinimum": True, "maximum": MAX_DAYS},
        is_nullable=True,
    ),
}


class ShareRoutes:
    """Handlers of shared links."""

    def __init__(self, services: Services) -> None:
        self._shares = services.accounts.shares
        self._dashboards = services.dashboards

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/shares", Role.ADMIN, self.list, "All shared links, without the tokens."),
            Route("POST", "/shares", Role.ADMIN, self.add, "Make one.", NEW_SHARE, success=201),
            Route(
                "DELETE",
                "/shares/{id}",
                Role.ADMIN,
                self.remove,
                "Revoke one; its visitors are out at once.",
                success=204,
            ),
        ]

    async def list(self, _call: Call) -> web.Response:
        """All links without their tokens."""
        return api_json({"shares": [_view(share) for share in await self._shares.all()]})

    async def add(self, call: Call) -> web.Response:
        """A new link; this answer alone holds it."""
        body = await read_object(call.request, NEW_SHARE)
        slug, days = body["dashboard"], body.get("days")
        if not 0 < len(slug) <= MAX_SLUG:
            raise RequestError(f"body.dashboard: expected {NEW_SHARE['dashboard'].description}")
        if days is not None and not 0 < days <= MAX_DAYS:
            raise RequestError(f"body.days: expected more than 0 and at most {MAX_DAYS}")
        # A link to nothing would come to show what is made under this name later.
        self._dashboards.get(slug)
        share, token = await self._shares.add(slug, days)
        return api_json(_view(share) | {"token": token, "path": f"/#/shared/{token}"}, 201)

    async def remove(self, call: Call) -> web.Response:
        """Revoke a link."""
        await self._shares.remove(call.request.match_info["id"])
        return web.Response(status=204)


def _view(share: Share) -> dict[str, Any]:
    return {
        "id": share.id,
        "dashboard": share.dashboard,
        "created_ms": share.created_ms,
        "expires_ms": share.expires_ms,
    }
