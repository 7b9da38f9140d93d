"""What a unit tells of a quantity: device class and state class of Home Assistant.

Home Assistant takes a device class only together with one of its units. A unit that it has no
class for, or that several quantities have (`%`, `dB`, `ppm`), gives a class only where the name
tells which one it is. Units with a micro sign are left out: it changed in 2025.

Source: `DEVICE_CLASS_UNITS` and `DEVICE_CLASS_STATE_CLASSES` in
homeassistant/components/sensor/const.py of 2025.4; later versions added to them only.
"""

from typing import NamedTuple


class Quantity(NamedTuple):
    """What is measured.

    Attributes:
        unit: as Home Assistant writes it; empty for none.
        device_class: None where the unit does not tell.
    """

    unit: str
    device_class: str | None


_SPELLINGS = {
    "ºC": "°C",
    "℃": "°C",
    "degC": "°C",
    "ºF": "°F",
    "℉": "°F",
    "degF": "°F",
    "lux": "lx",
    "Lux": "lx",
    "l": "L",
    "l/min": "L/min",
    "m3": "m³",
    "m3/h": "m³/h",
    "W/m2": "W/m²",
    "sec": "s",
    "VAR": "var",
}
"""How people write units, and how Home Assistant does."""

_CLASSES = {
    "temperature": "°C °F K",
    "illuminance": "lx",
    "power": "mW W kW MW",
    "energy": "Wh kWh MWh",
    "apparent_power": "VA",
    "reactive_power": "var",
    "voltage": "mV V",
    "current": "mA A",
    "pressure": "Pa hPa kPa bar mbar mmHg inHg psi",
    "signal_strength": "dBm",
    "duration": "ms s min h d",
    "frequency": "Hz kHz MHz GHz",
    "distance": "mm cm m km in ft",
    "weight": "mg g kg oz lb",
    "speed": "m/s km/h mph kn",
    "volume_storage": "L mL",
    "volume_flow_rate": "L/min m³/h",
    "precipitation_intensity": "mm/h",
    "irradiance": "W/m²",
    "conductivity": "mS/cm",
    "data_size": "B kB MB GB KiB MiB GiB",
    "data_rate": "bit/s kbit/s Mbit/s B/s kB/s MB/s",
}

_BY_UNIT = {unit: name for name, units in _CLASSES.items() for unit in units.split()}

_KIN = {
    "atmospheric_pressure": "pressure",
    "energy_storage": "energy",
    "precipitation": "distance",
    "temperature_delta": "temperature",
    "volume": "volume_storage",
    "water": "volume_storage",
    "wind_speed": "speed",
}
"""Classes that only their owner can tell from another one with the same units."""

_BY_NAME = {
    "%": (
        ("battery", ("batter", "akku")),
        ("moisture", ("soil", "moist")),
        ("humidity", ("humid",)),
    ),
    "ppm": (("carbon_dioxide", ("co2", "co₂")),),
}
"""Of units that several quantities have: parts of names that tell which one it is."""

_STATE_CLASSES: dict[str | None, str | None] = {
    "energy": "total_increasing",
    "gas": "total_increasing",
    "volume": "total_increasing",
    "water": "total_increasing",
    "monetary": "total",
    "wind_direction": "measurement_angle",
    "date": None,
    "timestamp": None,
    "enum": None,
}


def quantity(unit: str, name: str, device_class: str | None = None) -> Quantity:
    """What is measured, as far as unit and name tell.

    Args:
        device_class: the owner's word, which stands where the unit is not one of another class.
    """
    unit = _SPELLINGS.get(unit.strip(), unit.strip())
    if device_class == "temperature" and unit in ("C", "F"):
        unit = f"°{unit}"
    if device_class is not None and fits(unit, device_class):
        return Quantity(unit, device_class)
    lower = name.casefold()
    for named, words in _BY_NAME.get(unit, ()):
        if any(word in lower for word in words):
            return Quantity(unit, named)
    return Quantity(unit, _BY_UNIT.get(unit))


def fits(unit: str, device_class: str) -> bool:
    """Whether the unit, as Home Assistant writes it, is not known to be of another class.

    Home Assistant leaves out an entity that has a class with a unit of another one.
    """
    usual = _BY_UNIT.get(unit)
    return usual in (None, device_class, _KIN.get(device_class)) or (
        device_class == "speed" and usual == "precipitation_intensity"
    )


def state_class(device_class: str | None) -> str | None:
    """How Home Assistant keeps the past of numbers of a device class; None for not at all."""
    return _STATE_CLASSES.get(device_class, "measurement")
