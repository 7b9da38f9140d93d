"""Faults between two gateways: short forms of `bench.upstream_faults` and `upstream_steps`."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench.upstream_check import compare
from bench.upstream_faults import FAULTS, LATE_MS, judged, trial
from bench.upstream_steps import SLUG, find_steps, strike
from bench.upstream_world import World, world

PAUSE_S = 0.1

LEAST_POINTS = 200

CUT_EVERY, KILL_EVERY = 9, 75

EMPTY = "DELETE FROM segment; DELETE FROM chunk;"


def databases(the: World) -> tuple[Path, Path]:
    return the.below.data_dir / "gateway.db", the.above.data_dir / "gateway.db"


@pytest.mark.parametrize("half", [0, 1])
async def test_no_fault_costs_a_point_and_both_agree_in_the_end(tmp_path: Path, half: int) -> None:
    random.seed(half)
    names = random.sample(list(FAULTS), len(FAULTS))
    async with world(tmp_path) as the:
        await trial(the, names[half::2], PAUSE_S, lambda _: None)
        found = await judged(the, LATE_MS)
        assert found.faults == []
        assert found.below >= LEAST_POINTS
        assert found.exact > 0
    # The check sees what is missing.
    below, above = databases(the)
    tampered = Path(shutil.copy(above, tmp_path / "tampered.db"))
    with closing(sqlite3.connect(tampered)) as connection:
        connection.executescript(EMPTY)
    assert "are not above" in compare(below, tampered, the.slugs, LATE_MS).faults[0]


async def test_break_at_any_step_costs_no_point(tmp_path: Path) -> None:
    async with world(tmp_path, (SLUG,)) as the:
        await the.settled()
        steps = await find_steps(the)
        reached = 0
        for name, every in (("cut", CUT_EVERY), ("kill below", KILL_EVERY)):
            for step in steps[::every]:
                reached += await strike(the, name, step)
        for step in steps[1::KILL_EVERY]:
            reached += await strike(the, "kill above", step)
        found = await judged(the, LATE_MS)
    assert found.faults == []
    # Some are behind the end of a round that took a little less.
    assert reached > len(steps[::CUT_EVERY]) / 2
