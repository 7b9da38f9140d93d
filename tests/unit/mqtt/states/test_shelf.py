"""Topics that were published are known as long as what they tell of is there."""

from blynk_gateway.mqtt.states.shelf import Shelf
from tests.helpers.mqtt import FakeOutlet, Sent


def test_topic_is_made_once() -> None:
    made: list[tuple[str, str]] = []

    def name(device: str, key: str) -> str:
        made.append((device, key))
        return f"base/{device}/{key}"

    shelf = Shelf(name)
    assert shelf.topic("shed", "v5") == shelf.topic("shed", "v5") == "base/shed/v5"
    assert made == [("shed", "v5")]
    assert shelf.topics == {"shed": {"v5": "base/shed/v5"}}


def test_only_what_is_gone_is_cleared_and_once() -> None:
    shelf = Shelf[str]("{}/{}".format)
    outlet = FakeOutlet()
    for device, key in (("shed", "v5"), ("shed", "v6"), ("attic", "v5")):
        shelf.topic(device, key)
    assert shelf.withdraw(outlet, "shed", is_gone=lambda key: key == "v5") == ["shed/v5"]
    assert outlet.take() == [Sent("shed/v5", "", 0, True)]
    assert shelf.withdraw(outlet, "shed", is_gone=lambda _: True) == ["shed/v6"]
    assert outlet.take() == [Sent("shed/v6", "", 0, True)]
    assert shelf.withdraw(outlet, "shed", is_gone=lambda _: True) == []
    assert outlet.sent == []
    assert shelf.topics == {"attic": {"v5": "attic/v5"}}
