"""The list of devices that `bridge/request/devices` gives."""

import asyncio
from typing import Any

from blynk_gateway.core.device import Device
from blynk_gateway.mqtt.feature import MqttParts


async def list_devices(parts: MqttParts) -> dict[str, Any]:
    """All devices without their secrets; `pins` as in topics, `last_seen_ms` 0 for never."""
    devices = []
    for device in list(parts.registry):
        if parts.registry.find(device.slug) is device:
            devices.append(_described(device, parts))
            # Others get their turn: each may have hundreds of pins.
            await asyncio.sleep(0)
    return {"devices": devices}


def _described(device: Device, parts: MqttParts) -> dict[str, Any]:
    return {
        "slug": device.slug,
        "name": device.definition.name,
        "template": device.definition.template,
        "online": device.is_online,
        "stale": device.is_stale,
        "last_seen_ms": device.last_seen_ms,
        "pins": [state.pin.lower() for state in parts.store.pins(device.slug)],
    }
