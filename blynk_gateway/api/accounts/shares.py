"""Links that show one dashboard to whoever has them."""

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final, NamedTuple

from blynk_gateway.api.accounts.digests import digest_of, new_secret
from blynk_gateway.api.accounts.sessions import Sessions
from blynk_gateway.api.faults import Conflict, UnknownShare
from blynk_gateway.core.accounts import Accounts, Share
from blynk_gateway.core.clock import Clock

MAX_SHARES: Final = 100
MAX_DAYS: Final = 3650

_DAY_MS: Final = 86_400_000


class NewShare(NamedTuple):
    """A link that was just made; its token is told this once only."""

    share: Share
    token: str


class Shares:
    """All links.

    Args:
        table: where they are kept.
        sessions: those of their visitors.
    """

    def __init__(self, table: Accounts, sessions: Sessions, clock: Clock) -> None:
        self._table = table
        self._sessions = sessions
        self._clock = clock
        self._known: dict[str, Share] | None = None
        self._loading = asyncio.Lock()

    async def all(self) -> list[Share]:
        """All of them, oldest first; those too that have expired.

        Raises:
            HistoryError: they cannot be read.
        """
        return list((await self._load()).values())

    async def find(self, share_id: str) -> Share | None:
        """One that is valid now, or None.

        Raises:
            HistoryError: they cannot be read.
        """
        share = (await self._load()).get(share_id)
        return None if share is None or self._is_over(share) else share

    async def add(self, dashboard: str, days: float | None) -> NewShare:
        """Make a link.

        Args:
            days: how long it is valid, None for ever.

        Raises:
            Conflict: there are too many.
            HistoryError: it cannot be written; there is no such link then.
        """
        known = await self._load()
        for one in [one for one in known.values() if self._is_over(one)]:
            await self.remove(one.id)
        if len(known) >= MAX_SHARES:
            raise Conflict(f"there are {MAX_SHARES} shared links already; that is the limit")
        now_ms = self._clock.now_ms()
        expires_ms = None if days is None else now_ms + round(days * _DAY_MS)
        token = new_secret()
        share = Share(secrets.token_hex(4), digest_of(token), dashboard, now_ms, expires_ms)
        await self._table.add_share(share)
        known[share.id] = share
        return NewShare(share, token)

    async def remove(self, share_id: str) -> None:
        """Revoke a link: its visitors are out at once.

        Raises:
            UnknownShare: there is none with this id.
            HistoryError: it cannot be written; nothing is changed.
        """
        known = await self._load()
        if share_id not in known or not await self._table.remove_share(share_id):
            raise UnknownShare(f"there is no shared link {share_id[:40]!r}")
        known.pop(share_id, None)
        await self._sessions.forget(share=share_id)

    async def prune(self, is_there: Callable[[str], bool]) -> None:
        """Revoke the links to dashboards that are gone: a later one of the name is another.

        Args:
            is_there: whether there is a dashboard with a slug.

        Raises:
            HistoryError: it cannot be written; some of them are left.
        """
        for share in await self.all():
            if not is_there(share.dashboard):
                with contextlib.suppress(UnknownShare):
                    await self.remove(share.id)

    async def open(self, token: str) -> str | None:
        """Begin a visitor's session; returns the secret for its cookie, None for a wrong token.

        Raises:
            HistoryError: it cannot be written; there is no session then.
        """
        digest = digest_of(token)
        found = None
        for one in (await self._load()).values():
            if hmac.compare_digest(one.digest, digest):
                found = one
        if found is None or self._is_over(found):
            return None
        secret = await self._sessions.open(share=found.id, is_kept=False)
        # Revoked while the session was written: it would be left over.
        if await self.find(found.id) is None:
            await self._sessions.forget(share=found.id)
            return None
        return secret

    def _is_over(self, share: Share) -> bool:
        return share.expires_ms is not None and share.expires_ms <= self._clock.now_ms()

    async def _load(self) -> dict[str, Share]:
        async with self._loading:
            if self._known is None:
                self._known = {share.id: share for share in await self._table.shares()}
            return self._known
