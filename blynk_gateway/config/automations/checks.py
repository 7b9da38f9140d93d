"""What is wrong between rules and the rest of the file, or likely is."""

from collections.abc import Callable, Collection, Iterator

from blynk_gateway.config.automations import parts
from blynk_gateway.config.automations.event_checks import check_events
from blynk_gateway.config.automations.names import rule_slug
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    DeviceCondition,
    DeviceState,
    DeviceTrigger,
    EnableAction,
    MessageTrigger,
    NotifyAction,
    PublishAction,
    SceneAction,
    SunTrigger,
    TimeCondition,
    WebhookAction,
)
from blynk_gateway.config.automations.pin_checks import check_pins
from blynk_gateway.config.automations.schema import path_of
from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.mqtt.topics import is_own
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion

KnownDevices = Callable[[Options], Collection[str] | None]


def check_automations(options: Options, scope: Scope, known_devices: KnownDevices) -> None:
    """Report every contradiction between rules and the rest.

    Rules that are switched off are looked at too: they are to work when they are switched on.

    Args:
        known_devices: slugs of devices that are declared elsewhere, None if that cannot be known.
    """
    for check_one in _CHECKS:
        for rule in options.automations:
            check_one(rule, options, scope)
    _check_widgets(options, scope)
    check_events(options, scope)
    check_pins(options, scope, known_devices)


def _check_names(rule: AutomationOptions, options: Options, scope: Scope) -> None:
    for path, action in parts.actions(rule, scope):
        match action:
            case SceneAction(slug):
                if slug == rule.slug:
                    text = "found this automation itself, expected another one: it would never end"
                    scope.fault_at(f"{path}.scene", text)
                _check_rule(f"{path}.scene", slug, options, scope)
            case EnableAction(slug, is_enabled):
                word = "enable" if is_enabled else "disable"
                _check_rule(f"{path}.{word}", slug, options, scope)
            case WebhookAction(name) if not (
                f"webhooks.{name}" in scope.places or name in options.webhooks
            ):
                hint = suggestion(name, options.webhooks)
                text = f"found {found(name)}, expected the name of a webhook{hint}"
                scope.fault_at(f"{path}.webhook", text)
            case _:
                pass


def _check_rule(key: str, slug: str, options: Options, scope: Scope) -> None:
    if path_of(slug) in scope.places:
        return
    names = {name: name for rule in options.automations for name in (rule.name, rule.slug)}
    hint = suggestion(slug, names)
    text = f"found {found(slug)}, expected the name of an automation{hint}"
    scope.fault_at(key, text)


def _check_widgets(options: Options, scope: Scope) -> None:
    for dashboard in options.dashboards.values():
        path = f"dashboards.{dashboard.slug}"
        is_alone = f"{path}.widgets" in scope.places
        for number, page in enumerate(dashboard.pages):
            key = path if is_alone else f"{path}.pages[{number}]"
            for index, widget in enumerate(page.widgets):
                name = widget.options.get("automation")
                if isinstance(name, str):
                    _check_name(f"{key}.widgets[{index}].automation", name, options, scope)


def _check_name(key: str, name: str, options: Options, scope: Scope) -> None:
    try:
        slug = rule_slug(name)
    except ValueError:
        slug = ""
    _check_rule(key, slug, options, scope)


def _check_services(rule: AutomationOptions, options: Options, scope: Scope) -> None:
    if scope.is_faulty("notifications"):
        return
    notifications = options.notifications
    for path, action in parts.actions(rule, scope):
        if not isinstance(action, NotifyAction):
            continue
        known = notifications.services if notifications else {}
        for name in action.to:
            if name not in known:
                text = f"found {found(name)}, expected one of notifications.services"
                scope.fault_at(f"{path}.notify.to", f"{text}{suggestion(name, known)}")
        if not action.to and not (notifications and notifications.default):
            text = "found nobody who is told: notifications.default names no service"
            scope.warn_at(f"{path}.notify", text)


def _check_broker(rule: AutomationOptions, options: Options, scope: Scope) -> None:
    if scope.is_faulty("mqtt"):
        return
    for key, topic in _topics(rule, scope):
        if options.mqtt is None:
            text = f"found {found(topic)}, which needs a broker; expected the section mqtt"
            scope.fault_at(key, text)
        elif not options.mqtt.enabled:
            text = f"found {found(topic)}, which needs a broker, but mqtt.enabled is false"
            scope.warn_at(key, text)
        elif key.endswith(".topic") and "{" not in topic and is_own(topic, options.mqtt.base_topic):
            text = f"found {found(topic)}, one of the gateway's own topics"
            scope.warn_at(key, f"{text}; to write a pin use `set`")


def _topics(rule: AutomationOptions, scope: Scope) -> Iterator[tuple[str, str]]:
    for path, trigger in parts.triggers(rule, scope):
        if isinstance(trigger, MessageTrigger):
            yield f"{path}.mqtt", trigger.topic
    for path, action in parts.actions(rule, scope):
        if isinstance(action, PublishAction):
            yield f"{path}.publish.topic", action.topic


def _check_sun(rule: AutomationOptions, options: Options, scope: Scope) -> None:
    if options.gateway.location is not None or scope.is_faulty("gateway"):
        return
    for key, event in _sun_events(rule, scope):
        text = f"found {event}, which needs to know where; expected gateway.location,"
        scope.fault_at(key, f"{text} {{latitude: 52.52, longitude: 13.41}}")


def _sun_events(rule: AutomationOptions, scope: Scope) -> Iterator[tuple[str, str]]:
    for path, trigger in parts.triggers(rule, scope):
        if isinstance(trigger, SunTrigger):
            yield f"{path}.sun", trigger.event
    for path, condition in parts.conditions(rule, scope):
        if isinstance(condition, TimeCondition):
            for name, moment in (("after", condition.after), ("before", condition.before)):
                if moment is not None and moment.sun is not None:
                    yield f"{path}.{name}", moment.sun


def _warn_of_never_stale(rule: AutomationOptions, options: Options, scope: Scope) -> None:
    for key, slug in _stale_devices(rule, scope):
        device = options.devices.get(slug)
        if device is not None and device.stale_after_ms is None and not scope.is_faulty("devices"):
            text = f"found {quoted('stale')}, but {slug} has no stale_after: it never is"
            scope.warn_at(key, text)


def _stale_devices(rule: AutomationOptions, scope: Scope) -> Iterator[tuple[str, str]]:
    for path, trigger in parts.triggers(rule, scope):
        if isinstance(trigger, DeviceTrigger) and trigger.becomes is DeviceState.STALE:
            yield f"{path}.becomes", trigger.device
    for path, condition in parts.conditions(rule, scope):
        if isinstance(condition, DeviceCondition) and condition.state is DeviceState.STALE:
            yield f"{path}.is", condition.device


_CHECKS: tuple[Callable[[AutomationOptions, Options, Scope], None], ...] = (
    _check_names,
    _check_services,
    _check_broker,
    _check_sun,
    _warn_of_never_stale,
)
