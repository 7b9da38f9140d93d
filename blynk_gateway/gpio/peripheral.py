"""What a peripheral is, whatever it does.

1. A constructor initialises; `open` claims the hardware, and may be called again after `close`.
2. What hardware says goes to the host: `report` a value, `event`, or `failed`. A peripheral that
   reported a failure is closed by the adapter and opened again later, with back-off.
3. Everything runs on the loop's thread. What blocks for more than a millisecond goes to a thread;
   what a library's thread says crosses by `edges.LineEdges`.
"""

from abc import ABC, abstractmethod
from enum import Enum
from typing import Generic, TypeVar

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host

O_co = TypeVar("O_co", bound=PeripheralOptions, covariant=True)


class Opening(Enum):
    """Why a peripheral is opened; outputs choose their level by it."""

    START = "start"
    """The daemon starts, or the definition is new."""

    CRASH = "crash"
    """The daemon starts, and the one before died without a stop while the machine ran on."""

    RETRY = "retry"
    """A fault is over, during which the hardware may have gone on with what it did."""


class Peripheral(ABC, Generic[O_co]):
    """One entry of `gpio.peripherals`."""

    is_proven = True
    """Whether an `open` that succeeds shows that it works; else it tells by `Host.proven`."""

    def __init__(self, options: O_co, host: Host) -> None:
        self.options = options
        self.host = host

    def turn(self, _opening: Opening, /) -> int:
        """When it is to be opened among several, lowest first."""
        return 0

    @abstractmethod
    def open(self, opening: Opening) -> None:
        """Claim the hardware and begin.

        Raises:
            HardwareError, or one of `host.errors`: it cannot be used; nothing is claimed.
        """

    @abstractmethod
    async def close(self) -> None:
        """Leave the hardware in its safe state and give it up. May be called twice."""

    def command(self, change: PinChange) -> None:
        """Do what a change of its pin asks for, where it can be commanded.

        Raises:
            PinError: it makes no sense; nothing was done.
            HardwareError, or another one of `host.errors`: it could not be done.
        """

    @property
    def actual(self) -> PinValue:
        """What the hardware does, in the pin's own terms; `()` where that cannot be told."""
        return ()
