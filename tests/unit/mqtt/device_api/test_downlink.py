import logging

import pytest

from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.mqtt.device_api.downlink import HEAD_BYTES, Downlink
from blynk_gateway.mqtt.device_api.prefixes import Prefixes
from tests.helpers.mqtt import CONFIG, OWN, Core, FakeOutlet, Sent

TOKEN = "4ae3851817194e2596cf1b7103603ef8"
TOPIC = f"dev/{TOKEN}/downlink/ds/T"


@pytest.fixture
def core() -> Core:
    core = Core()
    core.add("shed", token=TOKEN)
    return core


@pytest.fixture
def downlink(core: Core) -> Downlink:
    return Downlink(core.parts, Prefixes(DeviceApiOptions("dev/{token}"), core.registry, OWN))


def test_a_message_goes_below_the_device_s_prefix_at_least_once(
    core: Core, downlink: Downlink
) -> None:
    outlet = FakeOutlet()
    downlink.send(outlet, core.registry.get("shed"), "ds/T", "ü")
    downlink.send(outlet, core.registry.get("shed"), "ds/T", b"\xff", qos=0)
    assert outlet.sent == [
        Sent(TOPIC, "ü".encode(), qos=1, retain=False),
        Sent(TOPIC, b"\xff", qos=0, retain=False),
    ]


@pytest.mark.parametrize("told", ["", "0", "x", "-5", "9" * 10])
def test_a_buffer_that_makes_no_sense_limits_nothing(
    core: Core, downlink: Downlink, told: str
) -> None:
    outlet = FakeOutlet()
    device = core.registry.get("shed")
    core.registry.told(device, [("buff-in", told)], CONFIG)
    downlink.send(outlet, device, "ds/T", b"x" * 5000)
    assert len(outlet.sent) == 1


def test_what_is_too_long_for_the_device_is_left_out_and_logged_once(
    core: Core, downlink: Downlink, caplog: pytest.LogCaptureFixture
) -> None:
    outlet = FakeOutlet()
    device = core.registry.get("shed")
    room = 100
    core.registry.told(device, [("buff-in", str(room))], CONFIG)
    fits = b"x" * (room - HEAD_BYTES - len(TOPIC))
    with caplog.at_level(logging.WARNING):
        downlink.send(outlet, device, "ds/T", fits)
        downlink.send(outlet, device, "ds/T", fits + b"x")
        downlink.send(outlet, device, "ds/T", fits + b"x")
    assert [one.payload for one in outlet.sent] == [fits]
    assert core.parts.health.counters["device_api_unsent"] == 2
    (record,) = caplog.records
    assert record.getMessage() == "value not sent: too long for the device's buffer"
    assert TOKEN not in str(vars(record))


def test_nothing_is_sent_to_who_has_no_prefix(core: Core, downlink: Downlink) -> None:
    outlet = FakeOutlet()
    downlink.send(outlet, core.registry.get(OWN), "ds/T", b"x")
    assert outlet.sent == []
