"""What a device wants people to be told, on its way to the services that do (`automations`)."""

import re
from enum import StrEnum
from typing import NamedTuple, Protocol

from blynk_gateway.core.device import Device

# A second "@" would be a second address to who sends the mail, whatever stands between the two.
_MAIL_ADDRESS = re.compile(r'[^\s@,;:|<>()\[\]"\\]{1,64}@[\w.-]{1,253}')


class Channel(StrEnum):
    """The way a device asked for; values are the codes of the event timeline."""

    PUSH = "notify"
    EMAIL = "email"
    TWEET = "tweet"
    SMS = "sms"


class Notification(NamedTuple):
    """One message to people.

    Attributes:
        recipient: address that a mail goes to unless its service names one; empty for that.
    """

    channel: Channel
    text: str
    subject: str = ""
    recipient: str = ""


def is_mail_address(text: str) -> bool:
    """Whether the text can be where a mail goes: one address, nothing around it."""
    return _MAIL_ADDRESS.fullmatch(text) is not None and text.isprintable()


def may_be_recipient(text: str) -> bool:
    """Whether a device may give this as the recipient of a mail."""
    return is_mail_address(text) or text in ("{DEVICE_OWNER_EMAIL}", "{VENDOR_EMAIL}")


class Notifier(Protocol):
    """Takes messages of devices (made by `automations`)."""

    def device_notification(self, device: Device, notification: Notification) -> None:
        """Hand a message over; returns at once, whatever the services do.

        Limits of the device were checked before.
        """


class NoNotifier:
    """Keeps nothing."""

    def device_notification(self, device: Device, notification: Notification) -> None:
        """Nobody is told."""
