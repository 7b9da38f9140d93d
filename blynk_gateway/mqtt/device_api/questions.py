"""What a device asks for: values, metadata, the time, where it is.

Nothing is told that is not known: a value that nobody wrote has no answer, and who asks for the
time before that can be trusted is answered when it can. Source: blynk-protocol §11.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.device import Device
from blynk_gateway.core.metadata import LOCATION_FIELD, find_metadata
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import MAX_VALUE_BYTES, encode_value, number, printable
from blynk_gateway.errors import GatewayError, InvalidValue
from blynk_gateway.mqtt.device_api.downlink import Downlink
from blynk_gateway.mqtt.device_api.faults import UnknownLocation
from blynk_gateway.mqtt.device_api.names import StreamNames, is_level
from blynk_gateway.mqtt.device_api.uplink import no_such_topic
from blynk_gateway.mqtt.feature import MqttParts, Outlet

_MAX_LATITUDE = 90
_MAX_LONGITUDE = 180


class Questions:
    """Answers devices."""

    def __init__(self, parts: MqttParts, names: StreamNames, downlink: Downlink) -> None:
        self._parts = parts
        self._names = names
        self._downlink = downlink
        self._awaits_time: set[str] = set()

    def answer(
        self,
        outlet: Outlet,
        device: Device,
        levels: Sequence[str],
        payload: bytes,
        refuse: Callable[[GatewayError], None],
    ) -> None:
        """Answer one question.

        Args:
            levels: of its topic, behind the device's prefix.
            refuse: told of each name among several that there is no answer for.

        Raises:
            GatewayError: there is no answer.
        """
        match levels:
            case ["get", "ds"]:
                self._tell_streams(outlet, device, _listed(payload), refuse)
            case ["get", "ds", "all"]:
                self._tell_all_streams(outlet, device)
            case ["get", "meta"]:
                self._tell_metadata(outlet, device, _listed(payload), refuse)
            case ["get", "utc", "all", "json"]:
                self._tell_time(outlet, device)
            case ["get", "loc", "all"]:
                self._downlink.send(outlet, device, "loc/all", self._location(device))
            case _:
                raise no_such_topic(levels)

    def time_trusted(self, outlet: Outlet) -> None:
        """Tell the time to those who asked before it was known."""
        waiting, self._awaits_time = self._awaits_time, set()
        for slug in sorted(waiting):
            device = self._parts.registry.find(slug)
            if device is not None:
                self._tell_time(outlet, device)

    def forget(self) -> None:
        """Owe nobody an answer any more: the connection has ended, and devices ask anew."""
        self._awaits_time.clear()

    def _tell_streams(
        self,
        outlet: Outlet,
        device: Device,
        names: Iterable[str],
        refuse: Callable[[GatewayError], None],
    ) -> None:
        for name in names:
            try:
                pin = self._names.pin(device.slug, name)
            except GatewayError as error:
                refuse(error)
                continue
            state = self._parts.store.find(device.slug, pin)
            if state is not None:
                self._tell_stream(outlet, device, state)

    def _tell_all_streams(self, outlet: Outlet, device: Device) -> None:
        for state in self._parts.store.pins(device.slug):
            if state.pin[0] == "V" and (state.datastream is None or state.datastream.is_synced):
                self._tell_stream(outlet, device, state)

    def _tell_stream(self, outlet: Outlet, device: Device, state: PinState) -> None:
        if state.shown:
            name = self._names.name(device.slug, state.pin)
            self._downlink.send(outlet, device, f"ds/{name}", encode_value(state.shown))

    def _tell_metadata(
        self,
        outlet: Outlet,
        device: Device,
        fields: Iterable[str],
        refuse: Callable[[GatewayError], None],
    ) -> None:
        for field in fields:
            value = find_metadata(device, field, self._parts.zone.name)
            if value is None or not is_level(field):
                refuse(
                    InvalidValue(
                        f"{device.slug} has no metadata field {printable(field)[:40]!r} that could"
                        " be told"
                    )
                )
            else:
                self._downlink.send(outlet, device, f"meta/{field}", printable(value))

    def _tell_time(self, outlet: Outlet, device: Device) -> None:
        if not self._parts.clock_quality.is_trusted:
            self._awaits_time.add(device.slug)
            return
        zone, now_ms = self._parts.zone, self._parts.clock.now_ms()
        standard, dst = zone.standard_and_dst_minutes(now_ms)
        answer = {
            "tz_name": zone.name,
            "tz_rule": zone.rule,
            "tz_offset": standard,
            "dst_offset": dst,
            "time": now_ms,
            "iso8601": zone.iso(now_ms),
        }
        self._downlink.send(outlet, device, "utc/all/json", json.dumps(answer))

    def _location(self, device: Device) -> str:
        """Latitude and longitude: what the owner says, else what the device told last.

        Raises:
            UnknownLocation: neither did.
        """
        said = device.metadata.get(LOCATION_FIELD, "").split(",")
        found = _coordinates(said)
        for state in self._parts.store.pins(device.slug):
            stream = state.datastream
            if found is None and stream is not None and stream.type is DatastreamType.LOCATION:
                # Longitude first, in a datastream.
                found = _coordinates(state.value[::-1])
        if found is None:
            raise UnknownLocation(
                f"the location of {device.slug} is not known; expected the metadata field"
                f" {LOCATION_FIELD}, or a value of a datastream of type location"
            )
        return found


def _listed(payload: bytes) -> list[str]:
    """The names in a list with commas."""
    if len(payload) > MAX_VALUE_BYTES:
        raise InvalidValue(f"the list has {len(payload)} bytes; expected at most {MAX_VALUE_BYTES}")
    names = (name.strip() for name in payload.decode("utf-8", "replace").split(","))
    # Each once, in their order.
    return list(dict.fromkeys(name for name in names if name))


def _coordinates(texts: Sequence[str]) -> str | None:
    """`52.52,13.405` of latitude and longitude as texts, if they are a place on earth."""
    texts = [text.strip() for text in texts]
    found = [number((text,)) for text in texts]
    match found:
        case [float() as latitude, float() as longitude] if (
            abs(latitude) <= _MAX_LATITUDE and abs(longitude) <= _MAX_LONGITUDE
        ):
            return ",".join(texts)
        case _:
            return None
