"""What an entity belongs to."""

import pytest

from blynk_gateway import __version__
from blynk_gateway.core.device import Device
from blynk_gateway.mqtt.discovery.entities.device_block import device_block
from blynk_gateway.mqtt.discovery.ids import Ids
from tests.helpers.mqtt import INSTANCE_ID, defined

IDS = Ids(INSTANCE_ID)


def device(slug: str, *info: tuple[str, str]) -> Device:
    made = Device(defined(slug, name=slug.capitalize()))
    made.info = info
    return made


def test_lan_device_is_reached_by_the_gateways_own() -> None:
    assert device_block(device("shed"), IDS, "pi", "http://pi:8080/") == {
        "ids": ["blynk_0123456789ab_shed"],
        "name": "Shed",
        "manufacturer": "Blynk",
        "via_device": "blynk_0123456789ab_pi",
    }


def test_own_device_leads_to_the_dashboard() -> None:
    expected = {
        "ids": ["blynk_0123456789ab_pi"],
        "name": "Pi",
        "manufacturer": "Blynk Gateway",
        "model": "Blynk Gateway",
        "sw_version": __version__,
    }
    assert device_block(device("pi"), IDS, "pi", None) == expected
    url = "http://pi:8080/"
    assert device_block(device("pi"), IDS, "pi", url) == expected | {"configuration_url": url}


@pytest.mark.parametrize(
    ("info", "told"),
    [
        ([("ver", "1.3.2"), ("dev", "ESP8266")], ("ESP8266", "Blynk 1.3.2")),
        ([("mcu", "2.0"), ("ver", "1.3.2")], (None, "2.0")),
        ([("fw", "\n"), ("dev", "x" * 99)], ("x" * 64, None)),
        ([("dev", "E\x1bSP\udcff")], ("ESP\N{REPLACEMENT CHARACTER}", None)),
    ],
)
def test_device_is_described_by_what_it_tells_of_itself(
    info: list[tuple[str, str]], told: tuple[str | None, str | None]
) -> None:
    block = device_block(device("shed", *info), IDS, "pi", None)
    assert (block.get("model"), block.get("sw_version")) == told


def test_no_secret_is_in_it() -> None:
    assert "token" not in str(device_block(device("shed"), IDS, "pi", None))
