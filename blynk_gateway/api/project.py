"""A device as the project JSON of the legacy dialect: one widget for each known pin.

Source: the keys of blynk-protocol §10.1 and of the original server's project. Secrets (tokens, peer
addresses, what the hardware told) are left out.
"""

from collections.abc import Iterable
from typing import Any

from blynk_gateway.core.address import PinKind
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.device import Device
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import printable_value

_PIN_TYPES = {
    PinKind.VIRTUAL: "VIRTUAL",
    PinKind.DIGITAL: "DIGITAL",
    PinKind.ANALOG: "ANALOG",
}


def project_of(device: Device, pins: Iterable[PinState]) -> dict[str, Any]:
    """The project of one device.

    Args:
        pins: in the order the widgets get.
    """
    return {
        "id": 1,
        "name": device.definition.name,
        "isActive": True,
        "devices": [
            {
                "id": 0,
                "name": device.definition.name,
                "status": "ONLINE" if device.is_online else "OFFLINE",
                "lastSeen": device.last_seen_ms,
            }
        ],
        "widgets": [_widget(number, device, state) for number, state in enumerate(pins, start=1)],
    }


def _widget(number: int, device: Device, state: PinState) -> dict[str, Any]:
    datastream = state.datastream
    widget: dict[str, Any] = {
        "type": _widget_type(datastream),
        "id": number,
        "deviceId": 0,
        "label": state.pin if datastream is None else datastream.name,
        "pinType": _PIN_TYPES[PinKind(state.pin[0])],
        "pin": int(state.pin[1:]),
        "value": "\0".join(printable_value(state.shown)),
    }
    if datastream is not None and datastream.minimum is not None:
        widget["min"] = datastream.minimum
    if datastream is not None and datastream.maximum is not None:
        widget["max"] = datastream.maximum
    for (pin, name), value in device.properties.items():
        if pin == state.pin:
            shown = printable_value(value)
            widget[name] = shown[0] if len(shown) == 1 else shown
    return widget


def _widget_type(datastream: Datastream | None) -> str:
    if datastream is None or not datastream.is_numeric:
        return "LABELED_VALUE_DISPLAY"
    if not datastream.is_writable:
        return "DIGIT4_DISPLAY"
    is_switch = (datastream.minimum, datastream.maximum) == (0, 1)
    return "BUTTON" if is_switch else "SLIDER"
