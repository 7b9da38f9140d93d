"""Points of the past, each of its datastream's type."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.upstream.route import Past, PastFull, Refusal
from blynk_gateway.upstream.routes.https import past as module
from blynk_gateway.upstream.routes.https.answers import Complaint
from blynk_gateway.upstream.routes.https.past import MAX_TRIES
from blynk_gateway.upstream.routes.https.route import HttpsRoute
from tests.helpers.blynk_cloud import (
    MAX_PER_SECOND,
    MAX_POINTS,
    MONTH_MS,
    WRONG_TYPE,
    BlynkCloud,
    CloudDevice,
    Fault,
    Told,
)
from tests.helpers.clock import FakeClock
from tests.helpers.https_route import routed, setup_for

NOW_MS = FakeClock().now_ms()
START_MS = NOW_MS - 20_000_000


def points(pin: str, *texts: str) -> list[Past]:
    return [
        Past(START_MS + 1000 * at, pin, tuple(text.split("\0"))) for at, text in enumerate(texts)
    ]


def told(above: CloudDevice, pin: str) -> list[tuple[int, object]]:
    return [(one.at_ms, one.value) for one in above.told.get(pin, [])]


def streams(**kinds: DatastreamType) -> Mapping[str, Datastream]:
    return {pin: Datastream(pin, pin, kind) for pin, kind in kinds.items()}


@pytest.mark.parametrize(
    ("pin", "here", "text", "expected"),
    [
        ("V1", DatastreamType.INT, "5", 5),
        ("V2", DatastreamType.DOUBLE, "21.50", 21.5),
        ("V2", DatastreamType.DOUBLE, "21", 21),
        ("V3", DatastreamType.STRING, "5", "5"),
        ("V4", DatastreamType.BOOL, "1", True),
        ("V1", DatastreamType.BOOL, "1", 1),
        ("V5", DatastreamType.LOCATION, "13.4\x0052.5", [13.4, 52.5]),
        ("V6", DatastreamType.ENUM, "2", 2),
        ("V1", None, "5", 5),
        ("V2", None, "5", 5),
        ("V3", None, "hello", "hello"),
        ("V3", None, "5", "5"),
        ("V3", None, "a\0b", ["a", "b"]),
        ("V5", None, "13.4\x0052.5", [13.4, 52.5]),
        ("V3", DatastreamType.INT, "5", "5"),
        ("V1", DatastreamType.STRING, "5", 5),
    ],
)
async def test_point_has_the_type_of_the_datastream_above(
    cloud: BlynkCloud,
    above: CloudDevice,
    clock: FakeClock,
    pin: str,
    here: DatastreamType | None,
    text: str,
    expected: object,
) -> None:
    known = {} if here is None else streams(**{pin: here})
    async with routed(setup_for(cloud.port, clock=clock, datastreams=known)) as route:
        assert await route.send_past(points(pin, text)) == []
    assert above.told[pin] == [Told(START_MS, expected, is_past=True)]
    assert type(above.told[pin][0].value) is type(expected)


async def test_what_stands_above_does_not_change(route: HttpsRoute, above: CloudDevice) -> None:
    above.values["V1"] = 7
    await route.send_past(points("V1", "5"))
    assert above.values == {"V1": 7}


async def test_each_pin_is_a_request_and_keeps_its_order(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    ones, twos = points("V1", "1", "2", "3"), points("V2", "1.5", "2.5", "3.5")
    mixed = [one for pair in zip(ones, twos, strict=True) for one in pair]
    assert route.cost_of_past(mixed) == 2
    assert await route.send_past(mixed) == []
    assert told(above, "V1") == [(one.at_ms, int(one.value[0])) for one in ones]
    assert told(above, "V2") == [(two.at_ms, float(two.value[0])) for two in twos]
    assert [(call.method, call.query) for call in cloud.calls] == [
        ("POST", {"pin": ["V1"]}),
        ("POST", {"pin": ["V2"]}),
    ]


async def test_day_of_points_is_one_message(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    many = points("V2", *(f"{value / 100:.2f}" for value in range(MAX_POINTS)))
    assert route.cost_of_past(many) == 1
    assert await route.send_past(many) == []
    assert told(above, "V2") == [(one.at_ms, float(one.value[0])) for one in many]
    assert len(cloud.calls) == 1


async def test_points_of_the_day_used_up_is_told_as_too_fast(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    assert await route.send_past(points("V1", *["1"] * (MAX_POINTS - 1))) == []
    with pytest.raises(PastFull) as caught:
        await route.send_past(points("V1", "1", "2"))
    assert caught.value.retry_after_s >= 600
    assert await route.send_past(points("V1", "1")) == []


async def test_form_that_fitted_is_tried_first_from_then_on(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    assert await route.send_past(points("V3", "5")) == []
    assert len(cloud.calls) == 2
    assert await route.send_past(points("V3", "6")) == []
    assert len(cloud.calls) == 3


async def test_other_form_is_tried_only_if_it_is_another(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    assert await route.send_past(points("V1", "warm")) == [Refusal(0, WRONG_TYPE)]
    assert len(cloud.calls) == 1


@pytest.mark.parametrize("first_bad", [3, 0])
async def test_few_texts_among_many_numbers_cost_no_number(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice, first_bad: int
) -> None:
    texts = ["nan" if at % 10 == first_bad else f"{at}.5" for at in range(1000)]
    refusals = await route.send_past(points("V2", *texts))
    assert refusals == [Refusal(at, WRONG_TYPE) for at in range(first_bad, 1000, 10)]
    assert len(above.told["V2"]) == 900
    assert len(cloud.calls) < MAX_PER_SECOND


async def test_points_too_old_are_found_and_the_others_arrive(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    old = [Past(NOW_MS - MONTH_MS - 1000 + at, "V1", ("1",)) for at in range(3)]
    fresh = points("V1", *["2"] * 997)
    refusals = await route.send_past([*old, *fresh])
    assert [one.at for one in refusals] == [0, 1, 2]
    assert len(above.told["V1"]) == 997


async def test_search_for_bad_points_is_spent_too(cloud: BlynkCloud) -> None:
    spent: list[int] = []
    some = points("V1", "1", "warm", "3", "cold", "5")
    async with routed(replace(setup_for(cloud.port), spent_more=spent.append)) as route:
        cloud.calls.clear()
        await route.send_past(some)
        assert route.cost_of_past(some) == 1
    assert 1 + sum(spent) == len(cloud.calls) > 2


async def test_search_for_bad_points_ends_before_it_is_a_flood(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    texts = ["9999999999" if at % 2 else "1" for at in range(MAX_POINTS)]
    refusals = await route.send_past(points("V1", *texts))
    assert {one.at for one in refusals} >= set(range(1, MAX_POINTS, 2))
    assert MAX_TRIES <= len(cloud.calls) < MAX_PER_SECOND


async def test_pin_that_is_not_there_is_asked_for_once(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    both = [*points("V99", "1", "2", "3"), *points("V1", "5")]
    refusals = await route.send_past(both)
    assert [one.at for one in refusals] == [0, 1, 2]
    assert len(cloud.calls) == 2
    assert route.cost_of_past(both) == 1
    assert len(await route.send_past(both)) == 3
    assert len(cloud.calls) == 3
    assert len(above.told["V1"]) == 2


async def test_unknown_complaint_about_everything_gives_nothing_up(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    cloud.fault = Fault.COMPLAINT
    with pytest.raises(Complaint, match="Message quota is used up"):
        await route.send_past(points("V1", *["1"] * 1000))
    assert len(cloud.calls) < 20


async def test_quota_that_ends_in_between_costs_no_point(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    cloud.faults.append(None)
    cloud.fault = Fault.COMPLAINT
    with pytest.raises(Complaint):
        await route.send_past([*points("V1", "1"), *points("V2", *["1"] * 100)])


async def test_many_points_are_encoded_beside_the_loop(
    route: HttpsRoute, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = []
    for limit in (0, 100):
        monkeypatch.setattr(module, "INLINE_POINTS", limit)
        assert await route.send_past(points("V1", "1", "2")) == []
        bodies.append(json.loads(cloud.calls[-1].body))
    assert bodies[0] == bodies[1] == [[START_MS, 1], [START_MS + 1000, 2]]


async def test_nothing_to_send_is_no_request(route: HttpsRoute, cloud: BlynkCloud) -> None:
    assert await route.send_past([]) == []
    assert cloud.calls == []
