"""The device API as a feature on the broker.

1. What a device says is its report; what others want of it goes to `downlink/…`.
2. Nothing is sent to devices on a new connection: they ask for what they want to know, as with the
   vendor's broker.
3. A retained message is no news, and may be years old: it is ignored.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    Intent,
    MetadataChange,
    Origin,
    OriginKind,
    PinChange,
)
from blynk_gateway.core.device import Device
from blynk_gateway.core.metadata import SECRET_FIELD
from blynk_gateway.core.value import MAX_VALUE_BYTES, encode_value, printable
from blynk_gateway.errors import GatewayError, UnknownDevice
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.device_api.downlink import Downlink
from blynk_gateway.mqtt.device_api.faults import OverQuota
from blynk_gateway.mqtt.device_api.meters import Meters
from blynk_gateway.mqtt.device_api.names import StreamNames, is_level
from blynk_gateway.mqtt.device_api.prefixes import Prefixes
from blynk_gateway.mqtt.device_api.questions import Questions
from blynk_gateway.mqtt.device_api.uplink import Uplink, origin_of
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.presence import Presence
from blynk_gateway.mqtt.shown import shown_topic
from blynk_gateway.runtime.logs import Repeats, safe

log = logging.getLogger(__name__)

QOS = 1
"""Of the subscriptions: what a device publishes so is not lost on the way to us either."""

MAX_EARLY = 1000
"""Questions that wait until everything else stands on a new connection; each has 4 KiB at most."""

DIAGNOSIS_EVERY_S = 10.0
"""Of one device and kind: often enough for who looks at the device's own log."""

_COMMAND = Intent.COMMAND


class _Question(NamedTuple):
    slug: str
    levels: Sequence[str]
    message: Message


class DeviceApi:
    """Meets `mqtt.feature.Feature`.

    Args:
        options: prefixes of the devices.
        quota: messages per second that a device may send, as of now.
    """

    def __init__(
        self,
        parts: MqttParts,
        options: DeviceApiOptions,
        complaints: Complaints,
        quota: Callable[[], QuotaOptions],
    ) -> None:
        self._parts = parts
        self._complaints = complaints
        self._prefixes = Prefixes(options, parts.registry, parts.own)
        self._names = StreamNames(parts.store)
        self._meters = Meters(quota)
        self._downlink = Downlink(parts, self._prefixes)
        self._uplink = Uplink(parts, self._names)
        self._questions = Questions(parts, self._names, self._downlink)
        self._presence = Presence(
            parts.registry, parts.clock, Origin(OriginKind.MQTT, "device_api")
        )
        self._warned = Repeats(parts.clock)
        self._diagnosed = Repeats(parts.clock, DIAGNOSIS_EVERY_S)
        self._outlet: Outlet | None = None
        self._early: list[_Question] = []
        self._last: Message | None = None
        parts.clock_quality.on_trusted(self._time_trusted)

    def subscriptions(self) -> Iterable[Subscription]:
        """What devices may send, below the prefixes of all of them."""
        return [Subscription(one, self._heard, QOS) for one in self._prefixes.filters()]

    async def connected(self, outlet: Outlet) -> None:
        """Answer who asked already; nothing stands there that we would have to publish."""
        self._outlet = outlet
        # Templates may have changed without a change of any device's definition.
        self._names.forget()
        self._prefixes.forget()
        early, self._early = self._early, []
        for slug, levels, message in early:
            device = self._parts.registry.find(slug)
            if device is not None:
                self._ask(outlet, device, levels, message)
                await outlet.room()

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Send a device what others want of it."""
        if isinstance(change, PinChange):
            if change.intent is _COMMAND and change.pin[0] == "V":
                self._command(change, outlet)
        elif isinstance(change, DefinitionChange):
            self._names.forget(change.device)
            self._prefixes.forget()
            if change.definition is None:
                self._meters.forget(change.device)
        elif isinstance(change, MetadataChange):
            self._tell_metadata(change, outlet)

    def disconnected(self) -> None:
        """Devices that were heard of through this connection count as gone with it."""
        self._outlet = None
        self._last = None
        self._early.clear()
        self._questions.forget()
        self._presence.disconnected()

    def _command(self, change: PinChange, outlet: Outlet) -> None:
        device = self._parts.registry.find(change.device)
        if device is not None and self._prefixes.of(device.slug) is not None:
            name = self._names.name(device.slug, change.pin)
            self._downlink.send(outlet, device, f"ds/{name}", encode_value(change.value))

    def _tell_metadata(self, change: MetadataChange, outlet: Outlet) -> None:
        device = self._parts.registry.find(change.device)
        if (
            device is not None
            and change.origin != origin_of(device)
            and change.field != SECRET_FIELD
            and is_level(change.field)
        ):
            self._downlink.send(outlet, device, f"meta/{change.field}", printable(change.value))

    def _heard(self, message: Message) -> None:
        # Two of our filters may take one message; then it comes twice in a row.
        if message is self._last:
            return
        self._last = message
        found = self._prefixes.find(message.topic)
        if message.is_retained:
            self._warn("" if found is None else found[0].slug, message)
        elif found is None:
            self._complain(None, message, _nobody())
        else:
            self._take(*found, message)

    def _take(self, device: Device, levels: list[str], message: Message) -> None:
        slug = device.slug
        self._presence.heard(slug)
        if not self._meters.may_send(slug, self._parts.clock.monotonic()):
            self._parts.health.count("quota_refused_messages")
            self._complain(device, message, _too_many(slug))
        elif levels[0] != "get":
            try:
                self._uplink.take(device, levels, message.payload, self._refusal(device, message))
            except GatewayError as error:
                self._complain(device, message, error)
        elif self._outlet is not None:
            self._ask(self._outlet, device, levels, message)
        elif len(self._early) < MAX_EARLY and len(message.payload) <= MAX_VALUE_BYTES:
            self._early.append(_Question(slug, levels, message))
        else:
            self._parts.health.count("device_api_unanswered")

    def _ask(self, outlet: Outlet, device: Device, levels: Sequence[str], message: Message) -> None:
        refuse = self._refusal(device, message)
        try:
            self._questions.answer(outlet, device, levels, message.payload, refuse)
        except GatewayError as error:
            refuse(error)

    def _refusal(self, device: Device, message: Message) -> Callable[[GatewayError], None]:
        return lambda error: self._complain(device, message, error)

    def _complain(self, device: Device | None, message: Message, error: GatewayError) -> None:
        """Tell people, and the device in its own language."""
        slug = None if device is None else device.slug
        self._complaints.complain(self._outlet, slug, message, error)
        if (
            device is not None
            and self._outlet is not None
            and self._diagnosed.allow((slug, error.code)) is not None
        ):
            text = safe(f"{error}. {error.hint}", 300)
            self._downlink.send(self._outlet, device, "diag", text, qos=0)

    def _warn(self, slug: str, message: Message) -> None:
        self._parts.health.count("mqtt_retained_commands")
        held_back = self._warned.allow(slug)
        if held_back is not None:
            log.warning(
                "retained message ignored: publish it without retain",
                extra={
                    "device": slug,
                    "topic": shown_topic(
                        message.topic, self._parts.options.device_api, self._parts.registry
                    ),
                    "held_back": held_back,
                },
            )

    def _time_trusted(self) -> None:
        if self._outlet is not None:
            self._questions.time_trusted(self._outlet)


def _nobody() -> UnknownDevice:
    return UnknownDevice("no device has this prefix; expected one that `mqtt.device_api` gives")


def _too_many(slug: str) -> OverQuota:
    return OverQuota(f"{slug} sent more messages than its quota; this one was not taken")
