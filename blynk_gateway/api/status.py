"""How the gateway is: `/api/health` and `/metrics`.

Without a token they tell nothing about devices and files.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from blynk_gateway import __version__
from blynk_gateway.api.device_auth import bearer
from blynk_gateway.api.faults import Unauthorized
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.samples import Sample, labels, series
from blynk_gateway.api.services import Services
from blynk_gateway.api.upstream import upstream_metrics, upstream_view
from blynk_gateway.api.v1.access import Access
from blynk_gateway.runtime.health import HealthState

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Status:
    """Handlers of everything that anybody may ask.

    Args:
        clients: how many WebSocket clients `/api/v1/ws` has at the moment.
    """

    def __init__(self, services: Services, access: Access, clients: Callable[[], int]) -> None:
        self._services = services
        self._access = access
        self._clients = clients

    async def health(self, request: web.Request) -> web.Response:
        """`/api/health`."""
        document: dict[str, Any] = {
            "status": str(self._services.health.state),
            "version": __version__,
        }
        if await self._is_known(request):
            document = {
                **self._services.health.snapshot(),
                "upstream": upstream_view(self._services.upstreams.state()),
                "version": __version__,
            }
        return api_json(document)

    async def metrics(self, request: web.Request) -> web.Response:
        """`/metrics`, in Prometheus' text format."""
        lines = list(self._totals())
        if await self._is_known(request):
            lines += self._details()
        return web.Response(
            body="".join(f"{line}\n" for line in lines).encode(),
            headers={"Content-Type": METRICS_TYPE},
        )

    async def _is_known(self, request: web.Request) -> bool:
        """Whether the request may see everything; a wrong token is refused, none is fine."""
        if self._access.is_anonymous(request):
            return False
        try:
            return (await self._access.identify(request)).scope is None
        except Unauthorized:
            # A browser sends the cookie of a session that has ended without being asked.
            if bearer(request) is not None:
                raise
            return False

    def _totals(self) -> Iterator[str]:
        services = self._services
        online = sum(device.is_online for device in services.registry)
        yield from _metric("info", "gauge", "Version.", 1, labels(version=__version__))
        yield from _metric("devices", "gauge", "Devices known.", len(services.registry))
        yield from _metric("devices_online", "gauge", "Devices connected.", online)
        yield from _metric(
            "changes_total", "counter", "Changes published.", services.bus.next_seq - 1
        )
        yield from _metric("api_clients", "gauge", "Live API clients.", self._clients())
        is_ok = int(services.health.state is HealthState.OK)
        yield from _metric("healthy", "gauge", "1 if every component is well.", is_ok)
        yield from _metric(
            "gate_open", "gauge", "1 unless sources wait for the disk.", int(services.gate.is_open)
        )
        yield from _metric("resident_memory_bytes", "gauge", "Resident memory.", _resident_bytes())
        times = os.times()
        yield from _metric(
            "cpu_seconds_total", "counter", "Processor time used.", times.user + times.system
        )

    def _details(self) -> Iterator[str]:
        services = self._services
        order = list(HealthState)
        yield from series(
            "component_state",
            "gauge",
            "0 ok, 1 degraded, 2 failed.",
            [
                Sample(order.index(component.state), labels(component=name))
                for name, component in sorted(services.health.components.items())
            ],
        )
        yield from series(
            "events_total",
            "counter",
            "What was cut, dropped or refused.",
            [
                Sample(count, labels(event=name))
                for name, count in sorted(services.health.counters.items())
            ],
        )
        devices = [(labels(device=device.slug), device) for device in services.registry]
        yield from series(
            "device_online",
            "gauge",
            "1 if the device is connected.",
            [Sample(int(device.is_online), where) for where, device in devices],
        )
        yield from series(
            "device_last_seen_seconds",
            "gauge",
            "UNIX time, 0 for never.",
            [Sample(device.last_seen_ms / 1000, where) for where, device in devices],
        )
        yield from upstream_metrics(services.upstreams.state())


def _metric(name: str, kind: str, text: str, value: float, where: str = "") -> Iterator[str]:
    yield from series(name, kind, text, [Sample(value, where)])


def _resident_bytes() -> int:
    # Second field: resident pages (man 5 proc).
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
