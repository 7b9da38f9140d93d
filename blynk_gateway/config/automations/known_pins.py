"""Pins that the file says anything of: those that a rule can name without a doubt."""

from collections import defaultdict
from collections.abc import Iterator

from blynk_gateway.config.gpio.datastreams import implied_datastreams
from blynk_gateway.config.gpio.lines import open_pins
from blynk_gateway.config.mqtt.topics import placeholder
from blynk_gateway.config.options import DeviceOptions, GatewayOptions, Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import PIN_NAMES, PinAddress, PinKind
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.direct import DirectPin

_NAMING_PINS = ("links", "mqtt", "upstream", "dashboards")
"""Sections that name pins; in a faulty one that of a rule may have been left out."""


def owners(options: Options) -> Iterator[GatewayOptions | DeviceOptions]:
    """The gateway itself and all devices of the file."""
    yield options.gateway
    yield from options.devices.values()


def own_datastreams(
    options: Options, owner: GatewayOptions | DeviceOptions
) -> dict[str, Datastream]:
    """What the file declares of the virtual pins of one device, by pin."""
    template = options.templates.get(owner.template or "")
    shared = template.datastreams if template else {}
    return {**shared, **owner.datastreams}


def datastreams_by_address(options: Options) -> dict[PinAddress, Datastream]:
    """What is known of virtual pins; of the gateway's own those of peripherals too."""
    slug = options.gateway.slug
    implied = implied_datastreams(options.gpio)
    found = {PinAddress(slug, pin): stream for pin, stream in implied.items()}
    for owner in owners(options):
        for pin, stream in own_datastreams(options, owner).items():
            found[PinAddress(owner.slug, pin)] = stream
    return found


class KnownPins:
    """Says what is wrong with the address of a pin.

    Args:
        scope: knows which parts of the file are faulty; where a pin may have stood in one of them
            nothing is said.
    """

    def __init__(self, options: Options, scope: Scope) -> None:
        self.streams = datastreams_by_address(options)
        self.modes = dict(_modes(options))
        self._gateway = options.gateway.slug
        self._own_pins = open_pins(options.gpio)
        self._is_gpio_faulty = scope.is_faulty("gpio")
        self._declaring = {
            owner.slug
            for owner in owners(options)
            if own_datastreams(options, owner) and not _is_doubtful(owner, scope)
        }
        if any(map(scope.is_faulty, _NAMING_PINS)):
            self._declaring.clear()
        self._named: dict[str, set[str]] = defaultdict(set)
        for device, pin in self.streams:
            self._named[device].add(pin)
        for device, pin in _named_pins(options):
            self._named[device].add(pin)

    def complaint(self, address: PinAddress) -> str:
        """What is wrong with the pin of a device that is there; empty for nothing."""
        device, pin = address
        is_virtual = PIN_NAMES[pin] is PinKind.VIRTUAL
        if self.is_own(device) and not is_virtual:
            if pin in self._own_pins or self._is_gpio_faulty:
                return ""
            section = "gpio.direct" if PIN_NAMES[pin] is PinKind.DIGITAL else "gpio.analog"
            return f"which {section} does not open; expected a pin that is open"
        if not is_virtual or device not in self._declaring:
            return ""
        named = self._named[device] | self._named[""]
        if pin in named:
            return ""
        return f"but {device} declares datastreams and not this one; expected one of its pins"

    def is_own(self, device: str) -> bool:
        """Whether it is the gateway itself."""
        return device == self._gateway

    def named(self, device: str) -> list[str]:
        """Addresses of a device's pins, for suggestions."""
        return [f"{device}/{pin}" for pin in sorted(self._named[device])]


def _is_doubtful(owner: GatewayOptions | DeviceOptions, scope: Scope) -> bool:
    if isinstance(owner, DeviceOptions):
        is_faulty = scope.is_faulty(f"devices.{owner.slug}")
    else:
        is_faulty = scope.is_faulty("gateway") or scope.is_faulty("gpio")
    return is_faulty or (owner.template is not None and scope.is_faulty("templates"))


def _modes(options: Options) -> Iterator[tuple[PinAddress, DirectPin]]:
    for owner in owners(options):
        for pin, direct in owner.pins.items():
            yield PinAddress(owner.slug, pin), direct


def _named_pins(options: Options) -> Iterator[PinAddress]:
    """Pins that other sections use; the device is empty for that of any."""
    for link in options.links:
        yield from link
    for binding in options.mqtt.bindings if options.mqtt else ():
        device, _, pin = binding.pin.partition("/")
        yield PinAddress("" if placeholder(device) else device, pin)
    for upstream in options.upstream.values():
        for mapping in upstream.devices.values():
            yield from (pin.local for pin in mapping.pins)
    for dashboard in options.dashboards.values():
        for page in dashboard.pages:
            for widget in page.widgets:
                yield from widget.pins
                if widget.pin is not None:
                    yield widget.pin
