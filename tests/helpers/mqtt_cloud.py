"""The vendor's cloud over MQTT, as its documents describe it, and no more lenient: on mosquitto.

A broker serves the device interface of one device, whose topics have no prefix, or the gateway
interface with several below `dev/TOKEN/`. Behind it a program plays the cloud. What breaks a rule
is noted and not taken: the real one is silent about it too. Source: blynk-protocol §11, §12.1.
"""

import asyncio
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import paho.mqtt.client as paho

from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.value import PinValue, decode_value, encode_value, number
from tests.helpers.authority import Authority
from tests.helpers.broker import CALLBACKS, MOSQUITTO, PERIOD_S
from tests.helpers.engines import Engine
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import free_port

MAX_BYTES = 1024
MONTH_MS = 31 * 86_400_000

Types: TypeAlias = Mapping[str, DatastreamType]

_WRITABLE = ("ds/#", "batch_ds", "event/#", "meta/#", "info/#", "get/#")

_WHOLE = re.compile(r"-?[0-9]+")


class Taken(NamedTuple):
    """A value that the cloud took; `at_ms` is None for one that is so now."""

    name: str
    value: PinValue
    at_ms: int | None = None


class Seen(NamedTuple):
    """A message that came."""

    topic: str
    payload: bytes
    qos: int


class CloudDevice:
    """What the cloud has of a device.

    Attributes:
        types: of its datastreams, by their names; others it does not know.
        values: what stands, by name.
        taken: every value, in order.
        seen: every message, in order.
    """

    def __init__(self, types: Types) -> None:
        self.types = types
        self.values: dict[str, PinValue] = {}
        self.taken: list[Taken] = []
        self.seen: list[Seen] = []
        self.info: dict[str, Any] = {}
        self.metadata: dict[str, str] = {}
        self.properties: dict[tuple[str, str], PinValue] = {}
        self.events: list[tuple[str, str]] = []

    def of(self, name: str) -> list[Taken]:
        """All values of one datastream, in order."""
        return [one for one in self.taken if one.name == name]


