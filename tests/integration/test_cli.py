"""Every command against a running daemon, and those that need none without one."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.helpers.bench import CONFIG, ENVIRONMENT, TOKEN, Http, command, command_line, eventually
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, StockClient

CLIMATE = {
    "templates": {
        "climate": {
            "datastreams": {
                "V0": {"name": "Temperature", "type": "double", "writable": False},
                "V3": {"name": "Fan", "type": "int", "min": 0, "max": 1},
            }
        }
    }
}


@pytest.fixture(params=[True, False], ids=["with a daemon", "without one"])
async def maybe(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A gateway that runs, or one that does not."""
    gateway = GatewayProcess(tmp_path, {**CONFIG, **CLIMATE})
    if request.param:
        await gateway.start()
    yield gateway
    await stop(gateway)


async def stop(gateway: GatewayProcess) -> None:
    if gateway.control_path.exists():
        assert await gateway.stop() == 0


async def test_a_device_by_command_works_lives_on_and_goes(maybe: GatewayProcess) -> None:
    added = await command(maybe, "device", "add", "Green house", "--template", "climate")
    assert added.code == 0, added.err
    words = dict(line.split(None, 1) for line in added.out.splitlines())
    assert words["Device"] == "green-house"
    token = words["Token"]
    assert (await command(maybe, "device", "token", "green-house")).out == token + "\n"

    again = await command(maybe, "device", "add", "Green house")
    assert (again.code, again.out) == (1, "")
    assert "green-house" in again.err

    listed = await command(maybe, "device", "list")
    # The columns are as wide as the longest word of the moment: "just now" or "2 seconds ago".
    assert ["green-house", "offline", "never", "Green", "house"] in [
        line.split() for line in listed.out.splitlines()
    ]
    as_json = json.loads((await command(maybe, "device", "list", "--json")).out)
    assert {"bench", "green-house"} <= {device["slug"] for device in as_json}

    sketch = (await command(maybe, "device", "sketch", "green-house")).out
    assert f'"{token}"' in sketch
    assert f'"127.0.0.1", {maybe.port}' in sketch
    assert "BLYNK_WRITE(V3)" in sketch

    await stop(maybe)
    await maybe.start()
    async with StockClient(DRIVERS["websocket"], maybe.port, token) as client:
        await client.expect("connected")
    assert (await command(maybe, "device", "remove", "green-house")).code == 0
    gone = await command(maybe, "device", "token", "green-house")
    assert gone.code == 1
    assert "green-house" in gone.err


async def test_a_given_token_is_kept_and_a_taken_one_refused(maybe: GatewayProcess) -> None:
    given = await command(maybe, "device", "add", "A", "--token", "my-own-token", "--json")
    assert json.loads(given.out)["token"] == "my-own-token"
    taken = await command(maybe, "device", "add", "B", "--token", TOKEN)
    assert taken.code == 1
    assert "bench" in taken.err
    assert TOKEN not in taken.err
    unknown = await command(maybe, "device", "add", "C", "--template", "nowhere")
    assert unknown.code == 1
    assert "nowhere" in unknown.err


async def test_a_device_of_the_file_can_only_be_removed_there(maybe: GatewayProcess) -> None:
    done = await command(maybe, "device", "remove", "bench")
    assert done.code == 1
    assert "configuration file" in done.err


async def test_an_api_token_opens_the_api_until_it_is_removed(maybe: GatewayProcess) -> None:
    added = await command(maybe, "api-token", "add", "script", "--role", "viewer")
    assert added.code == 0, added.err
    token = added.out.strip()
    assert added.out == token + "\n"
    listed = await command(maybe, "api-token", "list")
    assert "viewer  script" in listed.out
    assert token not in listed.out
    if not maybe.control_path.exists():
        await maybe.start()
    url = f"http://127.0.0.1:{maybe.port}/api/v1/devices"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        async with session.get(url) as answer:
            assert answer.status == 200
        assert (await command(maybe, "api-token", "remove", "script")).code == 0
        async with session.get(url) as answer:
            assert answer.status == 401
    assert (await command(maybe, "api-token", "remove", "script")).code == 1


