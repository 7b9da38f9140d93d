"""The door: light until somebody speaks HTTP, and nobody who waits meanwhile loses a byte."""

import asyncio
import logging
import os
import socket
import ssl
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.api import front_door
from blynk_gateway.api.app import HttpSite
from blynk_gateway.api.faults import ControlSocketUnusable
from blynk_gateway.runtime.health import HealthState
from tests.helpers import wire
from tests.helpers.devices import LOOPBACK, Bench, running
from tests.helpers.http import TOKEN, Answer, Site, read_answer, serving
from tests.helpers.patience import PATIENCE_S

GET = f"GET /{TOKEN}/isHardwareConnected HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@pytest.fixture
def import_may_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Holds up the import, in its thread, until it is set."""
    may_end = threading.Event()

    def slow() -> type[HttpSite]:
        assert may_end.wait(20)
        return HttpSite

    monkeypatch.setattr(front_door, "_import_site", slow)
    yield may_end
    may_end.set()


def broken_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> type[HttpSite]:
        raise ImportError("no module of that name")

    monkeypatch.setattr(front_door, "_import_site", broken)


def broken_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: HttpSite) -> None:
        raise OSError("no room")

    monkeypatch.setattr(HttpSite, "start", broken)


@asynccontextmanager
async def bench_with_http(data_dir: Path) -> AsyncIterator[tuple[Bench, Site]]:
    """Device listeners, plain and TLS, before an HTTP side that is not loaded."""
    async with serving(data_dir) as site:
        bench = Bench(data_dir, listen_tls=(LOOPBACK,), http=site.api.make_protocol)
        bench.add()
        async with running(bench):
            await bench.reached(lambda: bool(bench.server.tls_addresses))
            yield bench, site


async def waiting(site: Site, *, silent: int = 0, spoken: int = 0) -> None:
    """Return when so many connections wait for the site."""
    wanted = [False] * silent + [True] * spoken
    async with asyncio.timeout(PATIENCE_S):
        while sorted(bool(one._received) for one in site.api._lobby._waiting) != wanted:  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.002)


def test_idle_gateway_keeps_no_library_in_memory_that_it_does_not_use() -> None:
    code = (
        "import sys, blynk_gateway.cli.daemon\n"
        "print({'aiohttp', 'difflib', 'segno', 'cryptography', 'paho'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"


@pytest.mark.parametrize("is_tls", [False, True])
async def test_requests_that_come_during_the_load_are_answered_in_order(
    tmp_path: Path, import_may_end: threading.Event, is_tls: bool
) -> None:
    async with bench_with_http(tmp_path) as (bench, site):
        tls = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem") if is_tls else None
        values = [str(number).zfill(900) for number in range(200)]
        requests = b"".join(
            f"GET /{TOKEN}/update/V0?value={value} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            for value in values
        )
        async with await bench.connect(tls) as first, await bench.connect(tls) as second:
            first.send(requests[:7])
            await waiting(site, spoken=1)
            # More than one read of the socket takes.
            first.send(requests[7:])
            second.send(GET)
            await waiting(site, spoken=2)
            import_may_end.set()
            for _ in values:
                assert (await read_answer(first.reader)).status == 200
            assert (await read_answer(second.reader)).text == "false"
            assert site.value("V0") == (values[-1],)
            first.send(GET)
            assert (await read_answer(first.reader)).status == 200


async def test_a_body_that_comes_during_the_load_is_complete(
    tmp_path: Path, import_may_end: threading.Event
) -> None:
    async with bench_with_http(tmp_path) as (bench, site), await bench.connect() as peer:
        body = b'["' + b"x" * 1000 + b'"]'
        head = f"PUT /{TOKEN}/update/V0 HTTP/1.1\r\nContent-Type: application/json\r\n".encode()
        peer.send(head)
        await waiting(site, spoken=1)
        peer.send(b"Host: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        import_may_end.set()
        assert (await read_answer(peer.reader)).status == 200
        assert site.value("V0") == ("x" * 1000,)


async def test_devices_are_served_during_the_load(
    tmp_path: Path, import_may_end: threading.Event
) -> None:
    async with bench_with_http(tmp_path) as (bench, site), await bench.connect() as browser:
        browser.send(GET)
        await waiting(site, spoken=1)
        async with await bench.log_in(wire.TOKEN):
            assert not import_may_end.is_set()
        import_may_end.set()
        assert (await read_answer(browser.reader)).status == 200


@pytest.mark.parametrize("is_reset", [False, True])
async def test_connection_lost_during_the_load_is_dropped(
    site: Site,
    import_may_end: threading.Event,
    caplog: pytest.LogCaptureFixture,
    is_reset: bool,
) -> None:
    _, leaving = await asyncio.open_connection("127.0.0.1", site.port)
    leaving.write(GET)
    await waiting(site, spoken=1)
    if is_reset:
        no_time = struct.pack("ii", 1, 0)
        leaving.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
    leaving.close()
    await leaving.wait_closed()
    staying = asyncio.create_task(site.request("GET", f"/{TOKEN}/isHardwareConnected"))
    await waiting(site, spoken=2)
    import_may_end.set()
    assert (await staying).status == 200
    await waiting(site)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("breaks", [broken_import, broken_start])
async def test_failed_load_is_told_once_and_closes_connections(
    site: Site,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    breaks: Callable[[pytest.MonkeyPatch], None],
) -> None:
    breaks(monkeypatch)
    for _ in range(3):
        assert await site.raw(GET) == b""
    health = site.health.components["http"]
    assert health.state is HealthState.FAILED
    assert "restart" in health.detail
    told = [one for one in caplog.records if one.levelno >= logging.ERROR and one.exc_info]
    assert [one.getMessage() for one in told] == ["HTTP could not be loaded"]


async def test_stop_during_the_load_ends_what_waits(
    site: Site, import_may_end: threading.Event, tmp_path: Path
) -> None:
    path = tmp_path / "control.sock"
    await site.api.serve_control(path)
    local, local_writer = await asyncio.open_unix_connection(str(path))
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(GET)
    await waiting(site, silent=1, spoken=1)
    await site.api.stop()
    assert await reader.read() == b""
    assert await local.read() == b""
    assert await site.raw(GET) == b""
    for one in (writer, local_writer):
        one.close()
        await one.wait_closed()
    import_may_end.set()


async def test_a_look_at_the_control_socket_loads_nothing(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    await site.api.serve_control(path)
    _, writer = await asyncio.open_unix_connection(str(path))
    await waiting(site, silent=1)
    writer.close()
    await writer.wait_closed()
    await waiting(site)
    assert site.api._loading is None


async def test_a_control_connection_that_was_silent_during_the_load_is_served(
    site: Site, tmp_path: Path
) -> None:
    path = tmp_path / "control.sock"
    await site.api.serve_control(path)
    reader, writer = await asyncio.open_unix_connection(str(path))
    await waiting(site, silent=1)
    assert (await site.request("GET", "/")).status == 200
    writer.write(b"GET /api/v1/devices HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await read_answer(reader)).status == 200
    writer.close()
    await writer.wait_closed()


async def ask(path: Path, method: str, target: str) -> Answer:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    try:
        return await read_answer(reader)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_control_socket_is_private_and_makes_an_admin(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    await site.api.serve_control(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (await ask(path, "GET", "/api/v1/devices/greenhouse/token")).json["token"] == TOKEN
    assert "components" in (await ask(path, "GET", "/api/health")).json
    assert (await ask(path, "GET", f"/{TOKEN}/get/V1")).status == 404
    await site.api.stop()
    assert not path.exists()


async def test_control_socket_of_a_killed_gateway_is_replaced(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    before = os.umask(0o022)
    os.umask(before)
    await site.api.serve_control(path)
    assert (await ask(path, "GET", "/api/v1/devices")).status == 200
    assert os.umask(before) == before


async def test_control_socket_that_cannot_be_made_says_so(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ControlSocketUnusable, match="control socket cannot be opened"):
        await site.api.serve_control(tmp_path / "missing" / "control.sock")
