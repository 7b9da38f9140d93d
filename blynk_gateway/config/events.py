"""The section `events` of templates, devices and the gateway: what codes mean, who is told."""

from dataclasses import dataclass

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, Kind, ListOf, MapOf, Scalar, Section
from blynk_gateway.config.scalars import (
    BOOLEAN,
    SLUG,
    choice,
    duration,
    parse_text,
    text_of,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.events import MAX_EVENT_CODE, EventDefinition, EventType

MAX_EVENTS = 256
"""Codes of one device or template."""

MAX_EVERY = 1000
MAX_SERVICES = 32


def _parse_code(text: str) -> str:
    if len(text) > MAX_EVENT_CODE:
        raise ValueError(text)
    return parse_text(text)


CODE = Scalar(_parse_code, f"an event code of 1 to {MAX_EVENT_CODE} characters", quoted)

_SERVICES = ListOf(SLUG, "true, false, or services such as [phone]", MAX_SERVICES)


@dataclass(frozen=True, slots=True)
class Notify(Kind[tuple[str, ...] | None]):
    """`true` for the default services, `false` for nobody, or names of services."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[str, ...] | None:
        """The names, none of them for the default services; None for nobody."""
        if nodes.is_null(node):
            return None
        if not isinstance(node, yaml.ScalarNode):
            names = _SERVICES.read(node, key, scope)
            if not names:
                scope.reject(node, key, f"found no service, expected {_SERVICES.expected}")
            return names
        text = scope.text_of(node, key, _SERVICES.expected)
        try:
            return () if BOOLEAN.parse(text) else None
        except ValueError:
            return (SLUG.read(node, key, scope),)

    def flow(self, value: tuple[str, ...] | None) -> str:
        """`true`, `false`, or a list."""
        return _SERVICES.flow(value) if value else BOOLEAN.flow(value is not None)


EVENTS = MapOf(
    CODE,
    ("code", "name"),
    Section(
        EventDefinition,
        (
            Key("name", text_of("a name")),
            Key("type", choice(EventType)),
            Key(
                "description",
                Scalar(lambda text: text and parse_text(text), text_of("a text").expected, quoted),
            ),
            Key("notify", Notify()),
            Key("limit", duration(0), "limit_ms"),
            Key("every", whole_number(1, MAX_EVERY)),
        ),
    ),
    limit=MAX_EVENTS,
)
