"""Typed options of `automations:`; every name in them is one that the file or the core knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.json_path import JsonPath

ALL_DAYS = frozenset(range(7))
"""Monday is 0."""

PULSE_MS = 500


class Op(StrEnum):
    """How a value is compared."""

    ABOVE = "above"
    BELOW = "below"
    BETWEEN = "between"
    OUTSIDE = "outside"
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    ON = "on"
    OFF = "off"
    CHANGES = "changes"
    """It is another one than before; of triggers only."""

    ANY = "any"
    """It was written at all; of triggers only."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A test of one parameter of a value.

    Attributes:
        low, high: bounds of ABOVE (`low`), BELOW (`high`), BETWEEN and OUTSIDE (both).
        text: of EQUALS and NOT_EQUALS; two texts that are numbers are compared as numbers.
        hysteresis: how far a value must go back behind its bound to end it, ≥ 0.
        parameter: which one of several, from 0.
    """

    op: Op
    low: float = 0.0
    high: float = 0.0
    text: str = ""
    hysteresis: float = 0.0
    parameter: int = 0


class DeviceState(StrEnum):
    """What a device is or becomes."""

    ONLINE = "online"
    OFFLINE = "offline"
    STALE = "stale"


class SunEvent(StrEnum):
    """A moment of the day that the sun makes."""

    SUNRISE = "sunrise"
    SUNSET = "sunset"


class Mode(StrEnum):
    """What a rule does that is to run while it is still running (it waits in a delay)."""

    SINGLE = "single"
    """Nothing: the run under way goes on."""

    RESTART = "restart"
    """It ends the run under way and begins anew."""

    QUEUED = "queued"
    """It runs again afterwards."""


@dataclass(frozen=True, slots=True)
class PinTrigger:
    """A pin is written. ON, ABOVE and the like fire once, and again after they were false.

    Attributes:
        for_ms: how long the test must hold before it fires; 0 for at once.
    """

    pin: PinAddress
    test: Comparison
    for_ms: int = 0


@dataclass(frozen=True, slots=True)
class DeviceTrigger:
    """A device comes, goes, or falls silent; `device` is empty for any."""

    device: str
    becomes: DeviceState
    for_ms: int = 0


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """An entry of the event timeline.

    Attributes:
        device: empty for any.
        text: what the description must be; None for whatever.
        is_resolved: it is resolved, in place of logged.
    """

    code: str
    device: str = ""
    text: str | None = None
    is_resolved: bool = False


@dataclass(frozen=True, slots=True)
class MessageTrigger:
    """An MQTT message, retained ones left out: they tell of the past.

    Attributes:
        topic: a filter, with + and #.
        json: where the value stands in a JSON payload; None where the payload is the value.
        test: None for each message; CHANGES is not possible.
    """

    topic: str
    json: JsonPath | None = None
    test: Comparison | None = None


@dataclass(frozen=True, slots=True)
class TimeTrigger:
    """Times of the day by the gateway's own clock: seconds since midnight."""

    times: tuple[int, ...]
    days: frozenset[int] = ALL_DAYS


@dataclass(frozen=True, slots=True)
class CronTrigger:
    """Five fields: minute, hour, day of the month, month, day of the week."""

    expression: str


@dataclass(frozen=True, slots=True)
class SunTrigger:
    """Sunrise or sunset at the gateway's place, earlier (< 0) or later."""

    event: SunEvent
    offset_ms: int = 0
    days: frozenset[int] = ALL_DAYS


@dataclass(frozen=True, slots=True)
class StartupTrigger:
    """The gateway has started."""


Trigger: TypeAlias = (
    PinTrigger
    | DeviceTrigger
    | EventTrigger
    | MessageTrigger
    | TimeTrigger
    | CronTrigger
    | SunTrigger
    | StartupTrigger
)


