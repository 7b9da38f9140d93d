"""Says what was refused: to who sent it, and to the log. Never more often than people can read."""

import json
import logging

from blynk_gateway.broker.message import Message
from blynk_gateway.errors import GatewayError
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.shown import shown_topic
from blynk_gateway.runtime.logs import Repeats, safe

log = logging.getLogger(__name__)

TELL_EVERY_S = 1.0
"""Of one device and kind: who tries things out at a bench hears of each, a flood hears of few."""

LOG_EVERY_S = 60.0

MAX_PAYLOAD = 80
MAX_TOPIC = 200
MAX_MESSAGE = 300

_SHOWN_BYTES = 4 * MAX_PAYLOAD


class Complaints:
    """Where every refusal of a message from the broker goes."""

    def __init__(self, parts: MqttParts) -> None:
        self._topics = parts.topics
        self._registry = parts.registry
        self._device_api = parts.options.device_api
        self._health = parts.health
        self._told = Repeats(parts.clock, TELL_EVERY_S)
        self._logged = Repeats(parts.clock, LOG_EVERY_S)

    def complain(
        self, outlet: Outlet | None, device: str | None, message: Message, error: GatewayError
    ) -> None:
        """Tell of a message that changed nothing.

        Args:
            outlet: None before the connection is ready; then it stands in the log only.
            device: slug of the device whose `…/error` tells it; the gateway's own does if there is
                none, or no such device.
            message: its topic is shown, without the tokens in it.
        """
        if device is not None and self._registry.find(device) is None:
            device = None
        # By kind, not by topic: a broker can make up any number of these.
        kind = (device, error.code)
        self._health.count("mqtt_refused")
        is_told = outlet is not None and self._told.allow(kind) is not None
        held_back = self._logged.allow(kind)
        if not is_told and held_back is None:
            return
        topic = safe(shown_topic(message.topic, self._device_api, self._registry), MAX_TOPIC)
        if outlet is not None and is_told:
            outlet.publish(self._place(device), self._text(topic, message, error))
        if held_back is not None:
            reason = safe(str(error), MAX_MESSAGE)
            log.warning(
                "message refused",
                extra={"topic": topic, "reason": reason, "held_back": held_back},
            )

    def _place(self, device: str | None) -> str:
        if device is None:
            return self._topics.bridge("error")
        return self._topics.device(device, "error")

    def _text(self, topic: str, message: Message, error: GatewayError) -> str:
        payload = message.payload[:_SHOWN_BYTES].decode("utf-8", "replace")
        content = {
            "topic": topic,
            "payload": safe(payload[:MAX_PAYLOAD]),
            "error": error.code,
            "message": safe(str(error), MAX_MESSAGE),
            "hint": error.hint,
        }
        return json.dumps(content, ensure_ascii=False)
