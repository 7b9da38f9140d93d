"""Pins of stock clients, driven and read without any code on them."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.helpers.bench import TOKEN, Http, command, eventually
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, StockClient

DECLARED = {
    "devices": {
        "bench": {"token": TOKEN, "pins": {"D8": "out", "A0": {"mode": "in", "every": "100ms"}}}
    }
}

# The driver of the JavaScript client tells writes of virtual pins only.
CLIENTS = ("blynk-library-python 0.2.0", "blynklib 0.2.6", "websocket")


@pytest.fixture(params=CLIENTS)
def driver(request: pytest.FixtureRequest) -> list[str]:
    name: str = request.param
    return DRIVERS[name]


async def next_direct(client: StockClient) -> list[object]:
    """Op and parameters of the next frame about direct pins."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            event = await client.next_event()
            if event[0] == "direct":
                return event[1:]


async def test_a_digital_pin_driven_by_http_arrives_as_mode_and_value(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await http.get(f"/{TOKEN}/update/D8?value=1")
        assert await next_direct(client) == ["pm", "8", "out"]
        assert await next_direct(client) == ["dw", "8", "1"]
        await http.get(f"/{TOKEN}/update/D8?value=0")
        assert await next_direct(client) == ["dw", "8", "0"]
        await http.get(f"/{TOKEN}/update/A3?value=128")
        assert await next_direct(client) == ["pm", "3", "pwm"]
        assert await next_direct(client) == ["aw", "3", "128"]
        assert await http.legacy_value("D8") == ["0"]


async def test_a_digital_pin_driven_by_the_command_line_arrives(
    gateway: GatewayProcess, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        assert (await command(gateway, "pin", "set", "bench/D8", "1")).code == 0
        assert await next_direct(client) == ["pm", "8", "out"]
        assert await next_direct(client) == ["dw", "8", "1"]
        refused = await command(gateway, "pin", "set", "bench/D8", "2")
        assert refused.code == 1
        assert "0 or 1" in refused.err


async def test_each_login_gets_modes_and_values_and_the_client_lives_on(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    await http.get(f"/{TOKEN}/update/D8?value=1")
    await http.get(f"/{TOKEN}/update/A3?value=128")
    for written in ("first", "second"):
        async with StockClient(driver, gateway.port, TOKEN) as client:
            await client.expect("connected")
            assert await next_direct(client) == ["pm", "8", "out", "3", "pwm"]
            assert await next_direct(client) == ["dw", "8", "1"]
            assert await next_direct(client) == ["aw", "3", "128"]
            await client.tell("write", "1", written)
            await eventually(lambda: http.legacy_value("V1"), [written])
            await http.get(f"/{TOKEN}/update/V5?value=alive")
            await client.expect("write", 5, "alive")


async def test_modes_and_values_outlive_a_restart_of_the_gateway(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    await http.get(f"/{TOKEN}/update/D8?value=1")
    await gateway.stop()
    await gateway.start()
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        assert await next_direct(client) == ["pm", "8", "out"]
        assert await next_direct(client) == ["dw", "8", "1"]


async def test_what_the_client_tells_of_its_pins_is_stored(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await client.tell("report", "dw", "4", "1")
        await client.tell("report", "aw", "0", "512")
        await eventually(lambda: http.legacy_value("D4"), ["1"])
        await eventually(lambda: http.legacy_value("A0"), ["512"])


async def test_a_declared_input_is_asked_in_its_rhythm_and_its_answers_are_read_over_http(
    tmp_path: Path, driver: list[str]
) -> None:
    async with (
        GatewayProcess(tmp_path, DECLARED) as gateway,
        aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session,
        StockClient(driver, gateway.port, TOKEN) as client,
    ):
        http = Http(session)
        await client.expect("connected")
        assert await next_direct(client) == ["pm", "8", "out", "0", "in"]
        for level in range(3):
            assert await next_direct(client) == ["ar", "0"]
            await client.tell("report", "aw", "0", str(level))
            await eventually(lambda: http.legacy_value("A0"), [str(level)])
        await http.get(f"/{TOKEN}/update/D8?value=1")
        await client.expect("direct", "dw", "8", "1")
        assert "input" in await http.body(f"/{TOKEN}/update/A0?value=1")