async def test_pins_are_set_and_read(gateway: GatewayProcess, http: Http) -> None:
    assert (await command(gateway, "pin", "set", "bench/v1", "21.5")).code == 0
    assert await http.legacy_value("V1") == ["21.5"]
    assert (await command(gateway, "pin", "get", "BENCH/V1")).out == "21.5\n"
    assert (await command(gateway, "pin", "set", "bench/V2", "-1", "ä")).code == 0
    assert (await command(gateway, "pin", "get", "bench/V2")).out == '["-1", "ä"]\n'
    unwritten = await command(gateway, "pin", "get", "bench/V99")
    assert unwritten.code == 1
    assert "bench/V99" in unwritten.err


async def test_a_pin_set_reaches_the_device(gateway: GatewayProcess) -> None:
    async with StockClient(DRIVERS["websocket"], gateway.port, TOKEN) as client:
        await client.expect("connected")
        await command(gateway, "pin", "set", "bench/V1", "on")
        await client.expect("write", 1, "on")


async def interrupted(command: asyncio.subprocess.Process) -> tuple[int | None, bytes, bytes]:
    """Exit code and what was printed of a command that Ctrl-C ends."""
    ending = asyncio.ensure_future(command.communicate())
    while not ending.done():
        # One that comes in the very moment before Python waits in the kernel is seen at the next.
        command.send_signal(signal.SIGINT)
        await asyncio.wait([ending], timeout=5)
    return command.returncode, *ending.result()


async def test_a_watch_shows_now_and_every_change_until_interrupted(
    gateway: GatewayProcess, http: Http
) -> None:
    await http.get(f"/{TOKEN}/update/V1?value=0")
    watch = await asyncio.create_subprocess_exec(
        *command_line(gateway, "pin", "watch", "bench/V1", "bench/V2", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    try:
        assert watch.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            first = json.loads(await watch.stdout.readline())
            assert (first["address"], first["value"]) == ("bench/V1", ["0"])
            for pin, value in (("V1", "1"), ("V3", "unseen"), ("V2", "2"), ("V1", "1")):
                await http.get(f"/{TOKEN}/update/{pin}?value={value}")
            lines = [json.loads(await watch.stdout.readline()) for _ in range(3)]
        assert [(line["address"], line["value"]) for line in lines] == [
            ("bench/V1", ["1"]),
            ("bench/V2", ["2"]),
            ("bench/V1", ["1"]),
        ]
        assert lines == sorted(lines, key=lambda line: line["seq"])
        assert await interrupted(watch) == (130, b"", b"")
    finally:
        if watch.returncode is None:
            watch.kill()
            await watch.communicate()


async def test_the_end_of_the_gateway_ends_a_watch(gateway: GatewayProcess, http: Http) -> None:
    await http.get(f"/{TOKEN}/update/V1?value=0")
    watch = await asyncio.create_subprocess_exec(
        *command_line(gateway, "pin", "watch"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert watch.stdout is not None
    assert (await watch.stdout.readline()).endswith(b"bench/V1  0\n")
    await gateway.stop()
    async with asyncio.timeout(PATIENCE_S):
        _, err = await watch.communicate()
    assert watch.returncode == 1
    assert b"the gateway ended the connection" in err


async def test_pairing_closes_again(gateway: GatewayProcess) -> None:
    opened = json.loads((await command(gateway, "device", "pair", "--json")).out)
    assert 290 < opened["seconds_left"] <= 300
    closed = await command(gateway, "device", "pair", "--minutes", "0")
    assert closed.out == "Pairing is closed.\n"
    await eventually(lambda: seconds_left(gateway), 0)


async def seconds_left(gateway: GatewayProcess) -> int:
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(gateway.control_path))
        ) as session,
        session.get("http://localhost/api/v1/pairing") as answer,
    ):
        left: int = (await answer.json())["seconds_left"]
        return left


async def test_the_control_socket_is_for_its_owner_only(gateway: GatewayProcess) -> None:
    assert gateway.control_path.stat().st_mode & 0o777 == 0o600
    assert gateway.data_dir.stat().st_mode & 0o077 == 0


async def test_pairing_without_a_daemon_says_how_to_start_one(tmp_path: Path) -> None:
    done = await command(GatewayProcess(tmp_path, CONFIG), "device", "pair")
    assert done.code == 1
    assert "blynk-gateway run" in done.err
