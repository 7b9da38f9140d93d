"""What of api.particle.io calls a function of a device: `POST /v1/devices/{id}/{function}`.

A form with `args`, a Bearer token, answers and errors as JSON. Source: Particle's Cloud API
reference, "Call a function" and "Errors". Besides, a server that does whatever a test wants.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import web


class Call(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is answered in place of the right answer; None as status for nothing, ever."""

    status: int | None
    text: str | bytes = ""
    headers: Mapping[str, str] = {}


class Particle:
    """One account with one device.

    Attributes:
        calls: every request, in order.
        functions: what each function of the device was called with.
        replies: used up first, one for each request.
    """

    def __init__(self, token: str, device: str = "0123abc") -> None:
        self._token = token
        self._device = device
        self._runner: web.AppRunner | None = None
        self.calls: asyncio.Queue[Call] = asyncio.Queue()
        self.functions: dict[str, list[str]] = {"blynk_led": []}
        self.replies: deque[Reply] = deque()
        self.port = 0
        self._ended = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        self._ended.set()
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        call = Call(request.method, request.raw_path, dict(request.headers), body)
        reply = self.replies.popleft() if self.replies else None
        self.calls.put_nowait(call)
        if reply is None:
            return await self._function(request)
        if reply.status is None:
            await self._ended.wait()
        data = reply.text.encode() if isinstance(reply.text, str) else reply.text
        return web.Response(status=reply.status or 504, body=data, headers=dict(reply.headers))

    async def _function(self, request: web.Request) -> web.Response:
        parts = request.path.strip("/").split("/")
        if request.method != "POST" or parts[:2] != ["v1", "devices"] or len(parts) != 4:
            return web.json_response({"ok": False, "error": "Not Found"}, status=404)
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            error = {
                "error": "invalid_token",
                "error_description": "The access token provided is invalid.",
            }
            return web.json_response(error, status=401)
        device, function = parts[2:]
        if device != self._device:
            error = {
                "error": "Permission Denied",
                "info": "I didn't recognize that device name or ID",
            }
            return web.json_response(error, status=403)
        if function not in self.functions:
            error_text = f"Function {function} not found"
            return web.json_response({"ok": False, "error": error_text}, status=404)
        form = await request.post()
        self.functions[function].append(str(form.get("args", form.get("arg", ""))))
        return web.json_response(
            {"id": device, "last_app": "", "connected": True, "return_value": 1}
        )
