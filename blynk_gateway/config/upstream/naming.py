"""What a pin is called above where the file does not say so: as here.

Over MQTT pins go by the names of their datastreams, which templates and the devices' own say.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from blynk_gateway.config.fault import Rejected, found
from blynk_gateway.config.options import DeviceOptions, GatewayOptions, Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.upstream.options import MappedPin, MappingOptions, UpstreamOptions
from blynk_gateway.core.address import PinAddress, parse_pin
from blynk_gateway.errors import UnknownPin

FORBIDDEN = "/+#,"
"""What splits topics and lists of names in the vendor's MQTT interface, blynk-protocol §11."""

MAX_NAME_BYTES = 64
"""A message of that interface has 1024 bytes with its topic."""


def with_names(options: Options, key: str, scope: Scope) -> Options:
    """The options with a name above for each mapped pin.

    Args:
        key: path of the options.
    """
    if not options.upstream:
        return options
    names = _names(options)
    upstream = {
        name: replace(one, devices=_named_devices(one, f"{key}upstream.{name}", names, scope))
        for name, one in options.upstream.items()
    }
    return replace(options, upstream=upstream)


def _named_devices(
    upstream: UpstreamOptions, key: str, names: Mapping[PinAddress, str], scope: Scope
) -> dict[str, MappingOptions]:
    mappings = {}
    for slug, mapping in upstream.devices.items():
        path = f"{key}.devices.{slug}.pins"
        pins = []
        for index, pin in enumerate(mapping.pins):
            try:
                remote = _remote(upstream, pin, names)
            except Rejected as error:
                scope.fault_at(path, str(error), f"{path}[{index}]")
                continue
            pins.append(replace(pin, remote=remote))
            scope.places[f"{path}[{len(pins) - 1}]"] = scope.places[f"{path}[{index}]"]
        mappings[slug] = replace(mapping, pins=tuple(pins))
    return mappings


def _remote(upstream: UpstreamOptions, pin: MappedPin, names: Mapping[PinAddress, str]) -> str:
    """Its name above.

    Raises:
        Rejected: if there is none that will do; says why.
    """
    if not upstream.via.is_mqtt:
        try:
            return parse_pin(pin.remote or pin.local.pin)
        except UnknownPin:
            text = f"found {found(pin.remote)}, expected a pin such as V7"
            raise Rejected(f"{text}: only over MQTT pins go by names") from None
    name = pin.remote or names.get(pin.local, "")
    if not name:
        text = f"found {pin.local} without a name, which pins go by over MQTT; expected the name of"
        raise Rejected(f"{text} its datastream above, {{{pin.local}: Temperature}}")
    if not _is_usable(name):
        text = f"found {found(name)}, expected a name of at most {MAX_NAME_BYTES} bytes without"
        text += f" {' '.join(FORBIDDEN)} and without blanks at its ends"
        raise Rejected(f"{text}; {{{pin.local}: Temperature}} gives it another one above")
    return name


def _is_usable(name: str) -> bool:
    if name != name.strip() or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        return False
    return not any(
        one in FORBIDDEN or unicodedata.category(one) in ("Cc", "Cn", "Cs") for one in name
    )


def _names(options: Options) -> dict[PinAddress, str]:
    """Names of the datastreams of all devices of the file, where they have any."""
    own = options.gateway.slug
    names = {PinAddress(own, one.pin): one.name for one in options.gpio.peripherals.values()}
    owners: tuple[GatewayOptions | DeviceOptions, ...] = (
        options.gateway,
        *options.devices.values(),
    )
    for device in owners:
        template = options.templates.get(device.template or "")
        shared = template.datastreams if template else {}
        for pin, stream in {**shared, **device.datastreams}.items():
            if stream.name != pin:
                names[PinAddress(device.slug, pin)] = stream.name
    return names
