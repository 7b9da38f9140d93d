import pytest

from blynk_gateway.config.notifications.options import NotificationOptions, ServiceOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.notifications import Channel


@pytest.mark.parametrize(
    ("url", "kind"),
    [("ntfy://garden", "ntfy"), ("MAILTOS://me:secret@example.org", "mailtos"), ("a+b://x", "a+b")],
)
def test_only_the_scheme_of_a_url_is_shown(url: str, kind: str) -> None:
    service = ServiceOptions("phone", Secret(url))
    assert service.kind == kind
    assert "example" not in repr(service)


def test_each_channel_has_services_of_its_own() -> None:
    options = NotificationOptions(push=("a",), email=("b",), tweet=("c",), sms=("d",))
    assert [options.services_of(channel) for channel in Channel] == [("a",), ("b",), ("c",), ("d",)]
