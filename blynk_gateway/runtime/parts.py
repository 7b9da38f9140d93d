"""The parts that every adapter works with, made once by `gateway.py`."""

from dataclasses import dataclass, fields
from typing import Any, Self

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.pairing import Pairing
from blynk_gateway.core.store import PinStore
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.health import Health
from blynk_gateway.runtime.timezone import Zone


@dataclass(slots=True, kw_only=True)
class Parts:
    """The core, and what tells time and health.

    Attributes:
        zone: the gateway's own time zone.
        descriptors: what is to outlive the process.
    """

    registry: DeviceRegistry
    store: PinStore
    bus: PinBus
    pairing: Pairing
    clock: Clock
    clock_quality: ClockQuality
    gate: Gate
    health: Health
    zone: Zone
    descriptors: Descriptors

    @classmethod
    def new(
        cls,
        clock: Clock,
        zone: Zone,
        clock_quality: ClockQuality,
        descriptors: Descriptors | None = None,
    ) -> "Parts":
        """A core without devices.

        Args:
            descriptors: None where nothing is to outlive the process.
        """
        bus = PinBus()
        store = PinStore(bus, clock)
        registry = DeviceRegistry(bus, store, clock)
        return Parts(
            registry=registry,
            store=store,
            bus=bus,
            pairing=Pairing(registry, clock),
            clock=clock,
            clock_quality=clock_quality,
            gate=Gate(),
            health=Health(),
            zone=zone,
            descriptors=descriptors or Descriptors(),
        )

    @classmethod
    def beside(cls, parts: "Parts", **own: Any) -> Self:  # noqa: ANN401  each class has its own
        """The same parts, with those that an adapter adds for itself.

        Args:
            own: the further fields of the class this is called on.
        """
        shared = {field.name: getattr(parts, field.name) for field in fields(Parts)}
        return cls(**shared, **own)
