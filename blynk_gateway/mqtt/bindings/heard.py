"""What topics said last, to know it again after a break of the connection: pure."""

from typing import NamedTuple

from blynk_gateway.core.address import PinAddress
from blynk_gateway.mqtt.bindings.echoes import Key

MAX_SOURCES = 20_000
"""A filter may match any number of topics; of the others nothing is known. Some 340 bytes each."""

MAX_TOPIC = 256
"""Characters of a topic that is known. It may have 65,535, so that a few thousand would fill the
memory."""


class Source(NamedTuple):
    """Who says something.

    Attributes:
        binding: its id.
        address: the pin of which it is said.
        topic: the one that says it, of those that the binding's filter matches.
    """

    binding: str
    address: PinAddress
    topic: str


class Heard:
    """The last words of each source."""

    def __init__(self) -> None:
        self._breaks = 0
        self._words: dict[Source, tuple[int, int]] = {}

    def note(self, source: Source, key: Key) -> None:
        """Keep what was said."""
        # Made anew, so that the first one is who was silent for the longest time.
        self._words.pop(source, None)
        if len(source.topic) > MAX_TOPIC:
            return
        if len(self._words) >= MAX_SOURCES:
            del self._words[next(iter(self._words))]
        self._words[source] = (_digest(key), self._breaks)

    def is_repeated(self, source: Source, key: Key) -> bool:
        """Whether these were its last words before the connection broke, and it said none since."""
        words = self._words.get(source)
        return words is not None and words[1] < self._breaks and words[0] == _digest(key)

    def disconnected(self) -> None:
        """The connection has ended: what is said from now on may be said again."""
        self._breaks += 1

    def removed(self, device: str) -> None:
        """Forget a device that is gone."""
        for source in [one for one in self._words if one.address.device == device]:
            del self._words[source]


def _digest(key: Key) -> int:
    # A value may have 4 KiB. Of the text, as Python has one hash for -1 and -2.
    return hash(repr(key))
