"""Unknown tokens: remembered, and turned into devices while pairing is open."""

from collections import OrderedDict
from typing import NamedTuple

from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.definition import TOKEN_PATTERN, DeviceDefinition, DeviceSource
from blynk_gateway.core.device import Device, DeviceRegistry
from blynk_gateway.errors import DeviceError

MAX_REFUSED = 100
"""Refused logins remembered; beyond it the oldest is forgotten."""


class RefusedLogin(NamedTuple):
    """Logins with one unknown token. `token` is a secret: show four characters of it."""

    token: str
    peer: str
    first_ms: int
    last_ms: int
    attempts: int


class Pairing:
    """Decides about logins with unknown tokens."""

    def __init__(self, registry: DeviceRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._open_until = 0.0
        self._refused: OrderedDict[str, RefusedLogin] = OrderedDict()

    @property
    def seconds_left(self) -> float:
        """How long pairing stays open; 0 if it is closed."""
        return max(0.0, self._open_until - self._clock.monotonic())

    @property
    def refused(self) -> list[RefusedLogin]:
        """Refused logins, latest last."""
        return list(self._refused.values())

    def open(self, seconds: float) -> None:
        """Let unknown tokens in for so long; 0 closes."""
        self._open_until = self._clock.monotonic() + seconds

    def admit(self, token: str, peer: str) -> Device | None:
        """The new device for an unknown token, or None if it is to be refused.

        Args:
            token: as sent.
            peer: the address it came from.
        """
        if self.seconds_left > 0 and TOKEN_PATTERN.fullmatch(token):
            try:
                return self.adopt(token)
            except DeviceError:
                # Full: refuse like any other.
                pass
        now_ms = self._clock.now_ms()
        known = self._refused.pop(token, None)
        self._refused[token] = (
            RefusedLogin(token, peer, now_ms, now_ms, 1)
            if known is None
            else known._replace(peer=peer, last_ms=now_ms, attempts=known.attempts + 1)
        )
        if len(self._refused) > MAX_REFUSED:
            self._refused.popitem(last=False)
        return None

    def adopt(self, token: str) -> Device:
        """Make a device of a token; it is named `device-1`, `device-2` and so on.

        Raises:
            DeviceExists: the token is a device's already.
            DeviceError: the token is malformed, or there is no room.
        """
        number = 1
        while self._registry.find(f"device-{number}") is not None:
            number += 1
        definition = DeviceDefinition(
            slug=f"device-{number}",
            name=f"Device {number}",
            token=token,
            source=DeviceSource.PAIRED,
        )
        device = self._registry.add(definition, Origin(OriginKind.GATEWAY, "pairing"))
        self._refused.pop(token, None)
        return device
