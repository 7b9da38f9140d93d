"""Which features there are, and in which order they speak on a new connection."""

from collections.abc import Callable, Sequence

from blynk_gateway.core.reads import PinReads
from blynk_gateway.mqtt.bindings.bindings import Bindings
from blynk_gateway.mqtt.bindings.listening import Listening
from blynk_gateway.mqtt.bridge.health import BridgeHealth
from blynk_gateway.mqtt.bridge.info import Info
from blynk_gateway.mqtt.bridge.leftovers import Leftovers
from blynk_gateway.mqtt.bridge.pairing import PairingState
from blynk_gateway.mqtt.bridge.requests import Requests
from blynk_gateway.mqtt.bridge.watch import Watch
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.get import GetCommands
from blynk_gateway.mqtt.commands.set import SetCommands
from blynk_gateway.mqtt.device_api.device_api import DeviceApi
from blynk_gateway.mqtt.discovery.announcer import Announcer
from blynk_gateway.mqtt.feature import Feature, MqttParts
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.mqtt.states.availability import Availability
from blynk_gateway.mqtt.states.device_state import DeviceStates
from blynk_gateway.mqtt.states.events import Events
from blynk_gateway.mqtt.states.properties import Properties
from blynk_gateway.mqtt.states.values import Values


def make_features(
    parts: MqttParts, services: MqttServices, refill: Callable[[], None]
) -> Sequence[Feature]:
    """All features, in the order in which they speak.

    Args:
        refill: has every feature publish anew what has to stand at the broker.
    """
    complaints = Complaints(parts)
    values, states = Values(parts), DeviceStates(parts)
    pairing, health = PairingState(parts), BridgeHealth(parts, services.backlog)
    reads = PinReads(parts.registry, parts.store, services.reader)
    features: list[Feature] = [
        # The first two look at what an earlier run left.
        Leftovers(parts),
        Watch(parts, refill),
        # Rules tell what happens now, and wait for nobody.
        services.messages,
        Listening(parts),
        values,
        Properties(parts),
        states,
        Events(parts),
        Availability(parts),
        SetCommands(parts, complaints),
        GetCommands(parts, complaints, reads, values, states),
    ]
    if parts.options.bindings:
        features.append(Bindings(parts, complaints))
    if parts.options.device_api is not None:
        features.append(DeviceApi(parts, parts.options.device_api, complaints, services.quota))
    return (
        *features,
        # Entities are announced when their states are there.
        Announcer(
            parts,
            peripherals=services.peripherals,
            url=services.url,
            refill=refill,
            complaints=complaints,
        ),
        Info(parts),
        pairing,
        health,
        Requests(parts, services, pairing=pairing, health=health),
    )
