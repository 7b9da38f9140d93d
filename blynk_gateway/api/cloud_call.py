"""A request of the Blynk IoT dialect, its device known."""

from typing import NamedTuple, TypeAlias

from aiohttp import web

from blynk_gateway.core.device import Device

Query: TypeAlias = dict[str, list[str]]
"""Values of the query by name, in order."""


class CloudCall(NamedTuple):
    """What every endpoint works with."""

    request: web.Request
    device: Device
    query: Query
