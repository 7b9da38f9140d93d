"""Events as the owner declares them, and those of the gateway itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

MAX_EVENT_CODE = 50
MAX_EVENT_DESCRIPTION = 300
"""Longest event code and description, characters. Source: blynk-protocol §7.2."""

ALL = "all"
"""Description of a RESOLVED entry that resolves every open event of its code, not the latest one.
Source: blynk-protocol §7.2."""


class EventType(StrEnum):
    """How grave an event is; the words are the vendor's."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    CONTENT = "content"
    """Something to look at, such as a link to a picture."""


GRAVE = frozenset({EventType.WARNING, EventType.CRITICAL})
"""Types that somebody has to look after: open until they are resolved."""


class SystemCode(StrEnum):
    """Codes of the entries that the gateway makes by itself."""

    ONLINE = "online"
    OFFLINE = "offline"
    STALE = "stale"
    FAULT = "fault"
    RECOVERED = "recovered"
    POWER = "power"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """One event code of a device or template.

    Attributes:
        name: for people.
        description: of an event that is logged without one.
        notify: names of services that tell people; `()` for the default ones, None for nobody.
        limit_ms: the least time between two notifications, 0 for none.
        every: only each n-th event notifies.
    """

    code: str
    name: str
    type: EventType = EventType.INFO
    description: str = ""
    notify: tuple[str, ...] | None = None
    limit_ms: int = 0
    every: int = 1


Events: TypeAlias = Mapping[str, EventDefinition]

SYSTEM_EVENTS: Events = {
    one.code: one
    for one in (
        EventDefinition(SystemCode.ONLINE, "Online"),
        EventDefinition(SystemCode.OFFLINE, "Offline", EventType.WARNING),
        EventDefinition(SystemCode.STALE, "Silent", EventType.WARNING),
        EventDefinition(SystemCode.FAULT, "Fault", EventType.CRITICAL),
        EventDefinition(SystemCode.RECOVERED, "Recovered"),
        EventDefinition(SystemCode.POWER, "Power supply", EventType.WARNING),
        EventDefinition(SystemCode.RESTART, "Start of the gateway"),
        EventDefinition("webhook_off", "Webhook off", EventType.WARNING),
        EventDefinition("rule_stopped", "Rule stopped", EventType.WARNING),
        EventDefinition("history_damaged", "History damaged", EventType.CRITICAL),
    )
}
"""What the gateway's own entries are unless the configuration declares their codes."""
