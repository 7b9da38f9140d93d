import json
from collections.abc import Callable

import pytest

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.support_bundle.daemon import health, metrics, pins_of_the_pi, records
from blynk_gateway.cli.support_bundle.part import NotCollected
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.control import control_server


def test_answers_of_the_gateway_are_taken_as_they_are(machine: Machine) -> None:
    machine.change(daemon=1)
    with control_server(machine.data_dir) as control:
        control.answers["GET /api/health"] = (200, {"status": "ok"})
        control.answers["GET /api/v1/gpio"] = (200, {"factory": "mock"})
        control.answers["GET /metrics"] = (200, "blynk_gateway_devices 1\n")
        assert json.loads(health(machine.case)) == {"status": "ok"}
        assert json.loads(pins_of_the_pi(machine.case)) == {"factory": "mock"}
        assert metrics(machine.case) == "blynk_gateway_devices 1\n"


def test_log_records_are_a_line_each(machine: Machine) -> None:
    machine.change(daemon=1)
    record = {
        "n": 1,
        "at_ms": 1_769_817_600_123,
        "level": "warning",
        "logger": "blynk_gateway.x",
        "message": "health",
        "fields": {"detail": "a\nb"},
    }
    with control_server(machine.data_dir) as control:
        control.answers["GET /api/v1/logs?limit=1000"] = (200, {"last": 1, "records": [record]})
        assert records(machine.case) == (
            "2026-01-31T00:00:00.123000Z warning blynk_gateway.x health"
            ' {"detail": "a\\nb"}\n'
        )  # fmt: skip


@pytest.mark.parametrize("collect", [health, metrics, pins_of_the_pi, records])
def test_no_gateway_is_told_in_few_words(machine: Machine, collect: Callable[[Case], str]) -> None:
    with pytest.raises(NotCollected, match=r"^no gateway runs$"):
        collect(machine.case)
