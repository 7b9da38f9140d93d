"""Runs the scenarios of one boot, and tells the host of each as a line of JSON.

A scenario that fails does not keep the others from running, unless they need it.
"""

import os
import sys
import time
import traceback
from typing import NamedTuple

from tests.vm.inside import crashing, ending, house, installing, operating, powering, upgrading
from tests.vm.inside.household import CONFIG
from tests.vm.inside.outcome import (
    Facts,
    Failed,
    Scenario,
    attempt,
    promise_of,
    refuse_outside,
    run,
    tell,
)
from tests.vm.inside.service import UNIT, configure, settle, start, state


class Boot(NamedTuple):
    """What one boot runs.

    Attributes:
        needed: without these nothing else makes sense; they run also where others are chosen.
    """

    needed: tuple[Scenario, ...]
    scenarios: tuple[Scenario, ...] = ()


BOOTS = {
    "install": Boot(
        (installing.install, house.everything_together),
        (
            operating.journal_fields,
            operating.log_level,
            operating.doctor,
            operating.reload,
            operating.faulty_reload,
            crashing.restart,
            crashing.stop,
            crashing.kill,
            crashing.hang,
            operating.bad_configuration,
            operating.broker_away,
            operating.clock_jump,
            operating.disk_full,
            operating.stuck_disk,
            ending.backup_and_restore,
            installing.mdns_record,
            installing.socket_unit,
            ending.purge,
        ),
    ),
    "upgrade": Boot(
        (upgrading.previous_build,),
        (
            upgrading.upgrade,
            upgrading.old_database,
            upgrading.newer_schema,
            upgrading.downgrade_refused,
            powering.power_cut,
        ),
    ),
    "after-cut": Boot((powering.after_power_cut,)),
}
"""In their order, on a fresh machine each but the last, which has the disk of the one before."""

CHAINS = frozenset({"upgrade"})
"""Boots whose scenarios build on each other."""


def name_of(scenario: Scenario) -> str:
    """As it is told to people: `power-cut`."""
    return scenario.__name__.replace("_", "-")


def chosen(boot_name: str, only: str) -> list[Scenario]:
    """What of a boot is to run; everything if `only` is empty."""
    boot = BOOTS[boot_name]
    everything = [*boot.needed, *boot.scenarios]
    if not only:
        return everything
    if only not in map(name_of, everything):
        return []
    place = [name_of(one) for one in everything].index(only)
    if boot_name in CHAINS:
        return everything[: place + 1]
    return [*boot.needed, *([everything[place]] if place >= len(boot.needed) else [])]


def recover() -> None:
    """Have the service run as it should, where the scenario before failed halfway."""
    settle()
    if state() != "active":
        configure(CONFIG)
        run("systemctl", "reset-failed", UNIT)
        start()


def run_one(scenario: Scenario, *, is_repaired: bool) -> bool:
    """Run a scenario and tell what became of it.

    Args:
        is_repaired: whether it needs a service that runs.
    """
    facts = Facts()
    error = ""
    began = time.monotonic()
    tell(begins=name_of(scenario))
    try:
        if is_repaired:
            recover()
        scenario(facts)
    except Failed as failed:
        error = str(failed)
    except Exception:  # noqa: BLE001  the others are to run, and the host is told
        error = traceback.format_exc()
    tell(
        scenario=name_of(scenario),
        promise=promise_of(scenario),
        error=error,
        seconds=round(time.monotonic() - began, 1),
        facts=facts.found,
    )
    if error:
        for command in (("systemctl", "status", "--no-pager", UNIT), ("journalctl", "-qn60")):
            print(attempt(*command)[1], flush=True)
    return not error


def main(boot_name: str) -> int:
    """Exit status: 1 if a scenario failed."""
    refuse_outside()
    needed = BOOTS[boot_name].needed
    is_good = True
    for scenario in chosen(boot_name, os.environ.get("ONLY", "")):
        if not run_one(scenario, is_repaired=scenario not in needed):
            is_good = False
            if scenario in needed:
                break
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
