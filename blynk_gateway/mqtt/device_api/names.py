"""Datastreams by their names, which is how the device API calls them.

A virtual pin without a datastream, or with one whose name cannot be used, is called by its own
name, `V5`. Unusable is a name that cannot stand in a topic, that another pin has, or that an
earlier datastream of the device has already.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import printable
from blynk_gateway.errors import UnknownPin

_NO_LEVEL = re.compile("[/+#\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]")
_LAST_TWO = 0xFFFE

_MAX_LISTED = 20


class _Names(NamedTuple):
    pins: Mapping[str, str]
    names: Mapping[str, str]


class StreamNames:
    """The names of the virtual pins of all devices."""

    def __init__(self, store: PinStore) -> None:
        self._store = store
        self._devices: dict[str, _Names] = {}

    def pin(self, device: str, name: str) -> str:
        """The pin that a device calls so.

        Raises:
            UnknownDevice: no such slug.
            UnknownPin: it has no such datastream.
        """
        pin = self._of(device).pins.get(name) or _VIRTUAL.get(name.upper())
        if pin is None:
            shown = printable(name)[:40]
            raise UnknownPin(
                f"{device} has no datastream {shown!r}; expected {self._known(device)}"
            )
        return pin

    def name(self, device: str, pin: str) -> str:
        """What a device calls a pin.

        Raises:
            UnknownDevice: no such slug.
        """
        return self._of(device).names.get(pin, pin)

    def forget(self, device: str | None = None) -> None:
        """Look anew at the datastreams of a device, or of all of them."""
        if device is None:
            self._devices.clear()
        else:
            self._devices.pop(device, None)

    def _of(self, device: str) -> _Names:
        known = self._devices.get(device)
        if known is None:
            known = self._devices[device] = self._read(device)
        return known

    def _read(self, device: str) -> _Names:
        pins: dict[str, str] = {}
        for state in self._store.pins(device):
            datastream = state.datastream
            if datastream is None or PIN_NAMES[state.pin] is not PinKind.VIRTUAL:
                continue
            name = datastream.name
            if is_level(name) and _VIRTUAL.get(name.upper(), state.pin) == state.pin:
                pins.setdefault(name, state.pin)
        return _Names(MappingProxyType(pins), {pin: name for name, pin in pins.items()})

    def _known(self, device: str) -> str:
        names = list(self._of(device).pins)
        if not names:
            return "V0…V255"
        listed = ", ".join(names[:_MAX_LISTED])
        return f"{listed}{', …' if len(names) > _MAX_LISTED else ''} or V0…V255"


def is_level(text: str) -> bool:
    """Whether the text can be one level of a topic; brokers hang up on control characters."""
    return (
        text != ""
        and _NO_LEVEL.search(text) is None
        and (text.isascii() or not any(ord(one) & _LAST_TWO == _LAST_TWO for one in text))
    )


_VIRTUAL = {pin: pin for pin, kind in PIN_NAMES.items() if kind is PinKind.VIRTUAL}
