"""`/api/v1/dashboards` and `/api/v1/widgets`."""

import asyncio
from typing import Any

from aiohttp import web

from blynk_gateway.api.accounts.shares import Shares
from blynk_gateway.api.bodies import parse_json
from blynk_gateway.api.dashboards import Dashboards, Shown
from blynk_gateway.api.faults import RequestError, UnknownDashboard
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.v1.route import Call, Caller, Route
from blynk_gateway.api.v1.schema import Field, Kind, checked_object, read_json_body
from blynk_gateway.config.dashboards.documents import read_json, read_yaml, to_json, to_yaml
from blynk_gateway.core.accounts import Role, Scope
from blynk_gateway.core.address import SLUG_PATTERN
from blynk_gateway.core.dashboards.automatic import PREFIX
from blynk_gateway.core.dashboards.model import Dashboard, Source
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES, Option, WidgetType

MAX_BODY_BYTES = 768 * 1024
"""Longest dashboard as JSON: a thousand widgets of half a KiB fit, and YAML however escaped."""

MAX_YAML_LENGTH = 256 * 1024
"""As long as a configuration file."""

DASHBOARD = {
    "title": Field(Kind.TEXT, "shown to people; the slug if left out", False, is_nullable=True),
    "pages": Field(
        Kind.LIST,
        "pages of widgets, docs/guide/dashboards.md says what they may hold",
        False,
        {"items": {"type": "object"}},
        is_nullable=True,
    ),
    "widgets": Field(
        Kind.LIST,
        "the widgets, in place of `pages`, where there is one page without a title",
        False,
        {"items": {"type": "object"}},
        is_nullable=True,
    ),
    "revision": Field(
        Kind.NUMBER,
        "the revision that was changed; null or left out for a new dashboard",
        False,
        {"type": "integer", "minimum": 1},
        is_nullable=True,
    ),
}
YAML = {
    "yaml": Field(
        Kind.TEXT,
        "a dashboard as the configuration file has it, with or without its name",
        limits={"maxLength": MAX_YAML_LENGTH},
    )
}


