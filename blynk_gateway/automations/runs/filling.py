"""Actions with their placeholders filled in."""

from dataclasses import replace

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.placeholders import Placeholders, has_placeholders
from blynk_gateway.config.automations.options import (
    Action,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    PulseAction,
    SetAction,
)


def needs_filling(action: Action) -> bool:
    """Whether an action holds any placeholder."""
    match action:
        case SetAction():
            texts = [text for value in action.values.values() for text in value]
        case PropertyAction():
            names = action.properties.values()
            texts = [text for values in names for value in values.values() for text in value]
        case PulseAction():
            texts = [*action.on, *action.off]
        case PublishAction():
            texts = [action.topic, action.payload]
        case NotifyAction():
            return has_placeholders(action.title) or has_placeholders(action.text)
        case EventAction():
            return has_placeholders(action.text)
        case _:
            return False
    # A topic such as `home/pin/1` is meant as it is written.
    return any(has_placeholders(text, is_legacy=False) for text in texts)


def filled(  # noqa: PLR0911  one action after another
    action: Action, placeholders: Placeholders, cause: Cause, rule: str
) -> Action:
    """The same action with everything filled in.

    Args:
        rule: name of the rule whose action it is.
    """
    match action:
        case SetAction():
            values = {
                address: placeholders.fill_value(value, cause, rule)
                for address, value in action.values.items()
            }
            return SetAction(values)
        case PropertyAction():
            properties = {
                address: {
                    name: placeholders.fill_value(value, cause, rule)
                    for name, value in values.items()
                }
                for address, values in action.properties.items()
            }
            return PropertyAction(properties)
        case PulseAction():
            on = placeholders.fill_value(action.on, cause, rule)
            return replace(action, on=on, off=placeholders.fill_value(action.off, cause, rule))
        case PublishAction():
            topic = placeholders.fill(action.topic, cause, rule=rule, is_legacy=False)
            payload = placeholders.fill(action.payload, cause, rule=rule, is_legacy=False)
            return replace(action, topic=topic, payload=payload)
        case NotifyAction():
            title = placeholders.fill(action.title, cause, rule=rule)
            return replace(
                action, title=title, text=placeholders.fill(action.text, cause, rule=rule)
            )
        case EventAction():
            return replace(action, text=placeholders.fill(action.text, cause, rule=rule))
        case _:
            return action
