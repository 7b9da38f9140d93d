"""The parts of a rule one by one, each with its path in the file."""

from collections.abc import Iterator

from blynk_gateway.config.automations.options import (
    Action,
    AnyCondition,
    AutomationOptions,
    Condition,
    NotCondition,
    Trigger,
)
from blynk_gateway.config.automations.schema import path_of
from blynk_gateway.config.automations.unions import paths_of
from blynk_gateway.config.scope import Scope


def triggers(rule: AutomationOptions, scope: Scope) -> Iterator[tuple[str, Trigger]]:
    """Path and trigger."""
    paths = paths_of(f"{path_of(rule.slug)}.when", len(rule.when), scope)
    return zip(paths, rule.when, strict=True)


def conditions(rule: AutomationOptions, scope: Scope) -> Iterator[tuple[str, Condition]]:
    """Path and condition; those inside of others too."""
    return _flat(f"{path_of(rule.slug)}.if", rule.conditions, scope)


def actions(rule: AutomationOptions, scope: Scope) -> Iterator[tuple[str, Action]]:
    """Path and action."""
    paths = paths_of(f"{path_of(rule.slug)}.then", len(rule.then), scope)
    return zip(paths, rule.then, strict=True)


def _flat(
    key: str, entries: tuple[Condition, ...], scope: Scope
) -> Iterator[tuple[str, Condition]]:
    paths = paths_of(key, len(entries), scope)
    for path, condition in zip(paths, entries, strict=True):
        yield path, condition
        match condition:
            case AnyCondition(inner):
                yield from _flat(f"{path}.any", inner, scope)
            case NotCondition(one):
                yield from _flat(f"{path}.not", (one,), scope)
            case _:
                pass
