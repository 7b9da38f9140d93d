import asyncio
import logging
import socket
import struct
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.broker import network as module
from blynk_gateway.broker.connection import WINDOW, Connection, connect
from blynk_gateway.broker.faults import BrokerDown
from blynk_gateway.broker.inbox import INBOX_MESSAGES
from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import MqttOptions, ProtocolVersion
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.gate import Gate
from tests.component.broker.conftest import PINGRESP, WELCOME, Peer, until
from tests.helpers.patience import PATIENCE_S


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer(WELCOME[ProtocolVersion.V3_1_1]) as one:
        yield one


async def connected(
    peer: Peer, heard: list[Message] | None = None, *, keepalive_ms: int = 60_000
) -> Connection:
    return await connect_to(peer.port, heard, keepalive_ms=keepalive_ms)


async def connect_to(
    port: int,
    heard: list[Message] | None = None,
    gate: Gate | None = None,
    keepalive_ms: int = 60_000,
) -> Connection:
    return await connect(
        MqttOptions(
            host="127.0.0.1",
            port=port,
            keepalive_ms=keepalive_ms,
            protocol=ProtocolVersion.V3_1_1,
        ),
        client_id="network",
        will=None,
        clock=SystemClock(),
        on_messages=([] if heard is None else heard).extend,
        gate=gate,
    )


async def test_signs_of_life_go_on_while_there_is_nothing_else(peer: Peer) -> None:
    connection = await connected(peer, keepalive_ms=2000)
    # Twice in each keep-alive; without the answers the end would come after one and a half.
    await until(lambda: peer.pings == 4)
    assert connection.fault is None
    await connection.close()


async def test_signs_of_life_go_on_while_much_goes_out(peer: Peer) -> None:
    connection = await connected(peer, keepalive_ms=2000)
    while peer.pings < 2:
        connection.publish("a", "1")
        await connection.room()
        await asyncio.sleep(0.001)
    await connection.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x90\x00",
        b"\xf0\x00",
        b"\x00\x00",
        b"\x20\xff\xff\xff\xff\xff",
        b"\x36\x03\x00\x01a",
        b"\x30\x05\x00\x09abc",
    ],
    ids=["short", "unknown", "zero", "endless", "qos 3", "topic longer than all"],
)
async def test_nonsense_ends_the_connection_and_nothing_else(
    peer: Peer, nonsense: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await connected(peer)
    peer.say(nonsense + b"\xff" * 20)
    async with asyncio.timeout(PATIENCE_S):
        fault = await connection.ended()
    assert isinstance(fault, BrokerDown)
    assert module.NONSENSE in str(fault)
    assert not [one for one in caplog.records if one.levelno > logging.DEBUG]
    await connection.close()


async def test_answers_to_nothing_are_no_fault(peer: Peer) -> None:
    heard: list[Message] = []
    connection = await connected(peer, heard)
    # PUBACK, PUBREC, PUBCOMP, UNSUBACK, SUBACK of what was never sent, and a ping's answer.
    peer.say(b"\x40\x02\x00\x07\x50\x02\x00\x07\x70\x02\x00\x07\xb0\x02\x00\x07" + PINGRESP)
    peer.say(b"\x90\x03\x00\x07\x00")
    peer.say(b"\x30\x04\x00\x01a1")
    await until(lambda: heard)
    assert connection.fault is None
    await connection.close()


async def test_orders_are_carried_out_one_after_another(peer: Peer) -> None:
    connection = await connected(peer)
    connection.publish("a", "1")
    connection.publish("a", "2", qos=1)
    connection.publish("a", "3", done=lambda: None)
    connection.publish("a", "4")
    await until(lambda: b"a4" in peer.said)
    peer.say(b"\x40\x02\x00\x01")
    assert bytes(peer.said) == (
        b"\x30\x04\x00\x01a1" + b"\x32\x06\x00\x01a\x00\x012" + b"\x30\x04\x00\x01a3"
        b"\x30\x04\x00\x01a4"
    )
    await connection.close()


async def test_the_thread_has_ended_when_the_end_is_told_and_the_connection_closed(
    peer: Peer,
) -> None:
    before = threading.active_count()
    connection = await connected(peer)
    assert threading.active_count() == before + 1
    await connection.close()
    assert threading.active_count() == before
    assert bytes(peer.said).endswith(b"\xe0\x00")


async def test_what_nobody_thought_of_ends_the_connection_with_a_traceback(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await connected(peer)
    connection._order(lambda: [].clear(1))  # type: ignore[call-arg]
    async with asyncio.timeout(PATIENCE_S):
        fault = await connection.ended()
    assert isinstance(fault, BrokerDown)
    (record,) = [one for one in caplog.records if one.message == "broker not understood"]
    assert record.exc_info is not None
    await connection.close()


async def test_a_broken_connection_costs_nothing_while_what_came_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[Message] = []
    gate = Gate()
    gate.close()
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        opening = loop.create_task(connect_to(server.getsockname()[1], heard, gate))
        theirs, _ = await loop.sock_accept(server)
        with theirs:
            await loop.sock_sendall(theirs, WELCOME[ProtocolVersion.V3_1_1])
            await loop.sock_sendall(theirs, b"\x30\x04\x00\x01a1" * INBOX_MESSAGES)
            connection = await opening
            await until(lambda: connection._network._is_paused)
            for _ in range(WINDOW):
                connection.publish("a", "x" * 10_000)
            await until(lambda: connection._network._wire.has_output)
            # Closed so, it is reset.
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await until(lambda: connection._network._wire.is_cut)
    turns, wait = [0], connection._network._wait

    def counted() -> bool:
        turns[0] += 1
        return wait()

    monkeypatch.setattr(connection._network, "_wait", counted)
    await asyncio.sleep(0.2)
    # Each may wake it once; without a wait there would be thousands.
    assert turns[0] < 20
    gate.open()
    async with asyncio.timeout(PATIENCE_S):
        assert isinstance(await connection.ended(), BrokerDown)
    assert len(heard) == INBOX_MESSAGES
    await connection.close()


async def test_a_broker_that_takes_no_answers_costs_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PENDING_BYTES", 20_000)
    # Each is acknowledged by four bytes.
    count, flood = 100_000, b"\x32\x06\x00\x01a\x00\x071"
    heard: list[Message] = []
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        port = server.getsockname()[1]
        opening = loop.create_task(connect_to(port, heard, keepalive_ms=1000))
        theirs, _ = await loop.sock_accept(server)
        with theirs:
            await loop.sock_sendall(theirs, WELCOME[ProtocolVersion.V3_1_1])
            connection = await opening
            wire = connection._network._wire
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            flooding = loop.create_task(loop.sock_sendall(theirs, flood * count))
            async with asyncio.timeout(PATIENCE_S):
                fault = await connection.ended()
            assert "silent" in str(fault)
            # All that was read is told before the end. At the end the kernel may take some more.
            told = len(heard)
            assert module.PENDING_BYTES // 4 <= told < count
            assert wire.pending < 100_000
            flooding.cancel()
    await connection.close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_is_left_behind_by_a_connection(peer: Peer) -> None:
    async def connect_once() -> int:
        await (await connected(peer)).close()
        return open_files()

    await connect_once()
    before = await connect_once()
    counts = [await connect_once() for _ in range(10)]
    # The peer's own end may still be closing.
    assert max(counts) <= before + 1
