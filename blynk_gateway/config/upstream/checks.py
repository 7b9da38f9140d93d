"""What is wrong between mappings and the rest of the file, or likely is."""

from collections.abc import Iterator

from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion
from blynk_gateway.config.upstream.options import MappingOptions, UpstreamOptions
from blynk_gateway.config.upstream.server_checks import check_server

MAX_UNKNOWN = 20
"""Devices that are named one by one; each is compared with all that there are."""


def check_upstream(options: Options, scope: Scope) -> None:
    """Report every contradiction between `upstream` and the rest, and what is likely not meant.

    Servers that are switched off are looked at too: they are to work when they are switched on.
    """
    for key, upstream in _upstreams(options):
        check_server(upstream, key, scope)
        for path, mapping in _mappings(upstream, key):
            _check_repeated(path, mapping, scope)
    if options.upstream:
        _check_shared_tokens(options, scope)
        _warn_of_local_tokens(options, scope)
        _warn_of_unknown_devices(options, scope)


def _check_repeated(key: str, mapping: MappingOptions, scope: Scope) -> None:
    """One pin here cannot be two above, nor the other way around."""
    here: dict[str, int] = {}
    above: dict[str, int] = {}
    for index, pin in enumerate(mapping.pins):
        first = here.setdefault(str(pin.local), index)
        text = f"found {pin.local} again (line {{}}), expected it once"
        if first == index:
            first = above.setdefault(pin.remote, index)
            text = f"found {pin.remote} for {pin.local} too (line {{}}), expected another one above"
        if first != index:
            line = scope.line_of(f"{key}.pins[{first}]")
            scope.fault_at(f"{key}.pins", text.format(line), f"{key}.pins[{index}]")


def _check_shared_tokens(options: Options, scope: Scope) -> None:
    holders: dict[object, tuple[str, UpstreamOptions]] = {}
    for key, upstream in _upstreams(options):
        for path, mapping in _mappings(upstream, key):
            login = (str(upstream.server).lower(), mapping.token)
            holder, other = holders.setdefault(login, (path, upstream))
            # Two ways to one server, of which one is switched off, may well be meant.
            is_at_once = other is upstream or (other.enabled and upstream.enabled)
            if holder != path and is_at_once:
                line = scope.line_of(f"{holder}.token")
                text = f"found the token of {holder} (line {line}), expected one of its own:"
                text += " a server takes each token once, and a device above can have many pins"
                scope.fault_at(f"{path}.token", text)


def _warn_of_local_tokens(options: Options, scope: Scope) -> None:
    holders = {device.token: f"devices.{slug}" for slug, device in options.devices.items()}
    if options.gateway.token is not None:
        holders[options.gateway.token] = "gateway"
    for key, upstream in _upstreams(options):
        for path, mapping in _mappings(upstream, key):
            holder = holders.get(mapping.token)
            if holder is not None:
                text = f"found the token of {holder}, which the server above learns by it; unless"
                text += " it is your own, use the token that it made for its device"
                scope.warn_at(f"{path}.token", text)


def _warn_of_unknown_devices(options: Options, scope: Scope) -> None:
    known = {options.gateway.slug, *options.devices}
    told: set[str] = set()
    for path, slug, place, what in _uses(options):
        if slug in known or slug in told or f"devices.{slug}" in scope.places:
            continue
        if len(told) == MAX_UNKNOWN:
            text = f"found more than {MAX_UNKNOWN} devices that this file does not declare"
            scope.warn_at(path, text, place)
            return
        told.add(slug)
        text = f"found {what}, but this file declares no device {slug}; unless"
        text += f" `device add` has made it, add it below devices{suggestion(slug, known)}"
        scope.warn_at(path, text, place)


def _uses(options: Options) -> Iterator[tuple[str, str, str, str]]:
    """Path, slug, place and name of whatever a device here is needed for."""
    for key, upstream in _upstreams(options):
        for path, mapping in _mappings(upstream, key):
            for index, pin in enumerate(mapping.pins):
                yield f"{path}.pins", pin.local.device, f"{path}.pins[{index}]", str(pin.local)
            if mapping.metadata:
                yield f"{path}.metadata", mapping.slug, "", "fields"


def _upstreams(options: Options) -> Iterator[tuple[str, UpstreamOptions]]:
    for name, upstream in options.upstream.items():
        yield f"upstream.{name}", upstream


def _mappings(upstream: UpstreamOptions, key: str) -> Iterator[tuple[str, MappingOptions]]:
    for slug, mapping in upstream.devices.items():
        yield f"{key}.devices.{slug}", mapping
