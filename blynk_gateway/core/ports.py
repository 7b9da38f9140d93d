"""What one adapter needs of another, as protocols; `gateway.py` hands over the real thing."""

from typing import NamedTuple, Protocol

from blynk_gateway.core.change import EventChange


class Journal(Protocol):
    """The keeper of everything that was published (made by `history`)."""

    async def flush(self) -> None:
        """Return when everything published so far is committed to disk.

        Raises:
            HistoryError: it cannot be committed now.
        """

    async def events(self, device: str | None, limit: int) -> list[EventChange]:
        """The latest entries of the event timeline, newest first."""


class ApiToken(NamedTuple):
    """A key to `/api/v1`. The token itself is not kept, only its SHA-256 as hex."""

    name: str
    role: str
    digest: str
    created_ms: int


class ApiTokens(Protocol):
    """The list of API tokens (made by `history`)."""

    async def api_tokens(self) -> list[ApiToken]:
        """All of them, by name."""

    async def add_api_token(self, token: ApiToken) -> bool:
        """Add one; False if the name is taken."""

    async def remove_api_token(self, name: str) -> bool:
        """Remove one; False if there is none of this name."""


class MessageSink(Protocol):
    """The far side of a device connection that is no plain socket (a WebSocket)."""

    def send_frames(self, frames: list[bytes]) -> None:
        """Send whole frames, in order; never blocks."""

    def close(self) -> None:
        """Close after what was sent. May be called twice."""


class DeviceLink(Protocol):
    """A device connection as its carrier sees it (made by `blynk_server`)."""

    def received(self, data: bytes) -> None:
        """Bytes came in, in chunks of any size."""

    def lost(self) -> None:
        """The carrier is gone. May be called twice."""

    async def ready(self) -> None:
        """Return when more bytes may be given; back-pressure waits here."""


class DeviceLinks(Protocol):
    """Opens device connections on foreign carriers."""

    def open_link(self, sink: MessageSink, peer: str) -> DeviceLink:
        """A new connection, not logged in."""
