"""Messages to devices, below `downlink/`."""

import logging

from blynk_gateway.core.device import Device
from blynk_gateway.mqtt.device_api.prefixes import Prefixes
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.shown import shown_topic
from blynk_gateway.runtime.logs import Repeats

log = logging.getLogger(__name__)

QOS = 1
"""A command must not be lost on the way; a device that subscribes with less gets it with less."""

HEAD_BYTES = 9
"""Of a PUBLISH at most, besides topic and payload: 5 of header, 2 of length, 2 of packet id."""

_MAX_DIGITS = 9


class Downlink:
    """Sends to devices what fits into their buffers."""

    def __init__(self, parts: MqttParts, prefixes: Prefixes) -> None:
        self._health = parts.health
        self._registry = parts.registry
        self._api = parts.options.device_api
        self._prefixes = prefixes
        self._unsent = Repeats(parts.clock)

    def send(
        self, outlet: Outlet, device: Device, topic: str, payload: str | bytes, qos: int = QOS
    ) -> None:
        """Send a message; nothing to a device that no topic can reach.

        Args:
            topic: behind `downlink/`: `ds/Temperature`.
        """
        prefix = self._prefixes.of(device.slug)
        if prefix is None:
            return
        topic = f"{prefix}downlink/{topic}"
        content = payload if isinstance(payload, bytes) else payload.encode()
        room = _buffer(device)
        if room is not None and len(topic.encode()) + len(content) + HEAD_BYTES > room:
            self._skip(device, topic)
            return
        outlet.publish(topic, content, qos=qos)

    def _skip(self, device: Device, topic: str) -> None:
        self._health.count("device_api_unsent")
        held_back = self._unsent.allow(device.slug)
        if held_back is not None:
            log.warning(
                "value not sent: too long for the device's buffer",
                extra={
                    "device": device.slug,
                    "topic": shown_topic(topic, self._api, self._registry),
                    "held_back": held_back,
                },
            )


def _buffer(device: Device) -> int | None:
    """Bytes of the longest message that the device takes, if it told."""
    for key, text in device.info:
        if key == "buff-in" and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
            return int(text) or None
    return None
