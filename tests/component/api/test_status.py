"""Health, metrics and the page at `/`."""

import re

from blynk_gateway import __version__
from blynk_gateway.api.upstream import upstream_view
from blynk_gateway.runtime.health import HealthState
from tests.helpers.http import VIEWER, Site
from tests.helpers.upstreams import ABOVE, MemoryUpstreams

_LABEL = r'[a-z]+="([^"\\\n]|\\.)*"'
SAMPLE = re.compile(rf"blynk_gateway_[a-z_]+(\{{{_LABEL}(,{_LABEL})*\}})? -?[0-9.e+]+")


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
