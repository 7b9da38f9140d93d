"""What the store keeps of one pin."""

from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.datastream import Authority, Datastream
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.core.value import PinValue

if TYPE_CHECKING:
    from blynk_gateway.core.quota import TokenBucket


class PinState(NamedTuple):
    """What is known of one pin. `value` is `()` and `at_ms` 0 before the first write.

    `direct` is the mode of a D or A pin, None where it has none yet; `is_of_mode` whether the value
    was written since then: a level that was read must not be driven later.
    """

    pin: str
    value: PinValue
    at_ms: int
    seq: int
    datastream: Datastream | None
    direct: DirectPin | None = None
    is_of_mode: bool = True

    @property
    def shown(self) -> PinValue:
        """The value, or the datastream's default before the first write, or `()`."""
        if not self.value and self.datastream is not None and self.datastream.default is not None:
            return self.datastream.default
        return self.value


class Stream:
    """One pin: changed by `PinStore` alone."""

    __slots__ = (
        "at_ms",
        "datastream",
        "direct",
        "fuse",
        "is_declared",
        "is_direct",
        "is_own",
        "mode_seq",
        "pin",
        "seq",
        "value",
    )

    def __init__(self, pin: str, *, is_own: bool) -> None:
        self.pin = pin
        self.datastream: Datastream | None = None
        self.is_own = is_own
        self.is_direct = PIN_NAMES[pin] is not PinKind.VIRTUAL
        self.direct: DirectPin | None = None
        self.is_declared = False
        self.mode_seq = 0
        self.value: PinValue = ()
        self.at_ms = 0
        self.seq = 0
        self.fuse: TokenBucket | None = None

    def state(self) -> PinState:
        """What others may know."""
        is_of_mode = self.seq >= self.mode_seq
        return PinState(
            self.pin, self.value, self.at_ms, self.seq, self.datastream, self.direct, is_of_mode
        )

    def takes_sync(self, value: PinValue, origin: Origin) -> bool:
        """Whether a SYNC changes anything, and may."""
        if not self.value or origin.kind is OriginKind.RESTORE:
            return value != self.value
        if value == self.value:
            return False
        return self.datastream is not None and self.datastream.authority is Authority.CLOUD

    def turn(self, direct: DirectPin | None, seq: int) -> None:
        """Take a mode, with the number of the change that brought it."""
        if direct != self.direct:
            self.direct = direct
            self.mode_seq = seq
