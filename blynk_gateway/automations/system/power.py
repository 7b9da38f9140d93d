"""Entries `power` in the gateway's own timeline, whatever peripherals are configured.

A weak supply gives way with each load that is switched on. So its end is told after `QUIET_S`
without trouble only.
"""

from collections.abc import Callable

from blynk_gateway.automations.timers import Timers
from blynk_gateway.runtime.power import PowerSupply

LOOK_EVERY_S = 2.0
"""As often as the kernel asks the firmware."""

QUIET_S = 60.0

GOOD = "the supply is good again"


class PowerEvents:
    """Looks at the supply, where the machine tells of it.

    Args:
        record: adds an entry, by description.
    """

    def __init__(self, timers: Timers, supply: PowerSupply, record: Callable[[str], None]) -> None:
        self._timers = timers
        self._supply = supply
        self._record = record
        self._told = ""
        self._quiet_s = 0.0
        if supply.is_known:
            self._look()

    def _look(self) -> None:
        self._timers.after(LOOK_EVERY_S, self._look)
        trouble = self._supply.trouble()
        if trouble:
            self._quiet_s = 0.0
            if trouble != self._told:
                self._told = trouble
                self._record(trouble)
        elif trouble is not None and self._told:
            self._quiet_s += LOOK_EVERY_S
            if self._quiet_s >= QUIET_S:
                self._told = ""
                self._record(GOOD)
