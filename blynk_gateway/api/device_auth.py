"""Who calls a device dialect: the device whose token came in path, query or header."""

import logging

from aiohttp import web

from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.services import Services
from blynk_gateway.core.device import Device
from blynk_gateway.runtime.logs import Repeats, masked

log = logging.getLogger(__name__)

INVALID_TOKEN = "Invalid token."  # noqa: S105  the refusal, not a token


def bearer(request: web.Request) -> str | None:
    """The token of `Authorization: Bearer TOKEN`, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


class DeviceAuth:
    """Finds devices by token and logs the misses, one line a minute for each peer."""

    def __init__(self, services: Services) -> None:
        self._registry = services.registry
        self._health = services.health
        self._repeats = Repeats(services.clock)

    def device(self, token: str, request: web.Request) -> Device:
        """The device with this token.

        Raises:
            Refusal: there is none.
        """
        device = self._registry.find_by_token(token)
        if device is not None:
            return device
        self._health.count("http_invalid_tokens")
        held_back = self._repeats.allow(request.remote)
        if held_back is not None:
            log.info(
                "http request with unknown token",
                extra={"peer": request.remote, "token": masked(token), "held_back": held_back},
            )
        raise Refusal(INVALID_TOKEN)
