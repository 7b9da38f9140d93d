"""Direct pins of the Pi and of devices over all three HTTP dialects."""

import time

import pytest

from blynk_gateway.core.change import Intent, ModeChange, Origin, OriginKind, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.effects import EFFECTS
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import PeripheralState
from tests.helpers.http import CONFIG, OPERATOR, TOKEN, VIEWER, Answer, Site

PI_TOKEN = "00112233445566778899aabbccddeeff"
GPIO = Origin(OriginKind.GPIO)
OPEN = frozenset({"D17", "D27", "D22", "A0"})
LAMP = Datastream(
    "V1",
    "lamp",
    DatastreamType.INT,
    minimum=0,
    maximum=255,
    is_strict=True,
    parameters=1,
    effects=EFFECTS,
)


@pytest.fixture
def pi(site: Site) -> Site:
    """With the Pi: 17 is free, 22 a PWM output, 27 an input, A0 a channel of the converter."""
    pi = DeviceDefinition("pi", "Pi", PI_TOKEN, DeviceSource.GATEWAY, datastreams={"V1": LAMP})
    site.registry.add(pi, CONFIG)
    modes = {"D22": PinMode.PWM, "D27": PinMode.PULL_UP, "A0": PinMode.IN}
    pins = {pin: DirectPin(mode) for pin, mode in modes.items()}
    site.store.define("pi", {"V1": LAMP}, pins, OPEN)
    return site


def watch(site: Site) -> Mailbox:
    mailbox = Mailbox(1000, Overflow.CLOSE)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    return mailbox


async def legacy(site: Site, pin: str, value: str) -> Answer:
    return await site.request("GET", f"/{PI_TOKEN}/update/{pin}?value={value}")


async def cloud(site: Site, pin: str, value: str) -> Answer:
    return await site.request("GET", f"/external/api/update?token={PI_TOKEN}&{pin}={value}")


async def api(site: Site, pin: str, value: str) -> Answer:
    path = f"/api/v1/pins/pi/{pin}"
    return await site.request("PUT", path, {"value": [value]}, bearer=OPERATOR)


CLOSED = "pi/D4 is not open to direct control; expected one of: D17, D22, D27, A0"
INPUT = "pi/D27 is an input (mode pu); expected an output"
PWM = "pi/D17 was given '128'; expected 0 or 1, for other values set its mode to pwm"
RANGE = "pi/D22 was given '256'; expected a whole number 0 to 255"
TYPE = "pi/D22 was given 'on'; expected a whole number 0 to 255"
CONVERTER = "pi/A0 is an input (mode in); expected an output"

REFUSALS = [
    ("D4", "1", CLOSED, "pin", 404, "pin.unknown"),
    ("D27", "1", INPUT, "value", 403, "pin.not_writable"),
    ("D17", "128", PWM, "value", 400, "pin.invalid_value"),
    ("D22", "256", RANGE, "value", 400, "pin.invalid_value"),
    ("D22", "on", TYPE, "value", 400, "pin.invalid_value"),
    ("A0", "1", CONVERTER, "value", 403, "pin.not_writable"),
]


@pytest.mark.parametrize(("pin", "value", "reason", "words", "status", "code"), REFUSALS)
async def test_each_refusal_is_one_error_in_the_callers_language_and_the_pin_untouched(
    pi: Site, pin: str, value: str, reason: str, words: str, status: int, code: str
) -> None:
    before, mailbox = pi.store.find("pi", pin), watch(pi)
    answer = await legacy(pi, pin, value)
    text = {"pin": "Wrong pin format.", "value": "Wrong request format."}[words]
    assert (answer.status, answer.text) == (400, f"{text} {reason}")

    answer = await pi.request("PUT", f"/{PI_TOKEN}/update/{pin}", [value])
    assert (answer.status, answer.text) == (400, f"{text} {reason}")

    answer = await cloud(pi, pin, value)
    if words == "value":
        text = "Value doesn't match the Datastream data type."
    assert (answer.status, answer.json) == (400, {"error": {"message": f"{text} {reason}"}})

    answer = await api(pi, pin, value)
    error = answer.json["error"]
    assert (answer.status, error["code"], error["message"]) == (status, code, reason)
    assert error["hint"]

    assert pi.store.find("pi", pin) == before
    assert mailbox.drain() == []


@pytest.mark.parametrize("write", [legacy, cloud, api])
async def test_each_dialect_drives_an_open_line(pi: Site, write: Json) -> None:
    mailbox = watch(pi)
    assert (await write(pi, "D17", "1")).status == 200
    assert (await write(pi, "d22", "128")).status == 200
    mode, first, second = mailbox.drain()
    assert isinstance(mode, ModeChange)
    assert (mode.pin, mode.direct.mode) == ("D17", PinMode.OUT)
    assert isinstance(first, PinChange)
    assert isinstance(second, PinChange)
    assert (first.pin, first.value, first.intent) == ("D17", ("1",), Intent.COMMAND)
    assert (second.pin, second.value, second.intent) == ("D22", ("128",), Intent.COMMAND)


