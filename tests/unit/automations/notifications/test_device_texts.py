import pytest

from blynk_gateway.automations.notifications.device_texts import title_text_recipient
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import Channel, Notification


def _device(**metadata: str) -> Device:
    fields = {name.replace("_", " "): value for name, value in metadata.items()}
    return Device(DeviceDefinition("greenhouse", "Greenhouse", "0" * 32, metadata=fields))


@pytest.mark.parametrize(
    ("notification", "expected"),
    [
        (Notification(Channel.PUSH, "{DEVICE_NAME} burns"), ("Greenhouse", "Greenhouse burns", "")),
        (Notification(Channel.TWEET, "hello"), ("", "hello", "")),
        (Notification(Channel.SMS, "hello"), ("", "hello", "")),
        (
            Notification(Channel.EMAIL, "a\r\nb\x07", "Hot {DEVICE_NAME}", "me@example.org"),
            ("Hot Greenhouse", "a\nb", "me@example.org"),
        ),
        (Notification(Channel.EMAIL, "text"), ("Greenhouse", "text", "")),
    ],
)
def test_placeholders_are_filled_in(
    notification: Notification, expected: tuple[str, str, str]
) -> None:
    assert title_text_recipient(_device(), notification) == expected


@pytest.mark.parametrize(
    ("given", "owner", "recipient"),
    [
        ("{DEVICE_OWNER_EMAIL}", "me@example.org", "me@example.org"),
        ("{DEVICE_OWNER_EMAIL}", "", ""),
        ("{DEVICE_OWNER_EMAIL}", "Anna", ""),
        ("{VENDOR_EMAIL}", "me@example.org", ""),
        ("a@example.org,b@example.org", "", ""),
    ],
)
def test_a_recipient_that_is_no_address_is_whom_the_service_names(
    given: str, owner: str, recipient: str
) -> None:
    device = _device(Device_Owner=owner)
    notification = Notification(Channel.EMAIL, "by {DEVICE_OWNER_EMAIL}", "s", given)
    _, text, found = title_text_recipient(device, notification)
    assert found == recipient
    assert text == f"by {owner or '{DEVICE_OWNER_EMAIL}'}"


def test_a_subject_cannot_add_headers_to_a_mail() -> None:
    notification = Notification(Channel.EMAIL, "", "Hot\r\nBcc: all@example.org\x00" + "x" * 400)
    title, _, _ = title_text_recipient(_device(), notification)
    assert title.startswith("Hot Bcc: all@example.orgxxx")
    assert len(title) == 250
