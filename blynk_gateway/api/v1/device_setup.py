"""What a board needs to become a device: its sketch, and its auth token to be scanned."""

import io

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import Conflict, RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind
from blynk_gateway.core.accounts import Role
from blynk_gateway.formats.sketch import BOARDS, Target, sketch_for

DEFAULT_BOARD = next(iter(BOARDS))

SKETCH = {
    "board": Field(
        Kind.TEXT,
        f"one of {', '.join(BOARDS)}, {DEFAULT_BOARD} if left out",
        False,
        {"enum": list(BOARDS)},
    )
}


class DeviceSetup:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                "GET",
                "/devices/{slug}/sketch",
                Role.ADMIN,
                self.sketch,
                "A complete sketch for a device; it holds the auth token.",
                query=SKETCH,
            ),
            Route(
                "GET",
                "/devices/{slug}/qr",
                Role.ADMIN,
                self.qr,
                "A device's auth token as a QR code, image/svg+xml.",
            ),
        ]

    async def sketch(self, call: Call) -> web.Response:
        """The sketch, with token and the address that boards on the network use."""
        services = self._services
        device = services.registry.get(call.request.match_info["slug"])
        board = only_field(parse_query(call.request), "board") or DEFAULT_BOARD
        if board not in BOARDS:
            raise RequestError(f"board: expected one of {', '.join(BOARDS)}, found {board[:40]!r}")
        address = services.configuration.lan_address()
        if address is None:
            raise Conflict("server.listen is empty, found no port for devices; expected one")
        target = Target(device.definition.name, device.definition.token, *address)
        datastreams = [
            {
                "pin": state.pin,
                "name": state.datastream.name,
                "type": str(state.datastream.type),
                "writable": state.datastream.is_writable,
            }
            for state in services.store.pins(device.slug)
            if state.datastream is not None
        ]
        text = sketch_for(BOARDS[board], target, datastreams)
        return api_json({"board": board, "boards": list(BOARDS), "text": text})

    async def qr(self, call: Call) -> web.Response:
        """The auth token as a QR code, dark on white whatever the page looks like."""
        device = self._services.registry.get(call.request.match_info["slug"])
        return web.Response(
            body=_qr_svg(device.definition.token),
            headers={
                "Content-Type": "image/svg+xml",
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _qr_svg(text: str) -> bytes:
    import segno  # noqa: PLC0415  rare, and 2 MB large

    svg = io.BytesIO()
    # Without width and height it fills the place that a page gives it.
    segno.make_qr(text).save(svg, kind="svg", light="#fff", omitsize=True, xmldecl=False)
    return svg.getvalue()
