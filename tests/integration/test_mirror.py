"""What a daemon accepted is in a real engine exactly once, whoever was killed meanwhile."""

import asyncio
import csv
import json
import struct
from pathlib import Path
from typing import Protocol

import pytest

from tests.helpers.bench import CONFIG, TOKEN, command, eventually
from tests.helpers.engines import Engine, Influx, Postgres
from tests.helpers.processes import GatewayProcess

PINS = ("V1", "V2")
KILLS = 1
KILL_AFTER_POINTS = 2000

LATER_S = 30.0


class Copy(Protocol):
    """An engine with one database."""

    engine: Engine

    def url(self) -> str:
        """Where the mirror finds it."""

    async def values(self, pin: str) -> list[float]:
        """Of one pin, in the order of time and number."""


class PostgresCopy:
    def __init__(self) -> None:
        self.engine = Postgres()

    def url(self) -> str:
        return self.engine.url()

    async def values(self, pin: str) -> list[float]:
        if not await self.engine.query("SELECT 1 FROM pg_class WHERE relname = 'blynk_point'"):
            return []
        rows = await self.engine.query("SELECT pin, value FROM blynk_point ORDER BY at, seq")
        return [value for found, value in rows if found == pin]


class InfluxCopy:
    def __init__(self) -> None:
        self.engine = Influx()

    def url(self) -> str:
        return self.engine.url("blynk")

    async def values(self, pin: str) -> list[float]:
        rows = await self.engine.query("SELECT pin, value FROM blynk", "blynk")
        return [value for _, found, value in rows if found == pin]


def frame(command: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return struct.pack(">BHH", command, message_id, len(body)) + body


class Device:
    """Writes ascending numbers to both pins."""

    def __init__(self) -> None:
        self.last = 0

    async def write(self, gateway: GatewayProcess, points: int) -> None:
        """Write so many, each after the one before was answered, as a ping behind them tells."""
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(frame(29, 1, TOKEN))
        assert await reader.readexactly(5) == struct.pack(">BHH", 0, 1, 200)
        for _ in range(points // 100):
            for _ in range(100 // len(PINS)):
                self.last += 1
                for pin in PINS:
                    writer.write(frame(20, 2, "vw", pin[1:], str(self.last)))
            writer.write(frame(6, 3))
            await reader.readexactly(5)
        writer.close()
        await writer.wait_closed()


async def history(gateway: GatewayProcess, pin: str, path: Path) -> list[float]:
    """What the daemon itself has."""
    options = ["--from", "2000-01-01", "--format", "csv", "--output", str(path)]
    result = await command(gateway, "history", f"bench/{pin}", *options)
    assert result.code == 0, result.err
    with path.open() as file:
        return [float(row["value"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("make", [PostgresCopy, InfluxCopy])
async def test_everything_accepted_is_there_once_after_kills_on_both_sides(
    tmp_path: Path, make: type[PostgresCopy | InfluxCopy]
) -> None:
    copy = make()
    config = {
        **CONFIG,
        "server": {"quota": {"messages_per_second": 0}},
        "history": {"commit_every": "100ms", "mirror": {"url": copy.url()}},
    }
    device = Device()
    with copy.engine:
        if isinstance(copy.engine, Influx):
            await copy.engine.query("CREATE DATABASE blynk")
        async with GatewayProcess(tmp_path, config) as gateway:
            for _ in range(KILLS):
                await device.write(gateway, KILL_AFTER_POINTS)
                await gateway.kill()
                await gateway.start()
                await device.write(gateway, KILL_AFTER_POINTS)
                copy.engine.kill()
                await device.write(gateway, KILL_AFTER_POINTS)
                copy.engine.start()
            await device.write(gateway, KILL_AFTER_POINTS)
            assert (await command(gateway, "backup", str(tmp_path / "flushed"))).code == 0
            for pin in PINS:
                expected = await history(gateway, pin, tmp_path / f"{pin}.csv")
                assert len(set(expected)) == len(expected) > KILL_AFTER_POINTS
                async with asyncio.timeout(LATER_S):
                    while len(await copy.values(pin)) < len(expected):  # noqa: ASYNC110 - other processes
                        await asyncio.sleep(0.1)
                assert await copy.values(pin) == expected
            text = gateway.log
    assert "points not mirrored" not in text


async def test_what_is_wrong_is_told_and_a_reload_mends_it(tmp_path: Path) -> None:
    def config(database: str) -> dict[str, object]:
        mirror = {"url": copy.engine.url(database), "password": "hidden"}
        return {**CONFIG, "history": {"commit_every": "100ms", "mirror": mirror}}

    async def complaints() -> list[str]:
        result = await command(gateway, "doctor", "--json")
        findings = json.loads(result.out)["findings"]
        return [one["text"] for one in findings if one["check"] == "daemon: mirror"]

    copy = PostgresCopy()
    with copy.engine:
        async with GatewayProcess(tmp_path, config("none")) as gateway:
            await gateway.wait_for_log("component=mirror")
            place = f"postgresql://127.0.0.1:{copy.engine.port}/none"
            assert await complaints() == [
                f'{place}: database "none" does not exist. Check `history.mirror`, and what its'
                " user may do there."
            ]
            gateway.write_config(config("postgres"))
            gateway.reload()
            await gateway.wait_for_log("mirror begins")
            await Device().write(gateway, 100)

            async def count() -> int:
                return len(await copy.values("V1"))

            await eventually(count, 50)
            assert await complaints() == []
            text = gateway.log
    assert "hidden" not in text
