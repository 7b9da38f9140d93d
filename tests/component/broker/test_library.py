import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from blynk_gateway.broker import library
from blynk_gateway.broker.packets import Packets
from blynk_gateway.broker.wire import Wire
from blynk_gateway.config.mqtt.options import MqttOptions, ProtocolVersion
from tests.component.broker.conftest import Open
from tests.helpers.broker import CALLBACKS, Broker, Listener

ROOT = Path(__file__).parents[3]
OLDEST = ROOT / ".venv" / "paho-1.6"


@pytest.mark.skipif(not OLDEST.exists(), reason="needs the oldest paho; `make test` installs it")
def test_the_oldest_paho_does_all_of_this_too() -> None:
    slow = (
        "twenty_thousand",
        "frozen",
        "gate",
        "signs",
        "silence",
        "gone",
        "sends_first",
        "oldest",
        "takes_no_answers",
    )
    chosen = " and ".join(f"not {name}" for name in slow)
    names = ("test_connection.py", "test_library.py", "test_network.py")
    files = [str(Path(__file__).with_name(name)) for name in names]
    environment = os.environ | {"PYTHONPATH": str(OLDEST)}
    which = "import paho.mqtt; print(paho.mqtt.__version__)"
    version = subprocess.check_output([sys.executable, "-c", which], env=environment, text=True)
    assert version.strip() == "1.6.1"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *files],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name",
    [
        # Renamed, paho would open connections of its own.
        "_create_socket_connection",
        # Renamed, these would still work, but at twice the cost.
        "_packet_read",
        "_handle_on_message",
        # Renamed, what a broker says at its end would be overlooked.
        "_handle_disconnect",
    ],
)
def test_this_paho_has_what_is_replaced(name: str) -> None:
    assert name in vars(library._Client)
    assert hasattr(library._Client.__base__, name)


@pytest.mark.parametrize("name", ["_in_packet", "_max_inflight_messages"])
def test_this_paho_has_what_is_looked_into(name: str) -> None:
    assert name in vars(paho.Client(**CALLBACKS))


@pytest.mark.parametrize("protocol", list(ProtocolVersion))
def test_messages_cut_anywhere_come_whole_and_in_their_order(protocol: ProtocolVersion) -> None:
    is_v5 = protocol is ProtocolVersion.V5
    plain = Packets(is_v5=is_v5).publish("a", b"0", retain=True)
    properties = b"\0" if is_v5 else b""
    rest = b"\0\x01b" + b"\0\x07" + properties + b"1"
    with_qos = bytes((0x32, len(rest))) + rest
    data = plain + with_qos + plain + plain + with_qos
    expected = [("a", b"0", 0, True), ("b", b"1", 1, False)]
    expected = [expected[index] for index in (0, 1, 0, 0, 1)]
    for cut in range(len(data) + 1):
        heard: list[tuple[str, bytes, int, bool]] = []
        ours, theirs = socket.socketpair()
        with ours, theirs:
            client = new_client(Wire(ours), heard, protocol)
            for piece in (data[:cut], data[cut:]):
                theirs.send(piece or b"")
                while client.wire.fill() or client.wire.has_input:
                    while client.wire.has_input:
                        client.loop_read()
        assert heard == expected, cut


def new_client(wire: Wire, heard: list[Any], protocol: ProtocolVersion) -> Any:  # noqa: ANN401  of paho
    def ignore(*_: object) -> None:
        pass

    answers = library.Answers(
        connected=ignore,
        plain=heard.append,
        message=lambda one: heard.append((one.topic, one.payload, one.qos, bool(one.retain))),
        published=ignore,
        subscribed=ignore,
        disconnected=ignore,
    )
    return library.new_client(MqttOptions(protocol=protocol), "me", None, wire, answers)


async def test_paho_runs_no_thread_and_opens_no_connection(
    broker: Broker, open_connection: Open
) -> None:
    connection = await open_connection(broker.port)
    client = connection._network._client
    assert client.socket() is connection._network._wire
    assert client._thread is None


@pytest.mark.parametrize("qos", [1, 2])
async def test_more_than_paho_sends_at_once_is_all_sent(
    broker: Broker, open_connection: Open, qos: int
) -> None:
    connection = await open_connection(broker.port)
    async with Listener(broker.port, "inflight") as listener:
        for number in range(500):
            connection.publish("inflight", str(number), qos=qos)
        await listener.until(lambda: len(listener.heard) == 500)
    assert listener.of("inflight") == list(map(str, range(500)))
