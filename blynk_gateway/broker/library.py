"""paho, of the versions 1.6 and 2: the one place that knows how they differ.

Of paho serves what reads and writes packets. Its thread, its timers and its reconnecting do not
run: `Network` drives it by the functions paho has for foreign loops, all on one thread.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import paho.mqtt.client as paho
from paho.mqtt.subscribeoptions import SubscribeOptions

from blynk_gateway.broker.message import Message
from blynk_gateway.broker.wire import Wire
from blynk_gateway.config.mqtt.options import BrokerOptions, ProtocolVersion

_Varied: TypeAlias = Any
"""What has other types in other versions."""

_IS_2 = hasattr(paho, "CallbackAPIVersion")

_PROTOCOLS = {ProtocolVersion.V3_1_1: paho.MQTTv311, ProtocolVersion.V5: paho.MQTTv5}

MAX_PACKET_BYTES = 268_435_460
"""More cannot be told by the length that a packet begins with."""

INFLIGHT = 20
"""Messages of QoS 1 and 2 that are not acknowledged at one time, as mosquitto has it."""

_CODES_OF_3 = {1: 132, 2: 133, 3: 136, 4: 134, 5: 135}
"""Return codes of CONNACK in MQTT 3.1.1 to reason codes of MQTT 5, as paho 2 has them itself."""


class Limits(NamedTuple):
    """What a broker bears; a broker of MQTT 3.1.1 does not tell.

    Attributes:
        keepalive_s: silence; None for what we asked for.
        packet_bytes: size of a packet.
        qos: of a message.
    """

    keepalive_s: int | None = None
    packet_bytes: int = MAX_PACKET_BYTES
    qos: int = 2


class Answers(NamedTuple):
    """Who is told of what the broker sends; all codes are reason codes of MQTT 5.

    Attributes:
        connected: the code, and what the broker bears.
        plain: a message of QoS 0.
        message: any other; its topic may be no text.
        published: message id, of QoS 1 and 2.
        subscribed: message id and a code for each filter.
        disconnected: the code; None if the broker did not tell one.
    """

    connected: Callable[[int, Limits], None]
    plain: Callable[[Message], None]
    message: Callable[[paho.MQTTMessage], None]
    published: Callable[[int], None]
    subscribed: Callable[[int, list[int]], None]
    disconnected: Callable[[int | None], None]


class _Client(paho.Client):
    """A client that uses the wire it is given, and leaves to others what they do sooner."""

    wire: Wire
    answers: Answers
    is_v5: bool

    def _create_socket_connection(self) -> _Varied:
        return self.wire

    def _packet_read(self) -> _Varied:
        if not self._in_packet["command"]:
            message = self.wire.take_message(is_v5=self.is_v5)
            if message is not None:
                self.answers.plain(message)
                return paho.MQTT_ERR_SUCCESS
        return super()._packet_read()

    def _handle_on_message(self, message: paho.MQTTMessage) -> None:
        # A quarter of all that reading costs would be a search among no filters.
        self.answers.message(message)

    def _handle_disconnect(self) -> _Varied:
        # Version 1.6 overlooks those that are as short as most are.
        packet = self._in_packet["packet"]
        self.answers.disconnected(packet[0] if packet else 0)
        return paho.MQTT_ERR_SUCCESS


def new_client(
    options: BrokerOptions,
    client_id: str,
    will: tuple[str, bytes] | None,
    wire: Wire,
    answers: Answers,
) -> paho.Client:
    """A client that has written its CONNECT to the wire.

    Args:
        will: topic and payload; retained, QoS 1.
    """
    arguments: dict[str, Any] = {
        "client_id": client_id,
        "protocol": _PROTOCOLS[options.protocol],
        "reconnect_on_failure": False,
    }
    if _IS_2:
        arguments["callback_api_version"] = paho.CallbackAPIVersion.VERSION2  # type: ignore[attr-defined]  # 1.6 lacks it
    if options.protocol is ProtocolVersion.V3_1_1:
        arguments["clean_session"] = True
    client = _Client(**arguments)
    client.wire, client.answers = wire, answers
    client.is_v5 = options.protocol is ProtocolVersion.V5
    if options.username is not None:
        password = None if options.password is None else options.password.reveal()
        client.username_pw_set(options.username, password)
    if will is not None:
        topic, payload = will
        client.will_set(topic, payload, qos=1, retain=True)
    _listen(client, answers)
    # A new client of MQTT 5 starts clean by itself.
    client.connect(options.host, options.port, keepalive_s(options))
    return client


def keepalive_s(options: BrokerOptions) -> int:
    """Seconds of silence that the broker is asked to bear."""
    return max(1, round(options.keepalive_ms / 1000))


def subscribe(
    client: paho.Client, filters: Sequence[tuple[str, int]], protocol: ProtocolVersion
) -> int:
    """Ask for topics, and return the message id of the question."""
    wanted: list[Any] = list(filters)
    if protocol is ProtocolVersion.V5:
        wanted = [(one, SubscribeOptions(qos=qos)) for one, qos in filters]
    _, mid = client.subscribe(wanted)
    assert mid is not None
    return mid


def _listen(client: _Varied, answers: Answers) -> None:
    def on_connect(_client: object, _data: object, _flags: object, *rest: _Varied) -> None:
        number = _code(rest[0])
        # MQTT 3.1.1 has no properties; version 1.6 leaves them out then.
        told: Callable[[str, int | None], _Varied] = partial(getattr, rest[-1])
        # Version 2 lets nobody set it now, when nothing is on its way yet.
        client._max_inflight_messages = min(told("ReceiveMaximum", INFLIGHT), INFLIGHT)  # noqa: SLF001  see above
        limits = Limits(
            told("ServerKeepAlive", None),
            told("MaximumPacketSize", Limits().packet_bytes),
            told("MaximumQoS", Limits().qos),
        )
        answers.connected(_CODES_OF_3.get(number, number), limits)

    def on_subscribe(_client: object, _data: object, mid: int, codes: _Varied, *_: object) -> None:
        answers.subscribed(mid, [_code(code) for code in codes])

    client.on_connect = on_connect
    client.on_disconnect = lambda *_: answers.disconnected(None)
    client.on_subscribe = on_subscribe
    client.on_publish = lambda _client, _data, mid, *_: answers.published(mid)
    client.on_message = lambda _client, _data, message: answers.message(message)


def _code(code: _Varied) -> int:
    """The number, of an object that has one in some versions."""
    return int(getattr(code, "value", code) or 0)
