"""What is known of pins, those included that have widget properties and nothing else.

Blynk's Video widget is such a pin: its device sets a URL and never writes a value.
"""

from blynk_gateway.core.address import pin_order
from blynk_gateway.core.device import Device
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.stream import PinState


def find_pin(device: Device, store: PinStore, pin: str) -> PinState | None:
    """What is known of one pin, None for nothing at all."""
    state = store.find(device.slug, pin)
    if state is None and any(pin == known for known, _name in device.properties):
        return _without_value(pin)
    return state


def all_pins(device: Device, store: PinStore) -> list[PinState]:
    """Every pin that was written or defined, or has a property, in natural order."""
    states = store.pins(device.slug)
    known = {state.pin for state in states}
    others = {pin for pin, _name in device.properties} - known
    return sorted((*states, *map(_without_value, others)), key=lambda state: pin_order(state.pin))


def _without_value(pin: str) -> PinState:
    return PinState(pin, (), 0, 0, None)
