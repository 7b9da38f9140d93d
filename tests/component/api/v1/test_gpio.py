"""`/api/v1/gpio` and `/api/v1/sim`."""

import pytest

from blynk_gateway.core.json_text import Json
from blynk_gateway.core.ports import GpioState, PeripheralState
from tests.helpers.http import OPERATOR, VIEWER, Site
from tests.helpers.ports import MemorySimulation

SIM = "/api/v1/sim"


@pytest.fixture
def simulated(site: Site) -> Site:
    site.gpio.simulation = MemorySimulation()
    return site


async def test_state_tells_factory_chip_open_pins_and_every_peripheral(site: Site) -> None:
    rgb = PeripheralState("lamp", "rgb", "pi/V2", (5, 6, 13), "no\ud800", ("1", "2", "3"), ())
    site.gpio.present = GpioState("lgpio", "pinctrl-rp1", "", ("D5", "A0"), (rgb,))
    answer = await site.request("GET", "/api/v1/gpio", bearer=VIEWER)
    assert (answer.status, answer.json) == (
        200,
        {
            "factory": "lgpio",
            "chip": "pinctrl-rp1",
            "fault": "",
            "open_pins": ["D5", "A0"],
            "peripherals": [
                {
                    "name": "lamp",
                    "type": "rgb",
                    "pin": "pi/V2",
                    "lines": [5, 6, 13],
                    "fault": "no\N{REPLACEMENT CHARACTER}",
                    "commanded": ["1", "2", "3"],
                    "actual": [],
                }
            ],
        },
    )


async def test_driven_line_has_its_level_then(simulated: Site) -> None:
    answer = await simulated.request("PUT", f"{SIM}/lines/27", {"level": 0}, bearer=OPERATOR)
    line = {"line": 27, "level": 0, "function": "input", "pull": "up", "duty": None, "user": "door"}
    assert (answer.status, answer.json) == (200, line)
    lines = (await simulated.request("GET", f"{SIM}/lines", bearer=VIEWER)).json["lines"]
    assert line in lines
    assert [(one["line"], one["level"], one["duty"]) for one in lines] == [
        (4, 0, None),
        (17, 1, 0.5),
        (27, 0, None),
    ]


async def test_voltage_is_on_its_channel_then(simulated: Site) -> None:
    answer = await simulated.request("PUT", f"{SIM}/adc/3", {"value": 0.25}, bearer=OPERATOR)
    assert (answer.status, answer.json) == (200, {"channel": 3, "value": 0.25})
    channels = (await simulated.request("GET", f"{SIM}/adc", bearer=VIEWER)).json["channels"]
    assert [one["value"] for one in channels] == [0, 0, 0, 0.25, 0, 0, 0, 0]
    assert [one["channel"] for one in channels] == list(range(8))


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("lines/5", {"level": 1}, 404, "pin.unknown"),
        ("lines/x", {"level": 1}, 404, "pin.unknown"),
        ("lines/17", {"level": 0}, 403, "pin.not_writable"),
        ("lines/27", {"level": 2}, 400, "request.invalid"),
        ("lines/27", {"level": 0.5}, 400, "request.invalid"),
        ("lines/27", {"level": "0"}, 400, "request.invalid"),
        ("lines/27", {}, 400, "request.invalid"),
        ("adc/8", {"value": 1}, 404, "pin.unknown"),
        ("adc/-1", {"value": 1}, 404, "pin.unknown"),
        ("adc/1.5", {"value": 1}, 404, "pin.unknown"),
        ("adc/0", {"value": 1.01}, 400, "request.invalid"),
        ("adc/0", {"value": True}, 400, "request.invalid"),
    ],
)
async def test_bad_simulation_is_one_error_and_nothing_moves(
    simulated: Site, path: str, body: Json, status: int, code: str
) -> None:
    assert simulated.gpio.simulation is not None
    before = (simulated.gpio.simulation.lines(), simulated.gpio.simulation.adc())
    answer = await simulated.request("PUT", f"{SIM}/{path}", body, bearer=OPERATOR)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert (simulated.gpio.simulation.lines(), simulated.gpio.simulation.adc()) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "lines", None),
        ("PUT", "lines/27", {"level": 1}),
        ("GET", "adc", None),
        ("PUT", "adc/0", {"value": 1}),
    ],
)
async def test_real_pins_are_not_simulated(site: Site, method: str, path: str, body: Json) -> None:
    answer = await site.request(method, f"{SIM}/{path}", body, bearer=OPERATOR)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (404, "gpio.not_simulated")
    assert "expected `gpio.factory: mock`" in error["message"]
    assert error["hint"]
