"""A device of the cloud by HTTPS alone, from its opening to its end."""

import asyncio
from pathlib import Path

import pytest

from blynk_gateway.errors import PeerError
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream.route import Past, Place, ServerDown, ServerRefused, Write
from blynk_gateway.upstream.routes.https import calls
from blynk_gateway.upstream.routes.https import route as module
from blynk_gateway.upstream.routes.https.answers import CaptivePortal
from blynk_gateway.upstream.routes.https.route import HttpsRoute
from tests.helpers.authority import Authority
from tests.helpers.blynk_cloud import BlynkCloud, CloudDevice, Fault
from tests.helpers.clock import FakeClock
from tests.helpers.https_route import TOKEN, cloud_with_device, routed, setup_for
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import free_port


async def test_opening_is_one_request_and_tells_where_it_leads(cloud: BlynkCloud) -> None:
    async with routed(setup_for(cloud.port)) as route:
        assert [call.path for call in cloud.calls] == ["isHardwareConnected"]
        assert route.place == f"127.0.0.1:{cloud.port}"
        assert route.max_past == 10_000
        assert route.max_live > 1


async def test_unknown_token_is_refused_for_good(cloud: BlynkCloud) -> None:
    async with routed(setup_for(cloud.port, token="x" * 32), is_open=False) as route:
        with pytest.raises(ServerRefused) as caught:
            await route.open()
        assert "x" * 32 not in str(caught.value)
        assert await route.ended() is caught.value


@pytest.mark.parametrize("fault", [Fault.PORTAL, Fault.PORTAL_REDIRECT])
async def test_web_page_where_the_server_should_be(cloud: BlynkCloud, fault: Fault) -> None:
    cloud.fault = fault
    async with routed(setup_for(cloud.port), is_open=False) as route:
        with pytest.raises(CaptivePortal):
            await route.open()


async def test_server_that_knows_no_question_is_no_blynk_server(
    cloud: BlynkCloud, above: CloudDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cloud._answers, ("GET", "isHardwareConnected"), cloud._get_all)
    async with routed(setup_for(cloud.port), is_open=False) as route:
        with pytest.raises(CaptivePortal):
            await route.open()


async def test_remembered_place_is_tried_first(cloud: BlynkCloud, clock: FakeClock) -> None:
    memory: list[Place | None] = []
    async with cloud_with_device(clock) as other:
        setup = setup_for(cloud.port, remembered=Place("localhost", other.port), memory=memory)
        async with routed(setup) as route:
            assert route.place == f"localhost:{other.port}"
        assert len(other.calls) == 1
    assert cloud.calls == []
    assert memory == []


@pytest.mark.parametrize("is_there", [True, False])
async def test_remembered_place_that_does_not_serve_us_is_forgotten(
    cloud: BlynkCloud, is_there: bool
) -> None:
    memory: list[Place | None] = []
    async with BlynkCloud({}) as other:
        port = other.port if is_there else free_port()
        setup = setup_for(cloud.port, remembered=Place("127.0.0.1", port), memory=memory)
        async with routed(setup) as route:
            assert route.place == f"127.0.0.1:{cloud.port}"
    assert memory == [None]


async def test_busy_remembered_place_is_kept(cloud: BlynkCloud) -> None:
    memory: list[Place | None] = []
    cloud.fault = Fault.FLOOD
    place = Place("127.0.0.1", cloud.port)
    setup = setup_for(free_port(), remembered=place, memory=memory)
    async with routed(setup, is_open=False) as route:
        with pytest.raises(PeerError, match="429"):
            await route.open()
    assert memory == []


async def test_region_found_while_opening_is_remembered(
    cloud: BlynkCloud, clock: FakeClock, above: CloudDevice
) -> None:
    memory: list[Place | None] = []
    async with cloud_with_device(clock) as other:
        above.region = f"localhost:{other.port}"
        async with routed(setup_for(cloud.port, memory=memory)) as route:
            assert route.place == f"localhost:{other.port}"
    assert memory == [Place("localhost", other.port)]


async def test_what_stands_above_is_text_as_on_the_wire(
    route: HttpsRoute, above: CloudDevice
) -> None:
    above.values.update(
        {
            "V1": 5,
            "V2": 21.5,
            "V3": "21.50",
            "V4": True,
            "V5": [13.4, 52.5],
            "V6": None,
            "V7": {"a": 1},
            "V8": [],
            "V9": "a\0b",
            "V10": 7,
        }
    )
    asked = ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9", "V99"]
    assert await route.ask(asked) == {
        "V1": ("5",),
        "V2": ("21.5",),
        "V3": ("21.50",),
        "V4": ("1",),
        "V5": ("13.4", "52.5"),
        "V9": ("a", "b"),
    }


async def test_asking_costs_one_request_or_none(route: HttpsRoute, cloud: BlynkCloud) -> None:
    assert await route.ask([]) == {}
    assert cloud.calls == []
    assert await route.ask(["V1", "V2", "V99"]) == {}
    assert len(cloud.calls) == 1


