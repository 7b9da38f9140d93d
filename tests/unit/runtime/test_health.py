import json
import logging

import pytest

from blynk_gateway.runtime.health import Health, HealthState


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def test_without_reports_all_is_well() -> None:
    health = Health()
    assert health.state is HealthState.OK
    assert health.snapshot() == {"status": "ok", "components": {}, "counters": {}, "gauges": {}}


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ([HealthState.OK, HealthState.OK], HealthState.OK),
        ([HealthState.OK, HealthState.DEGRADED], HealthState.DEGRADED),
        ([HealthState.FAILED, HealthState.DEGRADED, HealthState.OK], HealthState.FAILED),
    ],
)
def test_the_worst_component_is_the_state_of_all(
    states: list[HealthState], worst: HealthState
) -> None:
    health = Health()
    for number, state in enumerate(states):
        health.report(f"part{number}", state, "detail")
    assert health.state is worst


def test_a_component_that_recovers_is_well_again() -> None:
    health = Health()
    health.report("history", HealthState.FAILED, "disk full")
    health.report("history", HealthState.OK)
    assert health.state is HealthState.OK


def test_the_latest_complaint_is_remembered_when_it_is_over() -> None:
    health = Health()
    health.report("mirror", HealthState.OK)
    assert health.last_error == ""
    health.report("history", HealthState.FAILED, "disk full")
    health.report("mirror", HealthState.DEGRADED, "server away")
    health.report("history", HealthState.FAILED, "disk full")
    health.report("history", HealthState.OK)
    assert health.last_error == "mirror: server away"


def test_the_snapshot_is_json_sorted_by_name() -> None:
    health = Health()
    health.report("zone", HealthState.OK)
    health.report("history", HealthState.DEGRADED, "disk is slow")
    health.count("refused")
    health.count("cut", 3)
    health.count("cut")
    assert json.dumps(health.snapshot()) == json.dumps(
        {
            "status": "degraded",
            "components": {
                "history": {"state": "degraded", "detail": "disk is slow"},
                "zone": {"state": "ok", "detail": ""},
            },
            "counters": {"cut": 4, "refused": 1},
            "gauges": {},
        }
    )


def test_gauges_are_read_when_they_are_asked_for() -> None:
    health = Health()
    readings = iter([2.5, 3.0])
    health.measure("pulse_age_seconds", "Since then.", lambda: next(readings))
    health.measure("backlog", "Not known yet.", lambda: None)
    assert health.snapshot()["gauges"] == {"pulse_age_seconds": 2.5}
    assert health.measured() == {"pulse_age_seconds": 3.0}
    assert health.gauges["backlog"].text == "Not known yet."


@pytest.mark.parametrize(
    ("state", "level"),
    [(HealthState.DEGRADED, logging.WARNING), (HealthState.FAILED, logging.ERROR)],
)
def test_a_change_is_logged_once_and_so_is_the_recovery(
    logged: pytest.LogCaptureFixture, state: HealthState, level: int
) -> None:
    health = Health()
    for _ in range(2):
        health.report("history", state, "disk full")
    for _ in range(2):
        health.report("history", HealthState.OK)
    assert [record.levelno for record in logged.records] == [level, logging.INFO]
    first = vars(logged.records[0])
    assert (first["component"], first["state"], first["detail"]) == ("history", state, "disk full")


def test_another_reason_is_news(logged: pytest.LogCaptureFixture) -> None:
    health = Health()
    health.report("history", HealthState.FAILED, "disk full")
    health.report("history", HealthState.FAILED, "disk gone")
    assert [vars(record)["detail"] for record in logged.records] == ["disk full", "disk gone"]


def test_a_component_that_starts_well_is_not_worth_a_line(
    logged: pytest.LogCaptureFixture,
) -> None:
    Health().report("history", HealthState.OK)
    assert logged.records == []


def test_who_listens_is_told_of_states_and_not_of_details() -> None:
    health = Health()
    told: list[tuple[str, HealthState]] = []
    health.on_change(lambda component, now: told.append((component, now.state)))
    health.report("disk", HealthState.OK)
    health.report("mqtt", HealthState.DEGRADED, "away since 1 s")
    health.report("mqtt", HealthState.DEGRADED, "away since 2 s")
    health.report("mqtt", HealthState.OK)
    assert told == [("mqtt", HealthState.DEGRADED), ("mqtt", HealthState.OK)]
