"""The daemon as a process, and a real Chromium in front of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.helpers.bench import TOKEN
from tests.helpers.browser import People, chromium, connected
from tests.helpers.processes import GatewayProcess

DATASTREAMS = {
    "V1": {"name": "Fan", "type": "int", "min": 0, "max": 1},
    "V2": {"name": "Set point", "type": "double", "min": 5, "max": 30, "decimals": 1, "unit": "°C"},
    "V3": {"name": "Temperature", "type": "double", "unit": "°C", "decimals": 1, "writable": False},
    "V4": {"name": "Mode", "type": "enum", "labels": {0: "off", 1: "auto", 2: "on"}},
    "V5": {"name": "Note", "type": "string"},
}

CONFIG = {
    "gateway": {"name": "Garden shed"},
    "devices": {"bench": {"name": "Bench", "token": TOKEN, "datastreams": DATASTREAMS}},
    "gpio": {
        "factory": "mock",
        "direct": [5, 6],
        "peripherals": {
            "pump": {"type": "output", "line": 17, "pin": "V1"},
            "door": {"type": "button", "line": 27, "pin": "V3"},
        },
    },
}


@pytest.fixture(scope="session")
def chromium_address() -> Iterator[str]:
    with chromium() as address:
        yield address


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path, CONFIG) as process:
        yield process


@pytest.fixture
async def people(chromium_address: str, gateway: GatewayProcess) -> AsyncIterator[People]:
    async with connected(chromium_address) as browser:
        people = People(browser, gateway)
        yield people
        await people.close()
