"""Peers that dawdle are cut, and nobody else."""

import asyncio
import contextlib

import pytest

from blynk_gateway.api.guard import READ_WITHIN_S, GuardedProtocol
from tests.helpers.http import TOKEN, VIEWER, Site, read_answer
from tests.helpers.patience import PATIENCE_S

GET = f"GET /{TOKEN}/rtc HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def test_head_that_drips_is_cut_at_the_deadline(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.guard.HEAD_WITHIN_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(GET[:-2])
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
    writer.close()


async def test_connection_that_made_a_request_outlives_the_deadline(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.guard.HEAD_WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(GET)
    await read_answer(reader)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read()
    writer.write(GET)
    assert (await read_answer(reader)).status == 200
    writer.close()
    await writer.wait_closed()


async def test_client_that_does_not_read_its_stream_is_cut(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.guard.READ_WITHIN_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
    request = f"GET /api/v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {VIEWER}\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    live = site.loaded._live
    while live._mailboxes:
        for pin in range(50):
            path = f"/{TOKEN}/update/V{100 + pin}?value={'x' * 1000}"
            assert (await site.request("GET", path)).status == 200
    assert live._mailboxes == {}
    writer.close()


async def test_reader_that_catches_up_is_kept() -> None:
    lost: list[object] = []

    class Handler(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            lost.append(exc)

    protocol = GuardedProtocol(Handler())
    protocol.pause_writing()
    protocol.resume_writing()
    assert protocol._stall is None
    protocol.connection_lost(None)
    assert lost == [None]


async def test_command_on_this_machine_may_wait_for_a_person() -> None:
    network, control = (
        GuardedProtocol(asyncio.Protocol(), is_control=is_control) for is_control in (False, True)
    )
    left = []
    for protocol in (network, control):
        protocol.pause_writing()
        assert protocol._stall is not None
        left.append(protocol._stall.when() - asyncio.get_running_loop().time())
        protocol.connection_lost(None)
    assert left[0] <= READ_WITHIN_S < 500 < left[1]


async def test_parser_that_stumbles_is_answered_400_and_closed() -> None:
    class Stumbling(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            raise ValueError("Invalid IPv6 URL")

    server = await asyncio.get_running_loop().create_server(
        lambda: GuardedProtocol(Stumbling()), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET http://[::1/ HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        await writer.wait_closed()
