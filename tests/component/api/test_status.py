"""Health, metrics and the page at `/`."""

import re
import threading
from pathlib import Path

import pytest

from blynk_gateway import __version__
from blynk_gateway.api import status
from blynk_gateway.api.upstream import upstream_view
from blynk_gateway.runtime.health import HealthState
from tests.helpers.http import VIEWER, Site
from tests.helpers.patience import PATIENCE_S
from tests.helpers.upstreams import ABOVE, MemoryUpstreams

_LABEL = r'[a-z]+="([^"\\\n]|\\.)*"'
SAMPLE = re.compile(rf"(?:blynk_gateway|process)_[a-z_]+(\{{{_LABEL}(,{_LABEL})*\}})? -?[0-9.e+]+")


async def test_health_tells_strangers_the_state_and_nothing_else(site: Site) -> None:
    site.health.report("device greenhouse", HealthState.FAILED, "secret detail")
    answer = await site.request("GET", "/api/health")
    assert answer.json == {"status": "failed", "version": __version__}


async def test_health_tells_details_to_holders_of_a_token(site: Site) -> None:
    site.health.report("history", HealthState.DEGRADED, "slow disk")
    site.health.count("http_faults")
    answer = await site.request("GET", "/api/health", bearer=VIEWER)
    assert answer.json["components"] == {"history": {"state": "degraded", "detail": "slow disk"}}
    assert answer.json["counters"] == {"http_faults": 1}


async def test_wrong_token_is_refused_where_none_is_fine(site: Site) -> None:
    for path in ("/api/health", "/metrics"):
        assert (await site.request("GET", path)).status == 200
        assert (await site.request("GET", path, bearer="wrong")).status == 401


async def test_metrics_are_prometheus_text(site: Site) -> None:
    site.health.report('a "b"\\', HealthState.DEGRADED)
    site.health.count("http_faults", 3)
    answer = await site.request("GET", "/metrics", bearer=VIEWER)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.fullmatch(line)] == []
    assert "blynk_gateway_devices 1" in samples
    assert 'blynk_gateway_events_total{event="http_faults"} 3' in samples
    assert 'blynk_gateway_component_state{component="a \\"b\\"\\\\"} 1' in samples
    names = {line.split("{")[0].split(" ")[0] for line in samples}
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == names


@pytest.mark.parametrize(
    ("state", "query", "status"),
    [
        (HealthState.OK, "?expect=ok", 200),
        (HealthState.DEGRADED, "", 200),
        (HealthState.DEGRADED, "?expect=ok", 503),
        (HealthState.DEGRADED, "?expect=degraded", 200),
        (HealthState.FAILED, "", 200),
        (HealthState.FAILED, "?expect=degraded", 503),
    ],
)
async def test_monitor_that_only_sees_the_status_says_what_it_expects(
    site: Site, state: HealthState, query: str, status: int
) -> None:
    site.health.report("history", state, "slow disk")
    answer = await site.request("GET", f"/api/health{query}")
    assert answer.status == status
    assert answer.json == {"status": str(state), "version": __version__}


async def test_unknown_expectation_is_refused(site: Site) -> None:
    answer = await site.request("GET", "/api/health?expect=fine")
    assert answer.status == 400
    assert "found 'fine', expected ok or degraded" in answer.json["error"]["message"]


async def test_operator_is_told_memory_descriptors_disk_and_gauges(site: Site) -> None:
    site.health.measure("pulse_age_seconds", "Since then.", lambda: 1.5)
    site.health.measure("unknown_seconds", "Not known.", lambda: None)
    (site.services.data_dir / "gateway.db").write_bytes(bytes(12_345))
    health = (await site.request("GET", "/api/health", bearer=VIEWER)).json
    assert health["gauges"] == {"pulse_age_seconds": 1.5}
    assert health["memory_bytes"] > 1_000_000
    assert health["descriptors"] > 3
    assert health["started_ms"] < site.clock.now_ms()
    assert health["disk"]["data_bytes"] == 12_345
    lines = (await site.request("GET", "/metrics", bearer=VIEWER)).text.splitlines()
    assert "blynk_gateway_pulse_age_seconds 1.5" in lines
    assert "blynk_gateway_data_bytes 12345" in lines
    assert f"blynk_gateway_disk_total_bytes {health['disk']['total_bytes']}" in lines
    assert not any("unknown_seconds" in line for line in lines)


async def test_standard_metrics_have_the_standard_names(site: Site) -> None:
    lines = (await site.request("GET", "/metrics")).text.splitlines()
    assert "# TYPE process_cpu_seconds_total counter" in lines
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert 0 < float(values["process_open_fds"]) <= float(values["process_max_fds"])
    assert float(values["process_resident_memory_bytes"]) > 1_000_000


async def test_disk_that_does_not_answer_holds_up_one_question_only(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = threading.Event()

    def hang(_: Path) -> None:
        back.wait(PATIENCE_S)

    monkeypatch.setattr(status, "disk_room", hang)
    monkeypatch.setattr(status, "DISK_WITHIN_S", 0.05)
    try:
        for _ in range(3):
            answer = await site.request("GET", "/api/health", bearer=VIEWER)
            assert answer.json["disk"] is None
            lines = (await site.request("GET", "/metrics", bearer=VIEWER)).text
            assert "disk_free_bytes" not in lines
        asking = [one for one in threading.enumerate() if one.name.startswith("asyncio_")]
        assert len(asking) <= 2
    finally:
        back.set()


async def test_page_names_every_metric(site: Site) -> None:
    site.health.report("history", HealthState.OK)
    site.health.count("http_faults")
    site.services.upstreams = MemoryUpstreams([ABOVE])
    text = (await site.request("GET", "/metrics", bearer=VIEWER)).text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    page = (Path(__file__).parents[3] / "docs/reference/api.md").read_text()
    section = page.partition("## Metrics")[2]
    shown = {name.removeprefix("blynk_gateway_") for name in names}
    assert [name for name in sorted(shown) if f"`{name}`" not in section] == []


async def test_metrics_tell_strangers_no_names(site: Site) -> None:
    answer = await site.request("GET", "/metrics")
    assert "greenhouse" not in answer.text
    assert "blynk_gateway_devices 1" in answer.text


async def test_servers_above_are_told_to_holders_of_a_token_only(site: Site) -> None:
    site.services.upstreams = MemoryUpstreams([ABOVE])
    answer = await site.request("GET", "/api/health", bearer=VIEWER)
    assert answer.json["upstream"] == upstream_view([ABOVE])
    sample = 'blynk_gateway_upstream_connected{upstream="cloud",device="greenhouse"} 1'
    metrics = await site.request("GET", "/metrics", bearer=VIEWER)
    assert sample in metrics.text.splitlines()
    for path in ("/api/health", "/metrics"):
        assert "upstream" not in (await site.request("GET", path)).text
