"""Apps above, of all servers together."""

from blynk_gateway.upstream.apps import Apps
from tests.helpers.upstream import FakeAppStates


def test_a_device_has_no_app_when_no_server_has_one() -> None:
    states = FakeAppStates()
    apps = Apps(states)
    apps.changed("cloud", "house", is_active=True)
    apps.changed("other", "house", is_active=True)
    apps.changed("cloud", "house", is_active=False)
    assert states.told == [("house", True), ("house", True)]
    apps.changed("other", "house", is_active=False)
    apps.changed("other", "house", is_active=False)
    assert states.told[2:] == [("house", False)]


def test_who_has_no_app_says_nothing() -> None:
    states = FakeAppStates()
    Apps(states).changed("cloud", "house", is_active=False)
    assert states.told == []