async def test_values_of_many_pins_are_decoded_beside_the_loop(
    route: HttpsRoute, above: CloudDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INLINE_CHARACTERS", 0)
    above.values["V3"] = "x" * 100_000
    assert await route.ask(["V3"]) == {"V3": ("x" * 100_000,)}


@pytest.mark.parametrize("text", ["OK", "[1]", '{"v1":1', '"v1"', "", '{"v1":NaN}'])
async def test_values_that_are_no_json_object_are_no_answer(
    route: HttpsRoute, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async def say(device: CloudDevice, call: object) -> str:
        return text

    monkeypatch.setitem(cloud._answers, ("GET", "getAll"), say)
    with pytest.raises(CaptivePortal):
        await route.ask(["V1"])
    assert isinstance(await route.ended(), CaptivePortal)


async def test_time_above_is_that_of_the_last_answer(route: HttpsRoute, clock: FakeClock) -> None:
    told = await route.ask_time()
    assert told is not None
    clock.advance(5)
    assert await route.ask_time() == told + 5000


async def test_metadata(
    route: HttpsRoute, above: CloudDevice, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cloud wants a number, which nobody here knows.
    assert await route.ask_metadata("Note") is None
    await route.set_metadata("Note", "new & better")
    assert above.metadata == {"Note": "new & better"}
    await route.set_metadata("Nothing", "x")

    async def say(device: CloudDevice, call: object) -> str:
        return '{"type":"Text"}'

    monkeypatch.setitem(cloud._answers, ("GET", "device/meta"), say)
    assert await route.ask_metadata("Note") is None


async def test_properties(route: HttpsRoute, above: CloudDevice) -> None:
    await route.set_property("V1", "color", ("#D3435C",))
    await route.set_property("V1", "labels", ("one", "two"))
    await route.set_property("V1", "nonsense", ("1",))
    await route.set_property("V99", "color", ("#000000",))
    assert above.properties == {("V1", "color"): ["#D3435C"], ("V1", "labels"): ["one", "two"]}


async def test_events(route: HttpsRoute, above: CloudDevice, cloud: BlynkCloud) -> None:
    await route.log_event("leak", "Under the sink & beside")
    await route.log_event("leak", "")
    await route.log_event("unknown", "x")
    assert above.events == [("leak", "Under the sink & beside"), ("leak", "")]
    cloud.calls.clear()
    await route.clear_event("leak", is_all=True)
    assert cloud.calls == []


async def test_route_has_ended_after_a_failure_and_says_why(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    waiting = spawn(route.ended(), name="ended")
    await route.send_live([Write("V1", ("1",))])
    cloud.faults.append(Fault.ERROR)
    with pytest.raises(ServerDown) as caught:
        await route.send_live([Write("V1", ("1",))])
    assert await waiting is caught.value
    cloud.calls.clear()
    with pytest.raises(ServerDown):
        await route.send_past([Past(1_700_000_000_000, "V1", ("1",))])
    with pytest.raises(ServerDown):
        await route.set_property("V1", "color", ("#000000",))
    assert cloud.calls == []


async def test_token_that_is_taken_away_ends_the_route_for_good(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    cloud.devices = {}
    with pytest.raises(ServerRefused):
        await route.send_live([Write("V1", ("1",))])
    assert isinstance(await route.ended(), ServerRefused)


async def test_closing_ends_it_even_while_a_request_waits(
    route: HttpsRoute, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.upstream.routes.https.calls.TIMEOUT_S", 2 * PATIENCE_S)
    cloud.fault = Fault.HANG
    cloud.arrived.clear()
    waiting = spawn(route.ended(), name="ended")
    sending = spawn(route.send_live([Write("V1", ("1",))]), name="sending")
    async with asyncio.timeout(PATIENCE_S):
        await cloud.arrived.wait()
        await route.close()
        await route.close()
        assert isinstance(await waiting, ServerDown)
    await cancel(sending)


async def test_tls_with_an_authority_of_one_s_own(tmp_path: Path, clock: FakeClock) -> None:
    ours = Authority(tmp_path, "ours")
    async with cloud_with_device(clock, ours.issue("cloud", "localhost", "127.0.0.1")) as cloud:
        setup = setup_for(cloud.port, host="localhost", ca=ours.ca, clock=clock)
        async with routed(setup) as route:
            assert await route.send_live([Write("V1", ("5",))]) == []
            assert cloud.devices[TOKEN].values == {"V1": 5}


@pytest.mark.parametrize(
    ("trusted", "names", "days", "code"),
    [
        ("others", ("localhost",), 30, "upstream.certificate_untrusted"),
        ("ours", ("other.test",), 30, "upstream.certificate_name"),
        ("ours", ("localhost",), -1, "upstream.certificate_expired"),
    ],
)
async def test_certificate_that_will_not_do(
    tmp_path: Path,
    clock: FakeClock,
    trusted: str,
    names: tuple[str, ...],
    days: int,
    code: str,
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("ours", "others")}
    identity = authorities["ours"].issue("cloud", *names, days=days)
    async with cloud_with_device(clock, identity) as cloud:
        setup = setup_for(cloud.port, host="localhost", ca=authorities[trusted].ca)
        async with routed(setup, is_open=False) as route:
            with pytest.raises(ServerDown) as caught:
                await route.open()
            assert caught.value.code == code
        assert cloud.calls == []


async def test_server_without_tls_is_told(tmp_path: Path, cloud: BlynkCloud) -> None:
    setup = setup_for(cloud.port, ca=Authority(tmp_path, "ours").ca)
    async with routed(setup, is_open=False) as route:
        with pytest.raises(ServerDown) as caught:
            await route.open()
        assert caught.value.code == "upstream.tls_failed"


async def test_redirect_never_leaves_tls(tmp_path: Path, clock: FakeClock) -> None:
    ours = Authority(tmp_path, "ours")
    async with cloud_with_device(clock, ours.issue("cloud", "localhost")) as cloud:
        cloud.devices[TOKEN].region = "http://localhost:1"
        setup = setup_for(cloud.port, host="localhost", ca=ours.ca)
        async with routed(setup, is_open=False) as route:
            with pytest.raises(ServerDown, match="without TLS"):
                await route.open()


async def test_silent_server_is_noticed_while_opening(
    cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TIMEOUT_S", 0.1)
    cloud.fault = Fault.HANG
    async with routed(setup_for(cloud.port), is_open=False) as route:
        with pytest.raises(ServerDown, match="no answer"):
            await route.open()
