"""The whole daemon beside a real broker: both come and go, nothing is lost and nothing is late."""

import asyncio
import json
import os
import shutil
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.bench import CONFIG, TOKEN, eventually
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import Json
from tests.helpers.processes import GatewayProcess, free_port
from tests.helpers.stock_client import DRIVERS, StockClient

CLIENT = DRIVERS["websocket"]
OTHER = "9b1f0c53a9f94ad6b5a0d0b0c1f5a2b7"
WRITES = 5000

Config = dict[str, Any]


def config(port: int, **sections: object) -> Config:
    """The device "bench" without a quota, and a broker."""
    mqtt = {"port": port, "keepalive": "5s"}
    return {**CONFIG, "mqtt": mqtt, "server": {"quota": {"messages_per_second": 0}}, **sections}


@pytest.fixture
def port() -> int:
    """Of a broker that does not run yet."""
    return free_port()


def broker_at(port: int, *, is_persistent: bool = False) -> Broker:
    broker = Broker(is_persistent=is_persistent)
    broker.port = port
    return broker


async def retained(port: int) -> dict[str, str]:
    """Everything that the broker retains."""
    async with Listener(port) as listener:
        # The broker answers in order: what it retains has come before this.
        listener.publish("end", "")
        await listener.expect("end")
        return {one.topic: one.payload for one in listener.heard if one.is_retained}


def standing(messages: dict[str, str]) -> dict[str, str]:
    """What has to stand there whatever happened; health tells of time and temperature."""
    return {topic: text for topic, text in messages.items() if topic != "blynk/bridge/health"}


@asynccontextmanager
async def device(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    """The device "bench", logged in; what it is told is thrown away."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode_frame(Command.HW_LOGIN, 1, TOKEN.encode()))
    await reader.readexactly(5)
    reading = asyncio.create_task(reader.read(), name="device reads")
    try:
        yield writer
    finally:
        writer.close()
        await asyncio.wait([reading])


async def write_many(writer: asyncio.StreamWriter, count: int, pin: Callable[[int], int]) -> None:
    """Let the device write the numbers from 0 on."""
    for begin in range(0, count, 500):
        writer.writelines(
            encode_frame(
                Command.HARDWARE, 1 + number % 65535, b"vw\0%d\0%d" % (pin(number), number)
            )
            for number in range(begin, min(count, begin + 500))
        )
        await writer.drain()


class Asking:
    """Asks a gateway what it can be asked."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._count = 0

    async def ask(self, name: str, **body: object) -> Json:
        """The answer to a request."""
        self._count += 1
        self._listener.publish(
            f"blynk/bridge/request/{name}", json.dumps({**body, "transaction": self._count})
        )
        topic = f"blynk/bridge/response/{name}"

        def found() -> Json:
            answers = (json.loads(text) for text in self._listener.of(topic))
            return next((one for one in answers if one["transaction"] == self._count), None)

        answer = await self._listener.until(found)
        return {key: value for key, value in answer.items() if key != "transaction"}


async def until_online(listener: Listener, times: int = 1) -> None:
    await listener.until(lambda: listener.of("blynk/bridge/state").count("online") >= times)


async def until_told(listener: Listener, slug: str, pin: str) -> None:
    """Return when all that is told a while after a change was told of this pin of this device."""

    def told(ending: str) -> bool:
        return any(
            one.topic.endswith(ending) and f'"{pin}' in one.payload for one in listener.heard
        )

    await listener.until(lambda: told(f"/{slug}/state") and told(f"_{slug}/config"))
    await listener.until(lambda: f'"{slug}"' in (listener.of("blynk/bridge/info") or [""])[-1])


async def until_back(listener: Listener) -> None:
    await listener.until(lambda: listener.of("blynk/bridge/state")[-1] == "online")


async def value_of(gateway: GatewayProcess, pin: int) -> str:
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session,
        session.get(f"/{TOKEN}/get/V{pin}") as answer,
    ):
        return await answer.text()


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_daemon_does_not_wait_for_the_broker_and_meets_it_when_it_comes(
    tmp_path: Path, port: int
) -> None:
    async with GatewayProcess(tmp_path, config(port)) as gateway:
        await gateway.wait_for_log("gateway ready")
        with broker_at(port):
            async with (
                Listener(port) as listener,
                StockClient(CLIENT, gateway.port, TOKEN) as client,
            ):
                await until_online(listener)
                await client.expect("connected")
                await client.tell("write", "5", "21.5")
                await listener.expect("blynk/bench/v5", "21.5")
                await listener.expect("blynk/bench/availability", "online")
                listener.publish("blynk/bench/v6/set", "on")
                await client.expect("write", 6, "on")
                await listener.expect("blynk/bench/v6", "on")
            async with Listener(port, "blynk/bench/v7") as listener, device(gateway.port) as writer:
                await write_many(writer, WRITES, lambda _: 7)
                await listener.until(lambda: len(listener.heard) == WRITES)
                assert listener.of("blynk/bench/v7") == list(map(str, range(WRITES)))
            async with Listener(port) as listener:
                assert await gateway.stop() == 0
                await listener.expect("blynk/bridge/state", "offline")


