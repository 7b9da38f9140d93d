"""Brakes on guessing tokens and passwords."""

import ipaddress
from collections import OrderedDict
from typing import Final

from blynk_gateway.api.faults import Throttled
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.quota import TokenBucket

AT_ONCE: Final = 10
PER_SECOND: Final = 0.2
"""Wrong tries from one address: enough for a person's mistakes, nothing for a guesser."""

NAME_AT_ONCE: Final = 20
NAME_PER_SECOND: Final = 0.2
"""Wrong tries for one user from all addresses together."""

SPARED_AGAIN_S: Final = 600.0
"""So long after its last wrong try for a user, an address is not held up by what others tried."""

MAX_KEYS: Final = 1000
MAX_NAME: Final = 64
"""Characters that are kept of a name. No user has one so long, and keys are not to fill memory."""

_V6_NETWORK_BITS: Final = 64


class Brake:
    """Lets a few tries of each key through, and then one from time to time.

    Args:
        clock: its monotonic time is used.
        per_second: tries that come back.
        at_once: tries that a new key has.
    """

    def __init__(
        self, clock: Clock, per_second: float = PER_SECOND, at_once: float = AT_ONCE
    ) -> None:
        self._clock = clock
        self._per_second = per_second
        self._at_once = at_once
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def try_again(self, key: str) -> bool:
        """Whether a key that has failed may try; that counts as a try. True for all others."""
        bucket = self._buckets.get(key)
        return bucket is None or bucket.take(1, self._clock.monotonic())

    def take(self, key: str) -> bool:
        """Whether a key may try; it counts at once, so that no crowd gets by side by side."""
        now = self._clock.monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._per_second, self._at_once, now)
            if len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)
        # Who goes on trying is not the one to be forgotten.
        self._buckets.move_to_end(key)
        return bucket.take(1, now)

    def knows(self, key: str) -> bool:
        """Whether the key has failed, and not been forgotten."""
        return key in self._buckets

    def release(self, key: str) -> None:
        """A key was right: its failures do not count any more."""
        self._buckets.pop(key, None)


class LoginThrottle:
    """Brakes logins by address and by user name.

    An address that has not failed for a user lately is never held up by what others tried: nobody
    can lock a person out.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._addresses = Brake(clock)
        self._names = Brake(clock, NAME_PER_SECOND, NAME_AT_ONCE)
        self._tried: OrderedDict[tuple[str, str], float] = OrderedDict()

    def check(self, peer: str | None, name: str = "") -> None:
        """Count a try.

        Args:
            peer: the address it comes from.
            name: of the user, empty where it is for none (a setup or shared link).

        Raises:
            Throttled: there were too many.
        """
        address = network_of(peer)
        if not self._addresses.take(address):
            raise Throttled("too many logins failed from this address")
        if not name:
            return
        name = name[:MAX_NAME]
        is_free = self._names.take(name)
        if not is_free and not self._is_spared(address, name):
            raise Throttled("too many logins failed for this user")
        self._tried[address, name] = self._clock.monotonic()
        self._tried.move_to_end((address, name))
        if len(self._tried) > MAX_KEYS:
            self._tried.popitem(last=False)

    def succeeded(self, peer: str | None, name: str = "") -> None:
        """The try was right."""
        address, name = network_of(peer), name[:MAX_NAME]
        self._addresses.release(address)
        self._names.release(name)
        self._tried.pop((address, name), None)

    def _is_spared(self, address: str, name: str) -> bool:
        tried_at = self._tried.get((address, name))
        return tried_at is None or self._clock.monotonic() >= tried_at + SPARED_AGAIN_S


def network_of(peer: str | None) -> str:
    """An address, of IPv6 the network: a host has as many addresses there as it likes."""
    try:
        address = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return peer or ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _V6_NETWORK_BITS), strict=False))
