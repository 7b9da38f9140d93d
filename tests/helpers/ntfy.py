"""A stand-in for ntfy: the part of its server that takes messages as JSON.

Source: https://docs.ntfy.sh/publish/#publish-as-json, and its error codes in server/errors.go.
"""

import asyncio
import base64
import json
from typing import Any, Self

from aiohttp import web

ARRIVES_WITHIN_S = 20.0
MAX_MESSAGE_BYTES = 4096


class Ntfy:
    """`async with` makes it listen.

    Attributes:
        messages: those that were taken, as ntfy's subscribers get them.
        attempts: requests, taken or not.
        status: what each request is answered by, 200 for taking it.
        token: that requests have to bear, None for none.
        login: user and password that they have to have, None for none.
        is_hanging: requests are not answered.
    """

    def __init__(self, token: str | None = None, login: tuple[str, str] | None = None) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.attempts = 0
        self.status = 200
        self.token = token
        self.login = login
        self.is_hanging = False
        self.port = 0
        self._never = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/", self._publish)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        self._never.set()
        await self._runner.cleanup()

    def url(self, topic: str = "garden") -> str:
        """Of Apprise."""
        if self.token is not None:
            return f"ntfy://{self.token}@127.0.0.1:{self.port}/{topic}?auth=token"
        user = "" if self.login is None else ":".join(self.login) + "@"
        return f"ntfy://{user}127.0.0.1:{self.port}/{topic}"

    async def message(self) -> dict[str, Any]:
        """The next that arrives."""
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            return await self.messages.get()

    async def tried(self, attempts: int) -> None:
        """Return when there were so many requests."""
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while self.attempts < attempts:  # noqa: ASYNC110  nothing signals requests
                await asyncio.sleep(0.01)

    async def _publish(self, request: web.Request) -> web.Response:
        self.attempts += 1
        if self.is_hanging:
            await self._never.wait()
        if not self._is_authorized(request):
            return _error(401, 40101, "unauthorized")
        if self.status != 200:
            return _error(self.status, self.status * 100, "internal server error")
        text = await request.text()
        if len(text.encode()) > MAX_MESSAGE_BYTES * 2:
            return _error(413, 41303, "message too large")
        message = json.loads(text)
        if not isinstance(message, dict) or not message.get("topic"):
            return _error(400, 40009, "invalid request: topic invalid")
        message.setdefault("message", "triggered")
        self.messages.put_nowait(message)
        return web.json_response({"id": "hwQ2YpKdmg", "event": "message", **message})

    def _is_authorized(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "")
        if self.token is not None:
            return header == f"Bearer {self.token}"
        if self.login is not None:
            login = base64.b64encode(":".join(self.login).encode()).decode()
            return header == f"Basic {login}"
        return True


def _error(status: int, code: int, text: str) -> web.Response:
    body = {"code": code, "http": status, "error": text, "link": "https://ntfy.sh/docs/publish/"}
    return web.json_response(body, status=status)
