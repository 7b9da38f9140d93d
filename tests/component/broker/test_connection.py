import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from blynk_gateway.broker import connection as module
from blynk_gateway.broker.connection import WINDOW, Connection, connect
from blynk_gateway.broker.faults import (
    BrokerDown,
    BrokerRefused,
    SessionTaken,
    SubscriptionRefused,
)
from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import MqttOptions, ProtocolVersion
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.gate import Gate
from blynk_gateway.errors import PeerDown, PeerError, PeerRefused
from tests.component.broker.conftest import WELCOME, Open, Peer, until
from tests.helpers.broker import Broker, Listener
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import free_port

_T = TypeVar("_T")


async def test_a_message_goes_out_and_comes_in_as_it_is(
    broker: Broker, protocol: ProtocolVersion, open_connection: Open
) -> None:
    heard: list[Message] = []
    connection = await open_connection(broker.port, heard, protocol=protocol)
    await connection.subscribe([("out/+", 1)])
    connection.publish("out/°", "21.5 °C")
    connection.publish("out/b", b"\xff\x00", qos=1)
    connection.publish("out/c", b"", qos=2)
    connection.publish("out/d", "x" * 70_000)
    await until(lambda: len(heard) == 4)
    assert sorted(heard) == [
        Message("out/b", b"\xff\x00", 1),
        Message("out/c", b"", 1),
        Message("out/d", b"x" * 70_000),
        Message("out/°", "21.5 °C".encode()),
    ]


async def test_retained_messages_are_kept_and_marked(
    broker: Broker, protocol: ProtocolVersion, open_connection: Open
) -> None:
    heard: list[Message] = []
    connection = await open_connection(broker.port, heard, protocol=protocol)
    connection.publish(f"kept/{protocol}", "1", retain=True)
    await connection.subscribe([(f"kept/{protocol}", 0)])
    await until(lambda: heard)
    assert heard == [Message(f"kept/{protocol}", b"1", is_retained=True)]


async def test_twenty_thousand_messages_keep_their_order_and_the_window(
    broker: Broker, protocol: ProtocolVersion, open_connection: Open
) -> None:
    heard: list[Message] = []
    reader = await open_connection(broker.port, heard, protocol=protocol)
    await reader.subscribe([("many", 0)])
    writer = await open_connection(broker.port, protocol=protocol)
    count = 20_000
    for number in range(count):
        writer.publish("many", str(number))
        if number % 100 == 0:
            await writer.room()
            assert writer._handed - writer._network.sent < WINDOW
    await until(lambda: len(heard) == count)
    assert [int(message.payload) for message in heard] == list(range(count))


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_done_is_called_for_each_message_in_order(
    broker: Broker, protocol: ProtocolVersion, open_connection: Open, qos: int
) -> None:
    connection = await open_connection(broker.port, protocol=protocol)
    done: list[int] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: done.append(number)

    for number in range(100):
        connection.publish("done", "1", qos=qos, done=note(number))
    assert not done
    await until(lambda: len(done) == 100)
    assert done == list(range(100))


async def test_messages_of_every_qos_count_in_the_window_until_they_are_gone(
    broker: Broker, open_connection: Open
) -> None:
    connection = await open_connection(broker.port)
    for number in range(2 * WINDOW):
        connection.publish("window", "1", qos=number % 3)
    assert connection._is_window_full()
    async with asyncio.timeout(PATIENCE_S):
        await connection.room()
    assert not connection._is_window_full()
    await until(lambda: connection._network.sent == 2 * WINDOW)
    assert connection._network.sent_bytes == connection._handed_bytes


async def test_all_who_wait_for_room_get_it(broker: Broker, open_connection: Open) -> None:
    connection = await open_connection(broker.port)

    async def publish_many() -> None:
        for _ in range(20):
            for _ in range(WINDOW // 4):
                connection.publish("room", "1")
            await connection.room()

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(publish_many() for _ in range(5)))


async def test_a_topic_that_would_end_the_connection_is_not_sent(
    broker: Broker, open_connection: Open, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Message] = []
    connection = await open_connection(broker.port, heard)
    await connection.subscribe([("good", 0)])
    for topic in ("a/+", "a/#", "", "a\0b", "\ud800", "x" * 65_536):
        connection.publish(topic, "1")
        connection.publish(topic, "1", qos=1)
    connection.publish("good", "\ud800")
    await until(lambda: heard)
    assert heard == [Message("good", b"?")]
    assert caplog.messages.count("topic cannot be used") == 1


