"""The whole format: which keys the file may hold. Its documentation is docs/reference/config.md."""

from blynk_gateway.config.automations.labels import with_labels
from blynk_gateway.config.automations.schema import AUTOMATIONS
from blynk_gateway.config.credentials import AUTH_TOKEN, SecretFile, SecretText
from blynk_gateway.config.dashboards.schema import DASHBOARDS
from blynk_gateway.config.events import EVENTS
from blynk_gateway.config.gpio.schema import GPIO
from blynk_gateway.config.kinds import Key, ListOf, MapOf, OrNull, Section, Table
from blynk_gateway.config.mirror import MIRROR
from blynk_gateway.config.mqtt.schema import MQTT
from blynk_gateway.config.notifications.schema import NOTIFICATIONS
from blynk_gateway.config.options import (
    DeviceOptions,
    GatewayOptions,
    HistoryOptions,
    LoggingOptions,
    LogLevel,
    Options,
    QuotaOptions,
    RetentionOptions,
    ServerOptions,
    SnapshotOptions,
    TlsOptions,
)
from blynk_gateway.config.pins import DEVICE_PINS, OWN_PINS
from blynk_gateway.config.scalars import (
    LISTEN_ADDRESS,
    PIN_ADDRESS,
    SLUG,
    FilePath,
    choice,
    duration,
    duration_or,
    number_from,
    size_or,
    text_of,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.templates import DATASTREAMS, TEMPLATES
from blynk_gateway.config.upstream.naming import with_names
from blynk_gateway.config.upstream.schema import UPSTREAM
from blynk_gateway.config.webhooks.schema import WEBHOOKS
from blynk_gateway.core.device import MAX_DEVICES, MAX_METADATA_FIELDS
from blynk_gateway.core.links import Link
from blynk_gateway.core.location import Location

MAX_RATE = 1_000_000
"""Messages a second beyond which a quota is none: the server itself is slower."""

MIN_COMMIT_EVERY_MS = 10
MAX_COMMIT_EVERY_MS = 3_600_000
"""Shorter windows wear the card out; longer ones cost more than an hour at a power cut."""

MIN_SNAPSHOT_EVERY_MS = 3_600_000
"""A whole copy of the database more often than hourly would wear the card out."""

MAX_SNAPSHOTS = 100

MIN_SIZE_BYTES = 50_000_000
"""A storm may write half of this before its points are packed."""

MIN_STALE_AFTER_MS = 1000

MAX_LISTENERS = 16
MAX_LINKS = 10_000

MAX_LATITUDE = 90
MAX_LONGITUDE = 180


_TOKEN_FILE = Key("token_file", SecretFile(AUTH_TOKEN), "token")

_LOCATION = Section(
    Location,
    (
        Key("latitude", number_from(-MAX_LATITUDE, MAX_LATITUDE)),
        Key("longitude", number_from(-MAX_LONGITUDE, MAX_LONGITUDE)),
    ),
    required=("latitude", "longitude"),
    habits={"lat": "latitude", **dict.fromkeys(("lon", "long", "lng"), "longitude")},
)

_GATEWAY = Section(
    GatewayOptions,
    (
        Key("name", text_of("a name")),
        Key("slug", SLUG),
        Key("token", OrNull(SecretText(AUTH_TOKEN))),
        _TOKEN_FILE,
        Key("template", OrNull(SLUG)),
        Key("datastreams", DATASTREAMS),
        Key("pins", OWN_PINS),
        Key("location", OrNull(_LOCATION)),
        Key("events", EVENTS),
    ),
)

_PEM = OrNull(FilePath(must_exist=True))

_SERVER = Section(
    ServerOptions,
    (
        Key("listen", ListOf(LISTEN_ADDRESS, 'a list such as ["0.0.0.0:8080"]', MAX_LISTENERS)),
        Key("listen_tls", ListOf(LISTEN_ADDRESS, 'a list such as ["0.0.0.0:9443"]', MAX_LISTENERS)),
        Key("tls", Section(TlsOptions, (Key("cert", _PEM), Key("key", _PEM)))),
        Key(
            "quota",
            Section(
                QuotaOptions,
                (
                    Key("messages_per_second", whole_number(0, MAX_RATE)),
                    Key("burst", whole_number(1, MAX_RATE)),
                ),
            ),
        ),
    ),
)

_DEVICES = MapOf(
    SLUG,
    ("slug", "name"),
    Section(
        DeviceOptions,
        (
            Key("name", text_of("a name")),
            Key("token", SecretText(AUTH_TOKEN)),
            _TOKEN_FILE,
            Key("template", OrNull(SLUG)),
            Key("datastreams", DATASTREAMS),
            Key("stale_after", duration_or("never", MIN_STALE_AFTER_MS), "stale_after_ms"),
            Key("events", EVENTS),
            Key("metadata", Table(text_of("a name"), text_of("a text"), MAX_METADATA_FIELDS)),
            Key("pins", DEVICE_PINS),
        ),
        required=("token",),
    ),
    # The gateway itself is a device too.
    limit=MAX_DEVICES - 1,
)

_LINK = Section(
    Link,
    (Key("from", PIN_ADDRESS, "source"), Key("to", PIN_ADDRESS, "target")),
    required=("source", "target"),
)

_HISTORY = Section(
    HistoryOptions,
    (
        Key("commit_every", duration(MIN_COMMIT_EVERY_MS, MAX_COMMIT_EVERY_MS), "commit_every_ms"),
        Key(
            "retention",
            Section(
                RetentionOptions,
                (
                    *(
                        Key(level, duration_or("forever", 1000), f"{level}_ms")
                        for level in ("raw", "minute", "hour", "day")
                    ),
                    Key("max_size", size_or("unlimited", MIN_SIZE_BYTES), "max_bytes"),
                ),
            ),
        ),
        Key(
            "snapshots",
            Section(
                SnapshotOptions,
                (
                    Key("every", duration_or("never", MIN_SNAPSHOT_EVERY_MS), "every_ms"),
                    Key("keep", whole_number(1, MAX_SNAPSHOTS)),
                ),
            ),
        ),
        Key("mirror", MIRROR),
    ),
)


def _finish(options: Options, key: str, scope: Scope) -> Options:
    return with_labels(with_names(options, key, scope))


DATA_DIR = OrNull(FilePath(must_exist=False))

SCHEMA: Section[Options] = Section(
    Options,
    (
        Key("gateway", _GATEWAY),
        Key("data_dir", DATA_DIR),
        Key("server", _SERVER),
        Key("devices", _DEVICES),
        Key("templates", TEMPLATES),
        Key("gpio", GPIO),
        Key("mqtt", MQTT),
        Key("upstream", UPSTREAM),
        Key("links", ListOf(_LINK, "a list such as [{from: shed/V6, to: pi/V1}]", MAX_LINKS)),
        Key("automations", AUTOMATIONS),
        Key("webhooks", WEBHOOKS),
        Key("notifications", NOTIFICATIONS),
        Key("dashboards", DASHBOARDS),
        Key("history", _HISTORY),
        Key("logging", Section(LoggingOptions, (Key("level", choice(LogLevel)),))),
    ),
    finish=_finish,
    habits={
        **dict.fromkeys(("rules", "scenes", "scene", "timers", "schedules"), "automations"),
        "notify": "notifications",
    },
)
