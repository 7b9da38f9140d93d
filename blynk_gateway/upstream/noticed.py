"""What one mapping has to know of the bus: that there is news, not what it says.

Values are read from the journal, where they survive. The bus tells only up to which change that has
to be read, and what of it is urgent, or an echo.
"""

import asyncio

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import (
    Change,
    EventChange,
    Intent,
    MetadataChange,
    Origin,
    PastChange,
    PinChange,
    PropertyChange,
)
from blynk_gateway.upstream.names import Names

MAX_URGENT = 1000
"""Commands that are remembered until they were read; with more, those before are in no hurry."""

MAX_ECHOES = 1000
"""Changes from above that are remembered, the latest; before those one may go up again, as a point
of the past."""


class Noticed:
    """Collects what the bus told of one mapping.

    Args:
        origin: of changes that the mapping brings itself.

    Attributes:
        wake: set whenever there is something new.
        seq: the latest change that has to go up; 0 for none yet.
        latest: the latest change of each pin that has to go up.
        urgent: commands that were made here.
        echoes: changes that came from above, and are known there.
        properties: pin and name of widget properties that were set.
        metadata: fields that were set.
        event_seq: the latest event.
    """

    def __init__(self, names: Names, origin: Origin, wake: asyncio.Event) -> None:
        self._names = names
        self._origin = origin
        self.wake = wake
        self.seq = 0
        self.latest: dict[PinAddress, int] = {}
        self.urgent: set[int] = set()
        self.echoes: dict[int, None] = {}
        self.properties: set[tuple[PinAddress, str]] = set()
        self.metadata: set[tuple[str, str]] = set()
        self.event_seq = 0

    def changed(self, change: Change) -> None:
        """Take note of a change of one of the devices."""
        match change:
            case PinChange():
                self._written(change)
            case PastChange():
                if PinAddress(change.device, change.pin) in self._names.pins:
                    self.seq = max(self.seq, change.seq)
                    self.wake.set()
            case PropertyChange():
                address = PinAddress(change.device, change.pin)
                if address in self._names.pins:
                    self.properties.add((address, change.name))
                    self.wake.set()
            case MetadataChange() if change.origin != self._origin:
                self.metadata.add((change.device, change.field))
                self.wake.set()
            case EventChange():
                # It has to be committed like a value.
                self.event_seq = change.seq
                self.seq = max(self.seq, change.seq)
                self.wake.set()
            case _:
                pass

    def echo(self, seq: int) -> None:
        """Note that a change came from above, and need not go there."""
        if len(self.echoes) >= MAX_ECHOES:
            del self.echoes[next(iter(self.echoes))]
        self.echoes[seq] = None

    def read(self, seq: int) -> None:
        """Forget what was needed for changes up to this one."""
        self.urgent = {one for one in self.urgent if one > seq}

    def _written(self, change: PinChange) -> None:
        address = PinAddress(change.device, change.pin)
        if address not in self._names.pins:
            return
        if change.seq in self.echoes:
            return
        # Not always in order: of reports that come together the latest alone is noticed, at last.
        self.seq = max(self.seq, change.seq)
        self.latest[address] = max(self.latest.get(address, 0), change.seq)
        if change.intent is Intent.COMMAND:
            if len(self.urgent) >= MAX_URGENT:
                self.urgent.clear()
            self.urgent.add(change.seq)
        self.wake.set()
