"""Users: who may log in, as which role, with which password."""

import asyncio
import logging
import re
from typing import Final

from blynk_gateway.api.accounts.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from blynk_gateway.api.accounts.sessions import Sessions
from blynk_gateway.api.faults import Conflict, RequestError, UnknownUser
from blynk_gateway.core.accounts import Accounts, Role, User
from blynk_gateway.core.clock import Clock

log = logging.getLogger(__name__)

MAX_USERS: Final = 100

# A name is a path segment, and clients resolve `.` and `..` away.
NAME: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,32}")


class Users:
    """All users.

    Args:
        table: where they are kept.
        sessions: theirs.
    """

    def __init__(self, table: Accounts, sessions: Sessions, clock: Clock) -> None:
        self._table = table
        self._sessions = sessions
        self._clock = clock
        self._passwords = Passwords()
        self._known: dict[str, User] | None = None
        # One change at a time: a login must not outrun the removal of its user.
        self._changing = asyncio.Lock()
        self._loading = asyncio.Lock()

    async def all(self) -> list[User]:
        """All of them, by name.

        Raises:
            HistoryError: they cannot be read.
        """
        known = await self._load()
        return [known[name] for name in sorted(known)]

    async def find(self, name: str) -> User | None:
        """One, or None.

        Raises:
            HistoryError: they cannot be read.
        """
        return (await self._load()).get(name)

    async def add(self, name: str, role: Role, password: str, *, is_first: bool = False) -> User:
        """Add a user.

        Args:
            is_first: there must not be one yet.

        Raises:
            RequestError: name or password are not as they have to be.
            Conflict: the name is taken, or there are too many.
            HistoryError: it cannot be written; there is no such user then.
        """
        if not NAME.fullmatch(name):
            raise RequestError("body.name: expected 1 to 32 of a–z, A–Z, 0–9, _ . -")
        check_password(password)
        hashed = await self._passwords.hash(password)
        async with self._changing:
            known = await self._load()
            if is_first and known:
                raise Conflict("there is a user already; expected none")
            if name.casefold() in {one.casefold() for one in known}:
                raise Conflict(f"there is a user {name!r} already; expected another name")
            if len(known) >= MAX_USERS:
                raise Conflict(f"there are {MAX_USERS} users already; that is the limit")
            user = User(name, role, hashed, self._clock.now_ms(), 0)
            await self._put(user)
        return user

    async def change(
        self, name: str, *, role: Role | None = None, password: str | None = None
    ) -> User:
        """Change a user, whose sessions end unless nothing is changed.

        Raises:
            RequestError: the password is not as it has to be.
            UnknownUser: there is none of this name.
            Conflict: it is the last admin.
            HistoryError: it cannot be written.
        """
        if password is not None:
            check_password(password)
        await self._get(name)
        hashed = None if password is None else await self._passwords.hash(password)
        async with self._changing:
            user = await self._get(name)
            changed = user._replace(role=role or user.role, password=hashed or user.password)
            if changed.role != Role.ADMIN:
                await self._check_another_admin(user)
            if changed != user:
                await self._put(changed)
                await self._sessions.end_of(name)
        return changed

    async def remove(self, name: str) -> None:
        """Remove a user and its sessions.

        Raises:
            UnknownUser: there is none of this name.
            Conflict: it is the last admin.
            HistoryError: it cannot be written; nothing is changed.
        """
        async with self._changing:
            await self._check_another_admin(await self._get(name))
            await self._table.remove_user(name)
            (await self._load()).pop(name, None)
            await self._sessions.forget(user=name)

    async def end_sessions(self, name: str) -> None:
        """Log a user out everywhere.

        Raises:
            UnknownUser: there is none of this name.
            HistoryError: it cannot be written; they go on.
        """
        await self._get(name)
        await self._sessions.end_of(name)

    async def login(self, name: str, password: str, *, is_kept: bool) -> str | None:
        """Begin a session; returns the secret for its cookie, None for a wrong name or password.

        Raises:
            Throttled: too many others log in.
            HistoryError: it cannot be written; there is no session then.
        """
        user = await self.find(name)
        if not await self._is_right(user, password):
            return None
        assert user is not None, "without a user no password is right"
        renewed = None
        if self._passwords.is_outdated(user.password):
            renewed = await self._passwords.hash(password)
        async with self._changing:
            now = await self.find(name)
            if now is None or now._replace(seen_ms=user.seen_ms) != user:
                # Changed or removed while the password was looked at; another login is fine.
                return None
            seen = now._replace(seen_ms=self._clock.now_ms(), password=renewed or now.password)
            await self._put(seen)
            return await self._sessions.open(user=name, is_kept=is_kept)

    async def change_own_password(self, name: str, old: str, new: str) -> bool:
        """Change the password of a user who knows the old one; False if that is wrong.

        Raises:
            RequestError: the new one is not as it has to be.
            HistoryError: it cannot be written.
        """
        if not await self._is_right(await self.find(name), old):
            return False
        await self.change(name, password=new)
        return True

    async def _is_right(self, user: User | None, password: str) -> bool:
        stored = None if user is None else user.password
        # Longer than any: not worth a hash, and the length is no secret.
        if len(password) > MAX_LENGTH:
            return False
        return await self._passwords.is_right(password, stored)

    async def _check_another_admin(self, user: User) -> None:
        admins = [one.name for one in await self.all() if one.role == Role.ADMIN]
        if admins == [user.name]:
            raise Conflict(f"{user.name!r} is the last admin; expected another one beside it")

    async def _get(self, name: str) -> User:
        user = await self.find(name)
        if user is None:
            raise UnknownUser(f"there is no user {name[:40]!r}")
        return user

    async def _put(self, user: User) -> None:
        await self._table.put_user(user)
        (await self._load())[user.name] = user

    async def _load(self) -> dict[str, User]:
        async with self._loading:
            if self._known is None:
                self._known = {user.name: user for user in await self._table.users()}
            return self._known


def check_password(password: str, field: str = "password") -> None:
    """Check that a password is as it has to be.

    Raises:
        RequestError: it is too short or too long; says so of this field of the body.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise RequestError(
            f"body.{field}: expected {MIN_LENGTH} to {MAX_LENGTH} characters, found {len(password)}"
        )
