"""What devices ask over HTTP to be told to people: entries of the timeline, and the services."""

from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.services import Services
from blynk_gateway.api.writes import http_origin
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.device import MAX_DEVICES, Device
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.core.notifications import Channel, Notification
from blynk_gateway.core.quota import DailyAllowance

OVER_LIMIT = "Notification limit is reached. Expecting one in 5 seconds and 100 a day."
"""The original has none over HTTP, and no words for it."""


class DeviceNotifications:
    """Takes them, within the limits that devices have on their connections."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._allowances: dict[tuple[str, Channel], DailyAllowance] = {}

    def take(self, device: Device, notification: Notification) -> None:
        """Record it and hand it over.

        Raises:
            Refusal: the device sent too many.
        """
        if not self._may(device, notification.channel):
            raise Refusal(OVER_LIMIT, 429)
        parts = (notification.recipient, notification.subject, notification.text)
        self._services.registry.record_event(
            device,
            EventKind.NOTIFICATION,
            notification.channel,
            ": ".join(part for part in parts if part)[:MAX_EVENT_DESCRIPTION],
            http_origin(device),
        )
        self._services.notifier.device_notification(device, notification)

    def _may(self, device: Device, channel: Channel) -> bool:
        key = device.slug, channel
        allowance = self._allowances.get(key)
        if allowance is None:
            if len(self._allowances) >= MAX_DEVICES * len(Channel):
                # Removed devices stay in it; those that are left begin anew.
                self._allowances.clear()
            allowance = self._allowances[key] = DailyAllowance.of_notifications()
        return allowance.take(channel, self._services.clock.monotonic())
