"""Devices, pins and changes as the JSON that `/api/v1` shows."""

from typing import Any

from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    MetadataChange,
    ModeChange,
    Origin,
    PastChange,
    PinChange,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.device import Device, DeviceRegistry
from blynk_gateway.core.events import EventDefinition
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.timeline import Resolution
from blynk_gateway.core.value import printable, printable_value


def device_view(device: Device, scope: Scope | None = None) -> dict[str, Any]:
    """A device without its secrets.

    Args:
        scope: of the caller; who sees only some pins is not told what the device says of itself.
    """
    definition = device.definition
    view = {
        "slug": device.slug,
        "name": definition.name,
        "source": str(definition.source),
        "template": definition.template,
        "online": device.is_online,
        "stale": device.is_stale,
        "connections": device.connections,
        "last_seen_ms": device.last_seen_ms,
        "info": {printable(key): printable(value) for key, value in device.info},
        "metadata": {printable(key): printable(value) for key, value in device.metadata.items()},
    }
    is_whole = scope is None or device.slug in scope.devices
    return view if is_whole else {**view, "template": None, "info": {}, "metadata": {}}


def pin_view(device: Device, state: PinState) -> dict[str, Any]:
    """A pin; its value is `[]` before the first write of one without a default."""
    return {
        "address": f"{device.slug}/{state.pin}",
        "pin": state.pin,
        "value": printable_value(state.shown),
        "at_ms": state.at_ms,
        "seq": state.seq,
        "mode": None if state.direct is None else str(state.direct.mode),
        "every_ms": None if state.direct is None else state.direct.every_ms,
        "datastream": None if state.datastream is None else _datastream_view(state.datastream),
        "properties": {
            name: printable_value(value)
            for (pin, name), value in device.properties.items()
            if pin == state.pin
        },
    }


def event_view(
    event: EventChange,
    registry: DeviceRegistry,
    scope: Scope | None = None,
    resolution: Resolution | None = None,
) -> dict[str, Any]:
    """An entry of the event timeline.

    Args:
        registry: knows what the code means.
        scope: of the caller.
        resolution: what became of an event since, None for nothing.
    """
    device = registry.find(event.device)
    definition = (
        EventDefinition(event.code, event.code)
        if device is None
        else registry.event_of(device, event.kind, event.code)
    )
    return {
        "seq": event.seq,
        "device": event.device,
        "kind": str(event.kind),
        "code": printable(event.code),
        "name": printable(definition.name),
        "type": str(definition.type),
        "description": printable(event.description),
        "origin": origin_view(event.origin, scope),
        "at_ms": event.at_ms,
        "resolved_ms": None if resolution is None else resolution.at_ms,
        "resolved_by": None if resolution is None else origin_view(resolution.origin, scope),
    }


def origin_view(origin: Origin, scope: Scope | None) -> str:
    """Who brought a change.

    Args:
        scope: of the caller; who does not see everything is told the kind only, as the rest names
            users, tokens and other pins.
    """
    return str(origin) if scope is None else str(origin.kind)


def pin_change_view(change: PinChange, scope: Scope | None = None) -> dict[str, Any]:
    """A change of a pin's value.

    Args:
        scope: of the caller.
    """
    return {
        "seq": change.seq,
        "address": f"{change.device}/{change.pin}",
        "value": printable_value(change.value),
        "at_ms": change.at_ms,
        "origin": origin_view(change.origin, scope),
        "intent": change.intent.value,
    }


def snapshot_view(slug: str, state: PinState) -> dict[str, Any]:
    """A pin's present value in the shape of a change; nobody knows any more who brought it."""
    return {
        "seq": state.seq,
        "address": f"{slug}/{state.pin}",
        "value": printable_value(state.value),
        "at_ms": state.at_ms,
        "origin": "snapshot",
        "intent": "sync",
    }


def change_view(  # noqa: PLR0911  one kind after another
    change: Change, registry: DeviceRegistry, scope: Scope | None = None
) -> dict[str, Any] | None:
    """Any change, its kind as `type`; None for what is of the past, as all stands as it stood.

    Args:
        registry: knows what codes of events mean.
        scope: of the caller.
    """
    common = {
        "seq": change.seq,
        "at_ms": change.at_ms,
        "origin": origin_view(change.origin, scope),
    }
    match change:
        case PinChange():
            return {"type": "pin", **pin_change_view(change, scope)}
        case PastChange():
            return None
        case EventChange():
            # The kind of message has the name already that the event's own type has elsewhere.
            view = event_view(change, registry, scope)
            return {**view, "event_type": view["type"], "type": "event"}
        case PropertyChange():
            return common | {
                "type": "property",
                "address": f"{change.device}/{change.pin}",
                "name": change.name,
                "value": printable_value(change.value),
            }
        case ModeChange():
            return common | {
                "type": "mode",
                "address": f"{change.device}/{change.pin}",
                "mode": str(change.direct.mode),
                "every_ms": change.direct.every_ms,
            }
        case MetadataChange():
            return common | {
                "type": "metadata",
                "device": change.device,
                "field": printable(change.field),
                "value": printable(change.value),
            }
        case StatusChange():
            return common | {
                "type": "status",
                "device": change.device,
                "online": change.is_online,
                "stale": change.is_stale,
            }
        case DefinitionChange():
            name = None if change.definition is None else change.definition.name
            return common | {"type": "definition", "device": change.device, "name": name}


def _datastream_view(datastream: Datastream) -> dict[str, Any]:
    default = datastream.default
    return {
        "name": datastream.name,
        "type": str(datastream.type),
        "min": datastream.minimum,
        "max": datastream.maximum,
        "default": None if default is None else printable_value(default),
        "unit": datastream.unit,
        "decimals": datastream.decimals,
        "writable": datastream.is_writable,
        "labels": {str(key): label for key, label in datastream.labels},
    }
