"""Devices and pins for people and tools."""

from typing import Any

import pytest

from blynk_gateway.api.configuration import Configuration
from blynk_gateway.config import Options
from blynk_gateway.config.automations.options import AutomationOptions, SetAction
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, PinChange
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.http import ADMIN, CONFIG, OPERATOR, TOKEN, VIEWER, Site

PIN = "/api/v1/pins/greenhouse"


async def test_devices_are_listed_without_secrets(site: Site) -> None:
    site.registry.connected(site.device, CONFIG)
    site.registry.told(site.device, [("ver", "1.4.0")], CONFIG)
    answer = await site.request("GET", "/api/v1/devices", bearer=VIEWER)
    (device,) = answer.json["devices"]
    assert TOKEN not in answer.text
    assert (device["slug"], device["name"], device["online"]) == ("greenhouse", "Greenhouse", True)
    assert device["info"] == {"ver": "1.4.0"}
    assert (await site.request("GET", "/api/v1/devices/greenhouse", bearer=VIEWER)).json == device


async def test_unknown_device_is_404(site: Site) -> None:
    for path in ("/api/v1/devices/none", "/api/v1/devices/none/pins", "/api/v1/pins/none/V0"):
        answer = await site.request("GET", path, bearer=VIEWER)
        assert (answer.status, answer.json["error"]["code"]) == (404, "device.unknown")


@pytest.mark.parametrize(
    ("body", "slug", "name"),
    [
        ({"name": "Küche 2"}, "kuche-2", "Küche 2"),
        ({"name": "Shed", "slug": "garden"}, "garden", "Shed"),
        ({"name": "Shed", "template": "climate"}, "shed", "Shed"),
    ],
)
async def test_added_device_can_be_used_at_once(
    site: Site, body: dict[str, str], slug: str, name: str
) -> None:
    answer = await site.request("POST", "/api/v1/devices", body, bearer=ADMIN)
    assert (answer.status, answer.json["slug"], answer.json["name"]) == (201, slug, name)
    token = answer.json["token"]
    assert len(token) == 32
    assert (await site.request("GET", f"/{token}/update/V0?value=1")).status == 200
    path = f"/api/v1/devices/{slug}/token"
    assert (await site.request("GET", path, bearer=ADMIN)).json == {"slug": slug, "token": token}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": ""}, 400, "request.invalid"),
        ({"name": "x" * 65}, 400, "request.invalid"),
        ({"name": "a\nb"}, 400, "request.invalid"),
        ({"name": 5}, 400, "request.invalid"),
        ({"name": "€€"}, 400, "device.error"),
        ({"name": "A", "slug": "No Slug"}, 400, "device.error"),
        ({"name": "A", "token": "a/b"}, 400, "device.error"),
        ({"name": "A", "template": "none"}, 400, "device.error"),
        ({"name": "A", "token": TOKEN}, 409, "device.exists"),
        ({"name": "Greenhouse"}, 409, "device.exists"),
    ],
)
async def test_device_that_cannot_be_added_says_why(
    site: Site, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await site.request("POST", "/api/v1/devices", body, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert TOKEN not in answer.text
    assert len(site.registry) == 1


async def test_command_made_device_is_removed_with_its_values(site: Site) -> None:
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    assert (await site.request("DELETE", "/api/v1/devices/shed", bearer=ADMIN)).status == 204
    assert site.registry.find("shed") is None


async def test_device_of_the_file_is_not_removed(site: Site) -> None:
    answer = await site.request("DELETE", "/api/v1/devices/greenhouse", bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (409, "request.conflict")


async def test_device_that_a_rule_names_is_not_removed(site: Site) -> None:
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    rule = AutomationOptions("Night", "night", (SetAction({PinAddress("shed", "V1"): ("0",)}),))
    site.services.configuration = Configuration(options=lambda: Options(automations=(rule,)))
    answer = await site.request("DELETE", "/api/v1/devices/shed", bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (409, "request.conflict")
    assert "named by the automation 'Night'" in answer.json["error"]["message"]
    assert site.registry.find("shed") is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["21.5"], ["21.5"]),
        ("21.5", ["21.5"]),
        (21.5, ["21.5"]),
        (True, ["true"]),
        (["a", "b", 3], ["a", "b", "3"]),
        ("a\0b", ["a", "b"]),
        ("\ud800", ["\N{REPLACEMENT CHARACTER}"]),
    ],
)
async def test_written_pin_is_read_back(site: Site, value: Json, expected: list[str]) -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    answer = await site.request("PUT", f"{PIN}/v0", {"value": value}, bearer=OPERATOR)
    assert (answer.status, answer.json["value"]) == (200, expected)
    assert (await site.request("GET", f"{PIN}/V0", bearer=VIEWER)).json == answer.json
    (change,) = mailbox.drain()
    assert isinstance(change, PinChange)
    assert (change.intent, str(change.origin)) == (Intent.COMMAND, "api:operator")


@pytest.mark.parametrize(
    ("method", "pin", "value", "status", "code"),
    [
        ("GET", "V99", None, 404, "pin.unknown"),
        ("GET", "X1", None, 404, "pin.unknown"),
        ("PUT", "V256", "1", 404, "pin.unknown"),
        ("PUT", "V1", "warm", 400, "pin.invalid_value"),
        ("PUT", "V3", "1", 403, "pin.not_writable"),
    ],
)
async def test_refused_pin_says_why_and_keeps_its_value(
    site: Site, method: str, pin: str, value: str | None, status: int, code: str
) -> None:
    body = None if value is None else {"value": value}
    answer = await site.request(method, f"{PIN}/{pin}", body, bearer=OPERATOR)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert list(site.store.snapshot()) == []


async def test_pins_come_in_natural_order_with_their_datastreams(site: Site) -> None:
    for pin in ("V10", "D2"):
        site.store.write("greenhouse", pin, ("1",), CONFIG, Intent.REPORT)
    site.registry.set_property(site.device, "V1", "color", ("red",), CONFIG)
    answer = await site.request("GET", "/api/v1/devices/greenhouse/pins", bearer=VIEWER)
    pins = answer.json["pins"]
    assert [pin["pin"] for pin in pins] == ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V10", "D2"]
    assert pins[0]["value"] == ["0"]
    assert pins[0]["properties"] == {"color": ["red"]}
    assert pins[0]["datastream"]["type"] == "int"
    assert pins[4]["datastream"]["labels"] == {"0": "off", "1": "auto"}
    assert pins[7]["datastream"] is None


async def test_pin_with_properties_alone_is_a_pin_without_a_value(site: Site) -> None:
    site.registry.set_property(site.device, "V200", "url", ("http://cam/1",), CONFIG)
    answer = await site.request("GET", f"{PIN}/V200", bearer=VIEWER)
    assert (answer.status, answer.json["value"]) == (200, [])
    assert answer.json["properties"] == {"url": ["http://cam/1"]}
    pins = await site.request("GET", "/api/v1/devices/greenhouse/pins", bearer=VIEWER)
    assert pins.json["pins"][-1] == answer.json
