"""The HTTP side as a whole: hostile bytes, faults of ours, start and stop."""

import asyncio
import logging

import pytest

from blynk_gateway.core.device import DeviceRegistry
from tests.helpers.http import ADMIN, TOKEN, VIEWER, Site, read_answer
from tests.helpers.patience import PATIENCE_S

PUT = f"PUT /{TOKEN}/update/V0 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
GET = f"GET /{TOKEN}/rtc HTTP/1.1\r\nHost: x\r\n".encode()

SMUGGLING = {
    "length and chunked": PUT
    + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n["1"]\r\n0\r\n\r\n',
    "two lengths": PUT + b'Content-Length: 5\r\nContent-Length: 4\r\n\r\n["1"]',
    "two lengths in one": PUT + b'Content-Length: 5, 4\r\n\r\n["1"]',
    "signed length": PUT + b'Content-Length: +5\r\n\r\n["1"]',
    "blank before colon": GET + b"X-A : a\r\n\r\n",
    "no colon": GET + b"XA\r\n\r\n",
    "bad chunk size": PUT + b'Transfer-Encoding: chunked\r\n\r\nzz\r\n["1"]\r\n0\r\n\r\n',
    "signed chunk size": PUT + b'Transfer-Encoding: chunked\r\n\r\n-5\r\n["1"]\r\n0\r\n\r\n',
    "chunked twice": PUT + b'Transfer-Encoding: chunked, chunked\r\n\r\n5\r\n["1"]\r\n0\r\n\r\n',
    "zero byte": GET + b"X-A: a\x00b\r\n\r\n",
    "bad version": f"GET /{TOKEN}/rtc HTTP/9.x\r\n\r\n".encode(),
    "bad method": f"G@T /{TOKEN}/rtc HTTP/1.1\r\n\r\n".encode(),
    "no target": b"GET HTTP/1.1\r\n\r\n",
    "bad target": b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": GET + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_ambiguous_request_is_refused_without_a_traceback(
    site: Site, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    reply = await site.raw(data)
    assert reply.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b" 200 " not in reply
    assert site.store.find("greenhouse", "V0") is None
    assert [one for one in caplog.records if one.exc_info or one.levelno >= logging.ERROR] == []


async def test_folded_header_is_refused_or_joined_as_rfc_9112_allows(site: Site) -> None:
    reply = await site.raw(GET + b"Connection: close\r\nX-A: a\r\n Host: b\r\n\r\n")
    assert reply.split(b" ")[1] in (b"400", b"200")


@pytest.mark.parametrize(
    "data",
    [b"", b"G", b"GET / HTTP/1.1\r\n", PUT + b"Content-Length: 50\r\n\r\n[", GET[:-1]],
)
async def test_connection_cut_amid_a_request_leaves_no_trace(
    site: Site, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(data)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await site.request("GET", f"/{TOKEN}/rtc")).status == 200
    assert [one for one in caplog.records if one.exc_info] == []


async def test_body_that_does_not_arrive_is_answered_408(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.bodies.BODY_WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(PUT + b"Content-Length: 50\r\n\r\n[")
    assert (await read_answer(reader)).status == 408
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        (f"/{TOKEN}/isHardwareConnected", "text/plain;charset=utf-8"),
        (f"/external/api/isHardwareConnected?token={TOKEN}", "application/json;charset=utf-8"),
    ],
)
async def test_fault_of_ours_is_one_log_line_and_no_traceback_for_the_peer(
    site: Site,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    content_type: str,
) -> None:
    def broken(self: DeviceRegistry, token: str) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(DeviceRegistry, "find_by_token", broken)
    answer = await site.request("GET", path)
    assert (answer.status, answer.headers["Content-Type"]) == (500, content_type)
    assert "Zero" not in answer.text
    assert "boom" not in answer.text
    (line,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert line.exc_info is not None
    assert TOKEN not in line.getMessage() + str(vars(line)["route"])
    assert site.health.counters["http_faults"] == 1


async def test_fault_in_the_api_is_a_json_error(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.v1.devices.device_view", None)
    answer = await site.request("GET", "/api/v1/devices", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (500, "gateway.error")


async def test_kept_connection_serves_pipelined_requests_in_order(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    paths = [f"/{TOKEN}/update/V0?value={number}" for number in range(5)] + [f"/{TOKEN}/get/V0"]
    writer.write(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
    answers = [await read_answer(reader) for _ in paths]
    assert answers[-1].text == '["4"]'
    writer.close()
    await writer.wait_closed()


async def test_stock_board_request_is_answered_and_closed(site: Site) -> None:
    reply = await site.raw(
        f"GET /external/api/update?token={TOKEN}&pin=V0&value=7 HTTP/1.1\r\n"
        "Host: gateway\r\nConnection: close\r\n\r\n".encode()
    )
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 0" in reply
    assert b"Connection: close" in reply
    assert site.value("V0") == ("7",)


async def test_http_1_0_is_answered(site: Site) -> None:
    reply = await site.raw(f"GET /{TOKEN}/isHardwareConnected HTTP/1.0\r\n\r\n".encode())
    assert reply.endswith(b"\r\n\r\nfalse")


async def test_nothing_sent_over_tcp_makes_an_admin(site: Site) -> None:
    for headers in (
        {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=unix:"},
        {"X-Remote-User": "control"},
        {"Authorization": "Bearer control"},
    ):
        answer = await site.request("GET", "/api/v1/pairing", headers=headers)
        assert answer.status == 401


async def test_stop_may_be_called_twice_and_ends_idle_connections(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(GET + b"\r\n")
    await read_answer(reader)
    async with asyncio.timeout(PATIENCE_S):
        await site.api.stop()
    await site.api.stop()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_options_of_a_browser_do_not_open_the_api_to_other_pages(site: Site) -> None:
    answer = await site.request(
        "OPTIONS", "/api/v1/devices", headers={"Origin": "http://evil.example"}
    )
    assert answer.status == 405
    answer = await site.request("GET", "/api/v1/devices", bearer=ADMIN)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "request_line",
    [
        f"GET /{TOKEN}/{'x' * 20_000} HTTP/1.1",
        f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\x01",
    ],
    ids=["length", "header"],
)
async def test_malformed_request_is_refused_without_repeating_its_secrets(
    site: Site, caplog: pytest.LogCaptureFixture, request_line: str
) -> None:
    reply = await site.raw(f"{request_line}\r\nHost: x\r\n\r\n".encode())
    assert b" 400 " in reply.split(b"\r\n")[0]
    assert b"The request is malformed" in reply
    assert TOKEN[:8].encode() not in reply
    assert b"aiohttp" not in reply
    assert TOKEN[:8] not in caplog.text


@pytest.mark.parametrize(
    ("error", "is_told"), [(ConnectionResetError("gone"), False), (KeyError("bug"), True)]
)
async def test_peer_that_goes_away_before_it_may_continue_is_no_fault(
    site: Site, caplog: pytest.LogCaptureFixture, error: Exception, is_told: bool
) -> None:
    await site.request("GET", "/api/health")
    # As aiohttp does where `100 Continue` can no longer be written.
    site.loaded._logger.error("Error handling request", exc_info=error)
    assert ("Error handling request" in caplog.text) is is_told
