"""Pins set by the broker: `blynk/<device>/v5/set` with a value, `blynk/<device>/set` with several.

1. A payload is a value as it is published, see `mqtt.payload`: a JSON array of texts or numbers is
   one of several parameters, anything else one text, as it stands. The datastream says what fits.
2. An empty payload is an empty text for a datastream of texts and refused for every other pin: it
   is what clears a retained message, and nobody means to set a pump to nothing by that. `[""]` is
   an empty text for any pin that takes one.
3. `blynk/<device>/set` takes a JSON object of pins and values, all of it or nothing. There `true`
   and `false` are `1` and `0`.
"""

from collections.abc import Mapping

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.address import PIN_NAMES, PinKind, parse_pin
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.direct import twin
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue, NotWritable
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.listener import CommandListener
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import find_value, parse_json, parse_payload

_ORIGIN = Origin(OriginKind.MQTT)
_COMMAND = Intent.COMMAND


class SetCommands:
    """Feature: writes what `…/set` says."""

    def __init__(self, parts: MqttParts, complaints: Complaints) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._listener = CommandListener(parts, complaints, "set", self._set)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """`…/set` of devices and pins."""
        return self._listener.subscriptions()

    async def connected(self, outlet: Outlet) -> None:
        """Complain there from now on."""
        self._listener.outlet = outlet

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing to follow."""

    def disconnected(self) -> None:
        """Complain nowhere."""
        self._listener.outlet = None

    def _set(self, device: str, pin: str, message: Message) -> None:
        if not pin:
            self._set_all(device, message.payload)
            return
        if not message.payload:
            self._check_empty(device, pin)
        self._store.write(device, pin, parse_payload(message.payload), _ORIGIN, _COMMAND)

    def _check_empty(self, device: str, pin: str) -> None:
        datastream = self._store.find_datastream(device, pin)
        if datastream is None or datastream.type is not DatastreamType.STRING:
            raise InvalidValue(
                f'{device}/{pin} was given nothing; expected a value, [""] for an empty text'
            )

    def _set_all(self, device: str, payload: bytes) -> None:
        values = _parse_values(device, payload)
        for pin, value in values.items():
            if PIN_NAMES[pin] is not PinKind.VIRTUAL and twin(pin) in values:
                # The first that is written may make the other one impossible.
                raise NotWritable(
                    f"{device}/{pin} is the pin of the board that {twin(pin)} is;"
                    " expected a value for one of them"
                )
            self._store.check_command(device, pin, value)
        now_ms = self._clock.now_ms()
        for pin, value in values.items():
            self._store.write(device, pin, value, _ORIGIN, _COMMAND, now_ms)


def _parse_values(device: str, payload: bytes) -> Mapping[str, PinValue]:
    """The values by canonical pin.

    Raises:
        InvalidValue, UnknownPin: it is no object of pins and values.
    """
    content = parse_json(payload)
    if not isinstance(content, dict) or not content:
        raise InvalidValue(f'{device} was given no JSON object of pins; expected {{"v5": 1}}')
    values: dict[str, PinValue] = {}
    for name, item in content.items():
        pin = parse_pin(name)
        value = find_value(item)
        if value is None:
            raise InvalidValue(
                f"{device}/{pin} was given no value; expected a text, a number or an array of these"
            )
        if pin in values:
            raise InvalidValue(f"{device}/{pin} was given two values; expected one")
        values[pin] = value
    return values
