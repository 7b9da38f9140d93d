"""Device definitions as JSON text and back. ASCII only, so that no character of a name is lost."""

import json
from dataclasses import asdict
from typing import Any

from blynk_gateway.core.datastream import Authority, Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.events import EventDefinition, EventType
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.errors import DeviceError, HistoryCorrupt


def dump(definition: DeviceDefinition) -> str:
    """The definition as a JSON object."""
    return json.dumps(
        {
            "slug": definition.slug,
            "name": definition.name,
            "token": definition.token,
            "source": definition.source,
            "template": definition.template,
            "datastreams": [_fields(one) for one in definition.datastreams.values()],
            "stale_after_ms": definition.stale_after_ms,
            "metadata": dict(definition.metadata),
            "pins": {pin: list(direct) for pin, direct in definition.pins.items()},
            "events": [asdict(one) for one in definition.events.values()],
        }
    )


def load(text: str) -> DeviceDefinition:
    """The inverse of `dump`.

    Raises:
        HistoryCorrupt: the text is not what `dump` makes.
    """
    try:
        fields = json.loads(text)
        datastreams = [_datastream(one) for one in fields.pop("datastreams")]
        fields["source"] = DeviceSource(fields["source"])
        # Definitions of earlier versions have neither pins nor events.
        pins = fields.pop("pins", {})
        events = [_event(one) for one in fields.pop("events", ())]
        return DeviceDefinition(
            **fields,
            datastreams={one.pin: one for one in datastreams},
            pins={
                pin: DirectPin(PinMode(mode), every_ms) for pin, (mode, every_ms) in pins.items()
            },
            events={one.code: one for one in events},
        )
    except (ValueError, KeyError, TypeError, AttributeError, DeviceError) as error:
        raise HistoryCorrupt(f"the definition of a device is damaged: {error}") from error


def _fields(datastream: Datastream) -> dict[str, Any]:
    return {**asdict(datastream), "effects": sorted(datastream.effects)}


def _event(fields: dict[str, Any]) -> EventDefinition:
    notify = fields["notify"]
    return EventDefinition(
        **{
            **fields,
            "type": EventType(fields["type"]),
            "notify": None if notify is None else tuple(notify),
        }
    )


def _datastream(fields: dict[str, Any]) -> Datastream:
    default = fields["default"]
    return Datastream(
        **{
            **fields,
            "type": DatastreamType(fields["type"]),
            "default": None if default is None else tuple(default),
            "authority": Authority(fields["authority"]),
            "labels": tuple((number, label) for number, label in fields["labels"]),
            # Definitions of earlier versions do not say.
            "history": HistoryPolicy(fields.get("history", HistoryPolicy.RAW)),
            "effects": frozenset(map(EffectKind, fields.get("effects", ()))),
        }
    )
