"""What looks for one trigger of one rule."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from blynk_gateway.automations.cause import Cause
from blynk_gateway.core.json_text import Json

Fire: TypeAlias = Callable[[Cause], object]
"""Runs the rule, if it may."""

Touched: TypeAlias = Callable[[], None]
"""Tells that a state changed which must survive a restart."""

CHAIN_ENDS_MS = 1000
"""What waits for so long begins a new chain of causes: it cannot be a loop that hurts."""


class Watcher(Protocol):
    """One trigger of one rule at run time."""

    def begin(self) -> None:
        """Take what stands now as known, without firing."""

    def state(self) -> Json:
        """What must survive a restart; None for nothing."""

    def restore(self, state: Json) -> None:
        """Go on where an earlier run of the gateway stopped, without firing."""

    def forget(self, device: str) -> None:
        """A device was removed."""

    def end(self) -> None:
        """Never fire again."""


class Stateless:
    """A watcher that fires whenever it sees something, whatever was before."""

    __slots__ = ()

    def begin(self) -> None:
        """There is nothing to know."""

    def state(self) -> Json:
        """Nothing."""

    def restore(self, state: Json) -> None:
        """There is nothing to go on with."""

    def forget(self, device: str) -> None:
        """It may come back."""

    def end(self) -> None:
        """It fires only when it is called."""
