"""How the gateway is: `/api/health` and `/metrics`.

Without a token they tell nothing about devices and files.
"""

import asyncio
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from aiohttp import web

from blynk_gateway import __version__
from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.device_auth import bearer
from blynk_gateway.api.faults import RequestError, Unauthorized
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.samples import Sample, labels, series
from blynk_gateway.api.services import Services
from blynk_gateway.api.upstream import upstream_metrics, upstream_view
from blynk_gateway.api.v1.access import Access
from blynk_gateway.api.v1.schema import Field, Kind
from blynk_gateway.runtime.disk_room import DiskRoom, disk_room
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.process import process_facts

DISK_WITHIN_S = 2.0
"""A disk that takes longer to say how full it is, is asked the next time again."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BEARABLE = (HealthState.OK, HealthState.DEGRADED)

EXPECTED = {
    "expect": Field(
        Kind.TEXT,
        "the worst state for status 200; in a worse one it is 503. If left out it is 200 in any",
        False,
        {"enum": list(_BEARABLE)},
    )
}

_PROCESS = {
    "resident_memory_bytes": "Resident memory size in bytes.",
    "virtual_memory_bytes": "Virtual memory size in bytes.",
    "open_fds": "Number of open file descriptors.",
    "max_fds": "Maximum number of open file descriptors.",
    "cpu_seconds_total": "Total user and system CPU time spent in seconds.",
    "start_time_seconds": "Start time of the process since unix epoch in seconds.",
}
"""Named and explained as by all of Prometheus' clients, so that its usual panels work."""

_DISK = {
    "data_bytes": "The database and its log.",
    "disk_free_bytes": "Free on the disk of the data directory.",
    "disk_total_bytes": "Size of that disk.",
}


class Status:
    """Handlers of everything that anybody may ask.

    Args:
        clients: how many WebSocket clients `/api/v1/ws` has at the moment.
    """

    def __init__(self, services: Services, access: Access, clients: Callable[[], int]) -> None:
        self._services = services
        self._access = access
        self._clients = clients
        self._is_measuring = False

    async def health(self, request: web.Request) -> web.Response:
        """`/api/health`: status 200 however it is, unless the query says what is expected."""
        expected = self._expected(request)
        health = self._services.health
        document: dict[str, Any] = {"status": str(health.state), "version": __version__}
        if await self._is_known(request):
            facts = process_facts(self._services.clock)
            document = {
                **health.snapshot(),
                "upstream": upstream_view(self._services.upstreams.state()),
                "version": __version__,
                "started_ms": int(facts.start_time_seconds * 1000),
                "memory_bytes": facts.resident_memory_bytes,
                "descriptors": facts.open_fds,
                "disk": await self._disk(),
            }
        order = list(HealthState)
        is_worse = order.index(health.state) > order.index(expected)
        return api_json(document, HTTPStatus.SERVICE_UNAVAILABLE if is_worse else HTTPStatus.OK)

    async def metrics(self, request: web.Request) -> web.Response:
        """`/metrics`, in Prometheus' text format."""
        lines = list(self._totals())
        if await self._is_known(request):
            lines += self._details()
            lines += _disk_metrics(await self._disk())
        return web.Response(
            body="".join(f"{line}\n" for line in lines).encode(),
            headers={"Content-Type": METRICS_TYPE},
        )

    def _expected(self, request: web.Request) -> HealthState:
        """The worst state that a monitor bears; any, if it does not say."""
        wanted = only_field(parse_query(request), "expect")
        if wanted is None:
            return HealthState.FAILED
        if wanted not in _BEARABLE:
            expected = " or ".join(_BEARABLE)
            raise RequestError(f"expect: found {wanted[:40]!r}, expected {expected}")
        return HealthState(wanted)

    async def _disk(self) -> dict[str, int] | None:
        """What the data take and what is left; None while the disk does not say."""
        if self._is_measuring:
            # Each thread that waits for a disk which is gone is lost for everything else.
            return None
        try:
            async with asyncio.timeout(DISK_WITHIN_S):
                room = await asyncio.to_thread(self._measure)
        except (OSError, TimeoutError):
            return None
        return {"data_bytes": room.data, "free_bytes": room.free, "total_bytes": room.total}

    def _measure(self) -> DiskRoom:
        self._is_measuring = True
        try:
            return disk_room(self._services.data_dir)
        finally:
            self._is_measuring = False

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
        facts = process_facts(services.clock)
        for name, text in _PROCESS.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            yield from series(name, kind, text, [Sample(getattr(facts, name))], "process_")

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
        for name, value in services.health.measured().items():
            yield from _metric(name, "gauge", services.health.gauges[name].text, value)
        yield from upstream_metrics(services.upstreams.state())


def _metric(name: str, kind: str, text: str, value: float, where: str = "") -> Iterator[str]:
    yield from series(name, kind, text, [Sample(value, where)])


def _disk_metrics(disk: dict[str, int] | None) -> Iterator[str]:
    if disk is None:
        return
    for name, text in _DISK.items():
        yield from _metric(name, "gauge", text, disk[name.removeprefix("disk_")])
