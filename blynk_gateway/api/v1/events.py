"""`/api/v1/events`: the timeline, what is open in it, and resolving it."""

from collections.abc import AsyncIterator
from typing import TypeAlias

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import Conflict, RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, query_number, read_object
from blynk_gateway.api.v1.views import event_view
from blynk_gateway.core.accounts import Role, Scope
from blynk_gateway.core.change import EventChange, EventKind
from blynk_gateway.core.events import ALL, GRAVE
from blynk_gateway.core.timeline import Resolution, resolutions

MAX_EVENTS = 1000
DEFAULT_EVENTS = 100

MAX_LOOKED_AT = 20_000
"""Entries, the latest, that are looked through for open events: a second of reading at most."""

EVENTS = {
    "device": Field(Kind.TEXT, "slug, all devices if left out", False),
    "limit": Field(
        Kind.NUMBER,
        f"1 to {MAX_EVENTS}, {DEFAULT_EVENTS} if left out",
        False,
        {"type": "integer", "minimum": 1, "maximum": MAX_EVENTS},
    ),
    "open": Field(
        Kind.TEXT,
        "1 for open ones only: logged, of type warning or critical, not resolved",
        False,
        {"enum": ["0", "1"]},
    ),
}
RESOLVE = {
    "device": Field(Kind.TEXT, "slug of the device"),
    "code": Field(Kind.TEXT, "code of the events"),
    "all": Field(
        Kind.FLAG, "true for all open events of the code; the latest one if left out", False
    ),
}

Told: TypeAlias = tuple[EventChange, Resolution | None]


class Events:
    """Handlers of the event timeline."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                "GET",
                "/events",
                Role.VIEWER,
                self.latest,
                "Latest events.",
                query=EVENTS,
                minds_scope=True,
            ),
            Route(
                "POST",
                "/events/resolve",
                Role.OPERATOR,
                self.resolve,
                "Resolve events.",
                RESOLVE,
                minds_scope=True,
                success=204,
            ),
        ]

    async def latest(self, call: Call) -> web.Response:
        """The latest events, newest first."""
        query = parse_query(call.request)
        slug, scope = only_field(query, "device"), call.caller.scope
        if slug is not None:
            call.caller.check_device(slug, is_whole=True)
            self._services.registry.get(slug)
        limit = query_number(call.request, "limit", DEFAULT_EVENTS, range(1, MAX_EVENTS + 1))
        word = only_field(query, "open") or "0"
        if word not in ("0", "1"):
            raise RequestError(f"open: expected 0 or 1, found {word[:40]!r}")
        if slug is not None or scope is None:
            found = await self._latest(slug, limit, is_open=word == "1")
        else:
            # Of each by itself: the latest of all might be of others only.
            found = [
                told
                for one in sorted(scope.devices)
                for told in await self._latest(one, limit, is_open=word == "1")
            ]
            found = sorted(found, key=lambda told: -told[0].seq)[:limit]
        return api_json({"events": [self._view(told, scope) for told in found]})

    async def resolve(self, call: Call) -> web.Response:
        """Resolve the latest open event of a code, or all of them."""
        body = await read_object(call.request, RESOLVE)
        slug, code, is_all = body["device"], body["code"], body.get("all", False)
        call.caller.check_device(slug, is_whole=True)
        device = self._services.registry.get(slug)
        async for told in self._told(slug):
            if told[0].kind is EventKind.LOGGED and told[0].code == code and told[1] is None:
                break
        else:
            raise Conflict(
                f"{slug} has no open event {code[:40]!r}; expected the code of one that was logged"
                " and is not resolved yet"
            )
        self._services.registry.record_event(
            device, EventKind.RESOLVED, code, ALL if is_all else "", call.caller.origin
        )
        return web.Response(status=204)

    async def _latest(self, slug: str | None, limit: int, *, is_open: bool) -> list[Told]:
        if not is_open:
            events = await self._services.journal.events(slug, limit)
            # Whatever resolves one of them came after it, and is one of them.
            resolved = resolutions(events)
            return [(event, resolved.get(event.seq)) for event in events]
        found: list[Told] = []
        async for told in self._told(slug):
            if self._is_open(told):
                found.append(told)
                if len(found) == limit:
                    break
        return found

    async def _told(self, slug: str | None) -> AsyncIterator[Told]:
        """Entries and what became of them, newest first."""
        events: list[EventChange] = []
        while len(events) < MAX_LOOKED_AT:
            before = events[-1].seq if events else 0
            more = await self._services.journal.events(slug, MAX_EVENTS, before)
            events += more
            resolved = resolutions(events)
            for event in more:
                yield event, resolved.get(event.seq)
            if len(more) < MAX_EVENTS:
                return

    def _is_open(self, told: Told) -> bool:
        event, resolution = told
        device = self._services.registry.find(event.device)
        return (
            event.kind is EventKind.LOGGED
            and resolution is None
            and device is not None
            and self._services.registry.event_of(device, event.kind, event.code).type in GRAVE
        )

    def _view(self, told: Told, scope: Scope | None) -> dict[str, object]:
        event, resolution = told
        return event_view(event, self._services.registry, scope, resolution)
