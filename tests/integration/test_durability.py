"""What was written is there after a stop; `test_crash.py` kills."""

import asyncio
import struct
from pathlib import Path

from tests.helpers.bench import CONFIG, TOKEN
from tests.helpers.processes import GatewayProcess


def frame(command: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return struct.pack(">BHH", command, message_id, len(body)) + body


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
