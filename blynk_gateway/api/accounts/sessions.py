"""Browsers that are logged in: all in memory, as on disk.

1. The cookie's secret is known to the browser alone; its digest is kept.
2. The secret's first letter says how long it lives without use. The digest covers it, so that
   nobody can give himself more.
3. A use is written to disk once a minute at most.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from blynk_gateway.api.accounts.digests import digest_of, new_secret
from blynk_gateway.core.accounts import Accounts, Session
from blynk_gateway.core.clock import Clock

KEPT_S: Final = 30 * 86_400
"""How long a session lives without use in a browser that the user wants to keep logged in."""

BRIEF_S: Final = 12 * 3600
"""And in any other."""

WRITE_EVERY_MS: Final = 60_000

MAX_PER_OWNER: Final = 100
"""Sessions of one user or one shared link; the one that was unused longest makes room."""

_KEPT: Final = "k"
_BRIEF: Final = "b"


class Sessions:
    """All sessions.

    Args:
        table: where they are kept.
    """

    def __init__(self, table: Accounts, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._known: dict[str, Session] | None = None
        self._loading = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []

    def on_ended(self, listener: Callable[[], None]) -> None:
        """Have `listener` called whenever sessions have ended."""
        self._listeners.append(listener)

    async def open(self, *, user: str = "", share: str = "", is_kept: bool) -> str:
        """Begin a session; returns the secret for its cookie.

        Args:
            user: name, empty for a visitor.
            share: id of the visitor's link.
            is_kept: whether the browser is to stay logged in.

        Raises:
            HistoryError: it cannot be written; there is no session then.
        """
        known = await self._load()
        now_ms = self._clock.now_ms()
        secret = (_KEPT if is_kept else _BRIEF) + new_secret()
        session = Session(digest_of(secret), user, share, now_ms, now_ms)
        await self._table.put_session(session)
        known[session.digest] = session
        own = [one for one in known.values() if (one.user, one.share) == (user, share)]
        surplus = sorted(own, key=lambda one: one.seen_ms)[:-MAX_PER_OWNER]
        await self.end(one.digest for one in surplus)
        return secret

    async def find(self, secret: str) -> Session | None:
        """The session of a cookie's secret, None if there is none or it was unused too long.

        Raises:
            HistoryError: they cannot be read or written.
        """
        known = await self._load()
        session = known.get(digest_of(secret))
        if session is None:
            return None
        unused_ms = self._clock.now_ms() - session.seen_ms
        if unused_ms > 1000 * life_s(secret):
            await self.end([session.digest])
            return None
        # Seen in the future: the clock was wrong then, and the session would live until after that.
        if unused_ms >= WRITE_EVERY_MS or unused_ms <= -WRITE_EVERY_MS:
            session = session._replace(seen_ms=self._clock.now_ms())
            # Before it is written: of many requests at once one writes.
            known[session.digest] = session
            await self._table.put_session(session)
            if session.digest not in known:
                # It ended meanwhile, and was written after it had been removed.
                await self._table.remove_sessions([session.digest])
                return None
        return session

    async def count(self, user: str) -> int:
        """How many sessions a user has.

        Raises:
            HistoryError: they cannot be read.
        """
        known = await self._load()
        oldest_ms = self._clock.now_ms() - 1000 * KEPT_S
        return sum(one.user == user and one.seen_ms >= oldest_ms for one in known.values())

    async def end(self, digests: Iterable[str]) -> None:
        """End sessions.

        Raises:
            HistoryError: it cannot be written; they go on.
        """
        known = await self._load()
        ended = frozenset(digests) & known.keys()
        if ended:
            await self._table.remove_sessions(ended)
            self._forget(ended)

    async def end_of(self, user: str) -> None:
        """End all of a user.

        Raises:
            HistoryError: it cannot be written; they go on.
        """
        known = await self._load()
        await self.end([one.digest for one in known.values() if one.user == user])

    async def forget(self, *, user: str = "", share: str = "") -> None:
        """The sessions of one user or one shared link are gone from the disk.

        Raises:
            HistoryError: they cannot be read.
        """
        known = await self._load()
        self._forget(
            frozenset(
                one.digest for one in known.values() if (one.user, one.share) == (user, share)
            )
        )

    def _forget(self, digests: frozenset[str]) -> None:
        for digest in digests:
            if self._known is not None:
                self._known.pop(digest, None)
        for listener in self._listeners if digests else ():
            listener()

    async def _load(self) -> dict[str, Session]:
        async with self._loading:
            if self._known is None:
                found = await self._table.sessions()
                oldest_ms = self._clock.now_ms() - 1000 * KEPT_S
                stale = [one.digest for one in found if one.seen_ms < oldest_ms]
                if stale:
                    await self._table.remove_sessions(stale)
                self._known = {one.digest: one for one in found if one.digest not in stale}
            return self._known


def life_s(secret: str) -> int:
    """How long the session of a secret lives without use, in seconds."""
    return KEPT_S if is_kept(secret) else BRIEF_S


def is_kept(secret: str) -> bool:
    """Whether the browser is to stay logged in."""
    return secret.startswith(_KEPT)
