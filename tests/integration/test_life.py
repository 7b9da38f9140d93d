"""Start, reload and stop of the daemon."""

import asyncio
import contextlib
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.helpers.bench import CONFIG, TOKEN, Http, command, eventually
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, StockClient

CLIENT = DRIVERS["websocket"]
OTHER = "9b1f0c53a9f94ad6b5a0d0b0c1f5a2b7"

STOPPED_LATE = "stop took too long"
"""Logged by a stop that was given up when its time was over."""


async def test_a_reload_keeps_connections_and_applies_what_changed(
    gateway: GatewayProcess, http: Http
) -> None:
    async with StockClient(CLIENT, gateway.port, TOKEN) as client:
        await client.expect("connected")
        bench = {"name": "Bench", "token": TOKEN}
        gateway.write_config({"devices": {"bench": bench, "new": {"name": "N", "token": OTHER}}})
        gateway.reload()
        await eventually(lambda: http.body(f"/{OTHER}/isHardwareConnected"), "false")
        await http.get(f"/{TOKEN}/update/V1?value=still")
        # Not "connected" before it: it is the same connection.
        assert await client.next_event() == ["write", 1, "still"]


async def test_a_faulty_file_is_refused_and_the_old_one_stays_in_force(
    gateway: GatewayProcess, http: Http
) -> None:
    gateway.config_path.write_text("devices: {bench: {nmae: B}}\n")
    gateway.reload()
    await gateway.wait_for_log("configuration refused")
    await gateway.wait_for_log("gateway.yaml:1")
    assert await http.get(f"/{TOKEN}/isHardwareConnected") == "false"
    assert '"degraded"' in (await http.get("/api/health")).replace(" ", "")


async def test_sigterm_ends_it_in_time_with_a_device_connected(
    gateway: GatewayProcess,
) -> None:
    async with StockClient(CLIENT, gateway.port, TOKEN) as client:
        await client.expect("connected")
        assert await gateway.stop() == 0
    assert STOPPED_LATE not in gateway.log
    assert not gateway.control_path.exists()
    assert "Traceback" not in gateway.log


async def test_a_second_signal_ends_a_stop_that_hangs(gateway: GatewayProcess, http: Http) -> None:
    with contextlib.closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as other:
        # Whoever holds the lock keeps the last commit, and so the stop, waiting.
        other.execute("BEGIN IMMEDIATE")
        await http.get(f"/{TOKEN}/update/V1?value=1")
        os.kill(gateway.pid, signal.SIGTERM)
        await eventually(lambda: listens(gateway.port), expected=False)
        assert await gateway.stop() == 1
        assert STOPPED_LATE not in gateway.log
        other.rollback()


async def test_a_second_gateway_on_the_same_data_is_refused(gateway: GatewayProcess) -> None:
    other = gateway.config_path.parent / "other"
    other.mkdir()
    second = GatewayProcess(other, CONFIG)
    second.data_dir = gateway.data_dir
    done = await command(second, "run")
    assert done.code == 1
    assert "in use" in done.err
    assert "Traceback" not in done.err


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path, CONFIG)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", gateway.port)
    async with server:
        done = await command(gateway, "run")
    assert done.code == 1
    assert f"127.0.0.1:{gateway.port}" in done.err
    assert "server.listen" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("text", ["server: {listen: 5}\n", "a: [\n", "\x00\n"])
async def test_a_faulty_file_at_start_is_78(tmp_path: Path, text: str) -> None:
    gateway = GatewayProcess(tmp_path)
    gateway.config_path.write_text(text)
    done = await command(gateway, "run")
    assert done.code == 78
    assert str(gateway.config_path) in done.err
    assert "Traceback" not in done.err


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True
