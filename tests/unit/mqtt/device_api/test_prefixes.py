import pytest

from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.mqtt.device_api.prefixes import Prefixes
from tests.helpers.mqtt import CONFIG, OWN, Core, matches

TOKEN = "4ae3851817194e2596cf1b7103603ef8"


def prefixes_of(core: Core, prefix: str = "device/{device}", **devices: str) -> Prefixes:
    return Prefixes(DeviceApiOptions(prefix, devices), core.registry, OWN)


@pytest.fixture
def core() -> Core:
    core = Core()
    core.add("shed", token=TOKEN)
    core.add("barn", token="barn-token")
    return core


def found(prefixes: Prefixes, topic: str) -> tuple[str, list[str]] | None:
    place = prefixes.find(topic)
    return None if place is None else (place[0].slug, place[1])


@pytest.mark.parametrize(
    ("prefix", "devices", "topic", "expected"),
    [
        ("device/{device}", {}, "device/shed/ds/T", ("shed", ["ds", "T"])),
        ("device/{device}", {}, "device/shed/ds/T/prop/color", ("shed", "ds T prop color")),
        ("device/{device}", {}, "device/nobody/ds/T", None),
        ("device/{device}", {}, "device/pi/ds/T", None),
        ("device/{device}", {}, "device/shed/downlink/ds/T", None),
        ("device/{device}", {}, "device/shed", None),
        ("dev/{token}", {}, f"dev/{TOKEN}/get/ds/all", ("shed", "get ds all")),
        ("dev/{token}", {}, "dev/shed/ds/T", None),
        ("x-{device}", {}, "x-barn/batch_ds", ("barn", "batch_ds")),
        ("device/{device}", {"barn": ""}, "ds/T", ("barn", "ds T")),
        ("device/{device}", {"barn": ""}, "device/shed/ds/T", ("shed", "ds T")),
        ("device/{device}", {"barn": ""}, "device/barn/ds/T", None),
        ("device/{device}", {"barn": "a/{device}/c"}, "a/barn/c/ds/T", ("barn", "ds T")),
        ("device/{device}", {"barn": "device/hall"}, "device/hall/ds/T", ("barn", "ds T")),
        ("", {"shed": "s"}, "ds/T", ("barn", "ds T")),
        ("", {"shed": "ds/s"}, "ds/s/ds/T", ("shed", "ds T")),
    ],
)
def test_a_topic_belongs_to_the_device_with_its_prefix(
    core: Core,
    prefix: str,
    devices: dict[str, str],
    topic: str,
    expected: tuple[str, str | list[str]] | None,
) -> None:
    place = found(prefixes_of(core, prefix, **devices), topic)
    if expected is None:
        assert place is None
    else:
        slug, levels = expected
        assert place == (slug, levels.split() if isinstance(levels, str) else levels)


@pytest.mark.parametrize(
    ("prefix", "devices"),
    [
        ("device/{device}", {"barn": ""}),
        ("dev/{token}", {"barn": "a/{device}"}),
        ("x-{device}/y", {"barn": "z/{token}"}),
    ],
)
def test_filters_take_what_devices_send_and_not_what_they_are_sent(
    core: Core, prefix: str, devices: dict[str, str]
) -> None:
    prefixes = prefixes_of(core, prefix, **devices)
    filters = prefixes.filters()
    for slug in ("shed", "barn"):
        before = prefixes.of(slug)
        for topic in ("ds/T", "ds/T/prop/color", "batch_ds", "event/E", "info/mcu", "get/ds/all"):
            assert any(matches(one, f"{before}{topic}") for one in filters)
        assert not any(matches(one, f"{before}downlink/ds/T") for one in filters)


def test_a_token_that_topics_cannot_hold_gives_no_prefix(core: Core) -> None:
    core.add("one", token="a+b")
    core.add("two", token="a#b")
    core.add("three", token="$ab")
    prefixes = prefixes_of(core, "{token}")
    assert [prefixes.of(slug) for slug in ("one", "two", "three")] == [None] * 3
    assert prefixes.of("shed") == f"{TOKEN}/"


def test_a_prefix_stays_with_the_first_device_that_has_it(core: Core) -> None:
    prefixes = prefixes_of(core, "board")
    assert found(prefixes, "board/ds/T") == ("shed", ["ds", "T"])
    assert prefixes.of("shed") == "board/"
    assert prefixes.of("barn") is None


def test_the_gateway_itself_and_nobody_have_no_prefix(core: Core) -> None:
    prefixes = prefixes_of(core)
    assert prefixes.of(OWN) is None
    assert prefixes.of("nobody") is None


def test_devices_that_come_or_get_another_token_are_found_after_forget(core: Core) -> None:
    prefixes = prefixes_of(core, "dev/{token}")
    assert found(prefixes, "dev/new/ds/T") is None
    assert prefixes.of("shed") == f"dev/{TOKEN}/"

    core.redefine("shed", token="new")
    prefixes.forget()

    assert found(prefixes, "dev/new/ds/T") == ("shed", ["ds", "T"])
    assert found(prefixes, f"dev/{TOKEN}/ds/T") is None
    assert prefixes.of("shed") == "dev/new/"


def test_a_removed_device_is_not_found(core: Core) -> None:
    prefixes = prefixes_of(core)
    assert found(prefixes, "device/shed/ds/T") is not None
    core.registry.remove("shed", CONFIG)
    assert found(prefixes, "device/shed/ds/T") is None
