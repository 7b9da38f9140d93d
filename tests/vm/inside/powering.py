"""The plug is pulled in the middle of writes; the next boot finds what was promised."""

import json
import os
import sqlite3
import time
from contextlib import closing

from tests.vm.inside import api, board, service
from tests.vm.inside.crashing import MAY_COST_S
from tests.vm.inside.household import RELAY, TOKEN
from tests.vm.inside.outcome import Facts, equal, expect, promise_of, refuse_outside, tell, within

PIN = "V25"
HANDOVER = "HANDOVER"
"""Variable with what was accepted before the cut; the disk cannot be trusted with it."""

_WRITING_S = 4.0


def power_cut(facts: Facts) -> None:
    """The plug is pulled while values are written: see `after-power-cut`."""
    refuse_outside()
    api.write("pi/V1", "1")
    within(10, lambda: board.level(RELAY) == 1, "relay on")
    with api.Writer(TOKEN, PIN) as writer:
        time.sleep(_WRITING_S)
        due = time.monotonic() - MAY_COST_S
        accepted = list(writer.ledger.accepted)
        safe = sum(at < due for _, at in accepted)
        expect(safe, "writes before the cut")
        facts.add("accepted before the cut", len(accepted))
        tell(
            scenario="power-cut",
            promise=promise_of(power_cut),
            error="",
            seconds=_WRITING_S,
            facts=facts.found,
            handover=json.dumps({"accepted": len(accepted), "safe": safe}),
        )
        os.execvp("vm-power-cut", ["vm-power-cut", "0"])  # noqa: S606, S607  the end of this machine


def after_power_cut(facts: Facts) -> None:
    """After a power cut the service is up by itself, the database is sound, at most `commit_every`
    of what was accepted is lost, and a relay with `on_start: last` is on again.
    """
    told = json.loads(os.environ[HANDOVER])
    facts.add("ready", service.await_active(), "s after the board was there")
    within(20, lambda: board.level(RELAY) == 1, "the relay is on again")
    kept = api.numbers(f"bench/{PIN}")
    facts.add("accepted writes lost", f"{told['accepted'] - len(kept)} of {told['accepted']}")
    equal(kept, list(range(1, len(kept) + 1)), "what is kept has no gap")
    expect(len(kept) >= told["safe"], f"{told['safe']} writes were due: found {len(kept)}")
    equal(api.component("history"), "ok", "health of the history")
    with closing(
        sqlite3.connect(f"file:{service.DATA}/gateway.db?mode=ro", uri=True)
    ) as connection:
        ((verdict,),) = connection.execute("PRAGMA integrity_check")
    equal(verdict, "ok", "PRAGMA integrity_check")
    facts.add("integrity check", verdict)
