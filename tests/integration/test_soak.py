"""A soak of seconds: that it soaks, and that it would tell. `make soak` is the real one."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.soak import trial, verdicts
from bench.soak.__main__ import COLUMNS, drawn, summary
from bench.soak.faults import KILL, STOP
from bench.soak.trial import Outcome, soak

DEVICES = 24
SECONDS = 8.0
SEED = 53
"""Any will do."""


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "IDLE_S", 0.5)
    monkeypatch.setattr(trial, "PAUSE_S", 0.5)
    # The machine that runs tests has other work.
    monkeypatch.setattr(verdicts, "PING_P99_S", verdicts.PING_MOST_S)


async def test_gateway_keeps_its_promises_through_a_soak_of_seconds(tmp_path: Path) -> None:
    told: list[str] = []
    outcome = await soak(tmp_path / "soak", DEVICES, SECONDS, SEED, told.append)
    assert [(one.promise, one.told) for one in outcome.verdicts if not one.is_kept] == []
    assert outcome.is_good
    ledger = outcome.ledger
    assert {KILL, STOP} <= {window.kind for window in ledger.windows}
    assert len(told) == len(ledger.windows) >= 2
    assert all(count.accepted for count in ledger.counts.values())
    assert len(ledger.counts) == DEVICES
    assert sum(ledger.did.values()) > 0
    text = summary(outcome)
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert text.endswith("promises kept, 0 broken.")
    ET.fromstring(drawn(outcome, "a soak"))  # noqa: S314 - our own


def test_an_outcome_without_verdicts_is_not_good() -> None:
    assert not Outcome(0.0).is_good
