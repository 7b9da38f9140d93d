"""How the servers above are told, in JSON and as metrics."""

import json

from blynk_gateway.api.upstream import upstream_metrics, upstream_view
from blynk_gateway.core.upstream import MappingState, MappingStatus, NoUpstreams
from tests.helpers.upstreams import ABOVE


def test_server_is_told_with_its_budgets_and_devices() -> None:
    (server,) = upstream_view([ABOVE])
    assert {name: server[name] for name in ("name", "server", "via")} == {
        "name": "cloud",
        "server": "blynk.cloud",
        "via": "tcp",
    }
    assert server["budgets"][0] == {
        "period": "month",
        "limit": 100_000,
        "spent": 41_200,
        "left": 58_800,
        "forecast": 98_900,
        "ends_ms": 9000,
    }
    assert server["devices"][0] == {
        "device": "greenhouse",
        "status": "connected",
        "detail": "",
        "place": "fra1.blynk.cloud:443",
        "backlog_points": 17,
        "oldest_ms": 5000,
        "sent": 1702,
        "merged": 311,
        "given_up": 4,
        "clock_offset_ms": -12,
    }
    assert [one["status"] for one in server["devices"]] == ["connected", "stopped"]


def test_what_a_server_said_cannot_break_the_json() -> None:
    strange = MappingState("pi", MappingStatus.WAITING, "it said \udcff")
    (server,) = upstream_view([ABOVE._replace(mappings=(strange,))])
    assert "it said" in json.dumps(server, ensure_ascii=False).encode().decode()


def test_metrics_tell_each_device_and_each_budget() -> None:
    lines = list(upstream_metrics([ABOVE]))
    device, pi = ('{upstream="cloud",device="' + one + '"}' for one in ("greenhouse", "pi"))
    month, day = ('{upstream="cloud",period="' + one + '"}' for one in ("month", "day"))
    samples = [line.removeprefix("blynk_gateway_upstream_") for line in lines if line[0] != "#"]
    assert samples == [
        f"connected{device} 1",
        f"connected{pi} 0",
        f"backlog_points{device} 17",
        f"sent_total{device} 1702",
        f"sent_total{pi} 0",
        f"merged_total{device} 311",
        f"merged_total{pi} 0",
        f"given_up_total{device} 4",
        f"given_up_total{pi} 0",
        f"budget_limit{month} 100000",
        f"budget_limit{day} 5000",
        f"budget_spent{month} 41200",
        f"budget_spent{day} 12",
        f"budget_left{month} 58800",
        f"budget_left{day} 4988",
        f"budget_forecast{month} 98900",
        f"budget_forecast{day} 700",
    ]


def test_there_are_no_metrics_without_a_server() -> None:
    assert list(upstream_metrics(NoUpstreams().state())) == []
