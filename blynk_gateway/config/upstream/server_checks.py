"""What is wrong with one server above, or likely is."""

import ipaddress
from dataclasses import fields

from blynk_gateway.config.fault import found
from blynk_gateway.config.mqtt.topics import is_wild
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.upstream.options import UpstreamOptions, Via

PLAIN_PORTS = (80, 8080, 1883)
TLS_PORTS = (443, 9443, 8883)
"""Of Blynk servers and brokers. Source: blynk-protocol §9.1, §11."""

DAYS_OF_A_MONTH = 31

_LOCAL_DOMAINS = frozenset(
    {"local", "localhost", "localdomain", "lan", "home", "box", "internal", "intranet", "arpa"}
)
_VIA_READING = {
    "poll_ms": (Via.HTTPS,),
    "heartbeat_ms": (Via.TCP, Via.MQTT, Via.MQTT_GATEWAY),
    "username": (Via.MQTT_GATEWAY,),
    "password": (Via.MQTT_GATEWAY,),
}
"""What only some ways look at; with others it would do nothing."""

_DEFAULTS = {one.name: one.default for one in fields(UpstreamOptions)}


def check_server(upstream: UpstreamOptions, key: str, scope: Scope) -> None:
    """Report what contradicts itself, or is likely not meant."""
    if not scope.is_faulty(f"{key}.via"):
        _check_unread(upstream, key, scope)
        _check_login(upstream, key, scope)
    if not (upstream.devices or scope.is_faulty(f"{key}.devices")):
        scope.fault_at(f"{key}.devices", "found none, expected one at least")
    _warn_of_port(upstream, key, scope)
    _warn_of_plain_text(upstream, key, scope)
    _warn_of_budget(upstream, key, scope)


def _check_unread(upstream: UpstreamOptions, key: str, scope: Scope) -> None:
    for attribute, ways in _VIA_READING.items():
        if upstream.via not in ways and getattr(upstream, attribute) != _DEFAULTS[attribute]:
            text = f"found beside via {upstream.via}, expected only with {' or '.join(ways)}"
            scope.fault_at(f"{key}.{attribute.removesuffix('_ms')}", text)


def _check_login(upstream: UpstreamOptions, key: str, scope: Scope) -> None:
    if upstream.via is not Via.MQTT_GATEWAY:
        return
    given = {"username": upstream.username, "password": upstream.password}
    for has, lacks in (("username", "password"), ("password", "username")):
        is_alone = given[has] is not None and given[lacks] is None
        if is_alone and not scope.is_faulty(f"{key}.{lacks}"):
            scope.fault_at(f"{key}.{has}", f"found it without {lacks}, expected both or none")
    for slug, mapping in upstream.devices.items():
        if is_wild(mapping.token.reveal()):
            text = f"found + or # in it, expected neither: via {upstream.via} makes a topic of it"
            scope.fault_at(f"{key}.devices.{slug}.token", text)


def _warn_of_port(upstream: UpstreamOptions, key: str, scope: Scope) -> None:
    others = TLS_PORTS if upstream.tls is None else PLAIN_PORTS
    if upstream.port in others and not scope.is_faulty(f"{key}.tls"):
        usual, state = ("without", "on") if upstream.tls is not None else ("with", "off")
        text = f"found port {upstream.port}, which servers have {usual} TLS, but tls is {state}"
        scope.warn_at(f"{key}.server", text)


def _warn_of_plain_text(upstream: UpstreamOptions, key: str, scope: Scope) -> None:
    if upstream.tls is None and not scope.is_faulty(f"{key}.tls") and _is_public(upstream.host):
        text = f"found false, but {found(upstream.host)} is not in your own network: whoever stands"
        scope.warn_at(f"{key}.tls", f"{text} in between reads the tokens and writes the pins")


def _warn_of_budget(upstream: UpstreamOptions, key: str, scope: Scope) -> None:
    if 0 < upstream.budget.month < DAYS_OF_A_MONTH:
        text = f"found {upstream.budget.month}/month, which is less than one message a day"
        scope.warn_at(f"{key}.budget", text)


def _is_public(host: str) -> bool:
    """Whether the host is likely on the Internet."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        *domains, last = host.lower().rstrip(".").split(".")
        return bool(domains) and last not in _LOCAL_DOMAINS
