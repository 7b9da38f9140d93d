"""Where a pin is at the broker, as discovery payloads say it."""

from typing import Any, NamedTuple, TypeAlias

from blynk_gateway.mqtt.topics import Topics

Fields: TypeAlias = dict[str, Any]
"""Keys of a discovery payload."""


LIGHT = "light"
"""Level of the topic that has a light's state, below the pin's."""

EVENT = "event"
"""Level of the topic where each value is told once, below the pin's."""


class Place(NamedTuple):
    """The topics of one pin.

    Attributes:
        state: its value.
        command: what is written there becomes its value.
        light, light_command: the same as JSON of a light; only where it is shown as one.
        event: each value that it takes; only where it is shown as an event.
        events: before the code of an event of its device.
    """

    state: str
    command: str
    light: str
    light_command: str
    event: str
    events: str

    @property
    def both(self) -> Fields:
        """Of what is shown and set."""
        return {"state_topic": self.state, "command_topic": self.command}


def place_of(topics: Topics, device: str, pin: str) -> Place:
    """The topics of a pin."""
    state = topics.pin(device, pin)
    light = f"{state}/{LIGHT}"
    event, events = f"{state}/{EVENT}", topics.device(device, "event")
    return Place(state, f"{state}/set", light, f"{light}/set", event, events)
