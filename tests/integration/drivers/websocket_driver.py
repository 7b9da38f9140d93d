"""A client over WebSocket with frames made by hand: it shares no code with the gateway."""

import asyncio
import contextlib
import struct
import sys

import aiohttp

from tests.integration.drivers.driver import DIRECT_OPS, Commands, tell

CONNECT_EVERY_S = 0.2
POLL_S = 0.02

RESPONSE, PING, SYNC, INTERNAL, HARDWARE, LOGIN = 0, 6, 16, 17, 20, 29


def frame(command: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return struct.pack(">BHH", command, message_id, len(body)) + body


def handle(message: bytes) -> bytes | None:
    """What to answer to a message, which must hold exactly one frame."""
    command, message_id, length = struct.unpack(">BHH", message[:5])
    if command == RESPONSE:
        if message_id == 1 and length == 200:
            return frame(INTERNAL, 2, "ver", "0.6.1", "h-beat", "15", "buff-in", "32767")
        if message_id == 2 and length == 200:
            tell("connected")
        return None
    assert len(message) == 5 + length, message
    operation, pin, *value = message[5:].decode().split("\0")
    if operation in DIRECT_OPS:
        assert command == HARDWARE, message
        tell("direct", operation, pin, *value)
        return None
    assert (command, operation) == (HARDWARE, "vw"), message
    tell("write", int(pin), *value)
    return None


async def obey(socket: aiohttp.ClientWebSocketResponse, commands: Commands) -> None:
    message_id = 3
    while not socket.closed:
        while (command := commands.next()) is not None:
            action, pin, *values = command
            if action == "write":
                await socket.send_bytes(frame(HARDWARE, message_id, "vw", pin, *values))
            elif action == "report":
                await socket.send_bytes(frame(HARDWARE, message_id, pin, *values))
            else:
                await socket.send_bytes(frame(SYNC, message_id, "vr", pin, *values))
            message_id += 1
        await asyncio.sleep(POLL_S)


async def talk(session: aiohttp.ClientSession, url: str, token: str, commands: Commands) -> None:
    async with session.ws_connect(url) as socket, asyncio.TaskGroup() as tasks:
        await socket.send_bytes(frame(LOGIN, 1, token))
        obeying = tasks.create_task(obey(socket, commands))
        async for message in socket:
            answer = handle(message.data)
            if answer is not None:
                await socket.send_bytes(answer)
        obeying.cancel()


async def main(host: str, port: str, token: str) -> None:
    commands = Commands()
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await talk(session, f"http://{host}:{port}/websockets", token, commands)
            await asyncio.sleep(CONNECT_EVERY_S)


asyncio.run(main(*sys.argv[1:]))
