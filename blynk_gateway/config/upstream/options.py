"""Typed options of `upstream:`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.config.secret import Secret
from blynk_gateway.core.address import PinAddress

_DAY_MS = 86_400_000


class Via(StrEnum):
    """How a server above is spoken with."""

    TCP = "tcp"
    """The device protocol, as the stock library speaks it."""

    HTTPS = "https"
    """The device's HTTP interface alone; what is above is asked for now and then."""

    MQTT = "mqtt"
    """The device's MQTT interface, a connection for each device."""

    MQTT_GATEWAY = "mqtt-gateway"
    """The gateway's MQTT interface, one connection for all devices."""

    @property
    def is_mqtt(self) -> bool:
        """Whether pins go by the names of their datastreams."""
        return self in (Via.MQTT, Via.MQTT_GATEWAY)


_PORTS: Mapping[tuple[Via, bool], tuple[int, ...]] = {
    (Via.TCP, True): (443, 9443),
    (Via.TCP, False): (80, 8080),
    (Via.HTTPS, True): (443,),
    (Via.HTTPS, False): (80,),
    (Via.MQTT, True): (8883,),
    (Via.MQTT, False): (1883,),
    (Via.MQTT_GATEWAY, True): (8883,),
    (Via.MQTT_GATEWAY, False): (1883,),
}


class Server(NamedTuple):
    """A server above; an IPv6 host stands here without its brackets.

    Attributes:
        port: None for the usual ones.
    """

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UpstreamTlsOptions:
    """TLS to a server above; its certificate is always verified.

    Attributes:
        ca: PEM file of the authorities to trust; None for the system's.
    """

    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class BudgetOptions:
    """Messages that may be sent to one server, 0 for no limit.

    Attributes:
        month, day: of the calendar in UTC.
    """

    month: int = 0
    day: int = 0

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self.month or self.day)


@dataclass(frozen=True, slots=True)
class BacklogOptions:
    """What becomes of points that could not be told when they happened.

    Attributes:
        keep_ms: age at which they are given up. At most a month, as the vendor's cloud has it.
        points_per_day: for one device; what does not fit is told in coarser steps. 0 for no limit.
    """

    keep_ms: int = 30 * _DAY_MS
    points_per_day: int = 10_000


@dataclass(frozen=True, slots=True)
class MappedPin:
    """A pin here and its name above.

    Attributes:
        local: the pin.
        remote: `V7`; over MQTT the name of a datastream.
        dead_band: numbers that differ by less from what was told last are not told; 0 for none.
        min_interval_ms: the least time between two values; the last one is told in the end.
    """

    local: PinAddress
    remote: str
    dead_band: float = 0.0
    min_interval_ms: int = 0


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """One device above.

    Attributes:
        slug: of the device here; a virtual device above has a name of its own, that none here has.
        token: auth token of the device above.
        pins: each local and each remote pin is there at most once.
        events: whether events of the devices whose pins these are go up.
        metadata: fields that are kept equal; what is above stands.
        template_id: `TMPL…`, told at login; None for none.
    """

    slug: str
    token: Secret
    pins: tuple[MappedPin, ...]
    events: bool = True
    metadata: tuple[str, ...] = ()
    template_id: str | None = None


@dataclass(frozen=True, slots=True)
class UpstreamOptions:
    """One server above.

    Attributes:
        port: None for the usual ones of `via`, one after the other.
        tls: None for none.
        rate: values a second for each device, 0 for as many as the server takes.
        heartbeat_ms: how soon a dead connection is noticed, told at login.
        backlog: None for a server that takes no points of the past.
        poll_ms: with `https`, how often is asked what is above; None for never.
        username, password: with `mqtt-gateway`, of the gateway; None for those of its first device.
        devices: by slug.
    """

    name: str
    host: str
    port: int | None = None
    tls: UpstreamTlsOptions | None = UpstreamTlsOptions()
    via: Via = Via.TCP
    budget: BudgetOptions = BudgetOptions()
    rate: int = 10
    heartbeat_ms: int = 45_000
    backlog: BacklogOptions | None = BacklogOptions()
    poll_ms: int | None = 300_000
    username: str | None = None
    password: Secret | None = None
    enabled: bool = True
    devices: Mapping[str, MappingOptions] = field(default_factory=dict)

    @property
    def server(self) -> Server:
        """Host and port, as they are written."""
        return Server(self.host, self.port)

    @property
    def ports(self) -> tuple[int, ...]:
        """Ports to try, the likeliest first."""
        return _PORTS[self.via, self.tls is not None] if self.port is None else (self.port,)
