"""Names of the topics below the base topic, `blynk`: built here and taken apart here.

blynk/bridge/state · info · health · pairing · request/NAME · response/NAME
blynk/<device>/availability · state · set · get · error · event/CODE
blynk/<device>/v5 · v5/set · v5/get · v5/prop/NAME
"""

from typing import NamedTuple

from blynk_gateway.core.address import PIN_NAMES

BRIDGE = "bridge"

_LOWER = {pin: pin.lower() for pin in PIN_NAMES}


class DeviceTopic(NamedTuple):
    """What a topic of a device names.

    Attributes:
        pin: as it stands there, not checked; empty where the topic is the device's as a whole.
        verb: `set` or `get`.
    """

    device: str
    pin: str
    verb: str


class Topics:
    """The topics of one gateway.

    Args:
        base: first levels, without a slash at either end.
    """

    __slots__ = ("_levels", "_pins", "base", "info", "state")

    def __init__(self, base: str) -> None:
        self.base = base
        self.state = f"{base}/{BRIDGE}/state"
        self.info = f"{base}/{BRIDGE}/info"
        self._levels = base.count("/") + 1
        self._pins: dict[tuple[str, str], str] = {}

    def bridge(self, *levels: str) -> str:
        """A topic of the gateway itself: `bridge("request", "pair")`."""
        return "/".join((self.base, BRIDGE, *levels))

    def device(self, device: str, *levels: str) -> str:
        """A topic of a device: `device("shed", "availability")`."""
        return "/".join((self.base, device, *levels))

    def pin(self, device: str, pin: str) -> str:
        """The topic that has a pin's value: `blynk/shed/v5` of `V5`."""
        topic = self._pins.get((device, pin))
        if topic is None:
            # Built once for each pin: it is needed for every change.
            topic = self._pins[device, pin] = f"{self.base}/{device}/{_LOWER[pin]}"
        return topic

    def pin_property(self, device: str, pin: str, name: str) -> str:
        """The topic that has a widget property of a pin."""
        return f"{self.pin(device, pin)}/prop/{name}"

    def forget(self, device: str) -> None:
        """Drop what is kept of a device that was removed."""
        for key in [key for key in self._pins if key[0] == device]:
            del self._pins[key]

    def find(self, topic: str) -> DeviceTopic | None:
        """The inverse for `set` and `get`: None for every other topic."""
        levels = topic.split("/")[self._levels :]
        match levels:
            case [device, verb] if verb in ("set", "get"):
                return DeviceTopic(device, "", verb)
            case [device, pin, verb] if pin and verb in ("set", "get"):
                return DeviceTopic(device, pin, verb)
            case _:
                return None