class DashboardRoutes:
    """Handlers of dashboards."""

    def __init__(self, dashboards: Dashboards, shares: Shares) -> None:
        self._dashboards = dashboards
        self._shares = shares
        # Reading a thousand widgets of YAML takes seconds of this machine: one text at a time.
        self._reading = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Its routes."""
        one = "/dashboards/{dashboard}"
        viewer, admin = Role.VIEWER, Role.ADMIN
        return [
            Route("GET", "/dashboards", viewer, self.list, "All dashboards.", minds_scope=True),
            Route("GET", one, viewer, self.get, "One dashboard.", minds_scope=True),
            Route(
                "PUT",
                one,
                admin,
                self.put,
                "Make or change a dashboard.",
                DASHBOARD,
                makes_new=True,
            ),
            Route("DELETE", one, admin, self.remove, "Remove a dashboard.", success=204),
            Route("GET", f"{one}/yaml", admin, self.export, "For the configuration file."),
            Route(
                "POST", f"{one}/yaml", admin, self.take, "Make one of YAML.", YAML, makes_new=True
            ),
            Route("GET", "/widgets", viewer, self.widgets, "All widget types.", minds_scope=True),
        ]

    async def list(self, call: Call) -> web.Response:
        """All dashboards that the caller may see, without their content."""
        return api_json(
            {
                "dashboards": [
                    {
                        "slug": title.slug,
                        "title": title.title,
                        "source": str(title.source),
                        "device": title.device,
                        "read_only": title.source is not Source.STORED,
                        "hides_stored": self._dashboards.is_hidden(title.slug),
                    }
                    for title in self._dashboards.titles()
                    if self._is_seen(call.caller, title.slug)
                ]
            }
        )

    async def get(self, call: Call) -> web.Response:
        """One dashboard, every widget in its place."""
        return api_json(_view(self._asked(call)))

    async def put(self, call: Call) -> web.Response:
        """Make a dashboard, or change the revision that is named."""
        slug = _new_slug(call)
        document = await _body(call, DASHBOARD)
        revision = document.pop("revision", None)
        if revision is not None and (revision < 1 or revision % 1):
            raise RequestError("body.revision: expected the whole number that was read, or null")
        # A thousand widgets take a while, in which devices are not to wait.
        async with self._reading:
            dashboard = await asyncio.to_thread(read_json, slug, document)
        await self._end_lost_links()
        return _stored(await self._dashboards.put(dashboard, revision))

    async def remove(self, call: Call) -> web.Response:
        """Remove a stored dashboard; links to it are void."""
        await self._dashboards.remove(call.request.match_info["dashboard"])
        await self._end_lost_links()
        return web.Response(status=204)

    async def export(self, call: Call) -> web.Response:
        """The dashboard as it would stand below `dashboards:` in the configuration file."""
        shown = self._asked(call)
        name = shown.device or shown.dashboard.slug
        return web.Response(
            text=to_yaml(shown.dashboard, name),
            content_type="text/yaml",
            charset="utf-8",
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="{name}.yaml"',
            },
        )

    async def take(self, call: Call) -> web.Response:
        """Make a dashboard of YAML; a stored one of this name is replaced."""
        slug = _new_slug(call)
        text = (await _body(call, YAML))["yaml"]
        if len(text) > MAX_YAML_LENGTH:
            most = f"at most {MAX_YAML_LENGTH} characters"
            raise RequestError(f"body.yaml: expected {YAML['yaml'].description}, {most}")
        async with self._reading:
            dashboard = await asyncio.to_thread(read_yaml, slug, text)
        await self._end_lost_links()
        return _stored(await self._dashboards.replace(dashboard))

    async def widgets(self, _call: Call) -> web.Response:
        """All widget types with their options."""
        return api_json({"widgets": [_type(name, kind) for name, kind in WIDGET_TYPES.items()]})

    async def _end_lost_links(self) -> None:
        # Before a new one too: of what was lost while the gateway did not run nobody was told.
        await self._shares.prune(self._dashboards.has)

    def _asked(self, call: Call) -> Shown:
        """The dashboard that the path names.

        Raises:
            UnknownDashboard: there is none, or none for this caller.
        """
        slug = call.request.match_info["dashboard"]
        if not self._is_seen(call.caller, slug):
            raise UnknownDashboard(f"no dashboard has the slug {slug[:40]!r}")
        return self._dashboards.get(slug)

    def _is_seen(self, caller: Caller, slug: str) -> bool:
        """Whether nothing is on a dashboard but what the caller may see."""
        scope = caller.scope
        if scope is None:
            return True
        if caller.dashboard:
            return slug == caller.dashboard
        if slug.startswith(PREFIX):
            return slug.removeprefix(PREFIX) in scope.devices
        shown = self._dashboards.find(slug)
        return shown is not None and _is_within(shown.dashboard, scope)


def _is_within(dashboard: Dashboard, scope: Scope) -> bool:
    return (
        bool(dashboard.devices())
        and all(map(scope.has_pin, dashboard.pins()))
        and all(map(scope.has_device, dashboard.devices()))
    )


def _new_slug(call: Call) -> str:
    slug = call.request.match_info["dashboard"]
    if not SLUG_PATTERN.fullmatch(slug) and not slug.startswith(PREFIX):
        raise RequestError(
            f"{slug[:40]!r} is no name of a dashboard; expected up to 32 of a–z, 0–9 and -,"
            " beginning with a letter or digit"
        )
    return slug


async def _body(call: Call, fields: dict[str, Field]) -> dict[str, Any]:
    body = await read_json_body(call.request, MAX_BODY_BYTES)
    return checked_object(await asyncio.to_thread(parse_json, body), fields)


def _view(shown: Shown) -> dict[str, Any]:
    return {
        "slug": shown.dashboard.slug,
        "source": str(shown.source),
        "device": shown.device,
        "read_only": shown.source is not Source.STORED,
        "revision": shown.revision,
        **to_json(shown.dashboard),
    }


def _stored(shown: Shown) -> web.Response:
    return api_json(_view(shown), 201 if shown.revision == 1 else 200)


def _type(name: str, kind: WidgetType) -> dict[str, Any]:
    return {
        "type": name,
        "pins": str(kind.pins),
        "counts": list(kind.counts),
        "merges": kind.merges,
        "size": {"desktop": list(kind.desktop), "phone": list(kind.phone)},
        "options": [_option(option) for option in kind.options],
    }


def _option(option: Option) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": option.name, "kind": str(option.kind)}
    if option.choices:
        shown["choices"] = list(option.choices)
    shown |= {"default": option.default, "required": option.is_required}
    if option.low is not None:
        shown |= {"min": option.low, "max": option.high}
    return shown