async def test_nobody_there_says_what_to_check() -> None:
    port = free_port()
    with pytest.raises(BrokerDown, match=rf"127.0.0.1:{port}: connection refused; expected a"):
        await _connect(port)


async def test_a_broker_that_does_not_answer_is_given_up(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECT_S", 0.2)
    broker.freeze()
    try:
        with pytest.raises(PeerDown, match="no answer within"):
            await _connect(broker.port)
    finally:
        broker.thaw()


async def test_a_stop_while_connecting_is_prompt(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECT_S", 2 * PATIENCE_S)
    broker.freeze()
    try:
        task = asyncio.get_running_loop().create_task(_connect(broker.port))
        await asyncio.sleep(0.05)
        task.cancel()
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        broker.thaw()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Broker]:
    """A broker that lets `ann` in, and lets her read only what is `open/…`."""
    rules = ["acl_file {dir}/acl"]

    def prepare(directory: Path) -> None:
        (directory / "acl").write_text("user ann\ntopic readwrite open/#\n")

    with Broker(passwords={"ann": "right"}, settings=rules, prepare=prepare) as one:
        yield one


async def test_wrong_credentials_are_refused(guarded: Broker, protocol: ProtocolVersion) -> None:
    for options in ({}, {"username": "ann"}, {"username": "ann", "password": Secret("wrong")}):
        with pytest.raises(BrokerRefused, match="authorise us") as caught:
            await _connect(guarded.port, protocol=protocol, **options)
        assert "wrong" not in str(caught.value)


async def test_right_credentials_are_taken(
    guarded: Broker, protocol: ProtocolVersion, open_connection: Open
) -> None:
    heard: list[Message] = []
    connection = await open_connection(
        guarded.port, heard, protocol=protocol, username="ann", password=Secret("right")
    )
    await connection.subscribe([("open/a", 0)])
    connection.publish("open/a", "1")
    await until(lambda: heard)


@pytest.fixture(scope="module")
def choosy() -> Iterator[Broker]:
    """A broker that lets nobody subscribe to anything but `good`."""
    (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")

    def prepare(directory: Path) -> None:
        rules = {
            "defaultACLAccess": {"subscribe": False},
            "groups": [{"groupname": "all", "roles": [{"rolename": "reader"}]}],
            "roles": [
                {
                    "rolename": "reader",
                    "acls": [{"acltype": "subscribePattern", "topic": "good", "allow": True}],
                }
            ],
            "anonymousGroup": "all",
        }
        path = directory / "rules.json"
        path.write_text(json.dumps(rules))
        path.chmod(0o666)

    settings = [f"plugin {plugin}", "plugin_opt_config_file {dir}/rules.json"]
    with Broker(settings=settings, prepare=prepare) as one:
        yield one


class TestSubscriptions:
    async def test_of_nothing_asks_nothing(self, broker: Broker, open_connection: Open) -> None:
        connection = await open_connection(broker.port)
        await connection.subscribe([])

    async def test_refused_one_is_named(
        self, choosy: Broker, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        connection = await open_connection(choosy.port, protocol=protocol)
        await connection.subscribe([("good", 0)])
        with pytest.raises(SubscriptionRefused, match=r"tell us of bad/#, reason 1(28|35)"):
            await connection.subscribe([("good", 0), ("bad/#", 0)])

    async def test_end_with_the_connection(self, open_connection: Open) -> None:
        with Broker() as broker:
            connection = await open_connection(broker.port)
            broker.freeze()
            task = asyncio.get_running_loop().create_task(connection.subscribe([("a", 0)]))
            await asyncio.sleep(0.05)
            broker.kill()
            with pytest.raises(PeerDown):
                await task

    async def test_without_an_answer_end(
        self, open_connection: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "SUBSCRIBE_S", 0.1)
        with Broker() as broker:
            connection = await open_connection(broker.port)
            broker.freeze()
            with pytest.raises(PeerDown, match="no answer to a subscription"):
                await connection.subscribe([("a", 0)])
            broker.kill()

    async def test_that_are_answered_in_part_fail(self, open_connection: Open) -> None:
        async with Peer(WELCOME[ProtocolVersion.V3_1_1]) as peer:
            connection = await open_connection(peer.port, protocol=ProtocolVersion.V3_1_1)
            task = asyncio.get_running_loop().create_task(
                connection.subscribe([("a", 0), ("b", 0)])
            )
            await until(lambda: peer.said)
            peer.say(b"\x90\x03\x00\x01\x00")
            with pytest.raises(BrokerDown, match="to 2 topics with 1 codes"):
                await task


class TestLimitsOfABroker:
    # CONNACK of MQTT 5 with some of these: Maximum Packet Size 100, Maximum QoS 1, Receive
    # Maximum 1.

    async def test_of_size_are_kept_and_told_once(
        self, open_connection: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with Peer(b"\x20\x08\x00\x00\x05\x27\x00\x00\x00\x64") as peer:
            connection = await open_connection(peer.port, protocol=ProtocolVersion.V5)
            for qos, size in ((0, 95), (1, 93), (2, 93)):
                connection.publish("a", "x" * size, qos=qos)
            connection.publish("a", "y" * 92, qos=1)
            connection.publish("a", "z" * 94)
            await until(lambda: b"zz" in peer.said)
            peer.say(b"\x40\x02\x00\x01")
        assert b"x" not in peer.said
        assert len(peer.said) == 200
        assert connection.dropped == 3
        assert caplog.messages.count("message too large for the broker") == 1

    async def test_of_qos_are_kept(self, open_connection: Open) -> None:
        async with Peer(b"\x20\x05\x00\x00\x02\x24\x01") as peer:
            connection = await open_connection(peer.port, protocol=ProtocolVersion.V5)
            connection.publish("a", "1", qos=2)
            await until(lambda: peer.said)
            assert bytes(peer.said) == b"\x32\x07\x00\x01a\x00\x01\x001"
            peer.say(b"\x40\x02\x00\x01")

    async def test_of_number_are_kept(self, open_connection: Open) -> None:
        async with Peer(b"\x20\x06\x00\x00\x03\x21\x00\x01") as peer:
            connection = await open_connection(peer.port, protocol=ProtocolVersion.V5)
            for payload in ("1", "2"):
                connection.publish("a", payload, qos=1)
            connection.publish("last", "3")
            await until(lambda: b"last" in peer.said)
            first, second = (b"\x32\x07\x00\x01a\x00%c\x00%d" % (one, one) for one in (1, 2))
            assert first in peer.said
            assert second not in peer.said
            peer.say(b"\x40\x02\x00\x01")
            await until(lambda: second in peer.said)
            peer.say(b"\x40\x02\x00\x02")


class TestEnd:
    async def test_of_a_killed_broker_is_told(
        self, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        with Broker() as broker:
            connection = await open_connection(broker.port, protocol=protocol)
            broker.kill()
            fault = await _patiently(connection.ended())
            assert isinstance(fault, PeerDown)
            broker.start()
            again = await open_connection(broker.port, protocol=protocol)
            await again.subscribe([("a", 0)])
        connection.publish("a", "1")
        await connection.room()
        await connection.close()
        await connection.close()

    async def test_by_a_twin_is_told(
        self, broker: Broker, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        first = await open_connection(broker.port, protocol=protocol, client_id="twin")
        await open_connection(broker.port, protocol=protocol, client_id="twin")
        fault = await _patiently(first.ended())
        # MQTT 3.1.1 has no word for it, and mosquitto 2.0.11 does not use the one of MQTT 5.
        assert isinstance(fault, BrokerDown | SessionTaken)

    async def test_by_a_twin_is_told_in_the_words_of_mqtt_5(self, open_connection: Open) -> None:
        for taken in (b"\xe0\x08\x8e\x06\x1f\x00\x03abc", b"\xe0\x02\x8e\x00", b"\xe0\x01\x8e"):
            async with Peer(WELCOME[ProtocolVersion.V5] + taken) as peer:
                connection = await open_connection(peer.port, protocol=ProtocolVersion.V5)
                assert isinstance(await _patiently(connection.ended()), SessionTaken)

    @pytest.mark.parametrize(
        ("goodbye", "reason"), [(b"\xe0\x00", 0), (b"\xe0\x01\x80", 128), (b"\xe0\x01\xf3", 243)]
    )
    async def test_that_a_broker_of_mqtt_5_announces_is_no_nonsense(
        self, open_connection: Open, goodbye: bytes, reason: int
    ) -> None:
        async with Peer(WELCOME[ProtocolVersion.V5] + goodbye) as peer:
            connection = await open_connection(peer.port, protocol=ProtocolVersion.V5)
            assert f"with reason {reason};" in str(await _patiently(connection.ended()))

    async def test_of_a_frozen_broker_is_noticed_and_costs_no_memory(
        self, open_connection: Open
    ) -> None:
        with Broker() as broker:
            connection = await open_connection(broker.port, keepalive_ms=1000)
            broker.freeze()
            count = 0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        connection.publish("frozen", "x" * 10_000)
                        count += 1
                        await connection.room()
            # The kernel takes some megabytes, and the window one.
            assert count * 10_000 < 16_000_000
            fault = await _patiently(connection.ended())
            assert isinstance(fault, BrokerDown)
            assert "silent" in str(fault)
            await _patiently(connection.room())
            broker.thaw()

    async def test_while_the_broker_is_frozen_takes_the_time_of_a_goodbye(
        self, open_connection: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The thread ends by itself then; nobody gives up waiting for it.
        monkeypatch.setattr(module, "END_S", 2 * PATIENCE_S)
        with Broker() as broker:
            connection = await open_connection(broker.port)
            broker.freeze()
            for _ in range(WINDOW):
                connection.publish("frozen", "x" * 10_000)
            await _patiently(connection.close())
            assert isinstance(connection.fault, BrokerDown)
            broker.thaw()

    async def test_sends_first_what_was_published(
        self, broker: Broker, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        async with Listener(broker.port, "last/#") as listener:
            connection = await open_connection(broker.port, protocol=protocol)
            for number in range(100):
                connection.publish("last/a", str(number), qos=number % 2)
            await connection.close()
            await listener.until(lambda: len(listener.heard) == 100)

    async def test_that_is_ours_gives_no_will(
        self, broker: Broker, protocol: ProtocolVersion
    ) -> None:
        async with Listener(broker.port, "will/#") as listener:
            for is_closed in (True, False):
                connection = await _connect(
                    broker.port, protocol=protocol, will=(f"will/{is_closed}", b"offline")
                )
                if is_closed:
                    await connection.close()
                else:
                    connection._waker.stop()
                    await connection.ended()
                    await connection.close()
            await listener.expect("will/False", "offline")
            assert listener.of("will/True") == []


class TestInbound:
    async def test_waits_at_the_broker_while_the_gate_is_closed(self, broker: Broker) -> None:
        heard: list[Message] = []
        gate = Gate()
        connection = await _connect(broker.port, heard, gate=gate, keepalive_ms=2000)
        count = 8000
        async with Listener(broker.port, "none") as sender:
            await connection.subscribe([("flood", 0)])
            gate.close()
            for number in range(count):
                sender.publish("flood", str(number).rjust(2000))
            # The broker ends what is silent for one and a half times the keep-alive.
            await asyncio.sleep(3.2)
            assert heard == []
            assert connection.fault is None
            assert len(connection._inbox._messages) * 2000 < 5_000_000
            gate.open()
            await until(lambda: len(heard) == count)
        assert [int(message.payload) for message in heard] == list(range(count))
        await connection.close()

    async def test_topic_that_is_no_text_is_dropped_and_counted(
        self, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        bad = b"\x30\x05\x00\x02\xff\xfe" + (b"\0" if protocol is ProtocolVersion.V5 else b"1")
        if protocol is ProtocolVersion.V5:
            # Without a topic, by an alias that was not offered.
            bad += b"\x30\x06\x00\x00\x03\x23\x00\x05"
        good = b"\x30\x04\x00\x01a" + (b"\0" if protocol is ProtocolVersion.V5 else b"1")
        heard: list[Message] = []
        async with Peer(WELCOME[protocol] + bad + good) as peer:
            connection = await open_connection(peer.port, heard, protocol=protocol)
            await until(lambda: heard)
            assert [message.topic for message in heard] == ["a"]
            assert connection.dropped == (2 if protocol is ProtocolVersion.V5 else 1)

    async def test_message_that_is_too_large_is_left_out_and_the_next_one_is_not(
        self, broker: Broker, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        heard: list[Message] = []
        connection = await open_connection(broker.port, heard, protocol=protocol)
        await connection.subscribe([("large/#", 2)])
        sender = await open_connection(broker.port, protocol=protocol)
        for qos in (0, 1, 2):
            sender.publish("large/a", b"x" * 3_000_000, qos=qos)
            sender.publish("large/b", str(qos), qos=qos)
            await until(lambda: len(heard) == qos + 1)  # noqa: B023  used at once
        assert [message.payload for message in heard] == [b"0", b"1", b"2"]
        assert connection.dropped == 3
        assert connection.fault is None


class TestCollect:
    async def test_gives_what_is_retained_and_touches_no_subscription(
        self, broker: Broker, protocol: ProtocolVersion, open_connection: Open
    ) -> None:
        heard: list[Message] = []
        connection = await open_connection(broker.port, heard, protocol=protocol)
        base = f"collect{protocol}"
        await connection.subscribe([(f"{base}/#", 0)])
        connection.publish(f"{base}/a", "1", retain=True)
        connection.publish(f"{base}/b/c", "2", retain=True)
        connection.publish(f"{base}/gone", "3", retain=True)
        connection.publish(f"{base}/gone", "", retain=True)
        await until(lambda: len(heard) == 4)
        heard.clear()
        collecting = asyncio.get_running_loop().create_task(connection.collect(f"{base}/#", "x/#"))
        await asyncio.sleep(0.2)
        connection.publish(f"{base}/live", "4")
        assert await collecting == {f"{base}/a": b"1", f"{base}/b/c": b"2"}
        connection.publish(f"{base}/live", "5")
        await until(lambda: len(heard) == 2)
        assert [message.payload for message in heard] == [b"4", b"5"]

    async def test_of_a_broker_that_is_gone_fails(self, open_connection: Open) -> None:
        with Broker() as broker:
            connection = await open_connection(broker.port)
            collecting = asyncio.get_running_loop().create_task(connection.collect("a"))
            await asyncio.sleep(0.1)
            broker.kill()
            with pytest.raises(PeerDown):
                await collecting


@pytest.mark.parametrize(
    ("protocol", "answer", "error", "found"),
    [
        ("3.1.1", b"\x20\x02\x00\x01", PeerRefused, "something else than the welcome of MQTT 3"),
        ("3.1.1", b"\x20\x02\x00\x02", PeerRefused, "does not take our client id"),
        ("3.1.1", b"\x20\x02\x00\x03", PeerDown, "unavailable"),
        ("3.1.1", b"\x20\x02\x00\x04", PeerRefused, "refuses user name or password"),
        ("3.1.1", b"\x20\x02\x00\x05", PeerRefused, "does not authorise us"),
        ("3.1.1", b"\x20\x02\x00\x09", PeerDown, "with reason"),
        ("5", b"\x20\x02\x00\x01", PeerRefused, "another version of MQTT"),
        ("5", b"\x20\x02\x00\x04", PeerRefused, "something else than the welcome of MQTT 5"),
        ("5", b"\x20\x03\x00\x9a\x00", PeerRefused, "keeps no retained messages"),
        ("5", b"\xe0\x01\x89", PeerDown, "is busy"),
        ("5", b"\x20\x03\x00\x86\x00", PeerRefused, "refuses user name or password"),
        ("5", b"\x20\x03\x00\x8a\x00", PeerRefused, "has banned us"),
        ("5", b"\x20\x03\x00\x89\x00", PeerDown, "is busy"),
        ("3.1.1", b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 90, PeerRefused, "something else"),
        ("3.1.1", b"", PeerDown, "before it answered"),
    ],
)
async def test_each_refusal_is_told(
    protocol: str, answer: bytes, error: type[PeerError], found: str
) -> None:
    async with Peer(answer, is_open=False) as peer:
        with pytest.raises(error, match=found):
            await _connect(peer.port, protocol=ProtocolVersion(protocol))


async def test_the_broker_decides_how_long_it_bears_silence(open_connection: Open) -> None:
    # CONNACK with the property Server Keep Alive: 1 s.
    welcome = b"\x20\x06\x00\x00\x03\x13\x00\x01"
    async with Peer(welcome, is_alive=False) as peer:
        connection = await open_connection(peer.port, protocol=ProtocolVersion.V5)
        fault = await _patiently(connection.ended())
        assert "silent for" in str(fault)


async def _connect(
    port: int,
    heard: list[Message] | None = None,
    *,
    will: tuple[str, bytes] | None = None,
    gate: Gate | None = None,
    **options: Any,  # noqa: ANN401  of any type
) -> Connection:
    return await connect(
        MqttOptions(host="127.0.0.1", port=port, **options),
        client_id="single",
        will=will,
        clock=SystemClock(),
        on_messages=([] if heard is None else heard).extend,
        gate=gate,
    )


async def _patiently(waiting: Awaitable[_T]) -> _T:
    async with asyncio.timeout(PATIENCE_S):
        return await waiting
