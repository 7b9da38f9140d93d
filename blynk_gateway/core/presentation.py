"""How a datastream is shown in Home Assistant where its owner wants it otherwise than guessed."""

from dataclasses import dataclass

HIDDEN = "none"
"""The component of a datastream that is not to be shown at all."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """Words of Home Assistant; None where the gateway chooses.

    Attributes:
        component: `sensor`, `switch`, `cover`, …, or `none`.
        name: of the entity, None for the datastream's.
        category: `config` or `diagnostic`.
    """

    component: str | None = None
    name: str | None = None
    device_class: str | None = None
    state_class: str | None = None
    icon: str | None = None
    category: str | None = None