class MqttCloud(Engine):
    """The cloud; `with` runs it.

    Args:
        devices: their datastreams, by token; without `gateway` of a single one.
        certified: the name in its certificate; None for no TLS.
        gateway: user and password of the gateway interface; None for that of a device.

    Attributes:
        public_port: where clients connect.
        authority: who signed its certificate.
        devices: by token.
        faults: every rule that was broken.
        now_ms: time that it tells; None for that of the machine.
        time_answer: what it says instead when it is asked for the time.
        answers_after_s: how long it thinks about each question.
    """

    def __init__(
        self,
        devices: Mapping[str, Types],
        *,
        certified: str | None = None,
        gateway: tuple[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.public_port = free_port()
        self.devices = {token: CloudDevice(types) for token, types in devices.items()}
        self.faults: list[str] = []
        self.now_ms: int | None = None
        self.time_answer: bytes | None = None
        self.answers_after_s = 0.0
        self._certified = certified
        self._is_gateway = gateway is not None
        (self._login,) = [gateway] if gateway else [("device", token) for token in devices]
        self._only = next(iter(devices))
        self._subscribed = threading.Event()
        self._client = paho.Client(**CALLBACKS, client_id="cloud")
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._heard

    def __enter__(self) -> Self:
        super().__enter__()
        self._client.connect_async("127.0.0.1", self.port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S), "the broker does not answer"
        return self

    def __exit__(self, *details: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        super().__exit__(*details)

    def prepare(self) -> None:
        # mosquitto gives up root.
        self.directory.chmod(0o777)
        passwords, rules = self.directory / "passwords", self.directory / "rules"
        passwords.touch(mode=0o666)
        command = ["mosquitto_passwd", "-b", str(passwords), *self._login]
        subprocess.run(command, check=True, capture_output=True)
        root = self._root("+")
        topics = [f"write {root}{one}" for one in _WRITABLE] + [f"read {root}downlink/#"]
        rules.write_text("\n".join([f"user {self._login[0]}", *(f"topic {one}" for one in topics)]))
        lines = [
            "per_listener_settings true",
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            f"listener {self.public_port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            f"acl_file {rules}",
        ]
        if self._certified is not None:
            self.authority = Authority(self.directory, "ours")
            identity = self.authority.issue("server", self._certified)
            lines += [f"certfile {identity.cert}", f"keyfile {identity.key}"]
        (self.directory / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> Sequence[str]:
        return [MOSQUITTO, "-c", str(self.directory / "mosquitto.conf")]

    def write(self, token: str, name: str, *value: str) -> None:
        """Have somebody write a datastream in an app."""
        self.devices[token].values[name] = value
        self.say(token, f"ds/{name}", encode_value(value))

    def say(self, token: str, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish below `downlink/`."""
        self._client.publish(f"{self._root(token)}downlink/{topic}", payload, 1, retain)

    def redirect(self, token: str, address: str) -> None:
        """Send who is connected as this device elsewhere, and whoever will."""
        self.say(token, "redirect", address.encode(), retain=True)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Return as soon as the condition is true."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():  # noqa: ASYNC110  any condition
                    await asyncio.sleep(PERIOD_S)
        except TimeoutError:
            taken = [one.taken[-10:] for one in self.devices.values()]
            raise AssertionError(f"not within {PATIENCE_S} s: {self.faults} {taken}") from None

    def _root(self, token: str) -> str:
        return f"dev/{token}/" if self._is_gateway else ""

    # On the client's thread.

    def _heard(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        levels = message.topic.split("/")
        token = self._only
        if self._is_gateway:
            _, token, *levels = levels
        if levels[0] == "downlink":
            return
        topic, payload = "/".join(levels), bytes(message.payload)
        device = self.devices[token]
        device.seen.append(Seen(topic, payload, message.qos))
        size = 4 + len(message.topic.encode()) + len(payload)
        try:
            assert size <= MAX_BYTES, f"it has {size} bytes"
            assert message.qos == 1, "what has QoS 0 may get lost"
            self._take(device, token, levels, payload)
        except (AssertionError, ValueError, TypeError) as error:
            self.faults.append(f"{topic}: {error}: {payload[:60]!r}")

    def _take(self, device: CloudDevice, token: str, levels: Sequence[str], payload: bytes) -> None:
        match levels:
            case ["get", *rest]:
                time.sleep(self.answers_after_s)
                for topic, answer in self._answers(device, rest, payload.decode()):
                    self.say(token, topic, answer)
            case ["info", "mcu"]:
                device.info = json.loads(payload)
            case ["event", code]:
                device.events.append((code, payload.decode()))
            case ["meta", field]:
                device.metadata[field] = payload.decode()
            case _:
                _take_values(device, levels, payload, self._now_ms())

    def _answers(
        self, device: CloudDevice, levels: Sequence[str], asked: str
    ) -> Iterator[tuple[str, bytes]]:
        names = asked.split(",")
        match levels:
            case ["ds"]:
                for name in names:
                    assert name in device.types, f"no datastream {name}"
                    if name in device.values:
                        yield f"ds/{name}", encode_value(device.values[name])
            case ["meta"]:
                for name in names:
                    if name in device.metadata:
                        yield f"meta/{name}", device.metadata[name].encode()
            case ["utc", "all", "json"]:
                answer = {"tz_name": "Europe/Berlin", "time": self._now_ms()}
                yield "utc/all/json", self.time_answer or json.dumps(answer).encode()
            case _:
                raise AssertionError("no such question")

    def _now_ms(self) -> int:
        return round(time.time() * 1000) if self.now_ms is None else self.now_ms


def _take_values(device: CloudDevice, levels: Sequence[str], payload: bytes, now_ms: int) -> None:
    """Take values or refuse the whole message."""
    found: list[Taken] = []
    match levels:
        case ["ds", name]:
            value = decode_value(payload)
            assert _is_of(device.types[_known(device, name)], value), "its type is another"
            found.append(Taken(name, value))
        case ["batch_ds"]:
            for name, item in _decode(payload).items():
                found.append(Taken(name, _typed(device.types[_known(device, name)], item)))
        case ["ds", name, "timestamped_batch"]:
            for at_ms, item in _decode(payload):
                assert isinstance(at_ms, _Whole), "its time is no whole number"
                assert abs(now_ms - int(at_ms)) <= MONTH_MS, "its time is too far away"
                value = _typed(device.types[_known(device, name)], item)
                found.append(Taken(name, value, int(at_ms)))
        case ["ds", name, "prop", key]:
            device.properties[_known(device, name), key] = decode_value(payload)
        case _:
            raise AssertionError("no such topic")
    device.taken += found
    device.values.update((one.name, one.value) for one in found if one.at_ms is None)


class _Whole(str):
    """A whole number of JSON, as it was written."""

    __slots__ = ()


class _Real(str):
    """Any other number of JSON, as it was written."""

    __slots__ = ()


def _decode(payload: bytes) -> Any:  # noqa: ANN401  any JSON
    return json.loads(payload, parse_int=_Whole, parse_float=_Real, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), "a name stands twice"
    return found


def _known(device: CloudDevice, name: str) -> str:
    assert name in device.types, f"no datastream {name}"
    return name


def _typed(kind: DatastreamType, item: Any) -> PinValue:  # noqa: ANN401  any JSON
    """A value of JSON, which must have the type of the datastream."""
    match kind, item:
        case ((DatastreamType.INT | DatastreamType.ENUM), _Whole()):
            return (str(item),)
        case DatastreamType.DOUBLE, (_Whole() | _Real()):
            return (str(item),)
        case DatastreamType.BOOL, bool():
            return ("1" if item else "0",)
        case DatastreamType.LOCATION, [(_Whole() | _Real()), (_Whole() | _Real())]:
            return tuple(map(str, item))
        case DatastreamType.STRING, str() if type(item) is str:
            return (item,)
        case _:
            raise AssertionError(f"{item!r} is no {kind}")


def _is_of(kind: DatastreamType, value: PinValue) -> bool:
    """Whether plain text is a value of a datastream."""
    match kind:
        case DatastreamType.INT | DatastreamType.ENUM:
            return all(map(_WHOLE.fullmatch, value))
        case DatastreamType.DOUBLE:
            return all(number((one,)) is not None for one in value)
        case DatastreamType.BOOL:
            return value in (("0",), ("1",))
        case DatastreamType.LOCATION:
            return len(value) == len(("lon", "lat")) and all(number((one,)) for one in value)
        case _:
            return True
