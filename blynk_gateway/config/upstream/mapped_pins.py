"""Which pins go up and what they are called there: `[V5, V6]`, `{V1: V7}`, `{pi/V2: {to: V2}}`."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.fault import Rejected, quoted
from blynk_gateway.config.kinds import Key, Kind, Scalar, Section
from blynk_gateway.config.likely import likely_virtual_pin
from blynk_gateway.config.scalars import duration, number_from, text_of
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.upstream.options import MappedPin
from blynk_gateway.core.address import PIN_NAMES, PinAddress, parse_address, parse_pin
from blynk_gateway.errors import UnknownPin

MAX_PINS = len(PIN_NAMES)
"""As many as a device above can have."""

MAX_DEAD_BAND = 1e9
MAX_MIN_INTERVAL_MS = 86_400_000

_NO_NAME = yaml.ScalarNode("tag:yaml.org,2002:null", "")
"""What a list gives a pin."""

_EXPECTED = "a list such as [V5, V6], or a mapping such as {V1: V7, pi/V2: V2}"


def parse_local(text: str) -> PinAddress:
    """A pin address; without a device before the pin its device is empty.

    Raises:
        ValueError: if it is neither an address nor a pin.
    """
    try:
        return parse_address(text) if "/" in text else PinAddress("", parse_pin(text))
    except UnknownPin as error:
        raise ValueError(text) from error


LOCAL = Scalar(
    parse_local, "a pin of the device, V5, or of any, pi/V5", str, likely=likely_virtual_pin
)
REMOTE = text_of("a pin, or over MQTT the name of a datastream,")


@dataclass(frozen=True, slots=True)
class MappedPins(Kind[tuple[MappedPin, ...]]):
    """Pins by their names here.

    Without a name above `remote` is empty; without a device before the pin so is `local.device`.

    Attributes:
        section: what can be said of one pin.
    """

    section: Section[MappedPin]

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[MappedPin, ...]:
        """The good entries, in order; the place of each is noted by its index."""
        if isinstance(node, yaml.MappingNode):
            entries = [(name, value) for _, name, value in scope.pairs_of(node, key)]
        else:
            entries = [(name, _NO_NAME) for name in scope.entries_of(node, key, _EXPECTED)]
        if not 0 < len(entries) <= MAX_PINS:
            scope.reject(node, key, f"found {len(entries)} pins, expected 1 to {MAX_PINS}")
        pins: list[MappedPin] = []
        for name, value in entries:
            path = key if value is _NO_NAME else join(key, str(name.value))
            try:
                pins.append(self._read_one(name, value, path, scope))
            except Rejected:
                continue
            scope.note(f"{key}[{len(pins) - 1}]", name)
        return tuple(pins)

    def flow(self, value: tuple[MappedPin, ...]) -> str:
        """As a mapping in braces."""
        return "{" + ", ".join(self._shown(value)) + "}"

    def _read_one(self, name: yaml.Node, value: yaml.Node, key: str, scope: Scope) -> MappedPin:
        local = LOCAL.read(name, key, scope)
        if nodes.is_null(value):
            return MappedPin(local, "")
        if isinstance(value, yaml.ScalarNode):
            return MappedPin(local, REMOTE.read(value, key, scope))
        return self.section.read_named(value, key, scope, {"local": local, "remote": ""})

    def _shown(self, pins: tuple[MappedPin, ...]) -> Iterator[str]:
        for pin in pins:
            is_plain = not (pin.dead_band or pin.min_interval_ms)
            yield f"{pin.local}: {quoted(pin.remote) if is_plain else self.section.flow(pin)}"


PINS = MappedPins(
    Section(
        MappedPin,
        (
            Key("to", REMOTE, "remote"),
            Key("dead_band", number_from(0, MAX_DEAD_BAND)),
            Key("min_interval", duration(0, MAX_MIN_INTERVAL_MS), "min_interval_ms"),
        ),
    )
)
