"""The schema of direct pins: `{D8: out, A0: {mode: in, every: 1s}}`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.kinds import Entry, Key, MapOf, Section
from blynk_gateway.config.scalars import PHYSICAL_PIN, choice, duration_or
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.core.address import MAX_PIN_INDEX
from blynk_gateway.core.direct import (
    MAX_EVERY_MS,
    MIN_EVERY_MS,
    DirectPin,
    PinMode,
    check_mode,
)
from blynk_gateway.errors import InvalidValue

_MODE = choice(PinMode)
_MODE_KEY = Key("mode", _MODE)
_EVERY = Key("every", duration_or("never", MIN_EVERY_MS, MAX_EVERY_MS), "every_ms")
_UNASKED = "found an interval, expected none: the Pi's own inputs tell their changes themselves"


def _finish(direct: DirectPin, key: str, scope: Scope) -> DirectPin:
    try:
        check_mode(key.rpartition(".")[2], direct)
    except InvalidValue as error:
        scope.fault_at(key, str(error))
    return direct


@dataclass(frozen=True, slots=True)
class PinUse(Entry[DirectPin]):
    """How a pin is used: the mode alone, or a mapping.

    Attributes:
        is_asked: whether its inputs can be asked for their values.
    """

    section: Section[DirectPin]
    is_asked: bool

    def read(self, node: yaml.Node, key: str, scope: Scope) -> DirectPin:
        """The mode, and the interval of an input."""
        return self.read_named(node, key, scope, {})

    def read_named(
        self, node: yaml.Node, key: str, scope: Scope, attributes: Mapping[str, object]
    ) -> DirectPin:
        """Likewise; nothing comes from outside."""
        if isinstance(node, yaml.ScalarNode):
            direct = DirectPin(_MODE.read(node, key, scope))
            return self.section.finish(direct, key, scope) if self.section.finish else direct
        fitting = []
        for name, key_node, value in scope.pairs_of(node, key):
            if name == _EVERY.name and not self.is_asked:
                scope.fault(nodes.line_of(key_node), join(key, name), _UNASKED)
            else:
                fitting.append((name, key_node, value))
        return self.section.read_pairs(fitting, key, scope, attributes)

    def flow(self, value: DirectPin) -> str:
        """As a mapping in braces."""
        return self.section.flow(value)

    def settings(self, value: DirectPin, key: str) -> Iterator[tuple[str, str]]:
        """Mode and interval."""
        return self.section.settings(value, key)


def _pins(*, is_asked: bool) -> MapOf[DirectPin]:
    # What the Pi's own pins can be depends on the rest of the configuration.
    finish = _finish if is_asked else None
    keys = (_MODE_KEY, _EVERY) if is_asked else (_MODE_KEY,)
    section = Section(DirectPin, keys, required=("mode",), finish=finish)
    return MapOf(PHYSICAL_PIN, (), PinUse(section, is_asked), limit=2 * (MAX_PIN_INDEX + 1))


DEVICE_PINS = _pins(is_asked=True)
"""Pins of a LAN device."""

OWN_PINS = _pins(is_asked=False)
"""Pins of the Pi itself."""
