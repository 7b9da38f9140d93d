"""What a device wants people to be told, as a message: placeholders, title, recipient."""

import unicodedata

from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import Channel, Notification, is_mail_address
from blynk_gateway.core.value import printable

OWNER_FIELD = "Device Owner"
"""Metadata field with the owner's address. Source: the vendor's platform, which fills it in."""

OWNER = "{DEVICE_OWNER_EMAIL}"
"""In place of a recipient without such a field it means whom the service names, as the maker of the
server, `{VENDOR_EMAIL}`, always does: this server is its owner's own."""

MAX_TITLE = 250
"""Characters. No service takes longer ones; the text is given whole."""


def title_text_recipient(device: Device, notification: Notification) -> tuple[str, str, str]:
    """Title, text and recipient of a device's message, placeholders filled in."""

    def filled(text: str) -> str:
        owner = device.metadata.get(OWNER_FIELD, "")
        text = text.replace("{DEVICE_NAME}", device.definition.name)
        return text.replace(OWNER, owner) if owner else text

    recipient = filled(notification.recipient)
    if not is_mail_address(recipient):
        recipient = ""
    # Short messages have no title on their own platforms.
    title = ""
    if notification.channel in (Channel.PUSH, Channel.EMAIL):
        title = filled(notification.subject) or device.definition.name
    return titled(title), lines(filled(notification.text)), recipient


def titled(text: str) -> str:
    """The text fit for a title: without line breaks, of which one could add headers to a mail."""
    return " ".join(lines(text).split())[:MAX_TITLE]


def lines(text: str) -> str:
    """The text with its line breaks, and without other control characters."""
    text = printable(text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) != "Cc"
    )
