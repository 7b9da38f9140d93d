"""Passwords: hashed by scrypt, checked at a cost that does not tell whether the user exists.

1. A hash takes 16 MiB and some 50 ms, on a small board ten times that. It runs in a thread, two at
   most at once, so that neither memory nor processor is a guesser's to use up.
2. A password is normalised (NFKC) before, because keyboards write one letter in several ways.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from typing import Final, NamedTuple

from blynk_gateway.api.faults import Throttled

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256
"""Characters of a password. The upper bound is no more than a limit of work."""

AT_ONCE: Final = 2
MAX_WAITING: Final = 20
"""Logins that wait for a hash. Those of people are few; more are a flood."""

_KIND: Final = "scrypt"
_MAX_MEMORY: Final = 64 * 1024 * 1024
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


class _Cost(NamedTuple):
    """Parameters of scrypt. Source: OWASP's password storage cheat sheet, the 16 MiB row."""

    n: int = 2**14
    r: int = 8
    p: int = 1


_NOBODY: Final = "$".join([_KIND, *map(str, _Cost()), "A" * 22 + "==", "A" * 43 + "="])
"""What the password of a user that does not exist is compared with."""


class Passwords:
    """Makes hashes and compares with them, a few at a time."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """`scrypt$N$r$p$SALT$HASH` of a password, with a new salt.

        Raises:
            Throttled: too many others wait.
        """
        salt, cost = secrets.token_bytes(_SALT_BYTES), _Cost()
        found = await self._scrypt(password, salt, cost)
        return "$".join([_KIND, *map(str, cost), _text(salt), _text(found)])

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one that `stored` was made of.

        Args:
            stored: None for a user that does not exist; it takes the same time.

        Raises:
            Throttled: too many others wait.
        """
        kept = _parse(stored or _NOBODY)
        if kept is None:
            return False
        cost, salt, expected = kept
        found = await self._scrypt(password, salt, cost)
        return hmac.compare_digest(found, expected) and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made at another cost than is usual now."""
        kept = _parse(stored)
        return kept is None or kept[0] != _Cost()

    async def _scrypt(self, password: str, salt: bytes, cost: _Cost) -> bytes:
        if self._waiting >= MAX_WAITING:
            raise Throttled("too many logins are being checked at the moment")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(_scrypt, password, salt, cost)
        finally:
            self._waiting -= 1


def _scrypt(password: str, salt: bytes, cost: _Cost) -> bytes:
    plain = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        plain, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=_MAX_MEMORY, dklen=_HASH_BYTES
    )


def _parse(stored: str) -> tuple[_Cost, bytes, bytes] | None:
    """Cost, salt and hash of what is stored; None where it is damaged or of another kind."""
    parts = stored.split("$")
    try:
        kind, n, r, p, salt, expected = parts
        found = _Cost(int(n), int(r), int(p)), _bytes(salt), _bytes(expected)
    except (ValueError, binascii.Error):
        return None
    # Beyond it scrypt raises: the memory is 128·N·r bytes, and a little.
    return found if kind == _KIND and 128 * found[0].n * found[0].r < _MAX_MEMORY else None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
