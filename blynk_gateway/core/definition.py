"""What the owner laid down about a device, as opposed to what it told us itself."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from blynk_gateway.core.address import SLUG_PATTERN
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.core.events import Events
from blynk_gateway.errors import DeviceError

TOKEN_PATTERN = re.compile(r"(?!(?:api|external|uploads|\.{1,2})$|websocket)[!-.0-~]{1,64}")
"""Printable ASCII without blank and slash: a token is the first segment of a path of the HTTP API,
and so none of the words that other paths begin with, `.` or `..`. The stock length is 32, but any
is accepted (blynk-protocol §18.6)."""

TOKEN_RULE = (
    "1 to 64 printable ASCII characters without blank and slash,"  # noqa: S105  no secret
    " but not api, external, uploads, . or .., nor anything that begins with websocket"
)


RESERVED_SLUG = "bridge"
"""The gateway's own topics have it where those of a device have its slug."""


class DeviceSource(StrEnum):
    """Where a device is declared."""

    FILE = "file"
    COMMAND = "command"
    PAIRED = "paired"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class DeviceDefinition:
    """One device as declared.

    Attributes:
        slug: `[a-z0-9][a-z0-9-]{0,31}`, its name in addresses.
        token: its auth token; a secret, kept out of `repr`.
        template: name of the template whose datastreams it has.
        datastreams: its own by pin; each stands in place of the template's.
        stale_after_ms: silence after which it counts as stale; None for never.
        metadata: fields given in the configuration; the device may overwrite them.
        pins: its direct pins and their modes.
        open_pins: the only D and A pins it has, for the gateway itself; None for any.
        events: its own by code; each stands in place of the template's.
    """

    slug: str
    name: str
    token: str = field(repr=False)
    source: DeviceSource = DeviceSource.FILE
    template: str | None = None
    datastreams: Mapping[str, Datastream] = field(default_factory=dict)
    stale_after_ms: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, DirectPin] = field(default_factory=dict)
    open_pins: frozenset[str] | None = None
    events: Events = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not SLUG_PATTERN.fullmatch(self.slug):
            raise DeviceError(
                f"{self.slug[:40]!r} is no device slug; expected up to 32 of a–z, 0–9 and -,"
                " beginning with a letter or digit"
            )
        if self.slug == RESERVED_SLUG:
            raise DeviceError(f"{self.slug!r} is reserved, for MQTT; expected another slug")
        if not TOKEN_PATTERN.fullmatch(self.token):
            raise DeviceError(f"the token of {self.slug!r} is unusable; expected {TOKEN_RULE}")


def new_token() -> str:
    """A fresh auth token: 32 characters of `A–Z a–z 0–9 - _` (blynk-protocol §3.1).

    None begins with `-`, which command lines would take for an option.
    """
    while (token := secrets.token_urlsafe(24)).startswith("-"):
        pass
    return token
