"""What a connection tells its owner.

Events are values: they know nothing of sockets or of the connection that made them. Text is
UTF-8 decoded with `surrogateescape`, so that what came in can go out byte for byte; it is hostile
until printed through a filter. `message_id` is what an answer must carry; 0 is possible and is
answered as 1 by `ServerConnection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from blynk_gateway.protocol.info import DeviceInfo

PinWrite: TypeAlias = tuple[str, tuple[str, ...], int]
"""Pin name ("V5", "D17", "A0"), value as written (at least one text), message id."""


class NotificationChannel(StrEnum):
    """Ways a legacy device may ask for a message to a person."""

    EMAIL = "email"
    PUSH = "push"
    TWEET = "tweet"
    SMS = "sms"


class TimeQuery(StrEnum):
    """What a device asks of the clock; the values of all but RTC are the words on the wire."""

    RTC = "rtc"
    TIME = "time"
    ISO = "iso"
    ZONE = "tz"
    ZONE_NAME = "tz_name"
    ZONE_RULE = "tz_rule"
    NEXT_CHANGES = "dst_next"


class TimeoutReason(StrEnum):
    """Which patience ended; in each case the owner should close the connection."""

    LOGIN = "login"
    REFUSED = "refused"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class PinsWritten:
    """Writes in the order of the wire, one entry per frame."""

    writes: list[PinWrite]


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """The peer answered one of our frames."""

    message_id: int
    status: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The connection is of no more use."""

    reason: TimeoutReason


@dataclass(frozen=True, slots=True)
class AnswerDue:
    """To be passed to `respond` unchanged, so that answers leave in the order of the requests."""

    message_id: int
    status: int


@dataclass(frozen=True, slots=True)
class LoginRequested:
    """To be answered by `accept_login` or `refuse_login`. The token is stripped, may be empty."""

    token: str
    message_id: int


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """The device described itself; already answered."""

    info: DeviceInfo


@dataclass(frozen=True, slots=True)
class SyncRequested:
    """To be answered by `send_pin` with this message id; `pins` None means all."""

    pins: tuple[str, ...] | None
    message_id: int


@dataclass(frozen=True, slots=True)
class PropertySet:
    """A widget property of virtual pins; to be answered by 200 or an error."""

    pins: tuple[str, ...]
    name: str
    value: tuple[str, ...]
    message_id: int


@dataclass(frozen=True, slots=True)
class GroupOpened:
    """The writes up to `GroupClosed` share one time: `at_ms` since 1970, or now if None."""

    at_ms: int | None


@dataclass(frozen=True, slots=True)
class GroupClosed:
    """The group of writes, if one was open, is complete."""


@dataclass(frozen=True, slots=True)
class EventLogged:
    """The device logs an event; to be answered."""

    code: str
    description: str | None
    message_id: int


@dataclass(frozen=True, slots=True)
class EventCleared:
    """The device resolves its last event of this code, or all of them; to be answered."""

    code: str
    is_all: bool
    message_id: int


@dataclass(frozen=True, slots=True)
class NotificationRequested:
    """A message to a person, of legal length; recipient and subject only for e-mail."""

    channel: NotificationChannel
    text: str
    message_id: int
    recipient: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class BridgeBound:
    """Bridge pin `bridge` of this connection shall mean the device with `token`; answer it."""

    bridge: int
    token: str
    message_id: int


@dataclass(frozen=True, slots=True)
class BridgeWritten:
    """A write to a pin of the device behind a bridge pin; answered only on error."""

    bridge: int
    pin: str
    value: tuple[str, ...]
    message_id: int


@dataclass(frozen=True, slots=True)
class PinModesRequested:
    """The far end wants pins of ours in these modes: pairs of pin name and mode as written."""

    modes: tuple[tuple[str, str], ...]
    message_id: int


@dataclass(frozen=True, slots=True)
class TimeRequested:
    """To be answered by `send_internal` with this message id, or by silence."""

    query: TimeQuery
    message_id: int


@dataclass(frozen=True, slots=True)
class MetadataRequested:
    """To be answered by `send_internal("meta", name, value)` with this message id."""

    name: str
    message_id: int


@dataclass(frozen=True, slots=True)
class MetadataSet:
    """The device sets one of its metadata fields; no answer is documented."""

    name: str
    value: str
    message_id: int


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The server took our token; our info is queued."""


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """The server refused our token with this status; 9 is not transient."""

    status: int


@dataclass(frozen=True, slots=True)
class Redirected:
    """The server wants us elsewhere; this connection is over."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PinModesSet:
    """Pairs of direct pin number and mode ("in", "out", "pu", "pd", "pwm")."""

    modes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class PinReadRequested:
    """The far end asks for a pin; to be answered by a write of it with this message id."""

    pin: str
    message_id: int


@dataclass(frozen=True, slots=True)
class InternalReceived:
    """A time, metadata, app state, reboot or update message; the first part is its kind."""

    parts: tuple[str, ...]
    message_id: int


@dataclass(frozen=True, slots=True)
class DebugPrinted:
    """Text the server wants in our log."""

    text: str


ServerEvent: TypeAlias = (
    PinsWritten
    | ResponseReceived
    | TimedOut
    | AnswerDue
    | LoginRequested
    | InfoReceived
    | SyncRequested
    | PropertySet
    | GroupOpened
    | GroupClosed
    | EventLogged
    | EventCleared
    | NotificationRequested
    | BridgeBound
    | BridgeWritten
    | PinModesRequested
    | PinReadRequested
    | TimeRequested
    | MetadataRequested
    | MetadataSet
)
"""What `ServerConnection` emits."""

ClientEvent: TypeAlias = (
    PinsWritten
    | ResponseReceived
    | TimedOut
    | LoggedIn
    | LoginRefused
    | Redirected
    | PinModesSet
    | PinReadRequested
    | InternalReceived
    | DebugPrinted
)
"""What `ClientConnection` emits."""
