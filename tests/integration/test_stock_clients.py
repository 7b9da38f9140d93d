"""Unmodified clients, and a hand-made one over WebSocket, do what they always did."""

import asyncio
import importlib.util
import json
import shutil

import pytest

from tests.helpers.bench import TOKEN, Http, command, eventually
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, NODE, StockClient

NEEDS = {
    "blynklib 0.2.6": "blynklib",
    "blynk-library-python 0.2.0": "BlynkLib",
    "websocket": "aiohttp",
}


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> list[str]:
    name: str = request.param
    if name in NEEDS:
        is_there = importlib.util.find_spec(NEEDS[name]) is not None
    else:
        is_there = shutil.which("node") is not None
        is_there = is_there and (NODE / "node_modules/blynk-library").exists()
    if not is_there:
        pytest.skip(f"{name} is not installed; `make setup` installs it")
    return DRIVERS[name]


async def test_writes_of_one_and_several_values_are_read_over_both_dialects(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await client.tell("write", "1", "21.5")
        await client.tell("write", "2", "255", "128", "0")
        await eventually(lambda: http.legacy_value("V1"), ["21.5"])
        await eventually(lambda: http.legacy_value("V2"), ["255", "128", "0"])
        assert await http.get(f"/external/api/get?token={TOKEN}&v1") == "21.5"
        assert await http.get(f"/external/api/isHardwareConnected?token={TOKEN}") == "true"


async def test_a_sync_returns_what_was_written_while_the_client_was_away(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    await http.get(f"/{TOKEN}/update/V3?value=on")
    await http.get(f"/external/api/update?token={TOKEN}&V4=1&V4=2&V4=3")
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await client.tell("sync", "3")
        await client.expect("write", 3, "on")
        await client.tell("sync", "4")
        await client.expect("write", 4, "1", "2", "3")


async def test_a_write_over_either_http_dialect_reaches_the_client(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await http.get(f"/{TOKEN}/update/V5?value=1")
        await client.expect("write", 5, "1")
        await http.get(f"/external/api/update?token={TOKEN}&v6=a&v6=b")
        await client.expect("write", 6, "a", "b")
        async with http.session.put(f"/{TOKEN}/update/v7", json=["x", "y"]) as answer:
            assert answer.status == 200
        await client.expect("write", 7, "x", "y")


async def test_a_burst_of_commands_arrives_whole_and_in_order(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await asyncio.gather(*(http.get(f"/{TOKEN}/update/V{pin}?value=1") for pin in range(8, 16)))
        await http.get(f"/{TOKEN}/update/V16?value=last")
        for _ in range(8):
            assert await client.next_write() in [[pin, "1"] for pin in range(8, 16)]
        assert await client.next_write() == [16, "last"]


async def test_a_client_survives_a_restart_of_the_gateway(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    async with StockClient(driver, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await client.tell("write", "1", "before")
        await eventually(lambda: http.legacy_value("V1"), ["before"])
        await gateway.stop()
        await gateway.start()
        await client.expect("connected")
        await client.tell("sync", "1")
        await client.expect("write", 1, "before")
        await client.tell("write", "1", "after")
        await eventually(lambda: http.legacy_value("V1"), ["after"])


async def test_an_unknown_token_is_refused_and_remembered_for_pairing(
    gateway: GatewayProcess, driver: list[str]
) -> None:
    async def refused() -> list[str]:
        answer = await command(gateway, "device", "pair", "--minutes", "0", "--json")
        return [one["token"] for one in json.loads(answer.out)["refused"]]

    async with StockClient(driver, gateway.port, "unknown-token-of-32-characters-x"):
        await eventually(refused, ["unkn…"])
    await gateway.wait_for_log("login refused")
    assert "unknown-token" not in gateway.log


async def test_a_token_that_logs_in_while_pairing_is_open_becomes_a_device(
    gateway: GatewayProcess, http: Http, driver: list[str]
) -> None:
    token = "another-token-of-32-characters-x"
    assert (await command(gateway, "device", "pair")).code == 0
    async with StockClient(driver, gateway.port, token) as client:
        await client.expect("connected")
        await client.tell("write", "1", "paired")
        await eventually(lambda: http.body(f"/{token}/get/V1"), '["paired"]')
