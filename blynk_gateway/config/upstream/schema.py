"""The section `upstream`: servers above this gateway, and which pins go up to each."""

import re
from dataclasses import replace

from blynk_gateway.config.credentials import AUTH_TOKEN, PASSWORD, SecretFile, SecretText
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, ListOf, MapOf, OrNull, Scalar, Section
from blynk_gateway.config.scalars import (
    BOOLEAN,
    SLUG,
    FilePath,
    choice,
    duration,
    duration_or,
    text_of,
    whole_number,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.switch import Switch
from blynk_gateway.config.upstream.budget import Budget
from blynk_gateway.config.upstream.mapped_pins import PINS
from blynk_gateway.config.upstream.options import (
    BacklogOptions,
    MappedPin,
    MappingOptions,
    Server,
    UpstreamOptions,
    UpstreamTlsOptions,
    Via,
)
from blynk_gateway.config.upstream.server import SERVER
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.device import MAX_DEVICES, MAX_METADATA_FIELDS

MAX_UPSTREAMS = 16

MAX_RATE = 1000
"""Values a second; the vendor's cloud wants 10 at most. Source: blynk-protocol §8."""

MIN_HEARTBEAT_MS = 10_000
MAX_HEARTBEAT_MS = 600_000

MIN_KEEP_MS = 60_000
MAX_KEEP_MS = 31 * 86_400_000
"""The vendor's cloud takes nothing older than a month. Source: blynk-protocol §10.3."""

MAX_POINTS_PER_DAY = 1_000_000_000

MIN_POLL_MS = 1000
MAX_POLL_MS = 86_400_000

_TEMPLATE_ID = re.compile(r"[!-~]{1,64}")


def _make_upstream(name: str, server: Server, **rest: object) -> UpstreamOptions:
    host, port = server
    return UpstreamOptions(name, host, port, **rest)  # type: ignore[arg-type]  # as the keys say


def _make_mapping(
    slug: str, token: Secret, pins: tuple[MappedPin, ...], **rest: object
) -> MappingOptions:
    owned = tuple(
        replace(pin, local=PinAddress(pin.local.device or slug, pin.local.pin)) for pin in pins
    )
    return MappingOptions(slug, token, owned, **rest)  # type: ignore[arg-type]  # likewise


def _parse_heartbeat(text: str) -> int:
    heartbeat_ms = _HEARTBEAT.parse(text)
    if heartbeat_ms % 1000:
        raise ValueError(text)
    return heartbeat_ms


def _parse_template_id(text: str) -> str:
    if not _TEMPLATE_ID.fullmatch(text):
        raise ValueError(text)
    return text


_HEARTBEAT = duration(MIN_HEARTBEAT_MS, MAX_HEARTBEAT_MS)

_TLS = Section(UpstreamTlsOptions, (Key("ca", OrNull(FilePath(must_exist=True))),))

_BACKLOG = Section(
    BacklogOptions,
    (
        Key("keep", duration(MIN_KEEP_MS, MAX_KEEP_MS), "keep_ms"),
        Key("points_per_day", whole_number(0, MAX_POINTS_PER_DAY)),
    ),
)

_MAPPING = Section(
    _make_mapping,
    (
        Key("token", SecretText(AUTH_TOKEN)),
        Key("token_file", SecretFile(AUTH_TOKEN), "token"),
        Key("pins", PINS),
        Key("events", BOOLEAN),
        Key(
            "metadata",
            ListOf(text_of("a name"), "a list such as [Location]", MAX_METADATA_FIELDS),
        ),
        Key(
            "template_id",
            OrNull(
                Scalar(
                    _parse_template_id,
                    "1 to 64 printable ASCII characters without blank, such as TMPL0123456",
                    quoted,
                )
            ),
        ),
    ),
    required=("token", "pins"),
)

_UPSTREAM = Section(
    _make_upstream,
    (
        Key("enabled", BOOLEAN),
        Key("server", SERVER),
        Key("tls", Switch(_TLS, is_on=True)),
        Key("via", choice(Via)),
        Key("budget", Budget()),
        Key("rate", whole_number(0, MAX_RATE)),
        Key(
            "heartbeat",
            replace(
                _HEARTBEAT,
                parse=_parse_heartbeat,
                expected=f"{_HEARTBEAT.expected}, in whole seconds",
            ),
            "heartbeat_ms",
        ),
        Key("backlog", Switch(_BACKLOG, is_on=True)),
        Key("poll", duration_or("never", MIN_POLL_MS, MAX_POLL_MS), "poll_ms"),
        Key("username", OrNull(text_of("a name"))),
        Key("password", OrNull(SecretText(PASSWORD))),
        Key("password_file", SecretFile(PASSWORD), "password"),
        Key("devices", MapOf(SLUG, ("slug",), _MAPPING, MAX_DEVICES)),
    ),
    required=("server", "devices"),
)

UPSTREAM = MapOf(SLUG, ("name",), _UPSTREAM, MAX_UPSTREAMS)
