"""Event codes of rules, and services that events tell."""

from collections.abc import Iterator, Mapping

from blynk_gateway.config.automations import parts
from blynk_gateway.config.automations.known_pins import owners
from blynk_gateway.config.automations.options import EventAction, EventTrigger
from blynk_gateway.config.fault import found
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.core.events import Events, SystemCode
from blynk_gateway.core.notifications import Channel


def check_events(options: Options, scope: Scope) -> None:
    """Report unknown services of events, and codes that are likely misspelt."""
    if not scope.is_faulty("notifications"):
        _check_services(options, scope)
    if not scope.is_faulty("devices") and not scope.is_faulty("templates"):
        _warn_of_unknown_codes(options, scope)


def _check_services(options: Options, scope: Scope) -> None:
    known = options.notifications.services if options.notifications else {}
    for key, events in _declarations(options):
        for code, event in events.items():
            for name in event.notify or ():
                if name not in known:
                    text = f"found {found(name)}, expected one of notifications.services"
                    hint = suggestion(name, known)
                    scope.fault_at(f"{key}.{code}.notify", f"{text}{hint}")


def _declarations(options: Options) -> Iterator[tuple[str, Events]]:
    yield "gateway.events", options.gateway.events
    for slug, device in options.devices.items():
        yield f"devices.{slug}.events", device.events
    for name, template in options.templates.items():
        yield f"templates.{name}.events", template.events


def _warn_of_unknown_codes(options: Options, scope: Scope) -> None:
    declared = _codes(options)
    for key, device, code in _uses(options, scope):
        codes = declared.get(device, ())
        if not device:
            codes = {code for some in declared.values() for code in some}
        if codes and code not in codes and code not in (*SystemCode, *Channel):
            owner = device or "no device"
            text = f"found {found(code)}, which {owner} declares"
            text = text if not device else f"found {found(code)}, which {device} does not declare"
            scope.warn_at(key, f"{text}{suggestion(code, codes)}")


def _codes(options: Options) -> Mapping[str, set[str]]:
    codes = {}
    for owner in owners(options):
        template = options.templates.get(owner.template or "")
        codes[owner.slug] = {*(template.events if template else ()), *owner.events}
    # Buttons and the like log what is done to them under their names.
    own = codes[options.gateway.slug]
    if own:
        own.update(options.gpio.peripherals)
    return codes


def _uses(options: Options, scope: Scope) -> Iterator[tuple[str, str, str]]:
    """Path, device and code of each event that a rule names."""
    for rule in options.automations:
        for path, trigger in parts.triggers(rule, scope):
            if isinstance(trigger, EventTrigger):
                yield f"{path}.event", trigger.device, trigger.code
        for path, action in parts.actions(rule, scope):
            if isinstance(action, EventAction):
                word = "resolve_event" if action.is_resolved else "log_event"
                yield f"{path}.{word}", action.device, action.code