async def test_one_refused_direct_pin_keeps_all_others_back(pi: Site) -> None:
    mailbox = watch(pi)
    answer = await pi.request(
        "GET", f"/external/api/batch/update?token={PI_TOKEN}&v1=5&d17=1&d27=1"
    )
    assert answer.json["error"]["message"].endswith(INPUT)
    assert mailbox.drain() == []


async def test_points_of_the_past_go_to_no_line_that_is_not_open(pi: Site) -> None:
    now_ms = pi.clock.now_ms()
    mailbox = watch(pi)
    answer = await pi.request(
        "POST", f"/external/api/batch/update?token={PI_TOKEN}&pin=d4", [[now_ms, 1]]
    )
    assert (answer.status, answer.json) == (400, {"error": {"message": "Wrong pin format."}})
    body = [{"value": "1", "timestamp": now_ms}]
    answer = await pi.request("PUT", f"/{PI_TOKEN}/extra/pin/D4", body)
    assert (answer.status, answer.text) == (400, f"Wrong pin format. {CLOSED}")
    assert mailbox.drain() == []


async def test_each_dialect_reads_a_pin_that_has_no_value_yet(pi: Site) -> None:
    pi.gpio.on_pins |= {
        ("pi", "D17"): ("1",),
        ("pi", "D22"): ("7",),
        ("pi", "D27"): ("0",),
        ("greenhouse", "A0"): ("512",),
    }
    assert (await pi.request("GET", f"/{PI_TOKEN}/get/D17")).text == '["1"]'
    answer = await pi.request("GET", f"/external/api/get?token={PI_TOKEN}&D22")
    assert answer.text == "7"
    answer = await pi.request("GET", f"/external/api/get?token={TOKEN}&pin=A0")
    assert answer.text == "512"
    answer = await pi.request("GET", "/api/v1/pins/pi/D27", bearer=VIEWER)
    assert (answer.json["value"], answer.json["mode"]) == (["0"], "pu")
    asked = list(pi.gpio.asked)
    assert asked == [("pi", "D17"), ("pi", "D22"), ("greenhouse", "A0"), ("pi", "D27")]
    # A line in use tells its changes, and is not asked again.
    assert (await pi.request("GET", f"/{PI_TOKEN}/get/D27")).text == '["0"]'
    assert pi.gpio.asked == asked


async def test_several_pins_are_read_each_for_itself(pi: Site) -> None:
    pi.gpio.on_pins |= {("pi", "D17"): ("1",), ("pi", "D22"): ("7",)}
    answer = await pi.request("GET", f"/external/api/get?token={PI_TOKEN}&D17&d22&v1")
    assert answer.json == {"D17": "1", "d22": "7"}


