"""A whole gateway in this process, and peers that speak to it in raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

from blynk_gateway.api.accounts.cookies import PLAIN_NAME
from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.config import load
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import ApiToken
from blynk_gateway.gateway import Gateway
from tests.helpers.patience import PATIENCE_S

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

TOKEN = b"4ae3851817194e2596cf1b7103603ef8"
"""Auth token of the device `greenhouse`."""

ADMIN, VIEWER = b"admin-secret-of-the-fuzzer", b"viewer-secret-of-the-fuzzer"
"""API tokens."""

PASSWORD = "correct horse"

CONFIG = f"""
devices:
  greenhouse: {{name: Greenhouse, token: {TOKEN.decode()}, template: climate}}
templates:
  climate:
    datastreams:
      V1: {{name: Fan, type: int, min: 0, max: 1, default: 0}}
      V2: {{name: Set point, type: double, min: 5, max: 30}}
      V4: {{name: Place, type: location}}
      V5: {{name: Mode, type: enum, labels: {{0: "off", 1: auto}}}}
gpio: {{factory: mock, direct: [17, 18]}}
links: [{{from: greenhouse/V1, to: pi/V1}}]
automations:
  - {{name: Too hot, when: {{pin: greenhouse/V2, above: 25}}, then: {{set: {{greenhouse/V1: 1}}}}}}
dashboards:
  home: {{widgets: [{{type: switch, pin: greenhouse/V1}}]}}
server: {{listen: ["127.0.0.1:0"], listen_tls: []}}
"""

LOADED_WITHIN_S = 60.0
"""For the first request, with which the HTTP side is loaded."""

QUIET_S = 0.02
"""So long is waited for an answer to what may be no whole request."""

MAX_TASKS_LEFT = 20
"""Tasks more than at the beginning while nobody is connected: some end a moment later."""

LOOK_EVERY = 50
"""Inputs between two looks whether all is well."""

_OF_PEOPLE = re.compile(rb"[A-Z]+ /(api/|metrics|session)")
_FAILED = re.compile(rb"HTTP/1\.[01] 5(?!03)\d\d")


class Answered(NamedTuple):
    """What came back.

    Attributes:
        is_closed: the gateway ended the connection before we did.
    """

    data: bytes
    is_closed: bool


class Attacked:
    """A running gateway and what holds for it whatever peers send.

    Attributes:
        cookie: `name=secret` of an operator's session.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.port = gateway.server.addresses[0][1]
        self.cookie = b""
        self._mailbox = Mailbox(100_000, Overflow.CONFLATE)
        gateway.bus.subscribe(self._mailbox, origin=None, echo=True)
        self._tasks = 0
        self._checked = 0

    async def start(self) -> None:
        """Log in, with which HTTP is loaded."""
        await self.gateway.accounts.users.add("olga", Role.OPERATOR, PASSWORD)
        self.cookie = await self._log_in()
        await self._renew()
        await self.document()
        self._tasks = len(asyncio.all_tasks())

    async def document(self) -> dict[str, Any]:
        """The description of all routes below `/api`."""
        request = b"GET /api/v1/openapi.json HTTP/1.0\r\n\r\n"
        answer = await self._get(request, LOADED_WITHIN_S)
        found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
        return found

    async def exchange(self, pieces: list[bytes], rng: random.Random, *, wait_s: float) -> Answered:
        """Send pieces on a connection of its own and read to its end.

        Args:
            rng: chooses the address it comes from: what is braked by address is not to be all.
            wait_s: so long is waited for the first byte of an answer.
        """
        here = (f"127.{rng.randrange(1, 250)}.{rng.randrange(250)}.{rng.randrange(1, 250)}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=here)
        received, is_closed = b"", False
        try:
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    received = await reader.read(1 << 16)
                    is_closed = not received
            writer.write_eof()
            async with asyncio.timeout(PATIENCE_S):
                while more := await reader.read(1 << 16):
                    received += more
        except OSError:
            # Reset, or not connected any more.
            is_closed = True
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return Answered(received, is_closed)

    async def check(
        self, sent: bytes, answered: Answered, *, is_let_in: bool | None = None
    ) -> None:
        """Check what holds after any input.

        Args:
            is_let_in: whether it has credentials; None for a look whether they stand in it.

        Raises:
            AssertionError: it does not.
        """
        # The device dialects say 500 where the originals do; a fault of ours is logged as well.
        if _OF_PEOPLE.match(sent):
            assert not _FAILED.match(answered.data), answered.data[:300]
        changes = [one for one in self._mailbox.drain() if isinstance(one, PinChange)]
        if is_let_in is None:
            is_let_in = self._has_credentials(sent)
        assert is_let_in or not changes, f"changed without a login: {changes}"
        self._checked += 1
        if self._checked % LOOK_EVERY == 0:
            await self._look()

    def _has_credentials(self, sent: bytes) -> bool:
        text = unquote_to_bytes(sent)
        return any(one in text for one in (TOKEN, ADMIN, VIEWER, self.cookie, PASSWORD.encode()))

    async def _look(self) -> None:
        """Check that it still serves, and that nothing piles up."""
        answer = await self._get(b"GET /api/health HTTP/1.0\r\n\r\n")
        assert b" 200 " in answer[:20], "it does not serve any more"
        async with asyncio.timeout(PATIENCE_S):
            while len(asyncio.all_tasks()) > self._tasks + MAX_TASKS_LEFT:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(QUIET_S)
        await self._renew()

    async def _get(self, request: bytes, within_s: float = PATIENCE_S) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            async with asyncio.timeout(within_s):
                return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    async def _renew(self) -> None:
        """Give back what inputs with an admin's token may have removed."""
        for name, role, secret in (("a", "admin", ADMIN), ("v", "viewer", VIEWER)):
            token = ApiToken(name, role, digest_of(secret.decode()), 0)
            await self.gateway.api_tokens.add_api_token(token)

    async def _log_in(self) -> bytes:
        secret = await self.gateway.accounts.sessions.open(user="olga", is_kept=True)
        return f"{PLAIN_NAME}={secret}".encode()


def _made_in(directory: Path) -> Gateway:
    file, data_dir = directory / "gateway.yaml", directory / "data"
    file.write_text(CONFIG)
    data_dir.mkdir(mode=0o700)
    return Gateway(load(file, {}), data_dir, config=file)


@asynccontextmanager
async def attacked() -> AsyncIterator[Attacked]:
    """A gateway with a device, its own simulated pins, rules, and callers of each kind."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        gateway = _made_in(Path(directory))
        await gateway.start()
        try:
            target = Attacked(gateway)
            await target.start()
            yield target
        finally:
            await gateway.stop()
