"""Typed options of `mqtt:`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from blynk_gateway.config.secret import Secret
from blynk_gateway.core.json_path import JsonPath


class ProtocolVersion(StrEnum):
    """The version of MQTT that is spoken with the broker."""

    V3_1_1 = "3.1.1"
    V5 = "5"


class Discovery(StrEnum):
    """How Home Assistant is told of devices."""

    DEVICE = "device"
    """One message a device; Home Assistant from 2024.12 on."""

    ENTITY = "entity"
    """One message an entity: for openHAB and older versions of Home Assistant."""

    OFF = "off"


class Direction(StrEnum):
    """Which way a binding carries values."""

    IN = "in"
    """What the topic says is written to the pin."""

    OUT = "out"
    """What the pin takes is published to the topic."""

    BOTH = "both"
    """Both; the topic's last message, in the broker's order, wins."""


@dataclass(frozen=True, slots=True)
class MqttTlsOptions:
    """TLS to the broker.

    Attributes:
        ca: PEM file of the authorities to trust; None for the system's.
        cert, key: PEM files of our own certificate, for a broker that asks for one.
        insecure: whether any certificate of the broker will do.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class BindingOptions:
    """One topic bound to one pin.

    Attributes:
        topic: a topic; of direction IN also a filter with + and, at its end, #.
        pin: the address; with a filter its device may be `{1}`, the text of the first +.
        json: where the value stands in a JSON payload; None where the payload is the value.
        map: payload text to pin value of IN and BOTH, pin value to payload text of OUT.
        scale, offset: number * scale + offset, in the direction of `map`.
        round: digits after the point; None for all there are.
        retain, qos: of what is published; `qos` of the subscription too.
    """

    topic: str
    pin: str
    direction: Direction = Direction.IN
    json: JsonPath | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    offset: float = 0.0
    round: int | None = None
    retain: bool = False
    qos: int = 0


@dataclass(frozen=True, slots=True)
class DeviceApiOptions:
    """The vendor's device API over MQTT, on the local broker.

    Attributes:
        prefix: topic before `ds/…` and `downlink/…`, with `{device}` for the slug or `{token}` for
            the auth token.
        devices: another prefix for single devices, by slug; it may be empty for one of them.
    """

    prefix: str = "device/{device}"
    devices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """A broker, and how it is spoken with.

    Attributes:
        tls: None for plain TCP.
    """

    host: str = "localhost"
    port: int = 1883
    username: str | None = None
    password: Secret | None = None
    keepalive_ms: int = 60_000
    tls: MqttTlsOptions | None = None
    protocol: ProtocolVersion = ProtocolVersion.V3_1_1


@dataclass(frozen=True, slots=True)
class MqttOptions(BrokerOptions):
    """The broker and what is done there.

    Attributes:
        client_id: None for one made of the gateway's instance id.
        base_topic: first levels of all topics of ours.
        discovery_prefix: first levels of the topics Home Assistant looks at.
        device_api: None where no device speaks it.
    """

    enabled: bool = True
    client_id: str | None = None
    base_topic: str = "blynk"
    discovery: Discovery = Discovery.DEVICE
    discovery_prefix: str = "homeassistant"
    bindings: tuple[BindingOptions, ...] = ()
    device_api: DeviceApiOptions | None = None
