"""Values that were told a moment ago and may therefore come back: pure.

A value that comes back looks like news. Whoever follows it tells it again, and so it runs round
between two gateways for ever; two values that were written at the same moment swap for ever. Time
is all that tells an echo from news: an echo comes as soon as the broker and the far end allow.
"""

from enum import Enum
from typing import TypeAlias

from blynk_gateway.core.value import PinValue, number

ECHO_S = 2.0
"""How long an echo takes at most. A broker and a gateway on one network need milliseconds; one that
stalls for longer lets an echo pass once, and catches it at the next round."""

MAX_VALUES = 2000
"""Of one source in that time, above what the fuses let through."""

Key: TypeAlias = float | PinValue
"""The same for values that mean the same: `1` and `1.0`."""


class Verdict(Enum):
    """What to do with a value."""

    NEWS = "news"
    """Follow it."""

    ECHO = "echo"
    """Drop it: it says what stands already."""

    SUSPECT = "suspect"
    """Wait: an echo of what stood before, or the far end that changed its mind."""


def key_of(value: PinValue) -> Key:
    """What two values must share to be taken for the same."""
    found = number(value)
    return value if found is None else found


class Recent:
    """Keys, each for `ECHO_S` after it was last noted."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[Key, float] = {}

    def note(self, key: Key, now: float) -> None:
        """Keep a key from now on."""
        if len(self._until) >= MAX_VALUES:
            self._until = {key: until for key, until in self._until.items() if until > now}
            if len(self._until) >= MAX_VALUES:
                self._until.clear()
        self._until[key] = now + ECHO_S

    def has(self, key: Key, now: float) -> bool:
        """Whether it was noted within `ECHO_S`."""
        return self._until.get(key, 0.0) > now


class Standing:
    """What one pin has and had, and which binding brought it.

    Args:
        seq: number of the change that gave the value.
        value: `()` for none.
    """

    __slots__ = ("_by", "_former", "_key", "_since", "seq")

    def __init__(self, seq: int, value: PinValue, now: float) -> None:
        self.seq = seq
        self._key = key_of(value)
        self._by: str | None = None
        self._since = now
        self._former: dict[str | None, Recent] = {}

    def follow(self, seq: int, value: PinValue, by: str | None, now: float) -> None:
        """Note a change; one that is known already is left out.

        Args:
            by: id of the binding that brought it, None for everything else.
        """
        key = key_of(value)
        if seq > self.seq:
            self._former.setdefault(self._by, Recent()).note(self._key, now)
            self.seq, self._key, self._by, self._since = seq, key, by, now
        elif seq < self.seq:
            # It happened before what a binding wrote, and is heard of only now.
            self._former.setdefault(by, Recent()).note(key, now)

    def judge(self, value: PinValue, by: str, now: float) -> Verdict:
        """What to do with a value that a binding brings.

        What came by the same binding cannot be its own echo: a sensor that says the same again, a
        button that is pressed again.
        """
        key = key_of(value)
        if key == self._key:
            is_echo = self._by != by and now - self._since < ECHO_S
            return Verdict.ECHO if is_echo else Verdict.NEWS
        for source, recent in self._former.items():
            if source != by and recent.has(key, now):
                return Verdict.SUSPECT
        return Verdict.NEWS


class Told:
    """What one binding published."""

    __slots__ = ("_at", "_is_doubtful", "_last", "_recent")

    def __init__(self) -> None:
        self._recent = Recent()
        self._last: Key | None = None
        self._at = 0.0
        self._is_doubtful = False

    def tell(self, texts: PinValue, now: float) -> None:
        """Note what was published, or what the far end said itself."""
        self._last = key_of(texts)
        self._at = now
        self._is_doubtful = False
        self._recent.note(self._last, now)

    def doubt(self) -> None:
        """Note that the far end may have something else by now: a change was not published."""
        self._is_doubtful = True

    def is_last(self, texts: PinValue) -> bool:
        """Whether the far end was told this."""
        return self._last == key_of(texts)

    def owes(self, texts: PinValue) -> bool:
        """Whether the far end may have something else; not if it was told nothing at all."""
        return self._is_doubtful or (self._last is not None and self._last != key_of(texts))

    def judge(self, texts: PinValue, now: float) -> Verdict:
        """What to do with words that may have come round."""
        key = key_of(texts)
        if key == self._last and not self._is_doubtful:
            return Verdict.ECHO if now - self._at < ECHO_S else Verdict.NEWS
        return Verdict.SUSPECT if self._recent.has(key, now) else Verdict.NEWS
