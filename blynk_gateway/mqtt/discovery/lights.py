"""Pins as lights: their state and their commands in Home Assistant's JSON.

blynk/<device>/<pin>/light      retained
blynk/<device>/<pin>/light/set
"""

import json
import logging
from collections.abc import Mapping
from typing import NoReturn

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.address import PIN_NAMES
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import GatewayError, InvalidValue, UnknownPin
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.discovery.entities.lamp import Glow, Json, Lamp
from blynk_gateway.mqtt.discovery.entities.place import LIGHT, place_of
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.runtime.logs import Repeats, safe

log = logging.getLogger(__name__)

MAX_COMMAND_BYTES = 4096
"""Home Assistant's have some 150."""

_ORIGIN = Origin(OriginKind.MQTT)


class Lights:
    """The pins that are shown as lights; part of the feature `Announcer`, which tells which."""

    def __init__(self, parts: MqttParts, complaints: Complaints) -> None:
        self._registry = parts.registry
        self._store = parts.store
        self._topics = parts.topics
        self._complaints = complaints
        self._retained = Repeats(parts.clock)
        self._lamps: dict[str, Mapping[str, Lamp]] = {}
        self._glows: dict[tuple[str, str], Glow] = {}
        self._fades: dict[tuple[str, str], int] = {}
        """The command of each light that was told to fade."""
        self._outlet: Outlet | None = None

    @property
    def filter(self) -> str:
        """What takes the state topics of all lights."""
        return f"{self._topics.base}/+/+/{LIGHT}"

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Commands."""
        return (Subscription(f"{self.filter}/set", self._command),)

    def connected(self, outlet: Outlet) -> None:
        """Publish how each light is."""
        self._outlet = outlet
        for device, lamps in self._lamps.items():
            for pin, lamp in lamps.items():
                self._tell_standing(outlet, device, pin, lamp)

    def disconnected(self) -> None:
        """Nothing is under way. May be called twice."""
        self._outlet = None

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Publish how a light is now."""
        if type(change) is not PinChange:
            return
        lamps = self._lamps.get(change.device)
        lamp = None if lamps is None else lamps.get(change.pin)
        if lamp is not None and not self._is_fading(change):
            self._tell(outlet, change.device, change.pin, lamp, change.value)

    def use(self, outlet: Outlet, device: str, lamps: Mapping[str, Lamp]) -> None:
        """Take which pins of a device are lights from now on."""
        before = self._lamps.pop(device, {})
        if lamps:
            self._lamps[device] = lamps
        for pin in before.keys() - lamps.keys():
            self._glows.pop((device, pin), None)
            self._fades.pop((device, pin), None)
            self._clear(outlet, device, pin)
        for pin, lamp in lamps.items():
            if before.get(pin) != lamp:
                self._tell_standing(outlet, device, pin, lamp)

    def clear_leftovers(self, outlet: Outlet, topics: Mapping[str, bytes]) -> None:
        """Clear what an earlier run left of pins that are no lights any more.

        Args:
            topics: everything that stands at the broker; what is not a light's is left alone, and
                so is what is of no device of ours.
        """
        base = f"{self._topics.base}/"
        for topic in topics:
            match topic.removeprefix(base).split("/"):
                case [device, pin, level] if topic.startswith(base) and level == LIGHT:
                    name = pin.upper()
                    is_ours = name in PIN_NAMES and self._registry.find(device) is not None
                    if is_ours and name not in self._lamps.get(device, {}):
                        outlet.publish(topic, "", retain=True)

    def _is_fading(self, change: PinChange) -> bool:
        """Whether it only tells where a fade begins: that would look like the opposite command."""
        key = (change.device, change.pin)
        if change.value[0] == EffectKind.FADE:
            self._fades[key] = change.seq
            return False
        begun = self._fades.pop(key, None)
        return begun is not None and begun == change.cause

    def _clear(self, outlet: Outlet, device: str, pin: str) -> None:
        # Not by `Topics.pin`, which keeps the names of what it was asked for.
        outlet.publish(self._topics.device(device, pin.lower(), LIGHT), "", retain=True)

    def _tell_standing(self, outlet: Outlet, device: str, pin: str, lamp: Lamp) -> None:
        state = self._store.find(device, pin)
        if state is not None and state.shown:
            self._tell(outlet, device, pin, lamp, state.shown)

    def _tell(self, outlet: Outlet, device: str, pin: str, lamp: Lamp, value: PinValue) -> None:
        try:
            glow = lamp.glow_of(value)
        except InvalidValue:
            # An effect: what it comes to is told when it ends.
            return
        if glow is not None:
            self._glows[device, pin] = glow
        payload = json.dumps(lamp.state_of(glow), sort_keys=True)
        outlet.publish(place_of(self._topics, device, pin).light, payload, retain=True)

    def _command(self, message: Message) -> None:
        levels = message.topic.removeprefix(f"{self._topics.base}/").split("/")
        device, pin = levels[0], levels[1].upper()
        if message.is_retained:
            if self._retained.allow(device) is not None:
                log.warning("retained command ignored", extra={"topic": safe(message.topic, 200)})
            return
        try:
            lamp = self._lamps.get(device, {}).get(pin)
            if lamp is None:
                raise UnknownPin(
                    f"{safe(device)}/{safe(pin)} is not shown as a light; expected one that is"
                )
            command = _decode(message.payload)
            value = lamp.value_of(command, self._glows.get((device, pin), Glow()))
            self._store.write(device, pin, value, _ORIGIN, Intent.COMMAND)
        except GatewayError as error:
            self._complaints.complain(self._outlet, device, message, error)


def _decode(payload: bytes) -> Json:
    if len(payload) > MAX_COMMAND_BYTES:
        raise InvalidValue(
            f"the command has {len(payload)} bytes; expected at most {MAX_COMMAND_BYTES}"
        )
    try:
        return json.loads(payload, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidValue("the command is no JSON; expected an object with a state") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
