"""Where the gateway stands on the earth."""

from typing import NamedTuple


class Location(NamedTuple):
    """A place in degrees: north and east are positive."""

    latitude: float
    longitude: float
