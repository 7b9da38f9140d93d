"""Device classes of Home Assistant, by component.

Source: `SensorDeviceClass` and its like in homeassistant/components of 2025.4, and the quantities
that were added up to 2026.2.
"""

_QUANTITIES = frozenset(
    """
    absolute_humidity apparent_power aqi area atmospheric_pressure battery
    blood_glucose_concentration carbon_dioxide carbon_monoxide conductivity current data_rate
    data_size distance duration energy energy_distance energy_storage frequency gas humidity
    illuminance irradiance moisture monetary nitrogen_dioxide nitrogen_monoxide nitrous_oxide
    ozone ph pm1 pm10 pm25 pm4 power power_factor precipitation precipitation_intensity
    pressure reactive_energy reactive_power signal_strength sound_pressure speed
    sulphur_dioxide temperature temperature_delta volatile_organic_compounds
    volatile_organic_compounds_parts voltage volume volume_flow_rate volume_storage water
    weight wind_direction wind_speed
    """.split()  # noqa: SIM905  a line of each would be a page
)
"""Of sensors and numbers; each has units of its own."""

DEVICE_CLASSES: dict[str, frozenset[str]] = {
    "sensor": _QUANTITIES | {"date", "enum", "timestamp"},
    "number": _QUANTITIES,
    "binary_sensor": frozenset(
        """
        battery battery_charging carbon_monoxide cold connectivity door garage_door gas heat light
        lock moisture motion moving occupancy opening plug power presence problem running safety
        smoke sound tamper update vibration window
        """.split()  # noqa: SIM905  likewise
    ),
    "button": frozenset({"identify", "restart", "update"}),
    "cover": frozenset(
        """
        awning blind curtain damper door garage gate shade shutter window
        """.split()  # noqa: SIM905  likewise
    ),
    "event": frozenset({"button", "doorbell", "motion"}),
    "switch": frozenset({"outlet", "switch"}),
    "valve": frozenset({"gas", "water"}),
}
"""Components that are not here have none."""
