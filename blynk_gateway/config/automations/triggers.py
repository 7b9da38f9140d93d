"""The schema of triggers: what starts a rule."""

from blynk_gateway.config.automations import habits
from blynk_gateway.config.automations.comparison import (
    CHANGE_KEYS,
    FOR,
    STATE_KEYS,
    check_test,
    make_test,
    show_test,
)
from blynk_gateway.config.automations.cron import CRON
from blynk_gateway.config.automations.options import (
    ALL_DAYS,
    Comparison,
    CronTrigger,
    DeviceState,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    PinTrigger,
    StartupTrigger,
    SunEvent,
    SunTrigger,
    TimeTrigger,
    Trigger,
)
from blynk_gateway.config.automations.texts import DESCRIPTION, DEVICE_OR_ANY
from blynk_gateway.config.automations.times import DAYS, OFFSET, TIMES
from blynk_gateway.config.automations.unions import Form, Forms, OneOrMore, given
from blynk_gateway.config.events import CODE
from blynk_gateway.config.kinds import Key, Scalar, Section
from blynk_gateway.config.mqtt.json_path import JSON_PATH
from blynk_gateway.config.mqtt.topics import TOPIC_FILTER
from blynk_gateway.config.scalars import PIN_ADDRESS, choice
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.json_path import JsonPath

MAX_TRIGGERS = 100

_EXAMPLE = "{pin: greenhouse/V5, above: 30}"


def _make_pin(
    pin: PinAddress,
    test: Comparison,
    hysteresis: float = 0.0,
    parameter: int = 0,
    for_ms: int = 0,
) -> PinTrigger:
    return PinTrigger(pin, make_test(test, hysteresis, parameter) or test, for_ms)


def _finish_pin(trigger: PinTrigger, key: str, scope: Scope) -> PinTrigger:
    check_test(trigger.test, key, scope, trigger.for_ms)
    return trigger


def _make_message(
    topic: str,
    json: JsonPath | None = None,
    test: Comparison | None = None,
    parameter: int = 0,
) -> MessageTrigger:
    return MessageTrigger(topic, json, make_test(test, 0.0, parameter))


def _finish_message(trigger: MessageTrigger, key: str, scope: Scope) -> MessageTrigger:
    check_test(trigger.test, key, scope)
    return trigger


def _parse_resolved(text: str) -> bool:
    if text not in _RESOLVED:
        raise ValueError(text)
    return text == _RESOLVED[1]


def _parse_true(text: str) -> bool:
    if text.lower() != "true":
        raise ValueError(text)
    return True


def _make_startup(*, startup: bool) -> StartupTrigger:
    assert startup
    return StartupTrigger()


def _days(days: frozenset[int]) -> frozenset[int] | None:
    return None if days == ALL_DAYS else days


_RESOLVED = ("logged", "resolved")

_DEVICE_KEY = Key("device", DEVICE_OR_ANY)

_PIN = Form(
    PinTrigger,
    Section(
        _make_pin,
        (Key("pin", PIN_ADDRESS), *CHANGE_KEYS),
        required=("pin", "test"),
        finish=_finish_pin,
        habits=habits.PIN_TRIGGER,
    ),
    lambda it: {"pin": it.pin, **dict(show_test(it.test)), **dict(given(for_=it.for_ms))},
)

_DEVICE = Form(
    DeviceTrigger,
    Section(
        DeviceTrigger,
        (_DEVICE_KEY, Key("becomes", choice(DeviceState)), FOR),
        required=("device", "becomes"),
        habits=habits.DEVICE_TRIGGER,
    ),
    lambda it: {"device": it.device, "becomes": it.becomes, **dict(given(for_=it.for_ms))},
)

_EVENT = Form(
    EventTrigger,
    Section(
        EventTrigger,
        (
            Key("event", CODE, "code"),
            _DEVICE_KEY,
            Key("text", DESCRIPTION),
            Key(
                "is",
                Scalar(
                    _parse_resolved,
                    " or ".join(_RESOLVED),
                    lambda is_resolved: _RESOLVED[is_resolved],
                    _RESOLVED,
                ),
                "is_resolved",
            ),
        ),
        required=("code",),
    ),
    lambda it: {
        "event": it.code,
        "device": it.device,
        **({} if it.text is None else {"text": it.text}),
        **dict(given(is_=it.is_resolved)),
    },
)

_MESSAGE = Form(
    MessageTrigger,
    Section(
        _make_message,
        (Key("mqtt", TOPIC_FILTER, "topic"), Key("json", JSON_PATH), *STATE_KEYS),
        required=("topic",),
        finish=_finish_message,
        habits=habits.COMPARISON,
    ),
    lambda it: {"mqtt": it.topic, **dict(given(json=it.json)), **dict(show_test(it.test))},
)

_TIME = Form(
    TimeTrigger,
    Section(
        TimeTrigger,
        (Key("at", TIMES, "times"), Key("days", DAYS)),
        required=("times",),
        habits=habits.TIME_TRIGGER,
    ),
    lambda it: {"at": it.times, **dict(given(days=_days(it.days)))},
)

_CRON = Form(
    CronTrigger,
    Section(
        CronTrigger,
        (Key("cron", CRON, "expression"),),
        required=("expression",),
        habits=habits.CRON_TRIGGER,
    ),
    lambda it: {"cron": it.expression},
)

_SUN = Form(
    SunTrigger,
    Section(
        SunTrigger,
        (
            Key("sun", choice(SunEvent), "event"),
            Key("offset", OFFSET, "offset_ms"),
            Key("days", DAYS),
        ),
        required=("event",),
        habits=habits.TIME_TRIGGER,
    ),
    lambda it: {"sun": it.event, **dict(given(offset=it.offset_ms, days=_days(it.days)))},
)

_STARTUP = Form(
    StartupTrigger,
    Section(
        _make_startup,
        (Key("startup", Scalar(_parse_true, "true", lambda _: "true", likely=lambda _: "true")),),
        required=("startup",),
    ),
    lambda _: {"startup": True},
)

TRIGGER: Forms[Trigger] = Forms(
    "trigger",
    {
        "pin": _PIN,
        # Before the device, which an event may name too.
        "event": _EVENT,
        "device": _DEVICE,
        "mqtt": _MESSAGE,
        "at": _TIME,
        "cron": _CRON,
        "sun": _SUN,
        "startup": _STARTUP,
    },
    habits.TRIGGER,
    _EXAMPLE,
)
TRIGGERS = OneOrMore(TRIGGER, f"a trigger such as {_EXAMPLE}, or a list of them", MAX_TRIGGERS)
