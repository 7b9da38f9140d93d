"""A board with firmware for the vendor's device API, unchanged, beside a real daemon and broker."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.helpers.bench import eventually
from tests.helpers.broker import Broker, Listener
from tests.helpers.processes import GatewayProcess

TOKEN = "4ae3851817194e2596cf1b7103603ef8"

CONFIG = {
    "server": {"quota": {"messages_per_second": 0}},
    "gpio": {"factory": "none"},
    "devices": {
        "shed": {
            "name": "Shed",
            "token": TOKEN,
            "datastreams": {
                "V0": {"name": "Power", "type": "int", "min": 0, "max": 1, "default": 0},
                "V1": {"name": "Set Temperature", "type": "double", "min": 10, "max": 30},
                "V2": {"name": "Current Temperature", "type": "double", "writable": False},
                "V3": {"name": "Terminal"},
                "V4": {"name": "Status", "type": "int"},
            },
        }
    },
}

UPLINKS = ("ds/#", "batch_ds", "info/#", "event/#", "meta/#", "get/#")


def own_broker(broker: Broker) -> Broker:
    """A broker that gives all of a board's topics its prefix, as the guide has it."""
    return Broker(
        settings=[
            "connection shed",
            f"address 127.0.0.1:{broker.port}",
            "notifications false",
            "restart_timeout 1",
            *(f'topic {one} out 1 "" device/shed/' for one in UPLINKS),
            'topic downlink/# in 1 "" device/shed/',
        ]
    )


class Board(Listener):
    """Does what the vendor's sample clients do: hears `downlink/#`, tells what it is and has."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "downlink/#")
        self._client.username_pw_set("device", TOKEN)

    def begin(self) -> None:
        """What it publishes once it is connected."""
        info = {"tmpl": "TMPL12345678", "ver": "0.1.0", "build": "Nov 21 2026 12:00:00"}
        self.publish("info/mcu", json.dumps({**info, "type": "thermostat", "rxbuff": 1024}))
        self.publish("get/ds", "Power,Set Temperature")
        self.publish("ds/Terminal", "  /_/\n")


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.fixture
async def gateway(tmp_path: Path, broker: Broker) -> AsyncIterator[GatewayProcess]:
    mqtt = {"port": broker.port, "device_api": {}}
    async with GatewayProcess(tmp_path, {**CONFIG, "mqtt": mqtt}) as process:
        await process.wait_for_log("broker connected")
        yield process


@pytest.fixture
async def api(gateway: GatewayProcess) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session:
        yield session


async def test_a_board_with_the_vendor_s_firmware_works_unchanged(
    broker: Broker, gateway: GatewayProcess, api: aiohttp.ClientSession
) -> None:
    with own_broker(broker) as own:
        async with Listener(broker.port, "#") as people, Board(own.port) as board:
            await linked(people, board)
            board.begin()
            await board.expect("downlink/ds/Power", "0")
            await people.expect("blynk/shed/availability", "online")
            assert not board.of("downlink/ds/Set Temperature"), "nobody wrote it yet"

            await write(api, "v0", "1")
            await board.expect("downlink/ds/Power", "1")
            board.publish("ds/Set Temperature/prop/isDisabled", "0")
            board.publish("ds/Current Temperature", "21.52173913")
            board.publish("event/heating", "it is cold")
            board.publish("batch_ds", json.dumps({"Status": 3, "Terminal": "warm"}))

            await people.expect("blynk/shed/v1/prop/isDisabled", "0")
            assert (await people.expect("blynk/shed/event/heating")).json["description"] == (
                "it is cold"
            )
            await people.expect("blynk/shed/v4", "3")
            assert await read(api, "v2") == "21.52173913"
            assert await read(api, "v3") == "warm"
            assert not people.of("blynk/shed/error")


async def test_a_board_and_the_daemon_find_each_other_again_after_the_broker_was_killed(
    broker: Broker, gateway: GatewayProcess, api: aiohttp.ClientSession
) -> None:
    async with Listener(broker.port, "device/shed/downlink/#") as board:
        board.publish("device/shed/ds/Status", "1")
        await eventually(lambda: read(api, "v4"), "1")
        await eventually(lambda: is_online(api), "true")

    broker.kill()
    await eventually(lambda: is_online(api), "false")
    await write(api, "v0", "1")
    broker.start()

    async with Listener(broker.port, "device/shed/downlink/#") as board:

        async def asked() -> bool:
            board.publish("device/shed/get/ds/all", "")
            return bool(board.of("device/shed/downlink/ds/Power"))

        await eventually(asked, expected=True)
        await eventually(lambda: is_online(api), "true")
        assert set(board.of("device/shed/downlink/ds/Power")) == {"1"}


async def linked(people: Listener, board: Listener) -> None:
    """Return when what the board publishes reaches the other broker: a bridge takes a moment."""

    async def arrived() -> bool:
        board.publish("ds/Status", "0")
        return bool(people.of("device/shed/ds/Status"))

    await eventually(arrived, expected=True)


async def read(api: aiohttp.ClientSession, pin: str) -> str:
    """A value as the device's own HTTP API tells it."""
    return await _get(api, f"get?token={TOKEN}&{pin}")


async def write(api: aiohttp.ClientSession, pin: str, value: str) -> None:
    """An app writes a pin."""
    assert await _get(api, f"update?token={TOKEN}&{pin}={value}") == ""


async def is_online(api: aiohttp.ClientSession) -> str:
    """`true` if the device has a connection."""
    return await _get(api, f"isHardwareConnected?token={TOKEN}")


async def _get(api: aiohttp.ClientSession, path: str) -> str:
    async with api.get(f"/external/api/{path}") as answer:
        text = await answer.text()
        assert answer.status == 200, text
        return text
