"""`/api/v1/users`: who may log in. For admins."""

from typing import Final

from aiohttp import web

from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.api.v1.session import PASSWORD, USER_NAME
from blynk_gateway.core.accounts import Role, User

ROLE: Final = Field(
    Kind.TEXT, "viewer, operator or admin", limits={"enum": [str(role) for role in Role]}
)
NEW_USER: Final = {"name": USER_NAME, "role": ROLE, "password": PASSWORD}
CHANGED_USER: Final = {
    "role": ROLE._replace(is_required=False),
    "password": PASSWORD._replace(is_required=False),
}


class UserRoutes:
    """Handlers of users."""

    def __init__(self, services: Services) -> None:
        self._users = services.accounts.users
        self._sessions = services.accounts.sessions

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/users", Role.ADMIN, self.list, "All users."),
            Route("POST", "/users", Role.ADMIN, self.add, "Add a user.", NEW_USER, success=201),
            Route(
                "PUT",
                "/users/{name}",
                Role.ADMIN,
                self.change,
                "Change a user's role or password; its sessions end.",
                CHANGED_USER,
            ),
            Route(
                "DELETE", "/users/{name}", Role.ADMIN, self.remove, "Remove a user.", success=204
            ),
            Route(
                "DELETE",
                "/users/{name}/sessions",
                Role.ADMIN,
                self.end_sessions,
                "Log a user out everywhere.",
                success=204,
            ),
        ]

    async def list(self, _call: Call) -> web.Response:
        """All users, without anything of their passwords."""
        return api_json({"users": [await self._view(user) for user in await self._users.all()]})

    async def add(self, call: Call) -> web.Response:
        """Add a user."""
        body = await read_object(call.request, NEW_USER)
        user = await self._users.add(body["name"], parse_role(body["role"]), body["password"])
        return api_json(await self._view(user), 201)

    async def change(self, call: Call) -> web.Response:
        """Change role or password."""
        body = await read_object(call.request, CHANGED_USER)
        role = None if "role" not in body else parse_role(body["role"])
        user = await self._users.change(
            call.request.match_info["name"], role=role, password=body.get("password")
        )
        return api_json(await self._view(user))

    async def remove(self, call: Call) -> web.Response:
        """Remove a user; its sessions end."""
        await self._users.remove(call.request.match_info["name"])
        return web.Response(status=204)

    async def end_sessions(self, call: Call) -> web.Response:
        """Log a user out everywhere."""
        await self._users.end_sessions(call.request.match_info["name"])
        return web.Response(status=204)

    async def _view(self, user: User) -> dict[str, str | int]:
        return {
            "name": user.name,
            "role": user.role,
            "created_ms": user.created_ms,
            "seen_ms": user.seen_ms,
            "sessions": await self._sessions.count(user.name),
        }


def parse_role(text: str) -> Role:
    """The role of a body's field `role`.

    Raises:
        RequestError: there is none of this name.
    """
    if text not in set(Role):
        raise RequestError(f"body.role: expected {', '.join(Role)}")
    return Role(text)
