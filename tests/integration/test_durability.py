"""What was committed is there after a kill."""

import asyncio
import sqlite3
import struct
import time
from pathlib import Path

from tests.helpers.bench import CONFIG, TOKEN
from tests.helpers.processes import GatewayProcess

COMMIT_EVERY_S = 0.1
SLACK_S = 1.0
"""A commit on a busy test machine."""

ROUNDS = 3
STORM_S = 2.0


def frame(command: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return struct.pack(">BHH", command, message_id, len(body)) + body


async def storm(port: int, first: int, history: list[tuple[float, int]]) -> None:
    """Write ascending numbers to V1 and V2 until the connection breaks; note when each was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(frame(29, 1, TOKEN))
        assert await reader.readexactly(5) == struct.pack(">BHH", 0, 1, 200)
        number = first
        while not reader.at_eof():
            number += 1
            text = str(number)
            writer.write(frame(20, 2, "vw", "1", text) + frame(20, 3, "vw", "2", text, text))
            await writer.drain()
            history.append((time.monotonic(), number))
            await asyncio.sleep(0.001)
    except ConnectionError:
        return
    finally:
        writer.close()


async def values_after_start(gateway: GatewayProcess) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(frame(29, 1, TOKEN) + frame(16, 2, "vr", "1", "2"))
    try:
        answer = struct.pack(">BHH", 0, 1, 200)
        assert await reader.readexactly(5) == answer
        found: list[list[str]] = []
        for _ in range(2):
            _, _, size = struct.unpack(">BHH", await reader.readexactly(5))
            found.append((await reader.readexactly(size)).decode().split("\0"))
    finally:
        writer.close()
    (_, _, one), (_, _, two, again) = found
    assert two == again
    return int(one), int(two)


def integrity(data_dir: Path) -> str:
    with sqlite3.connect(data_dir / "gateway.db") as database:
        (found,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    return str(found)


async def test_a_kill_in_the_middle_of_writes_costs_at_most_the_commit_window(
    tmp_path: Path,
) -> None:
    config = {
        **CONFIG,
        "server": {"quota": {"messages_per_second": 0}},
        "history": {"commit_every": f"{int(COMMIT_EVERY_S * 1000)}ms"},
    }
    last = 0
    async with GatewayProcess(tmp_path, config) as gateway:
        for _ in range(ROUNDS):
            history: list[tuple[float, int]] = []
            writing = asyncio.create_task(storm(gateway.port, last, history))
            await asyncio.sleep(STORM_S)
            killed_at = time.monotonic()
            await gateway.kill()
            await writing
            assert integrity(gateway.data_dir) == "ok"
            await gateway.start()
            due = max(n for at, n in history if at < killed_at - COMMIT_EVERY_S - SLACK_S)
            one, two = await values_after_start(gateway)
            assert due <= one <= history[-1][1]
            assert due <= two <= one
            last = history[-1][1]


async def test_a_clean_stop_loses_nothing(tmp_path: Path) -> None:
    config = {**CONFIG, "history": {"commit_every": "1h"}}
    async with GatewayProcess(tmp_path, config) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(frame(29, 1, TOKEN) + frame(20, 2, "vw", "1", "7"))
        writer.write(frame(20, 3, "vw", "2", "8", "8") + frame(6, 4))
        # The ping's answer: everything before it was handled.
        await reader.readuntil(struct.pack(">BHH", 0, 4, 200))
        assert await gateway.stop() == 0
        writer.close()
        await gateway.start()
        assert await values_after_start(gateway) == (7, 8)