@pytest.mark.parametrize("is_persistent", [False, True])
async def test_everything_stands_there_again_after_the_broker_was_killed(
    tmp_path: Path, port: int, is_persistent: bool
) -> None:
    old = {"name": "Old", "token": OTHER}
    both = {"devices": {**CONFIG["devices"], "old": old}}
    with broker_at(port, is_persistent=is_persistent) as broker:
        async with GatewayProcess(tmp_path, config(port, **both)) as gateway:
            async with Listener(port) as listener, device(gateway.port) as writer:
                await until_online(listener)
                await write_many(writer, 20, lambda number: number)
                await listener.expect("blynk/bench/v19", "19")
                listener.publish("blynk/old/v1/set", "1")
                await listener.expect("blynk/old/v1", "1")
                listener.publish("blynk/foreign/v1", "mine", retain=True)
                await until_told(listener, "bench", "v19")
                await until_told(listener, "old", "v1")
                before = standing(await retained(port))
                broker.kill()
                gateway.write_config(config(port))
                gateway.reload()
                await write_many(writer, 3, lambda number: 17 + number)
                broker.start()
                async with Listener(port) as again:
                    await until_online(again, 2 if is_persistent else 1)
                    again.publish("blynk/bench/v30/set", "done")
                    await again.expect("blynk/bench/v30", "done")
                    await until_told(again, "bench", "v30")
                after = standing(await retained(port))
            changed = {"blynk/bench/v17": "0", "blynk/bench/v18": "1", "blynk/bench/v19": "2"}
            assert {topic: after[topic] for topic in changed} == changed
            for topic in (*changed, "blynk/bench/v30", "blynk/bench/state", "blynk/bridge/info"):
                before.pop(topic, None)
                after.pop(topic)
            removed = {topic for topic in before if topic.startswith("blynk/old/")}
            assert "blynk/old/v1" in removed
            if not is_persistent:
                removed.add("blynk/foreign/v1")
            assert not removed & after.keys()
            assert drop_discovery(after) == drop_discovery(
                {topic: text for topic, text in before.items() if topic not in removed}
            )


def drop_discovery(messages: dict[str, str]) -> dict[str, str]:
    """What is told of devices to Home Assistant changed with them."""
    return {topic: text for topic, text in messages.items() if topic.startswith("blynk/")}


async def test_what_somebody_cleared_is_published_again(tmp_path: Path, port: int) -> None:
    with broker_at(port):
        async with (
            GatewayProcess(tmp_path, config(port)) as gateway,
            Listener(port) as listener,
            device(gateway.port) as writer,
        ):
            await until_online(listener)
            await write_many(writer, 20, lambda number: number)
            await listener.expect("blynk/bench/v19", "19")
            await until_told(listener, "bench", "v19")
            before = standing(await retained(port))
            for topic in sorted(before):
                listener.publish(topic, b"", retain=True)

            async def found() -> dict[str, str]:
                return standing(await retained(port))

            await eventually(found, before)


async def test_broker_that_is_away_costs_no_memory_and_gets_the_latest_only(
    tmp_path: Path, port: int
) -> None:
    writes, pins = 100_000, 100
    with broker_at(port) as broker:
        async with GatewayProcess(tmp_path, config(port)) as gateway:
            async with Listener(port) as listener:
                await until_online(listener)
            async with device(gateway.port) as writer:
                await write_many(writer, pins, lambda number: number)
                broker.kill()
                before = resident_bytes(gateway.pid)
                await write_many(writer, writes, lambda number: number % pins)
                await eventually(lambda: value_of(gateway, pins - 1), f'["{writes - 1}"]')
                grown = resident_bytes(gateway.pid) - before
                broker.start()
                async with Listener(port) as listener:
                    last = f"blynk/bench/v{pins - 1}"
                    await listener.until(lambda: listener.of(last))
                    await until_online(listener)
                    heard = [one for one in listener.heard if one.topic.startswith("blynk/bench/v")]
            latest = {f"blynk/bench/v{pin}": str(writes - pins + pin) for pin in range(pins)}
            assert {one.topic: one.payload for one in heard} == latest
            assert len(heard) == pins
            # Every change that waited would have taken a kilobyte.
            assert grown < 30_000_000


