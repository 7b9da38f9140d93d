"""Words of rules that stand for numbers: `equals: Auto` of an enum, `equals: on` of a switch."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from blynk_gateway.config.automations.known_pins import datastreams_by_address
from blynk_gateway.config.automations.options import (
    AnyCondition,
    AutomationOptions,
    Comparison,
    Condition,
    NotCondition,
    Op,
    PinCondition,
    PinTrigger,
    Trigger,
)
from blynk_gateway.config.fault import found
from blynk_gateway.config.options import Options
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue

T = TypeVar("T", PinTrigger, PinCondition)

_WITH_WORDS = (DatastreamType.BOOL, DatastreamType.ENUM)
_OF_TEXTS = (Op.EQUALS, Op.NOT_EQUALS)

Streams = Mapping[PinAddress, Datastream]


def with_labels(options: Options) -> Options:
    """The options with the numbers that pins have where rules say a word."""
    if not options.automations:
        return options
    streams = datastreams_by_address(options)
    rules = tuple(_rule(rule, streams) for rule in options.automations)
    return replace(options, automations=rules)


def word_fault(test: Comparison, stream: Datastream | None) -> str:
    """What is wrong with a word that an enum or a switch does not know; empty for nothing."""
    if stream is None or test.op not in _OF_TEXTS or stream.type not in _WITH_WORDS:
        return ""
    return value_fault((test.text,), stream)


def value_fault(value: PinValue, stream: Datastream) -> str:
    """What is wrong with a value that the file gives to a pin; empty for nothing.

    What would be clamped, or become the fallback, was not meant by somebody who wrote it.
    """
    try:
        replace(stream, is_strict=True, fallback=None).accept(value)
    except InvalidValue as error:
        text = " ".join(value)
        expected = str(error).partition("; expected ")[2]
        if stream.type is DatastreamType.ENUM and stream.labels:
            labels = [label for _, label in stream.labels]
            expected = f"one of {', '.join(labels)}{suggestion(text, labels)}"
        return f"found {found(text)} for {stream.pin}, expected {expected}"
    return ""


def _rule(rule: AutomationOptions, streams: Streams) -> AutomationOptions:
    when = tuple(_trigger(trigger, streams) for trigger in rule.when)
    conditions = tuple(_condition(condition, streams) for condition in rule.conditions)
    return replace(rule, when=when, conditions=conditions)


def _trigger(trigger: Trigger, streams: Streams) -> Trigger:
    return _tested(trigger, streams) if isinstance(trigger, PinTrigger) else trigger


def _condition(condition: Condition, streams: Streams) -> Condition:
    match condition:
        case PinCondition():
            return _tested(condition, streams)
        case AnyCondition(conditions):
            return AnyCondition(tuple(_condition(inner, streams) for inner in conditions))
        case NotCondition(inner):
            return NotCondition(_condition(inner, streams))
        case _:
            return condition


def _tested(held: T, streams: Streams) -> T:
    test, stream = held.test, streams.get(held.pin)
    if stream is None or test.op not in _OF_TEXTS or word_fault(test, stream):
        return held
    if stream.type not in _WITH_WORDS:
        return held
    (text,) = replace(stream, fallback=None).accept((test.text,))
    return replace(held, test=replace(test, text=text))
