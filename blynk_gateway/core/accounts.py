"""Who may use `/api/v1` and the dashboard: roles, what they cover, and the ports that keep them.

No password, token or session is kept: of a password its scrypt hash, of the others the SHA-256.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, Protocol

from blynk_gateway.core.address import PinAddress


class Role(StrEnum):
    """What a caller may do; each role may also do what the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Scope(NamedTuple):
    """Which devices and pins a caller gets to see; within it, the role says what may be done.

    Attributes:
        devices: slugs of devices seen whole.
        pins: single pins of other devices.
    """

    devices: frozenset[str] = frozenset()
    pins: frozenset[PinAddress] = frozenset()

    @classmethod
    def of_devices(cls, slugs: Iterable[str]) -> "Scope | None":
        """These devices only; None, which is everything, for no slugs."""
        devices = frozenset(slugs)
        return cls(devices) if devices else None

    def has_device(self, slug: str) -> bool:
        """Whether a device is seen at all, whole or in part."""
        return slug in self.devices or any(pin.device == slug for pin in self.pins)

    def has_pin(self, address: PinAddress) -> bool:
        """Whether a pin is seen."""
        return address.device in self.devices or address in self.pins


class User(NamedTuple):
    """Somebody who logs in with a password.

    Attributes:
        password: `scrypt$N$r$p$SALT$HASH`, salt and hash in Base64.
        seen_ms: last login, 0 for never.
    """

    name: str
    role: str
    password: str
    created_ms: int
    seen_ms: int


class Session(NamedTuple):
    """A browser that is logged in.

    Attributes:
        digest: SHA-256 of the cookie's secret as hex.
        user: name, empty for a visitor with a shared link.
        share: id of the shared link, empty for a user.
        seen_ms: last use, to a minute or so.
    """

    digest: str
    user: str
    share: str
    created_ms: int
    seen_ms: int


class Share(NamedTuple):
    """A link that shows one dashboard, to be seen only, to whoever has it.

    Attributes:
        digest: SHA-256 of the link's token as hex.
        expires_ms: None for never.
    """

    id: str
    digest: str
    dashboard: str
    created_ms: int
    expires_ms: int | None


class Accounts(Protocol):
    """Users, their sessions, and shared links (made by `history`).

    Each method is on disk when it returns, and raises HistoryError where it cannot be.
    """

    async def users(self) -> list[User]:
        """All of them, by name."""

    async def put_user(self, user: User) -> None:
        """Add one, or put it in place of the one of its name."""

    async def remove_user(self, name: str) -> bool:
        """Remove one and its sessions; False if there is none of this name."""

    async def sessions(self) -> list[Session]:
        """All of them."""

    async def put_session(self, session: Session) -> None:
        """Add one, or put it in place of the one with its digest."""

    async def remove_sessions(self, digests: Iterable[str]) -> None:
        """Remove those; none is missed."""

    async def shares(self) -> list[Share]:
        """All of them, oldest first."""

    async def add_share(self, share: Share) -> None:
        """Add one."""

    async def remove_share(self, share_id: str) -> bool:
        """Remove one and its sessions; False if there is none with this id."""
