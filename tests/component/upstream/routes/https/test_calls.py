"""Requests on the wire: what goes out, where it goes, and what may come back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.route import Place, RouteSetup, ServerDown
from blynk_gateway.upstream.routes.https import calls as module
from blynk_gateway.upstream.routes.https.answers import CaptivePortal
from blynk_gateway.upstream.routes.https.calls import HttpsCalls
from tests.helpers.blynk_cloud import BlynkCloud, CloudDevice, Fault
from tests.helpers.clock import FakeClock
from tests.helpers.https_route import TOKEN, cloud_with_device, setup_for
from tests.helpers.processes import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def calling(setup: RouteSetup) -> AsyncIterator[HttpsCalls]:
    calls = HttpsCalls(setup)
    try:
        await calls.open(Place(setup.upstream.host, setup.upstream.ports[0]))
        yield calls
    finally:
        await calls.close()


@pytest.fixture
async def calls(cloud: BlynkCloud, clock: FakeClock) -> AsyncIterator[HttpsCalls]:
    async with calling(setup_for(cloud.port, clock=clock)) as calls:
        yield calls


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[int]:
    """A server that says each of these to one request, then closes; its port."""
    waiting = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(waiting.pop(0))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def fault_of(call: Awaitable[object]) -> PeerError:
    with pytest.raises(PeerError) as caught:
        await call
    text = f"{caught.value} {caught.value.__cause__}"
    assert TOKEN not in text
    assert caught.value.__cause__ is None
    return caught.value


async def test_values_reach_the_server_as_they_are(calls: HttpsCalls, above: CloudDevice) -> None:
    for text in ("a b+c&d=e%#?/é\N{SNOWMAN}", "", " ", "+", "%41"):
        await calls.tell("update", ("V3", text))
        assert above.values["V3"] == text


async def test_bytes_that_are_no_text_stay_what_they_are() -> None:
    assert module.query_text([("V3", "a\udcff"), ("x y", "\ud800")]) == "V3=a%FF&x%20y=%EF%BF%BD"


async def test_body_is_declared_as_json(calls: HttpsCalls, cloud: BlynkCloud) -> None:
    now_ms = 1_700_000_000_000
    await calls.give("batch/update", ("pin", "V1"), body=f"[[{now_ms},5]]".encode())
    assert [told.value for told in cloud.devices[TOKEN].told["V1"]] == [5]


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CUT_AFTER])
async def test_idle_connection_that_was_closed_costs_nothing(
    calls: HttpsCalls, cloud: BlynkCloud, fault: Fault
) -> None:
    await calls.tell("update", ("V1", "1"))
    cloud.faults.append(fault)
    await calls.tell("update", ("V1", "2"))
    assert cloud.devices[TOKEN].values["V1"] == 2


async def test_server_that_always_cuts_is_down(calls: HttpsCalls, cloud: BlynkCloud) -> None:
    cloud.fault = Fault.CUT
    fault = await fault_of(calls.tell("update", ("V1", "2")))
    assert "it ended the connection" in str(fault)


async def test_server_that_says_nothing_is_down_in_time(
    calls: HttpsCalls, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.1)
    cloud.fault = Fault.HANG
    fault = await fault_of(calls.tell("update", ("V1", "2")))
    assert str(fault) == f"127.0.0.1:{cloud.port}: no answer; expected one"


async def test_long_body_may_take_longer(
    calls: HttpsCalls, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.0)
    monkeypatch.setattr(module, "SLOWEST", 1)
    await calls.give("batch/update", ("pin", "V1"), body=b"[[1700000000000,5]]")
    cloud.fault = Fault.HANG
    monkeypatch.setattr(module, "SLOWEST", 1000)
    await fault_of(calls.give("batch/update", ("pin", "V1"), body=b"[[1700000000000,5]]"))


async def test_nobody_listens() -> None:
    port = free_port()
    async with calling(setup_for(port)) as calls:
        fault = await fault_of(calls.get("getAll"))
    assert str(fault) == f"127.0.0.1:{port}: nothing listens there; expected a server"


async def test_name_without_address() -> None:
    async with calling(setup_for(1, host="no-such-host.invalid")) as calls:
        fault = await fault_of(calls.get("getAll"))
    assert fault.code == "upstream.name_unknown"


@pytest.mark.parametrize(
    "answer", [b"\x15\x03\x01\x00\x02\x02\x46", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"]
)
async def test_what_is_no_http_is_no_blynk_server(answer: bytes) -> None:
    async with answering(answer) as port, calling(setup_for(port)) as calls:
        fault = await fault_of(calls.get("getAll"))
    assert isinstance(fault, CaptivePortal)


@pytest.mark.parametrize(("text", "is_done"), [(b"OK\n", True), (b"", True), (b"Welcome", False)])
async def test_only_the_server_s_own_yes_counts(text: bytes, is_done: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
    async with answering(answer) as port, calling(setup_for(port)) as calls:
        if is_done:
            await calls.tell("update", ("V1", "2"))
        else:
            assert isinstance(await fault_of(calls.tell("update", ("V1", "2"))), CaptivePortal)


async def test_half_an_answer_is_none() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK"
    async with answering(half, half) as port, calling(setup_for(port)) as calls:
        assert isinstance(await fault_of(calls.tell("update", ("V1", "2"))), ServerDown)


async def test_endless_answer_is_cut_off(calls: HttpsCalls, cloud: BlynkCloud) -> None:
    cloud.devices[TOKEN].values["V3"] = "x" * 1000
    assert len(await calls.get("get", ("V3", ""), limit=1000)) == 1000
    fault = await fault_of(calls.get("get", ("V3", ""), limit=999))
    assert "more than 999 bytes" in str(fault)
    assert await calls.get("isHardwareConnected") == "false"


async def test_packed_answer_is_not_unpacked(calls: HttpsCalls, cloud: BlynkCloud) -> None:
    zipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nOK"
    async with answering(zipped) as port, calling(setup_for(port)) as other:
        assert await other.get("getAll") == "OK"


async def test_other_region_is_followed_and_remembered(
    cloud: BlynkCloud, clock: FakeClock, above: CloudDevice
) -> None:
    memory: list[Place | None] = []
    async with cloud_with_device(clock) as other:
        above.region = f"localhost:{other.port}"
        async with calling(setup_for(cloud.port, memory=memory)) as calls:
            await calls.tell("update", ("V1", "5"))
            assert memory == [Place("localhost", other.port)]
            assert calls.place_text == f"localhost:{other.port}"
            await calls.give("batch/update", ("pin", "V1"), body=b"[[1700000000000,6]]")
        assert [told.value for told in other.devices[TOKEN].told["V1"]] == [5, 6]
    assert len(cloud.calls) == 1
    assert memory == [Place("localhost", other.port)]


async def test_post_is_followed_as_a_post(
    cloud: BlynkCloud, clock: FakeClock, above: CloudDevice
) -> None:
    async with cloud_with_device(clock) as other:
        above.region = f"localhost:{other.port}"
        async with calling(setup_for(cloud.port)) as calls:
            await calls.give("batch/update", ("pin", "V1"), body=b"[[1700000000000,6]]")
        assert [call.method for call in other.calls] == ["POST"]


async def test_region_that_does_not_serve_us_is_not_remembered(
    cloud: BlynkCloud, clock: FakeClock, above: CloudDevice
) -> None:
    memory: list[Place | None] = []
    async with cloud_with_device(clock) as other:
        other.fault = Fault.PORTAL
        above.region = f"localhost:{other.port}"
        async with calling(setup_for(cloud.port, memory=memory)) as calls:
            assert isinstance(await fault_of(calls.tell("update", ("V1", "5"))), CaptivePortal)
            assert calls.place_text == f"127.0.0.1:{cloud.port}"
    assert memory == []


async def test_circle_of_regions_ends(
    calls: HttpsCalls, cloud: BlynkCloud, above: CloudDevice
) -> None:
    above.region = f"127.0.0.1:{cloud.port}"
    fault = await fault_of(calls.tell("update", ("V1", "5")))
    assert "on and on" in str(fault)
    assert len(cloud.calls) == 1 + module.MAX_REDIRECTS


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("", "nowhere"),
        ("/external/api/update", "nowhere"),
        ("http://", "nowhere"),
        ("http://[::1", "nowhere"),
        ("http://host:port/", "nowhere"),
        ("http://a b/", "nowhere"),
        ("https://other.test/external/api/update", "with TLS"),
        ("ftp://other.test/", "expected http://"),
    ],
)
async def test_redirect_to_nowhere(location: str, expected: str) -> None:
    head = f"HTTP/1.1 308 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    async with answering(head) as port, calling(setup_for(port)) as calls:
        assert expected in str(await fault_of(calls.get("getAll")))


async def test_time_of_the_server_goes_on(calls: HttpsCalls, clock: FakeClock) -> None:
    assert calls.time_ms() is None
    await calls.get("isHardwareConnected")
    told = calls.time_ms()
    assert told is not None
    clock.advance(10)
    assert calls.time_ms() == told + 10_000


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000_500),
        ("yesterday", None),
        ("", None),
        ("Tue, 14 Nov 99999999 22:13:20 GMT", None),
    ],
)
async def test_time_is_what_the_answer_says(date: str, expected: int | None) -> None:
    head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode()
    async with answering(head) as port, calling(setup_for(port)) as calls:
        await calls.get("getAll")
        assert calls.time_ms() == expected


async def test_closed_calls_say_so(calls: HttpsCalls) -> None:
    await calls.close()
    await calls.close()
    assert "closed" in str(await fault_of(calls.get("getAll")))


async def test_address_of_version_6_has_brackets() -> None:
    async with calling(setup_for(1, host="::1")) as calls:
        assert calls.place_text == "[::1]:1"
        assert isinstance(await fault_of(calls.get("getAll")), ServerDown)


async def test_no_token_is_logged(
    calls: HttpsCalls, cloud: BlynkCloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.faults.extend([None, Fault.CUT, Fault.ERROR])
    await calls.tell("update", ("V1", "1"))
    await fault_of(calls.tell("update", ("V1", "1")))
    assert TOKEN not in caplog.text
