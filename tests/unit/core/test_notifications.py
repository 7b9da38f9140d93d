import pytest

from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import Device
from blynk_gateway.core.notifications import (
    Channel,
    NoNotifier,
    Notification,
    is_mail_address,
    may_be_recipient,
)


@pytest.mark.parametrize("text", ["a@b", "ä.b+c@example.org", "o'neil%x@mail-1.example.org"])
def test_an_address_is_one(text: str) -> None:
    assert is_mail_address(text)
    assert may_be_recipient(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "@b", "a@", "a b@c", "a@b;c", "A <a@b>", "a@b\nBcc: c@d", '"a"@b', "\udcff@b"),
        # Whoever sends the mail would take each for two.
        *("a@b,c@d", "a@b|c@d", "a@b%2Cc@d", "a@b&to=c@d", "a@b\u2028c@d", "a@b/c@d", "a@b@c"),
        "a" * 65 + "@b",
    ],
)
def test_what_is_no_address_or_several_is_none(text: str) -> None:
    assert not is_mail_address(text)
    assert not may_be_recipient(text)


@pytest.mark.parametrize("text", ["{DEVICE_OWNER_EMAIL}", "{VENDOR_EMAIL}"])
def test_a_device_may_leave_it_to_others_who_gets_a_mail(text: str) -> None:
    assert may_be_recipient(text)
    assert not is_mail_address(text)


def test_without_services_nothing_happens() -> None:
    device = Device(DeviceDefinition("greenhouse", "Greenhouse", "0" * 32))
    NoNotifier().device_notification(device, Notification(Channel.PUSH, "hot"))
