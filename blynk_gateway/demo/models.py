"""What the simulated devices do: slowly changing measurements, and switches that take effect.

Pure computation: time comes in as seconds that went by, pin writes go out.
"""

import math
from collections.abc import Mapping
from typing import ClassVar, Protocol, TypeAlias

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue, number

Writes: TypeAlias = list[tuple[str, PinValue]]
"""Pin and value, in the order to send them."""


def _measured(
    pin: str, name: str, kind: DatastreamType, unit: str, decimals: int | None = None
) -> Datastream:
    return Datastream(pin, name, kind, unit=unit, decimals=decimals, is_writable=False)


class Model(Protocol):
    """The firmware of a simulated device."""

    datastreams: ClassVar[Mapping[str, Datastream]]
    synced_pins: ClassVar[tuple[str, ...]]

    def step(self, elapsed_s: float) -> Writes:
        """Let time go by; what there is to report."""

    def written(self, pin: str, value: PinValue) -> Writes:
        """Someone wrote a pin; what there is to report at once. Unknown pins are ignored."""


class Greenhouse:
    """Climate that follows a ten-minute day; the fan cools and dries."""

    DAY_S = 600.0
    NIGHT_C = 16.0
    WARMING_C = 14.0
    FAN_COOLING_C = 6.0
    INERTIA_S = 40.0
    NOON_LUX = 40_000.0

    datastreams: ClassVar[Mapping[str, Datastream]] = {
        "V0": _measured("V0", "Temperature", DatastreamType.DOUBLE, "°C", decimals=1),
        "V1": _measured("V1", "Humidity", DatastreamType.DOUBLE, "%", decimals=0),
        "V2": _measured("V2", "Light", DatastreamType.INT, "lx"),
        "V3": Datastream("V3", "Fan", DatastreamType.INT, 0, 1, default=("0",)),
    }
    synced_pins: ClassVar[tuple[str, ...]] = ("V3",)

    def __init__(self) -> None:
        self._time_s = self.DAY_S / 4
        self._temperature_c = 22.0
        self._is_fan_on = False

    def step(self, elapsed_s: float) -> Writes:
        """Measure."""
        self._time_s += elapsed_s
        sun = max(0.0, math.sin(2 * math.pi * self._time_s / self.DAY_S))
        cooling_c = self.FAN_COOLING_C if self._is_fan_on else 0.0
        target_c = self.NIGHT_C + self.WARMING_C * sun - cooling_c
        self._temperature_c = _towards(self._temperature_c, target_c, elapsed_s / self.INERTIA_S)
        humidity = 95.0 - 1.5 * (self._temperature_c - 10.0) - (10.0 if self._is_fan_on else 0.0)
        return [
            ("V0", (f"{self._temperature_c:.2f}",)),
            ("V1", (f"{min(100.0, max(0.0, humidity)):.1f}",)),
            ("V2", (str(round(self.NOON_LUX * sun)),)),
        ]

    def written(self, pin: str, value: PinValue) -> Writes:
        """Obey."""
        if pin == "V3":
            self._is_fan_on = value == ("1",)
        return []


class Workshop:
    """A meter behind a relay that feeds a coloured lamp and a machine with a rhythm."""

    STANDBY_W = 0.4
    MACHINE_W = 180.0
    LAMP_W = 12.0
    RHYTHM_S = 45.0

    datastreams: ClassVar[Mapping[str, Datastream]] = {
        "V0": _measured("V0", "Power", DatastreamType.DOUBLE, "W", decimals=1),
        "V1": _measured("V1", "Energy", DatastreamType.DOUBLE, "kWh", decimals=4),
        "V2": Datastream("V2", "Relay", DatastreamType.INT, 0, 1, default=("1",)),
        "V3": Datastream("V3", "Lamp", DatastreamType.INT, 0, 255, default=("0", "160", "255")),
    }
    synced_pins: ClassVar[tuple[str, ...]] = ("V1", "V2", "V3")

    def __init__(self) -> None:
        self._time_s = 0.0
        self._energy_kwh = 0.0
        self._is_on = True
        self._brightness = 0.0

    @property
    def power_w(self) -> float:
        """What flows at the moment."""
        if not self._is_on:
            return self.STANDBY_W
        swing = 0.5 + 0.5 * math.sin(2 * math.pi * self._time_s / self.RHYTHM_S)
        return self.STANDBY_W + self.LAMP_W * self._brightness + self.MACHINE_W * swing

    def step(self, elapsed_s: float) -> Writes:
        """Measure."""
        self._time_s += elapsed_s
        self._energy_kwh += self.power_w * elapsed_s / 3_600_000
        return [
            ("V0", (f"{self.power_w:.1f}",)),
            ("V1", (f"{self._energy_kwh:.6f}",)),
        ]

    def written(self, pin: str, value: PinValue) -> Writes:
        """Obey."""
        match pin:
            case "V1":
                # The counter goes on where the server last saw it.
                self._energy_kwh = max(self._energy_kwh, number(value) or 0.0)
                return []
            case "V2":
                self._is_on = value == ("1",)
            case "V3":
                self._brightness = sum(number((text,)) or 0.0 for text in value) / (3 * 255)
            case _:
                return []
        return [("V0", (f"{self.power_w:.1f}",))]


def _towards(value: float, target: float, part: float) -> float:
    return value + (target - value) * min(1.0, part)
