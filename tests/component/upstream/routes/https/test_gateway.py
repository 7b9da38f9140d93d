"""The route above which stands another gateway of ours."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from blynk_gateway.core.change import PastChange, PinChange
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.upstream.route import Past, Refusal, ServerRefused, Write
from blynk_gateway.upstream.routes.https.route import HttpsRoute
from tests.helpers import http
from tests.helpers.http import DATASTREAMS, Site, serving
from tests.helpers.https_route import routed, setup_for

WRONG = "Value doesn't match the Datastream data type."


class Heard:
    """Every point that came to the gateway above since, whether it is news there or not."""

    def __init__(self, site: Site) -> None:
        self._mailbox = Mailbox(1000, Overflow.CLOSE)
        site.bus.subscribe(self._mailbox, origin=None, echo=True)

    def points(self) -> list[Past]:
        """By pin and time."""
        found = [
            Past(one.at_ms, one.pin, one.value)
            for one in self._mailbox.drain()
            if isinstance(one, PinChange | PastChange)
        ]
        return sorted(found, key=lambda one: (one.pin, one.at_ms))


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(tmp_path) as site:
        yield site


@pytest.fixture(params=["known", "unknown"])
def datastreams(request: pytest.FixtureRequest) -> Mapping[str, Datastream]:
    """What is known here of the pins above."""
    return DATASTREAMS if request.param == "known" else {}


@pytest.fixture
async def route(site: Site, datastreams: Mapping[str, Datastream]) -> AsyncIterator[HttpsRoute]:
    setup = setup_for(site.port, token=http.TOKEN, clock=site.clock, datastreams=datastreams)
    async with routed(setup) as route:
        yield route


async def test_values_arrive_as_they_are(route: HttpsRoute, site: Site) -> None:
    some = {
        "V1": ("1",),
        "V2": ("21.50",),
        "V4": ("13.4", "52.5"),
        "V7": ("a b+c&\udcff\N{SNOWMAN}",),
        "V20": ("", "x"),
    }
    assert await route.send_live([Write(*one) for one in some.items()]) == []
    assert {pin: site.value(pin) for pin in some} == some


async def test_longest_value_arrives(route: HttpsRoute, site: Site) -> None:
    longest = ("\N{SNOWMAN}" * 341, "\x01" * 1024, "x" * 1024, "y" * 1000)
    assert await route.send_live([Write("V20", longest)]) == []
    assert site.value("V20") == longest


async def test_bad_values_are_told_apart(route: HttpsRoute, site: Site) -> None:
    some = [Write("V1", ("1",)), Write("V2", ("warm",)), Write("V7", ("x",))]
    assert await route.send_live(some) == [Refusal(1, WRONG)]
    assert site.value("V1") == ("1",)
    assert site.value("V7") == ("x",)


async def test_points_of_the_past_arrive_as_they_are_and_change_nothing_now(
    route: HttpsRoute, site: Site
) -> None:
    now_ms = site.clock.now_ms()
    await route.send_live([Write("V2", ("20",)), Write("V7", ("now",))])
    past = [
        *(Past(now_ms - 9000 + at, "V2", (text,)) for at, text in enumerate(["21.50", "7", "9.0"])),
        *(Past(now_ms - 9000 + at, "V7", (text,)) for at, text in enumerate(["a", "21.50"])),
        Past(now_ms - 5000, "V4", ("13.40", "52.5")),
        Past(now_ms - 5000, "V5", ("1",)),
        Past(now_ms - 5000, "V6", ("1",)),
        Past(now_ms - 5000, "V20", ("1.0", "x")),
    ]
    heard = Heard(site)
    assert await route.send_past(past) == []
    assert heard.points() == sorted(past, key=lambda one: (one.pin, one.at_ms))
    assert (site.value("V2"), site.value("V7")) == (("20",), ("now",))


async def test_points_that_do_not_fit_or_are_too_old(route: HttpsRoute, site: Site) -> None:
    now_ms = site.clock.now_ms()
    past = [
        Past(now_ms - 40 * 86_400_000, "V2", ("20",)),
        Past(now_ms - 3000, "V2", ("21",)),
        Past(now_ms - 2000, "V2", ("warm",)),
        Past(now_ms - 1000, "V2", ("22",)),
    ]
    heard = Heard(site)
    refusals = await route.send_past(past)
    assert [one.at for one in refusals] == [0, 2]
    assert [one.value for one in heard.points()] == [("21",), ("22",)]


async def test_what_stands_above(route: HttpsRoute, site: Site) -> None:
    await route.send_live(
        [Write("V2", ("21.50",)), Write("V4", ("13.4", "52.5")), Write("V7", ("5",))]
    )
    assert await route.ask(["V1", "V2", "V4", "V7", "V3", "V99"]) == {
        "V1": ("0",),
        "V2": ("21.5",),
        "V4": ("13.4", "52.5"),
        "V7": ("5",),
    }


async def test_metadata_properties_and_events(route: HttpsRoute, site: Site) -> None:
    assert await route.ask_metadata("Device Name") == "Greenhouse"
    assert await route.ask_metadata("Serial") is None
    await route.set_metadata("Serial", "A & B")
    assert await route.ask_metadata("Serial") == "A & B"
    await route.set_property("V1", "label", ("Fan",))
    await route.set_property("V1", "nonsense", ("1",))
    assert site.device.properties == {("V1", "label"): ("Fan",)}
    await route.log_event("leak", "Under the sink")
    events = await site.journal.events("greenhouse", 10)
    assert [(event.code, event.description) for event in events] == [("leak", "Under the sink")]


async def test_time_above(route: HttpsRoute) -> None:
    assert await route.ask_time() is not None


async def test_unknown_token(site: Site) -> None:
    async with routed(setup_for(site.port, token="0" * 32), is_open=False) as route:
        with pytest.raises(ServerRefused):
            await route.open()
