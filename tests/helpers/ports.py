"""Small real things behind the ports of `core/ports.py`: all in memory, nothing is pretended."""

import asyncio

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import EventChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import ApiToken, MessageSink


class MemoryJournal:
    """Keeps events and API tokens as long as the test lives."""

    def __init__(self, bus: PinBus) -> None:
        self._mailbox = Mailbox(100_000, Overflow.CLOSE)
        bus.subscribe(self._mailbox, origin=None, echo=True)
        self._events: list[EventChange] = []
        self._tokens: dict[str, ApiToken] = {}

    async def flush(self) -> None:
        self._events += [one for one in self._mailbox.drain() if isinstance(one, EventChange)]

    async def events(self, device: str | None, limit: int) -> list[EventChange]:
        await self.flush()
        found = [one for one in self._events if device is None or one.device == device]
        return found[::-1][:limit]

    async def api_tokens(self) -> list[ApiToken]:
        return [self._tokens[name] for name in sorted(self._tokens)]

    async def add_api_token(self, token: ApiToken) -> bool:
        return self._tokens.setdefault(token.name, token) is token

    async def remove_api_token(self, name: str) -> bool:
        return self._tokens.pop(name, None) is not None


class MemoryLink:
    """One device connection that keeps what it received and can be made to wait."""

    def __init__(self, sink: MessageSink, peer: str) -> None:
        self.sink = sink
        self.peer = peer
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.ended = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.chunks.put_nowait(data)

    def lost(self) -> None:
        self.ended.set()

    async def ready(self) -> None:
        await self.may_go_on.wait()


class MemoryLinks:
    """Opens `MemoryLink`s."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[MemoryLink] = asyncio.Queue()

    def open_link(self, sink: MessageSink, peer: str) -> MemoryLink:
        link = MemoryLink(sink, peer)
        self.opened.put_nowait(link)
        return link
