"""What a device tells: values, widget properties, events, metadata, and what it is.

The rules are those of the binary protocol: a value of the wrong type is refused, a number outside
the limits is clamped. Source: blynk-protocol §11.
"""

from collections.abc import Callable, Sequence

from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind
from blynk_gateway.core.device import Device
from blynk_gateway.core.metadata import SECRET_FIELD
from blynk_gateway.core.quota import EVENT_INTERVAL_S, EVENTS_PER_DAY
from blynk_gateway.core.value import (
    MAX_VALUE_BYTES,
    SEPARATOR,
    PinValue,
    decode_value,
    printable,
)
from blynk_gateway.errors import GatewayError, InvalidValue
from blynk_gateway.mqtt.device_api.faults import NoSuchTopic, OverQuota
from blynk_gateway.mqtt.device_api.names import StreamNames
from blynk_gateway.mqtt.device_api.points import parse_points, write_points
from blynk_gateway.mqtt.feature import MqttParts
from blynk_gateway.mqtt.payload import find_value, parse_json
from blynk_gateway.runtime.logs import safe

MAX_INFO = 64
"""Longest text of one info field, characters, as over TCP."""

_INFO_KEYS = {
    "ver": "fw",
    "type": "fw-type",
    "build": "build",
    "tmpl": "tmpl",
    "rxbuff": "buff-in",
}
"""Keys of `info/mcu`, and those of the binary protocol's info that say the same."""


class Uplink:
    """Takes what devices send unasked."""

    def __init__(self, parts: MqttParts, names: StreamNames) -> None:
        self._store = parts.store
        self._registry = parts.registry
        self._clock = parts.clock
        self._names = names

    def take(
        self,
        device: Device,
        levels: Sequence[str],
        payload: bytes,
        refuse: Callable[[GatewayError], None],
    ) -> None:
        """Do what a message says.

        Args:
            levels: of its topic, behind the device's prefix.
            refuse: told of each part of the message that is refused, where others are not.

        Raises:
            GatewayError: it is refused as a whole, and nothing was changed.
        """
        match levels:
            case ["ds", name, *rest]:
                self._take_stream(device, self._names.pin(device.slug, name), rest, payload)
            case ["batch_ds"]:
                self._take_batch(device, payload, refuse)
            case ["event", code]:
                self._log_event(device, printable(code), _text(payload))
            case ["meta", field]:
                self._set_metadata(device, field, payload)
            case ["info", "mcu"]:
                self._take_info(device, payload)
            case _:
                raise no_such_topic(levels)

    def _take_stream(self, device: Device, pin: str, levels: Sequence[str], payload: bytes) -> None:
        match levels:
            case []:
                self._report(device, pin, _value(payload))
            case ["erase"]:
                self._erase(device, pin)
            case ["timestamped_batch"]:
                points = parse_points(payload, self._clock.now_ms())
                write_points(self._store, device.slug, pin, points, origin_of(device))
            case ["prop", name]:
                value = _value(payload)
                self._registry.set_property(device, pin, name, value, origin_of(device))
            case ["prop", name, "erase"]:
                # What was never set needs no erasing, and must not come to be by it.
                if (pin, name) in device.properties:
                    self._registry.set_property(device, pin, name, ("",), origin_of(device))
            case _:
                raise no_such_topic(("ds", "…", *levels))

    def _take_batch(
        self, device: Device, payload: bytes, refuse: Callable[[GatewayError], None]
    ) -> None:
        document = parse_json(payload)
        if not isinstance(document, dict):
            raise InvalidValue("the batch is no JSON object; expected datastreams and their values")
        at_ms = self._clock.now_ms()
        for name, item in document.items():
            try:
                pin = self._names.pin(device.slug, name)
                value = find_value(item)
                if value is None:
                    raise InvalidValue(
                        f"{pin} ({printable(name)[:40]}) was given no value in the batch;"
                        " expected a number, text, boolean or list of these"
                    )
                self._report(device, pin, value, at_ms)
            except GatewayError as error:
                refuse(error)

    def _report(self, device: Device, pin: str, value: PinValue, at_ms: int | None = None) -> None:
        self._store.write(device.slug, pin, value, origin_of(device), Intent.REPORT, at_ms)

    def _erase(self, device: Device, pin: str) -> None:
        """A pin cannot lose its value; what it is before anybody wrote it is its default."""
        datastream = self._store.find_datastream(device.slug, pin)
        if datastream is None or datastream.default is None:
            raise InvalidValue(
                f"{device.slug}/{pin} has no default to go back to; expected a datastream with"
                " `default`"
            )
        self._report(device, pin, datastream.default)

    def _log_event(self, device: Device, code: str, description: str) -> None:
        if not self._registry.events.may_log(device, code):
            raise OverQuota(
                f"{device.slug} logs too many events; expected at most {EVENTS_PER_DAY} a day, and"
                f" of one code one in {EVENT_INTERVAL_S:g} s"
            )
        self._registry.record_event(device, EventKind.LOGGED, code, description, origin_of(device))

    def _set_metadata(self, device: Device, field: str, payload: bytes) -> None:
        text = _text(payload)
        if field == SECRET_FIELD:
            raise InvalidValue(f"the metadata field {field} is not set by a device")
        if SEPARATOR in text:
            raise InvalidValue("a metadata field takes one text; expected no zero byte")
        self._registry.set_metadata(device, printable(field), text, origin_of(device))

    def _take_info(self, device: Device, payload: bytes) -> None:
        document = parse_json(payload)
        if not isinstance(document, dict):
            raise InvalidValue('the info is no JSON object; expected for example {"ver": "1.2.0"}')
        told = tuple(
            (ours, safe(found[0], MAX_INFO))
            for theirs, ours in _INFO_KEYS.items()
            if (found := find_value(document.get(theirs))) is not None and found[0]
        )
        if told != device.info:
            self._registry.told(device, told, origin_of(device))


def origin_of(device: Device) -> Origin:
    """The origin of what a device says over the broker."""
    return Origin(OriginKind.DEVICE, f"mqtt:{device.slug}")


def no_such_topic(levels: Sequence[str]) -> NoSuchTopic:
    """For a topic behind a device's prefix that means nothing."""
    shown = printable("/".join(levels))[:60]
    return NoSuchTopic(f"{shown!r} is no topic of the device API; expected ds/NAME or another one")


def _value(payload: bytes) -> PinValue:
    # Before it is decoded: a megabyte of zero bytes would be a million parameters.
    if len(payload) > MAX_VALUE_BYTES:
        raise InvalidValue(
            f"the value has {len(payload)} bytes; expected at most {MAX_VALUE_BYTES}"
        )
    return decode_value(payload)


def _text(payload: bytes) -> str:
    """One text, fit for people."""
    if len(payload) > MAX_VALUE_BYTES:
        raise InvalidValue(f"the text has {len(payload)} bytes; expected at most {MAX_VALUE_BYTES}")
    return payload.decode("utf-8", "replace")