@dataclass(frozen=True, slots=True)
class PinCondition:
    """What a pin has now; an unwritten pin meets none."""

    pin: PinAddress
    test: Comparison


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """How a device is now."""

    device: str
    state: DeviceState


@dataclass(frozen=True, slots=True)
class DayTime:
    """A moment of each day: seconds since midnight, or the sun's with an offset."""

    seconds: int = 0
    sun: SunEvent | None = None
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """From `after` until before `before`, over midnight if that is the earlier one; and the day.

    Attributes:
        days: those on which the window begins.
    """

    after: DayTime | None = None
    before: DayTime | None = None
    days: frozenset[int] = ALL_DAYS


@dataclass(frozen=True, slots=True)
class AnyCondition:
    """At least one of these."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class NotCondition:
    """Not this one."""

    condition: "Condition"


Condition: TypeAlias = PinCondition | DeviceCondition | TimeCondition | AnyCondition | NotCondition


@dataclass(frozen=True, slots=True)
class SetAction:
    """Commands to pins, in order; texts may hold placeholders."""

    values: Mapping[PinAddress, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ToggleAction:
    """On if the pin is off, else off: the datastream's limits, 0 and 1 without."""

    pin: PinAddress


@dataclass(frozen=True, slots=True)
class PropertyAction:
    """Widget properties of pins, such as `color`."""

    properties: Mapping[PinAddress, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class DelayAction:
    """Wait; what follows is done later, also after a restart of the gateway."""

    ms: int


@dataclass(frozen=True, slots=True)
class PulseAction:
    """On for so long, then off; what follows is done then. `times` above 1 is blinking."""

    pin: PinAddress
    on_ms: int = PULSE_MS
    off_ms: int = PULSE_MS
    times: int = 1
    on: tuple[str, ...] = ("1",)
    off: tuple[str, ...] = ("0",)


@dataclass(frozen=True, slots=True)
class SceneAction:
    """Run another rule, by its slug."""

    automation: str


@dataclass(frozen=True, slots=True)
class WebhookAction:
    """Send a webhook, by its name."""

    webhook: str


@dataclass(frozen=True, slots=True)
class PublishAction:
    """Publish an MQTT message; topic and payload may hold placeholders."""

    topic: str
    payload: str
    retain: bool = False
    qos: int = 0


@dataclass(frozen=True, slots=True)
class NotifyAction:
    """Tell people.

    Attributes:
        to: names of services; none for those of `notifications.default`.
        limit_ms: the least time between two of this action.
    """

    text: str
    title: str = ""
    to: tuple[str, ...] = ()
    limit_ms: int = 5000


@dataclass(frozen=True, slots=True)
class EventAction:
    """Log an event, or resolve it.

    Attributes:
        device: empty for the one that the run is about, else the gateway's own.
    """

    code: str
    text: str = ""
    device: str = ""
    is_resolved: bool = False


@dataclass(frozen=True, slots=True)
class EnableAction:
    """Switch another rule, or this one, on or off; it stays so after a restart."""

    automation: str
    is_enabled: bool


Action: TypeAlias = (
    SetAction
    | ToggleAction
    | PropertyAction
    | DelayAction
    | PulseAction
    | SceneAction
    | WebhookAction
    | PublishAction
    | NotifyAction
    | EventAction
    | EnableAction
)


@dataclass(frozen=True, slots=True)
class AutomationOptions:
    """One rule.

    Attributes:
        slug: made of the name; how commands, routes and other rules call it.
        enabled: at first; what a person or an action changed since goes before it.
        when: any of them starts it; none for a scene, which is started by people and rules.
        conditions: all have to hold then.
        then: one after the other.
        limit_ms: the least time between the beginnings of two runs, 0 for none.
    """

    name: str
    slug: str
    then: tuple[Action, ...]
    when: tuple[Trigger, ...] = ()
    conditions: tuple[Condition, ...] = ()
    enabled: bool = True
    limit_ms: int = 0
    mode: Mode = Mode.SINGLE
