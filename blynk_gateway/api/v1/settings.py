"""`/api/v1/settings` and `/api/v1/links`: the configuration in force, and the file on trial."""

import asyncio
from pathlib import Path

from aiohttp import web

from blynk_gateway.api.faults import Conflict, NoConfigurationFile
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.config import effective, load
from blynk_gateway.core.accounts import Role
from blynk_gateway.errors import ConfigError


class SettingsRoutes:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._configuration = services.configuration

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/settings", Role.ADMIN, self.settings, "The options in force."),
            Route(
                "POST",
                "/settings/check",
                Role.ADMIN,
                self.check,
                "Read the configuration file without applying it.",
            ),
            Route(
                "POST",
                "/settings/reload",
                Role.ADMIN,
                self.reload,
                "Read the configuration file and apply it.",
                success=204,
            ),
            Route("GET", "/links", Role.VIEWER, self.links, "Links from pin to pin."),
        ]

    async def settings(self, _call: Call) -> web.Response:
        """Every option in force, secrets masked."""
        options = self._configuration.options()
        # In a thread: a file with hundreds of datastreams has thousands of options.
        settings = await asyncio.to_thread(effective, options)
        file = self._configuration.file
        return api_json(
            {
                "file": None if file is None else str(file),
                "options": [setting._asdict() for setting in settings],
                "warnings": list(options.warnings),
            }
        )

    async def check(self, _call: Call) -> web.Response:
        """What is wrong with the file as it is now; nothing is applied."""
        file = self._require_file()
        try:
            options = await asyncio.to_thread(load, file)
        except ConfigError as error:
            return api_json({"faults": [str(fault) for fault in error.faults], "warnings": []})
        return api_json({"faults": [], "warnings": list(options.warnings)})

    async def reload(self, _call: Call) -> web.Response:
        """Apply the file as it is now; a faulty one is refused and the old one stays in force."""
        self._require_file()
        if self._configuration.reload is None:
            raise Conflict("this gateway cannot load its configuration anew; expected a restart")
        await self._configuration.reload()
        return web.Response(status=204)

    async def links(self, _call: Call) -> web.Response:
        """All links; a stopped one ran in a circle, and rests until the next reload."""
        return api_json(
            {
                "links": [
                    {
                        "from": str(link.source),
                        "to": str(link.target),
                        "stopped": self._configuration.is_stopped(link),
                    }
                    for link in self._configuration.options().links
                ]
            }
        )

    def _require_file(self) -> Path:
        if self._configuration.file is None:
            raise NoConfigurationFile("no configuration file is in use; expected one")
        return self._configuration.file
