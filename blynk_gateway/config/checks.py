"""Faults and warnings that show only between options: done before any socket opens."""

import ipaddress
from collections.abc import Callable

from blynk_gateway.config.automations.checks import KnownDevices, check_automations
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.gpio.checks import check_gpio
from blynk_gateway.config.mqtt.checks import check_mqtt
from blynk_gateway.config.options import Address, Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.config.upstream.checks import check_upstream
from blynk_gateway.core.definition import RESERVED_SLUG


def check(options: Options, scope: Scope, known_devices: KnownDevices) -> None:
    """Report every contradiction between the options, and what is likely wrong.

    Args:
        known_devices: slugs of devices that are declared elsewhere, None if that cannot be known.
    """
    for check_one in _CHECKS:
        check_one(options, scope)
    check_automations(options, scope, known_devices)


def _check_slugs(options: Options, scope: Scope) -> None:
    slug = options.gateway.slug
    if f"devices.{slug}" in scope.places:
        text = "found the slug of the gateway itself (gateway.slug), expected another one"
        scope.fault_at(f"devices.{slug}", text)
    text = f"found {RESERVED_SLUG}, which topics of the gateway itself have; expected another slug"
    if slug == RESERVED_SLUG:
        scope.fault_at("gateway.slug", text)
    if f"devices.{RESERVED_SLUG}" in scope.places:
        scope.fault_at(f"devices.{RESERVED_SLUG}", text)


def _check_tokens(options: Options, scope: Scope) -> None:
    own = options.gateway.token
    holders = {} if own is None else {own: "gateway"}
    for slug, device in options.devices.items():
        holder = holders.setdefault(device.token, f"devices.{slug}")
        if holder != f"devices.{slug}":
            line = scope.places[f"{holder}.token"].line
            text = f"found the token of {holder} (line {line}), expected one of its own"
            scope.fault_at(f"devices.{slug}.token", text)


def _check_listeners(options: Options, scope: Scope) -> None:
    server = options.server
    taken: list[tuple[str, Address]] = []
    for key, addresses in (("listen", server.listen), ("listen_tls", server.listen_tls)):
        for index, address in enumerate(addresses):
            for holder, other in taken:
                if _overlap(address, other):
                    text = f"found {address}, expected one that {holder} ({other}) does not take"
                    scope.fault_at(f"server.{key}", text, f"server.{key}[{index}]")
                    break
            taken.append((f"server.{key}", address))
    if not taken and not (scope.is_faulty("server.listen") or scope.is_faulty("server.listen_tls")):
        scope.fault_at("server.listen", "found no address, here or in listen_tls; expected one")


def _check_tls(options: Options, scope: Scope) -> None:
    tls = options.server.tls
    for key, value, partner in (("cert", tls.cert, tls.key), ("key", tls.key, tls.cert)):
        path = f"server.tls.{key}"
        if value is None and partner is not None and not scope.is_faulty(path):
            scope.fault_at(path, "found none, expected a file: cert and key go together")


def _check_templates(options: Options, scope: Scope) -> None:
    owners = {"gateway": options.gateway.template}
    owners |= {f"devices.{slug}": device.template for slug, device in options.devices.items()}
    for owner, name in owners.items():
        if name is not None and f"templates.{name}" not in scope.places:
            known = suggestion(name, options.templates)
            text = f"found {quoted(name)}, expected the name of a template{known}"
            scope.fault_at(f"{owner}.template", text)


def _check_links(options: Options, scope: Scope) -> None:
    # Their devices need not be in the file: a command may have added them.
    firsts = {link: index for index, link in reversed(list(enumerate(options.links)))}
    for index, link in enumerate(options.links):
        line = scope.places[f"links[{index}]"].line
        if link.source == link.target:
            scope.fault(line, "links", f"found {link}, expected another pin to write to")
        if firsts[link] != index:
            first = scope.places[f"links[{firsts[link]}]"].line
            scope.fault(line, "links", f"found {link} again, expected once (line {first})")


def _overlap(one: Address, other: Address) -> bool:
    """Whether both cannot be listened to at once; port 0 is a free one each time."""
    if one.port != other.port or one.port == 0:
        return False
    if one.host.lower() == other.host.lower():
        return True
    wildcard = {4: "0.0.0.0", 6: "::"}  # noqa: S104  compared, not bound
    try:
        versions = {ipaddress.ip_address(address.host).version for address in (one, other)}
    except ValueError:
        return False
    return len(versions) == 1 and wildcard[versions.pop()] in (one.host, other.host)


_CHECKS: tuple[Callable[[Options, Scope], None], ...] = (
    _check_slugs,
    _check_tokens,
    _check_listeners,
    _check_tls,
    _check_templates,
    _check_links,
    check_gpio,
    check_mqtt,
    check_upstream,
)