async def test_requests_are_answered_and_a_restart_keeps_everything(
    tmp_path: Path, port: int
) -> None:
    with broker_at(port):
        async with (
            GatewayProcess(tmp_path, config(port)) as gateway,
            Listener(port, "blynk/#") as listener,
        ):
            await until_online(listener)
            asking = Asking(listener)
            listener.publish("blynk/bench/v5/set", "kept")
            await listener.expect("blynk/bench/v5", "kept")

            devices = (await asking.ask("devices"))["data"]["devices"]
            assert [(one["slug"], one["pins"]) for one in devices if one["pins"]] == [
                ("bench", ["v5"])
            ]
            assert (await asking.ask("health"))["data"]["status"] == "ok"
            assert (await asking.ask("pair", minutes=2))["data"] == {"seconds_left": 120}
            await listener.expect("blynk/bridge/pairing", "ON")

            backups = [(await asking.ask("backup"))["data"] for _ in range(2)]
            with tarfile.open(backups[-1]["path"]) as backup:
                assert "gateway.db" in backup.getnames()
                assert not [name for name in backup.getnames() if "tar.gz" in name]

            gateway.config_path.write_text("devices: {bench: {nmae: B}}\n")
            for name in ("reload", "restart"):
                refused = await asking.ask(name)
                assert refused["status"] == "error"
                assert "gateway.yaml:1" in refused["data"]["faults"][0]
            new = {"devices": {**CONFIG["devices"], "new": {"name": "New", "token": OTHER}}}
            gateway.write_config(config(port, **new))
            assert await asking.ask("reload") == {"status": "ok", "data": {}}
            await listener.expect("blynk/new/availability", "offline")

            pid = gateway.pid
            assert await asking.ask("restart") == {"status": "ok", "data": {}}
            await listener.expect("blynk/bridge/state", "offline")
            await until_back(listener)
            assert gateway.pid == pid

            async def times_ready() -> int:
                return gateway.log.count("gateway ready")

            # The broker is told when it is connected, which may come before the rest is ready.
            await eventually(times_ready, 2)
            assert "Traceback" not in gateway.log
            messages = await retained(port)
            assert messages["blynk/bench/v5"] == "kept"
            assert messages["blynk/bridge/pairing"] == "OFF"
            listener.publish("blynk/bench/v5/set", "again")
            await listener.expect("blynk/bench/v5", "again")

            await gateway.kill()
            await listener.until(lambda: listener.of("blynk/bridge/state")[-1] == "offline")
            await gateway.start()
            await until_back(listener)


async def test_gateways_that_get_into_each_others_way_say_so_and_do_not_fight(
    tmp_path: Path, port: int
) -> None:
    with broker_at(port):
        places = [tmp_path / name for name in ("one", "copy", "second")]
        for place in places:
            place.mkdir()
        one, copy, second = (GatewayProcess(place, config(port)) for place in places)
        async with one, Listener(port, "blynk/bridge/info") as listener:
            await listener.until(lambda: listener.heard)
            await one.stop()
            shutil.copytree(one.data_dir, copy.data_dir)
            # A twin that calls itself otherwise: the broker lets both in.
            named = config(port)
            named["mqtt"]["client_id"] = "copy"
            copy.write_config(named)
            await one.start()
            async with copy:
                await one.wait_for_log("with a copy of this one's data directory")
            # It told of its end in the name of both.
            async with Listener(port, "blynk/bridge/state") as state:
                await state.until(lambda: state.of("blynk/bridge/state")[-1:] == ["online"])
            async with second:
                await one.wait_for_log("has the base topic 'blynk' too")
                # Each says what it has to say; nobody answers.
                await asyncio.sleep(1.0)
                heard = len(listener.heard)
                await asyncio.sleep(1.0)
                assert len(listener.heard) == heard
