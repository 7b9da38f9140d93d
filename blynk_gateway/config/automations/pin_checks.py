"""Pins and devices that rules name: whether they are there, and take what they are given."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from blynk_gateway.config.automations import parts
from blynk_gateway.config.automations.actions import word_of
from blynk_gateway.config.automations.known_pins import KnownPins
from blynk_gateway.config.automations.labels import value_fault, word_fault
from blynk_gateway.config.automations.options import (
    Action,
    AutomationOptions,
    DeviceCondition,
    DeviceTrigger,
    EventAction,
    EventTrigger,
    NotifyAction,
    PinCondition,
    PinTrigger,
    PropertyAction,
    PublishAction,
    PulseAction,
    SetAction,
    ToggleAction,
)
from blynk_gateway.config.fault import found
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.address import PIN_NAMES, PinAddress, PinKind, parse_address
from blynk_gateway.core.direct import MAX_ANALOG, check_command
from blynk_gateway.core.store import OWN_MAX_ANALOG
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import GatewayError, UnknownPin

_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9-]{1,32}/[VDAvda]\d{1,4})\}")


class Use(NamedTuple):
    """A pin or device that a rule names.

    Attributes:
        pin: empty for the device alone.
        is_certain: it cannot work without; otherwise a warning is enough.
    """

    key: str
    device: str
    pin: str = ""
    is_certain: bool = True

    def __str__(self) -> str:
        return f"{self.device}/{self.pin}" if self.pin else self.device


def check_pins(
    options: Options,
    scope: Scope,
    known_devices: Callable[[Options], Collection[str] | None],
) -> None:
    """Report unknown devices and pins, and values that pins do not take.

    Args:
        known_devices: see `check_automations`; asked only if a rule names one of no file.
    """
    uses = [use for rule in options.automations for use in _uses(rule, scope)]
    uses += _answers(options)
    pins = KnownPins(options, scope)
    strangers = _strangers(uses, options, scope)
    elsewhere = known_devices(options) if strangers else ()
    for use in uses:
        if use.device in strangers:
            if elsewhere is None or use.device not in elsewhere:
                _report_device(use, options, scope, is_known=elsewhere is not None)
        elif use.pin:
            _check_pin(use, pins, scope)
    for rule in options.automations:
        _check_values(rule, pins, scope)
        _check_words(rule, pins, scope)


def _strangers(uses: list[Use], options: Options, scope: Scope) -> set[str]:
    """Devices that the file does not declare; a faulty declaration is one too."""
    if scope.is_faulty("gateway.slug") or any(it.key == "devices" for it in scope.report.faults):
        return set()
    named = {use.device for use in uses}
    return {
        slug
        for slug in named - {options.gateway.slug, *options.devices}
        if f"devices.{slug}" not in scope.places
    }


def _report_device(use: Use, options: Options, scope: Scope, *, is_known: bool) -> None:
    known = {options.gateway.slug, *options.devices}
    text = f"found {use}, but there is no device {use.device}"
    hint = suggestion(use.device, known)
    if not is_known:
        text = f"found {use}, but this file declares no device {use.device}"
        scope.warn_at(use.key, f"{text}, and those of commands cannot be read here{hint}")
    elif use.is_certain:
        scope.fault_at(use.key, f"{text}; expected one of `devices` or of `device add`{hint}")
    else:
        scope.warn_at(use.key, f"{text}: it stays as it is written{hint}")


def _check_pin(use: Use, pins: KnownPins, scope: Scope) -> None:
    complaint = pins.complaint(PinAddress(use.device, use.pin))
    if not complaint:
        return
    text = f"found {use}, {complaint}{suggestion(str(use), pins.named(use.device))}"
    if use.is_certain:
        scope.fault_at(use.key, text)
    else:
        scope.warn_at(use.key, text)


def _check_values(rule: AutomationOptions, pins: KnownPins, scope: Scope) -> None:
    for path, action in parts.actions(rule, scope):
        for key, address, value in _values(path, action):
            stream, mode = pins.streams.get(address), pins.modes.get(address)
            if pins.complaint(address):
                continue
            # What a placeholder will stand for nobody knows yet.
            is_known = bool(value) and not any("{" in text for text in value)
            text = ""
            if stream is not None and not stream.is_writable:
                text = f"found {address}, which is only read; expected a pin that can be set"
            elif mode is not None and mode.mode.is_input:
                text = f"found {address}, an input; expected a pin that can be set"
            elif PIN_NAMES[address.pin] is PinKind.ANALOG and pins.is_own(address.device):
                text = f"found {address}, which a converter only reads; expected an output"
            elif is_known:
                text = _refusal(address, value, pins)
            if text:
                scope.fault_at(key, text)


def _refusal(address: PinAddress, value: PinValue, pins: KnownPins) -> str:
    stream, mode = pins.streams.get(address), pins.modes.get(address)
    if stream is not None:
        return value_fault(value, stream)
    if mode is None:
        return ""
    highest = OWN_MAX_ANALOG if pins.is_own(address.device) else MAX_ANALOG
    try:
        check_command(address.pin, mode, value, highest)
    except GatewayError as error:
        expected = str(error).partition("; expected ")[2]
        return f"found {found(' '.join(value))} for {address}, expected {expected}"
    return ""


def _check_words(rule: AutomationOptions, pins: KnownPins, scope: Scope) -> None:
    tested: Iterator[tuple[str, object]] = iter(
        (*parts.triggers(rule, scope), *parts.conditions(rule, scope))
    )
    for path, part in tested:
        if isinstance(part, PinTrigger | PinCondition):
            fault = word_fault(part.test, pins.streams.get(part.pin))
            if fault:
                scope.fault_at(f"{path}.{part.test.op}", fault)


def _values(path: str, action: Action) -> Iterator[tuple[str, PinAddress, PinValue]]:
    match action:
        case SetAction(values):
            for address, value in values.items():
                yield join(f"{path}.set", str(address)), address, value
        case PulseAction(pin=pin, on=on, off=off):
            yield from ((f"{path}.{word_of(action)}", pin, value) for value in (on, off))
        case ToggleAction(pin):
            yield f"{path}.toggle", pin, ()
        case _:
            pass


def _uses(rule: AutomationOptions, scope: Scope) -> Iterator[Use]:
    for path, trigger in parts.triggers(rule, scope):
        match trigger:
            case PinTrigger(pin):
                yield Use(f"{path}.pin", *pin)
            case DeviceTrigger(device=slug) | EventTrigger(device=slug) if slug:
                yield Use(f"{path}.device", slug)
            case _:
                pass
    for path, condition in parts.conditions(rule, scope):
        match condition:
            case PinCondition(pin):
                yield Use(f"{path}.pin", *pin)
            case DeviceCondition(slug):
                yield Use(f"{path}.device", slug)
            case _:
                pass
    for path, action in parts.actions(rule, scope):
        yield from _uses_of_action(path, action)
        yield from _placeholders(path, action)


def _uses_of_action(path: str, action: Action) -> Iterator[Use]:
    match action:
        case SetAction(values):
            for address in values:
                yield Use(join(f"{path}.set", str(address)), *address)
        case PropertyAction(properties):
            for address in properties:
                yield Use(join(f"{path}.property", str(address)), *address)
        case ToggleAction(pin):
            yield Use(f"{path}.toggle", *pin)
        case PulseAction(pin):
            yield Use(f"{path}.{word_of(action)}.pin", *pin)
        case EventAction(device=slug) if slug:
            yield Use(f"{path}.{word_of(action)}.device", slug)
        case _:
            pass


def _placeholders(path: str, action: Action) -> Iterator[Use]:
    for text in _texts(action):
        for match in _PLACEHOLDER.finditer(text):
            try:
                address = parse_address(match[1])
            except UnknownPin:
                continue
            yield Use(path, *address, is_certain=False)


def _texts(action: Action) -> Iterator[str]:
    """Texts in which placeholders stand for something."""
    match action:
        case SetAction(values):
            for value in values.values():
                yield from value
        case PropertyAction(properties):
            for named in properties.values():
                for value in named.values():
                    yield from value
        case PublishAction(topic, payload):
            yield from (topic, payload)
        case NotifyAction(text, title):
            yield from (text, title)
        case EventAction(text=text):
            yield text
        case _:
            pass


def _answers(options: Options) -> Iterator[Use]:
    """Pins that answers to webhooks are written to."""
    for name, webhook in options.webhooks.items():
        if webhook.response is not None and webhook.response.pin is not None:
            yield Use(f"webhooks.{name}.response.pin", *webhook.response.pin)
