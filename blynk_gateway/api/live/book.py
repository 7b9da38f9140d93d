"""What changed of watched pins, and at which tick: so a client of any pace is told what it lacks.

Only the latest of each pin is kept, so nothing here grows with time or with slow clients; of pins
of which every value counts, so many values as fit a screen.
"""

from collections import Counter, deque
from operator import attrgetter
from typing import TYPE_CHECKING

from blynk_gateway.api.live.fragments import framed, message, to_fragment, value_fragment
from blynk_gateway.api.live.watch import Watch
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import ModeChange, PinChange, PropertyChange
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import printable_value

if TYPE_CHECKING:
    from blynk_gateway.core.datastream import Datastream

MAX_EACH = 500
"""Values of one pin told at once where each counts; no screen shows more."""

_by_seq = attrgetter("seq")


class ValueNote:
    """A value, turned into JSON when the first client is told of it."""

    __slots__ = ("_change", "_text", "seq", "tick")

    def __init__(self, tick: int, change: PinChange) -> None:
        self.tick = tick
        self.seq = change.seq
        self._change = change
        self._text = b""

    @property
    def text(self) -> bytes:
        """Its JSON."""
        if not self._text:
            self._text = value_fragment(self._change)
        return self._text


class Book:
    """Notes of what changed of watched pins.

    Attributes:
        tick: the present one; what is noted belongs to it.
        cut: values left out of pins of which each counts.
    """

    def __init__(self, registry: DeviceRegistry, store: PinStore) -> None:
        self._registry = registry
        self._store = store
        self.tick = 0
        self.cut = 0
        self._watched: Counter[PinAddress] = Counter()
        self._each_watched: Counter[PinAddress] = Counter()
        self._values: dict[PinAddress, ValueNote] = {}
        self._each: dict[PinAddress, deque[ValueNote]] = {}
        self._properties: dict[PinAddress, int] = {}
        self._retold: dict[PinAddress, int] = {}
        self._datastreams: dict[PinAddress, Datastream | None] = {}
        self._dirty: dict[PinAddress, None] = {}
        self._made: dict[tuple[Watch, int], bytes] = {}

    def begin(self) -> None:
        """Begin a tick."""
        self.tick += 1
        self._dirty.clear()
        self._made.clear()

    def add(self, watch: Watch) -> None:
        """Note what happens to these pins from now on."""
        self._watched.update(watch.everything)
        self._each_watched.update(watch.each)
        for address in watch.everything:
            now = self._store.find_datastream(*address)
            if self._datastreams.get(address, now) != now:
                # Others were told of another. At the next tick: they may have had this one's turn.
                self._retold[address] = self.tick + 1
            self._datastreams[address] = now

    def drop(self, watch: Watch) -> None:
        """Undo `add`."""
        for address in watch.everything:
            self._watched[address] -= 1
            if not self._watched[address]:
                del self._watched[address]
                for notes in (self._values, self._properties, self._retold, self._datastreams):
                    notes.pop(address, None)
        for address in watch.each:
            self._each_watched[address] -= 1
            if not self._each_watched[address]:
                del self._each_watched[address]
                self._each.pop(address, None)

    def note_value(self, change: PinChange) -> None:
        """A pin took a value."""
        address = PinAddress(change.device, change.pin)
        if address not in self._watched:
            return
        note = ValueNote(self.tick, change)
        self._values[address] = note
        self._dirty[address] = None
        if address in self._each_watched:
            notes = self._each.setdefault(address, deque(maxlen=MAX_EACH))
            if len(notes) == MAX_EACH and notes[0].tick == self.tick:
                self.cut += 1
            notes.append(note)

    def note_property(self, change: PropertyChange) -> None:
        """A widget property of a pin was set."""
        address = PinAddress(change.device, change.pin)
        if address in self._watched:
            self._properties[address] = self.tick

    def note_mode(self, change: ModeChange) -> None:
        """A pin got a mode."""
        address = PinAddress(change.device, change.pin)
        if address in self._watched:
            self._retold[address] = self.tick

    def note_device(self, slug: str) -> None:
        """A device was added, defined anew or removed: its pins may be others by now."""
        for address in self._watched:
            if address.device == slug:
                self._retold[address] = self.tick

    def note_datastreams(self) -> None:
        """Look for pins whose datastream is another by now: a reload tells nobody."""
        for address, known in self._datastreams.items():
            now = self._store.find_datastream(*address)
            if now is not known:
                self._datastreams[address] = now
                if now != known:
                    self._retold[address] = self.tick

    def changes(self, watch: Watch, since: int, now_ms: int) -> bytes:
        """The framed message of what changed after tick `since`; empty for nothing."""
        key = (watch, since)
        made = self._made.get(key)
        if made is None:
            notes = [*self._latest(watch, since), *self._all(watch, since)]
            notes.sort(key=_by_seq)
            parts = [note.text for note in notes]
            parts += self._set_properties(watch, since)
            made = framed(message("changes", now_ms, "changes", parts)) if parts else b""
            self._made[key] = made
        return made

    def retold(self, watch: Watch, since: int) -> list[PinAddress]:
        """Pins of which more than the value changed after tick `since`."""
        return [
            address
            for address, tick in self._retold.items()
            if tick > since and watch.has_pin(address)
        ]

    def _latest(self, watch: Watch, since: int) -> list[ValueNote]:
        values, pins = self._values, watch.pins
        if since == self.tick - 1 and len(self._dirty) < len(pins):
            return [values[address] for address in self._dirty if address in pins]
        return [
            note
            for address in pins
            if (note := values.get(address)) is not None and note.tick > since
        ]

    def _all(self, watch: Watch, since: int) -> list[ValueNote]:
        return [
            note
            for address in watch.each
            for note in self._each.get(address, ())
            if note.tick > since
        ]

    def _set_properties(self, watch: Watch, since: int) -> list[bytes]:
        # All properties of such a pin, not only those that changed: they change seldom.
        parts = []
        for address, tick in self._properties.items():
            device = self._registry.find(address.device)
            if tick <= since or not watch.has_pin(address) or device is None:
                continue
            properties = {
                name: printable_value(value)
                for (pin, name), value in device.properties.items()
                if pin == address.pin
            }
            parts.append(to_fragment({"address": str(address), "properties": properties}))
        return parts
