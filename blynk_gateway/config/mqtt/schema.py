"""The section `mqtt`: the broker and what is done there."""

from dataclasses import replace

from blynk_gateway.config.credentials import PASSWORD, SecretFile, SecretText
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, OrNull, Scalar, Section
from blynk_gateway.config.mqtt.bindings import BINDINGS
from blynk_gateway.config.mqtt.device_api import DEVICE_API
from blynk_gateway.config.mqtt.options import (
    Discovery,
    MqttOptions,
    MqttTlsOptions,
    ProtocolVersion,
)
from blynk_gateway.config.mqtt.topics import BASE_TOPIC, TOPIC_PREFIX
from blynk_gateway.config.scalars import (
    BOOLEAN,
    HOST,
    MAX_PORT,
    FilePath,
    choice,
    duration,
    text_of,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.switch import Switch

PLAIN_PORT = 1883
TLS_PORT = 8883
"""Source: IANA's secure-mqtt."""

MIN_KEEPALIVE_MS = 5000
MAX_KEEPALIVE_MS = 18 * 3_600_000
"""MQTT carries seconds in 16 bits, 18 h 12 min."""

MAX_CLIENT_ID_LENGTH = 64
"""Every broker takes 23 characters; those in use take more."""


def _finish(options: MqttOptions, key: str, scope: Scope) -> MqttOptions:
    has_stray_password = options.password is not None and options.username is None
    if has_stray_password and not scope.is_faulty(f"{key}.username"):
        text = "found none beside a password, expected the user that it belongs to"
        scope.fault_at(f"{key}.username", text, f"{key}.password")
    base, prefix = options.base_topic, options.discovery_prefix
    if base == prefix and not scope.is_faulty(f"{key}.base_topic"):
        text = f"found {quoted(base)}, which is discovery_prefix too; expected another one"
        scope.fault_at(f"{key}.base_topic", text)
    return _with_port(options, key, scope)


def _with_port(options: MqttOptions, key: str, scope: Scope) -> MqttOptions:
    """With the port that is usual for what is spoken there, unless one is given."""
    if f"{key}.port" not in scope.places:
        return options if options.tls is None else replace(options, port=TLS_PORT)
    usual = {PLAIN_PORT: "without TLS", TLS_PORT: "with TLS"}
    other = PLAIN_PORT if options.tls is not None else TLS_PORT
    if options.port == other and not scope.is_faulty(f"{key}.tls"):
        is_off = "tls is off" if options.tls is None else "tls is on"
        text = f"found {other}, the port of brokers {usual[other]}, but {is_off}"
        scope.warn_at(f"{key}.port", text)
    return options


def _finish_tls(tls: MqttTlsOptions, key: str, scope: Scope) -> MqttTlsOptions:
    for name, value, partner in (("cert", tls.cert, tls.key), ("key", tls.key, tls.cert)):
        path = f"{key}.{name}"
        if value is None and partner is not None and not scope.is_faulty(path):
            scope.fault_at(path, "found none, expected a file: cert and key go together")
    if tls.insecure and tls.ca is not None:
        text = "found beside ca, which is of no use then: any certificate will do"
        scope.warn_at(f"{key}.insecure", text)
    return tls


def _parse_client_id(text: str) -> str:
    if not 0 < len(text) <= MAX_CLIENT_ID_LENGTH or not (text.isascii() and text.isprintable()):
        raise ValueError(text)
    return text


def _parse_keepalive(text: str) -> int:
    keepalive_ms = _KEEPALIVE.parse(text)
    if keepalive_ms % 1000:
        raise ValueError(text)
    return keepalive_ms


def _likely_host(text: str) -> str:
    """`mqtt://nas:1883`, `nas:1883` → `nas`."""
    return (text.partition("://")[2] or text).partition("/")[0].partition(":")[0]


def _likely_protocol(text: str) -> str:
    """`v5`, `5.0` → `5`; `v3.1.1`, `311`, `4` (its number on the wire) → `3.1.1`."""
    number = text.lower().removeprefix("mqtt").removeprefix("v")
    return {"5.0": "5", "50": "5", "3": "3.1.1", "311": "3.1.1", "4": "3.1.1"}.get(number, number)


_KEEPALIVE = duration(MIN_KEEPALIVE_MS, MAX_KEEPALIVE_MS)

_PEM = OrNull(FilePath(must_exist=True))

_TLS = Section(
    MqttTlsOptions,
    (
        Key("ca", _PEM),
        Key("cert", _PEM),
        Key("key", _PEM),
        Key("insecure", BOOLEAN),
    ),
    finish=_finish_tls,
)

MQTT = OrNull(
    Section(
        MqttOptions,
        (
            Key("enabled", BOOLEAN),
            Key("host", replace(HOST, likely=_likely_host)),
            Key("port", whole_number(1, MAX_PORT)),
            Key("username", OrNull(text_of("a name"))),
            Key("password", OrNull(SecretText(PASSWORD))),
            Key("password_file", OrNull(SecretFile(PASSWORD)), "password"),
            Key(
                "client_id",
                OrNull(
                    Scalar(
                        _parse_client_id,
                        f"1 to {MAX_CLIENT_ID_LENGTH} printable ASCII characters",
                        quoted,
                    )
                ),
            ),
            Key(
                "keepalive",
                replace(
                    _KEEPALIVE,
                    parse=_parse_keepalive,
                    expected=f"{_KEEPALIVE.expected}, in whole seconds",
                ),
                "keepalive_ms",
            ),
            Key("tls", Switch(_TLS)),
            Key("protocol", replace(choice(ProtocolVersion), likely=_likely_protocol, show=quoted)),
            Key("base_topic", BASE_TOPIC),
            Key("discovery", choice(Discovery)),
            Key("discovery_prefix", TOPIC_PREFIX),
            Key("bindings", BINDINGS),
            Key("device_api", DEVICE_API),
        ),
        finish=_finish,
    )
)
