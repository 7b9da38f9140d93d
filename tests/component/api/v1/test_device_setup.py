from xml.etree import ElementTree as ET

import pytest

from blynk_gateway.api.configuration import Configuration
from blynk_gateway.formats.sketch import BOARDS
from tests.helpers.http import ADMIN, TOKEN, Site

SKETCH = "/api/v1/devices/greenhouse/sketch"
QR = "/api/v1/devices/greenhouse/qr"


@pytest.fixture(autouse=True)
def address(site: Site) -> None:
    site.services.configuration = Configuration(lan_address=lambda: ("192.168.1.5", 8080))


async def test_a_sketch_has_token_address_and_the_devices_pins(site: Site) -> None:
    answer = await site.request("GET", f"{SKETCH}?board=esp32", bearer=ADMIN)
    assert answer.json["board"] == "esp32"
    assert answer.json["boards"] == list(BOARDS)
    text = answer.json["text"]
    assert f'char auth[] = "{TOKEN}";' in text
    assert '"192.168.1.5", 8080);' in text
    assert "WiFi.h" in text
    assert "// Set point: called whenever someone writes it\nBLYNK_WRITE(V2)" in text
    assert "Blynk.virtualWrite(V3, …);   Temperature" in text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_first_board_is_meant_if_none_is_named(site: Site) -> None:
    answer = await site.request("GET", SKETCH, bearer=ADMIN)
    assert answer.json["board"] == next(iter(BOARDS))


async def test_an_unknown_board_or_device_is_refused(site: Site) -> None:
    answer = await site.request("GET", f"{SKETCH}?board=toaster", bearer=ADMIN)
    assert answer.status == 400
    expected = "board: expected one of esp8266, esp32, uno, linux, found 'toaster'"
    assert answer.json["error"]["message"] == expected
    for what in ("sketch", "qr"):
        answer = await site.request("GET", f"/api/v1/devices/nowhere/{what}", bearer=ADMIN)
        assert answer.status == 404


async def test_without_a_port_for_devices_there_is_no_sketch(site: Site) -> None:
    site.services.configuration = Configuration()
    answer = await site.request("GET", SKETCH, bearer=ADMIN)
    assert answer.status == 409
    assert "server.listen is empty" in answer.json["error"]["message"]


async def test_the_token_comes_as_a_picture_that_scales_and_runs_nothing(site: Site) -> None:
    answer = await site.request("GET", QR, bearer=ADMIN)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "no-store"
    root = ET.fromstring(answer.body)  # noqa: S314  our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    # Its token is to be read by a camera only.
    assert TOKEN.encode() not in answer.body
    assert b"<script" not in answer.body