@pytest.mark.parametrize("pin", ["D4", "D17"])
async def test_pin_that_tells_nothing_is_answered_as_one_that_is_not_known(
    pi: Site, pin: str
) -> None:
    answer = await pi.request("GET", f"/{PI_TOKEN}/get/{pin}")
    assert (answer.status, answer.text) == (400, "Requested pin doesn't exist in the app.")
    for query in (pin, f"{pin}&v1"):
        answer = await pi.request("GET", f"/external/api/get?token={PI_TOKEN}&{query}")
        assert answer.json == {
            "error": {"message": "Requested dataStream doesn't exist in the product Pi"}
        }
    answer = await pi.request("GET", f"/api/v1/pins/pi/{pin}", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (404, "pin.unknown")
    expected = CLOSED if pin == "D4" else "pi/D17 was never written and has no datastream"
    assert answer.json["error"]["message"] == expected


async def set_mode(site: Site, address: str, body: Json) -> Answer:
    return await site.request("PUT", f"/api/v1/pins/{address}/mode", body, bearer=OPERATOR)


async def test_mode_is_set_told_and_obeyed(pi: Site) -> None:
    mailbox = watch(pi)
    answer = await set_mode(pi, "PI/d17", {"mode": "pwm", "every_ms": None})
    assert answer.status == 200
    shown = {name: answer.json[name] for name in ("address", "mode", "every_ms", "value")}
    assert shown == {"address": "pi/D17", "mode": "pwm", "every_ms": None, "value": []}
    (change,) = mailbox.drain()
    assert isinstance(change, ModeChange)
    assert str(change.origin).startswith("api:")
    assert (await legacy(pi, "D17", "128")).status == 200
    answer = await set_mode(pi, "greenhouse/A3", {"mode": "in", "every_ms": 1000})
    assert (answer.json["mode"], answer.json["every_ms"]) == ("in", 1000)


@pytest.mark.parametrize(
    ("address", "body", "status", "code", "text"),
    [
        ("pi/D4", {"mode": "out"}, 404, "pin.unknown", CLOSED),
        ("pi/V1", {"mode": "out"}, 400, "pin.invalid_value", "V1 is virtual and has no mode"),
        ("pi/X1", {"mode": "out"}, 404, "pin.unknown", "'X1' is no pin"),
        ("none/D1", {"mode": "out"}, 404, "device.unknown", "no device"),
        ("pi/A0", {"mode": "pu"}, 400, "pin.invalid_value", "A0 cannot be pu"),
        ("pi/D27", {"mode": "out"}, 403, "pin.not_writable", "pi/D27 is declared as pu"),
        ("pi/D17", {"mode": "up"}, 400, "request.invalid", "body.mode: expected one of in, out"),
        ("pi/D17", {"mode": None}, 400, "request.invalid", "body.mode: wrong type"),
        ("pi/D17", {}, 400, "request.invalid", "body.mode: missing"),
        ("pi/D17", {"mode": "out", "every_ms": 100}, 400, "pin.invalid_value", "is an output"),
        ("pi/D17", {"mode": "in", "every_ms": 99.5}, 400, "request.invalid", "body.every_ms"),
        ("pi/D17", {"mode": "in", "every_ms": 1e300}, 400, "request.invalid", "body.every_ms"),
        ("pi/D17", {"mode": "in", "every_ms": "1s"}, 400, "request.invalid", "body.every_ms"),
    ],
)
async def test_mode_that_cannot_be_is_one_error_and_changes_nothing(
    pi: Site, address: str, body: Json, status: int, code: str, text: str
) -> None:
    mailbox = watch(pi)
    answer = await set_mode(pi, address, body)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert text in error["message"]
    assert mailbox.drain() == []


@pytest.mark.parametrize(
    "value", [["blink", "200", "800", "5"], ["toggle"], ["pulse"], ["fade", "255", "300"]]
)
async def test_effects_pass_every_dialect(pi: Site, value: list[str]) -> None:
    path = "/api/v1/pins/pi/V1"
    answer = await pi.request("PUT", path, {"value": value}, bearer=OPERATOR)
    assert (answer.status, answer.json["value"]) == (200, value)
    mailbox = watch(pi)
    values = "&".join(f"value={one}" for one in value)
    assert (await pi.request("GET", f"/{PI_TOKEN}/update/V1?{values}")).status == 200
    query = f"token={PI_TOKEN}&pin=v1&{values}"
    assert (await pi.request("GET", f"/external/api/update?{query}")).status == 200
    changes = [one for one in mailbox.drain() if isinstance(one, PinChange)]
    assert [one.value for one in changes] == [tuple(value)] * 2
    assert {one.intent for one in changes} == {Intent.COMMAND}


async def test_effect_that_makes_no_sense_is_refused(pi: Site) -> None:
    before = pi.store.get("pi", "V1")
    answer = await pi.request(
        "PUT", "/api/v1/pins/pi/V1", {"value": ["blink", "1"]}, bearer=OPERATOR
    )
    assert (answer.status, answer.json["error"]["code"]) == (400, "pin.invalid_value")
    assert "expected a whole number from 10 to" in answer.json["error"]["message"]
    assert pi.store.get("pi", "V1") == before


@pytest.mark.parametrize("pin", ["D22", "D27", "A0", "V1"])
async def test_the_past_of_the_pis_hardware_cannot_be_written(pi: Site, pin: str) -> None:
    lamp = PeripheralState("lamp", "pwm", "pi/V1", (18,), "", (), ())
    pi.gpio.present = pi.gpio.present._replace(peripherals=(lamp,))
    orders = Mailbox(1000, Overflow.CLOSE)
    pi.bus.subscribe_commands(orders, device="pi", origin=GPIO)
    now_ms = pi.clock.now_ms()
    upload = f"/external/api/batch/update?token={PI_TOKEN}&pin={pin}"
    extra = [{"value": "1", "timestamp": now_ms}, {"value": "0", "timestamp": now_ms - 1000}]
    reason = f"pi/{pin} is hardware of the gateway; expected no values of the past"

    answer = await pi.request("POST", upload, [[now_ms, 1]])
    assert (answer.status, answer.json["error"]["message"]) == (403, reason)
    if pin in ("D22", "V1"):
        answer = await pi.request("PUT", f"/{PI_TOKEN}/extra/pin/{pin}", extra)
        assert (answer.status, answer.text) == (403, reason)
    assert orders.drain() == []


async def test_the_past_of_a_virtual_pin_without_hardware_can(pi: Site) -> None:
    upload = f"/external/api/batch/update?token={PI_TOKEN}&pin=V9"
    assert (await pi.request("POST", upload, [[pi.clock.now_ms(), 1]])).status == 200
    assert pi.store.get("pi", "V9").value == ("1",)


@pytest.mark.parametrize("every_ms", [40, 5000.5, 1e8])
async def test_interval_that_does_not_fit_is_refused_at_once(pi: Site, every_ms: float) -> None:
    began = time.process_time()
    answer = await set_mode(pi, "greenhouse/A3", {"mode": "in", "every_ms": every_ms})
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")
    # Looked for among all numbers that fit, it kept everybody waiting for seconds.
    assert time.process_time() - began < 1.0
