"""What the running gateway tells of itself, by its control socket."""

import json
from datetime import UTC, datetime

from blynk_gateway.cli.client import Json
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.support_bundle.part import NotCollected, as_json
from blynk_gateway.runtime.log_ring import MAX_RECORDS

WITHIN_S = 8.0


def health(case: Case) -> str:
    """State of every part, and counts of what was cut, dropped or refused.

    Raises:
        GatewayError: no gateway runs, or it does not answer.
    """
    return as_json(_asked(case, "/api/health"))


def metrics(case: Case) -> str:
    """Prometheus' text.

    Raises:
        GatewayError: as for `health`.
    """
    _expect_one(case)
    return b"".join(case.client.download("/metrics", WITHIN_S)).decode("utf-8", "replace")


def pins_of_the_pi(case: Case) -> str:
    """Lines and peripherals.

    Raises:
        GatewayError: as for `health`.
    """
    return as_json(_asked(case, "/api/v1/gpio"))


def records(case: Case) -> str:
    """The latest log records, which the gateway keeps in memory; one a line.

    Raises:
        GatewayError: as for `health`.
    """
    found = _asked(case, f"/api/v1/logs?limit={MAX_RECORDS}")["records"]
    return "".join(
        f"{datetime.fromtimestamp(one['at_ms'] / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        f" {one['level']} {one['logger']} {one['message']}"
        f" {json.dumps(one['fields'], ensure_ascii=False)}\n"
        for one in found
    )


def _asked(case: Case, path: str) -> Json:
    _expect_one(case)
    return case.client.request("GET", path, within_s=WITHIN_S)


def _expect_one(case: Case) -> None:
    if case.daemon is None:
        raise NotCollected("no gateway runs")
