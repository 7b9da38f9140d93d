"""Typed options of every section, defaults beside their docs.

Nothing here reads a file or knows YAML. Equality of two options means that nothing changed
between two loads: where a value came from does not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.config.automations.options import AutomationOptions
from blynk_gateway.config.gpio.options import GpioOptions
from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.config.notifications.options import NotificationOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import UpstreamOptions
from blynk_gateway.config.webhooks.options import WebhookOptions
from blynk_gateway.core.dashboards.model import Dashboard
from blynk_gateway.core.datastream import Datastream, Template
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.core.events import Events
from blynk_gateway.core.links import Link
from blynk_gateway.core.location import Location

DAY_MS = 86_400_000


class Address(NamedTuple):
    """Where to listen; an IPv6 host stands here without its brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Place(NamedTuple):
    """The place in a file that set an option."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class LogLevel(StrEnum):
    """The least severe messages that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """The gateway as a device of its own.

    Attributes:
        slug: the device part of its pin addresses, `pi/V1`.
        token: None for one that is generated once and kept in the data directory.
        template: name of a template, None for none.
        datastreams: its own by pin; each stands in place of the template's, and of what a
            peripheral says of its pin.
        pins: direct pins of the Pi and their modes; each is open by `gpio`.
        events: its own by code; each stands in place of the template's.
        location: for sunrise and sunset, None where nothing needs them.
    """

    name: str = "Blynk Gateway"
    slug: str = "pi"
    token: Secret | None = None
    template: str | None = None
    datastreams: Mapping[str, Datastream] = field(default_factory=dict)
    pins: Mapping[str, DirectPin] = field(default_factory=dict)
    events: Events = field(default_factory=dict)
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Certificate chain and key in PEM files; None for one issued by the gateway's own CA."""

    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class QuotaOptions:
    """What one device may send; the defaults are a stock server's 100 a second, twice at once.

    Attributes:
        messages_per_second: sustained rate, 0 for no quota.
        burst: messages that may come at once after a pause.
    """

    messages_per_second: int = 100
    burst: int = 200


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Listeners for devices, HTTP and WebSocket; the ports are those of a stock server."""

    listen: tuple[Address, ...] = (Address("0.0.0.0", 8080),)  # noqa: S104  devices are on the LAN
    listen_tls: tuple[Address, ...] = (Address("0.0.0.0", 9443),)  # noqa: S104  likewise
    tls: TlsOptions = TlsOptions()
    quota: QuotaOptions = QuotaOptions()


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """A device declared in the file.

    Attributes:
        template: name of a template, None for none.
        datastreams: its own datastreams by pin; each stands in place of the template's.
        stale_after_ms: silence after which it counts as stale, None for never.
        metadata: fields a device may ask for, by name.
        pins: its direct pins and their modes.
        events: its own by code; each stands in place of the template's.
    """

    slug: str
    name: str
    token: Secret
    template: str | None = None
    datastreams: Mapping[str, Datastream] = field(default_factory=dict)
    stale_after_ms: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, DirectPin] = field(default_factory=dict)
    events: Events = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetentionOptions:
    """How long history is kept, None for ever, and what it may take, None for the whole disk."""

    raw_ms: int | None = 30 * DAY_MS
    minute_ms: int | None = 365 * DAY_MS
    hour_ms: int | None = 3650 * DAY_MS
    day_ms: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """Copies of the database, for the day that it is damaged.

    Attributes:
        every_ms: None for never.
        keep: how many, the latest ones.
    """

    every_ms: int | None = DAY_MS
    keep: int = 3


@dataclass(frozen=True, slots=True)
class MirrorOptions:
    """A copy of everything in a time-series engine elsewhere.

    Attributes:
        url: of PostgreSQL, or of what takes InfluxDB's line protocol; it holds no secret.
        password: of the user in the URL.
        token: in place of user and password, not with PostgreSQL.
        keep_ms: how long points wait for a server that is away.
    """

    url: str
    password: Secret | None = None
    token: Secret | None = None
    keep_ms: int = 30 * DAY_MS

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL."""
        return self.url.startswith("postgres")


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """The journal.

    Attributes:
        commit_every_ms: the most that a power cut can cost.
        mirror: None for no copy elsewhere.
    """

    commit_every_ms: int = 1000
    retention: RetentionOptions = RetentionOptions()
    snapshots: SnapshotOptions = SnapshotOptions()
    mirror: MirrorOptions | None = None


@dataclass(frozen=True, slots=True)
class LoggingOptions:
    """What is logged to standard error."""

    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True, slots=True)
class Options:
    """Everything the configuration file says.

    Attributes:
        data_dir: None for the place `find_data_dir` chooses.
        mqtt: None without a broker.
        upstream: servers above this gateway, by name.
        automations: rules, in the order of the file.
        webhooks: by name.
        notifications: None where nobody is told anything.
        dashboards: by slug; widgets without a place are not placed yet.
        warnings: what is allowed and likely wrong, as `file:line: key: warning: …`, for people.
        places: where each given key stands, by its dotted path.

    Neither warnings nor places are part of equality.
    """

    gateway: GatewayOptions = GatewayOptions()
    data_dir: Path | None = None
    server: ServerOptions = ServerOptions()
    devices: Mapping[str, DeviceOptions] = field(default_factory=dict)
    templates: Mapping[str, Template] = field(default_factory=dict)
    gpio: GpioOptions = field(default_factory=GpioOptions)
    mqtt: MqttOptions | None = None
    upstream: Mapping[str, UpstreamOptions] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    automations: tuple[AutomationOptions, ...] = ()
    webhooks: Mapping[str, WebhookOptions] = field(default_factory=dict)
    notifications: NotificationOptions | None = None
    dashboards: Mapping[str, Dashboard] = field(default_factory=dict)
    history: HistoryOptions = HistoryOptions()
    logging: LoggingOptions = LoggingOptions()
    warnings: tuple[str, ...] = field(default=(), compare=False, repr=False)
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def datastreams_of(self, device: DeviceOptions | GatewayOptions) -> dict[str, Datastream]:
        """The device's datastreams by pin: its template's, replaced by its own."""
        shared = self.templates[device.template].datastreams if device.template else {}
        return {**shared, **device.datastreams}
