"""The parts of the gateway that request handlers work with."""

from dataclasses import dataclass
from pathlib import Path

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.pairing import Pairing
from blynk_gateway.core.ports import ApiTokens, DeviceLinks, Journal
from blynk_gateway.core.store import PinStore
from blynk_gateway.runtime.health import Health
from blynk_gateway.runtime.timezone import Zone


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use, handed over by `gateway.py`."""

    registry: DeviceRegistry
    store: PinStore
    bus: PinBus
    pairing: Pairing
    clock: Clock
    gate: Gate
    health: Health
    zone: Zone
    journal: Journal
    tokens: ApiTokens
    links: DeviceLinks
    data_dir: Path
