"""What happens in the gateway, as frozen records. They travel over `PinBus` in one order."""

from enum import Enum, StrEnum
from typing import NamedTuple, TypeAlias

from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.core.value import PinValue


class OriginKind(StrEnum):
    """The kind of party that brought a change."""

    DEVICE = "device"
    HTTP = "http"
    API = "api"
    LINK = "link"
    GPIO = "gpio"
    GATEWAY = "gateway"
    MQTT = "mqtt"
    BINDING = "binding"
    """A binding of an MQTT topic, which may be one end of a loop."""

    UPSTREAM = "upstream"
    """A server above this gateway, which may be one end of a loop; `id` is `cloud/greenhouse`."""

    AUTOMATION = "automation"
    """A rule; `id` is its slug."""

    RESTORE = "restore"


MAY_LOOP = frozenset(
    {OriginKind.LINK, OriginKind.AUTOMATION, OriginKind.BINDING, OriginKind.UPSTREAM}
)
"""Those that may be a part of a circle which leads through other programs."""


class Origin(NamedTuple):
    """Who brought a change; `id` tells apart several of one kind (a connection, a session)."""

    kind: OriginKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)


class Intent(Enum):
    """What a write means."""

    REPORT = "report"
    """It is so: firmware, an input."""

    COMMAND = "command"
    """Make it so: HTTP, a link, a person."""

    SYNC = "sync"
    """It stood so: a restored value, another server's answer to our sync."""

    PAST = "past"
    """It was so at a time that the device gives: a REPORT if the pin has nothing newer."""


class PinChange(NamedTuple):
    """A pin took a value. `previous` is `()` at the first write; `cause` is a `seq`."""

    seq: int
    device: str
    pin: str
    value: PinValue
    previous: PinValue
    origin: Origin
    intent: Intent
    at_ms: int
    cause: int | None
    depth: int


class PastChange(NamedTuple):
    """A pin had a value before the one that stands, which stays; fields are those of `PinChange`.

    History keeps it; for everyone else nothing has changed. `previous` is `()`.
    """

    seq: int
    device: str
    pin: str
    value: PinValue
    previous: PinValue
    origin: Origin
    intent: Intent
    at_ms: int
    cause: int | None
    depth: int


class PropertyChange(NamedTuple):
    """A widget property of a pin was set, for example `color` to `("#23C48E",)`."""

    seq: int
    device: str
    pin: str
    name: str
    value: PinValue
    origin: Origin
    at_ms: int


class ModeChange(NamedTuple):
    """A direct pin got a mode at run time."""

    seq: int
    device: str
    pin: str
    direct: DirectPin
    origin: Origin
    at_ms: int


class MetadataChange(NamedTuple):
    """A metadata field of a device was set."""

    seq: int
    device: str
    field: str
    value: str
    origin: Origin
    at_ms: int


class StatusChange(NamedTuple):
    """A device came, went, fell silent, was heard again, or told about itself.

    Attributes:
        info: pairs of its latest info message.
        is_stale: whether it was silent for longer than its `stale_after`.
        last_seen_ms: UTC ms of its latest sign of life, which is earlier than `at_ms` where it
            fell silent.
    """

    seq: int
    device: str
    is_online: bool
    info: tuple[tuple[str, str], ...]
    origin: Origin
    at_ms: int
    is_stale: bool = False
    last_seen_ms: int = 0


class DefinitionChange(NamedTuple):
    """A device was added, changed or, with `definition` None, removed."""

    seq: int
    device: str
    definition: DeviceDefinition | None
    origin: Origin
    at_ms: int


class EventKind(StrEnum):
    """What an entry of the event timeline stands for."""

    LOGGED = "logged"
    RESOLVED = "resolved"
    NOTIFICATION = "notification"
    SYSTEM = "system"
    INPUT = "input"
    """Of a button or the like: its name as code, what was done to it as description."""


class EventChange(NamedTuple):
    """An entry of a device's event timeline."""

    seq: int
    device: str
    kind: EventKind
    code: str
    description: str
    origin: Origin
    at_ms: int


Change: TypeAlias = (
    PinChange
    | PastChange
    | PropertyChange
    | ModeChange
    | MetadataChange
    | StatusChange
    | DefinitionChange
    | EventChange
)


def conflation_key(change: Change) -> tuple[str, ...]:  # noqa: PLR0911  one kind after another
    """Changes with the same key replace each other where only the latest counts."""
    match change:
        case PinChange():
            return ("pin", change.device, change.pin)
        case PastChange():
            return ("past", change.device, change.pin)
        case PropertyChange():
            return ("property", change.device, change.pin, change.name)
        case ModeChange():
            return ("mode", change.device, change.pin)
        case MetadataChange():
            return ("metadata", change.device, change.field)
        case StatusChange():
            return ("status", change.device)
        case DefinitionChange():
            # A removal ends what came before it, also if the device was added again since.
            return ("removal" if change.definition is None else "definition", change.device)
        case _:
            return ("event", change.device, change.code)
