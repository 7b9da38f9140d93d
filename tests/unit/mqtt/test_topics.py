"""Names of topics, built and taken apart."""

import pytest

from blynk_gateway.core.address import PIN_NAMES
from blynk_gateway.mqtt.topics import DeviceTopic, Topics


@pytest.fixture(params=["blynk", "home/garden"])
def topics(request: pytest.FixtureRequest) -> Topics:
    return Topics(request.param)


def test_topics_stand_below_the_base() -> None:
    topics = Topics("home/garden")
    assert topics.state == "home/garden/bridge/state"
    assert topics.info == "home/garden/bridge/info"
    assert topics.bridge("request", "pair") == "home/garden/bridge/request/pair"
    assert topics.device("shed", "availability") == "home/garden/shed/availability"
    assert topics.pin_property("shed", "V5", "label") == "home/garden/shed/v5/prop/label"


def test_every_pin_has_its_own_topic_in_lower_case(topics: Topics) -> None:
    names = {topics.pin("shed", pin) for pin in PIN_NAMES}
    assert len(names) == len(PIN_NAMES)
    assert all(name == name.lower() for name in names)
    assert f"{topics.base}/shed/a255" in names


@pytest.mark.parametrize("verb", ["set", "get"])
def test_what_a_command_names_is_found(topics: Topics, verb: str) -> None:
    assert topics.find(f"{topics.pin('shed', 'V5')}/{verb}") == DeviceTopic("shed", "v5", verb)
    assert topics.find(topics.device("shed", verb)) == DeviceTopic("shed", "", verb)
    # A pin called so is no command to a device.
    assert topics.find(topics.device("shed", "set", verb)) == DeviceTopic("shed", "set", verb)


@pytest.mark.parametrize(
    "levels",
    [
        "",
        "shed",
        "shed/v5",
        "shed/v5/prop/label",
        "shed/v5/x/set",
        "shed//set",
        "shed/SET",
        "bridge/info",
    ],
)
def test_other_topics_are_no_commands(topics: Topics, levels: str) -> None:
    assert topics.find(f"{topics.base}/{levels}") is None
    assert topics.find("set") is None


def test_forgotten_device_keeps_its_names_and_no_memory(topics: Topics) -> None:
    before = {slug: topics.pin(slug, "V5") for slug in ("shed", "attic")}
    topics.forget("shed")
    assert [key for key in topics._pins if key[0] == "shed"] == []
    assert {slug: topics.pin(slug, "V5") for slug in ("shed", "attic")} == before
