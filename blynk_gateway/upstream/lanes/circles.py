"""Finds values that come back here whenever they were told: two gateways above each other.

Each hands on what the other one reports, for ever. A board that says the same many times a second
looks just like it, but it goes on when nothing is told. So a suspect pin is held back for a moment:
if nothing more comes in that time it was a circle, and what came back last is not told again, which
ends it. Otherwise all goes up that was held, and the pin is believed for a while.
"""

from collections import Counter, defaultdict
from math import inf

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.value import PinValue

BACK_WITHIN_S = 1.0
"""What is the same after so long is no echo: two gateways need a tenth of it."""

ROUNDS = 100
ROUNDS_AGAIN = 5
"""Returns in a row that make a pin suspect; the second for one that ran in a circle before."""

MAX_TOLD = 64
"""Values of a pin that may be in the circle at once."""

HOLD_S = 4.0
"""What is in the circle comes in the first half of it. In the second one a suspect board says at
least two things; one alone is news of somebody else."""

BELIEVED_S = 600.0
"""For a board that was suspected without reason."""

REMEMBERED_S = 3600.0
"""After the last circle of a pin."""


class Circles:
    """What came back of one mapping's pins; times are monotonic seconds."""

    def __init__(self) -> None:
        self._told: defaultdict[PinAddress, dict[PinValue, float]] = defaultdict(dict)
        self._rounds: Counter[PinAddress] = Counter()
        self._held: dict[PinAddress, float] = {}
        self._late: Counter[PinAddress] = Counter()
        self._believed: dict[PinAddress, float] = {}
        self._found: dict[PinAddress, float] = {}

    def told(self, address: PinAddress, value: PinValue, now: float) -> None:
        """Note what goes up now."""
        told = self._told[address]
        # Last in the order of time, where the first one goes.
        told.pop(value, None)
        told[value] = now
        if len(told) > MAX_TOLD:
            del told[next(iter(told))]

    def came(self, address: PinAddress, value: PinValue, now: float) -> float | None:
        """Note what happened here; until when to hold the pin back, None for not at all."""
        if now > self._held.get(address, inf) - HOLD_S / 2:
            self._late[address] += 1
        if now - self._told[address].get(value, -BACK_WITHIN_S) >= BACK_WITHIN_S:
            self._rounds[address] = 0
            return None
        self._rounds[address] += 1
        is_known = now - self._found.get(address, -REMEMBERED_S) < REMEMBERED_S
        is_suspect = self._rounds[address] >= (ROUNDS_AGAIN if is_known else ROUNDS)
        if not is_suspect or address in self._held or now < self._believed.get(address, now):
            return None
        self._held[address] = now + HOLD_S
        return now + HOLD_S

    def over(self, now: float) -> list[PinAddress]:
        """The pins that were held back for long enough and ran in a circle; each is told once."""
        over = [address for address, until in self._held.items() if until <= now]
        found = []
        for address in over:
            del self._held[address]
            self._rounds[address] = 0
            if self._late.pop(address, 0) <= 1:
                found.append(address)
                self._found[address] = now
            else:
                self._believed[address] = now + BELIEVED_S
        return found

    def found(self, now: float) -> list[PinAddress]:
        """The pins that ran in a circle of late."""
        return [one for one, at in self._found.items() if now - at < REMEMBERED_S]
