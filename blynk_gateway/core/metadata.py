"""Metadata fields that every device has, besides those that it was given."""

from blynk_gateway.core.device import Device

SECRET_FIELD = "Auth Token"  # noqa: S105  the name of a field
"""Never told and never set where others may listen. Source: blynk-protocol §4.2."""

LOCATION_FIELD = "loc.latlon"
"""Latitude and longitude in degrees, with a comma between. Source: blynk-protocol §10.2."""

EMPTY_FIELDS = ("Device Owner", "Location", "Hotspot Name", LOCATION_FIELD)
"""Built-in fields that are empty until written; `Device Name` and `Time Zone` never are."""


def find_metadata(device: Device, field: str, zone: str) -> str | None:
    """The value of a field, by its exact name; None if there is none, or if it is secret.

    Args:
        zone: name of the gateway's time zone.
    """
    if field == SECRET_FIELD:
        return None
    built_in = {
        **dict.fromkeys(EMPTY_FIELDS, ""),
        "Device Name": device.definition.name,
        "Time Zone": zone,
    }
    return device.metadata.get(field, built_in.get(field))
