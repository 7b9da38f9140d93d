"""Values of now, in as few messages as can be."""

from dataclasses import replace

import pytest

from blynk_gateway.upstream.route import Refusal, ServerDown, TooFast, Write
from blynk_gateway.upstream.routes.https.answers import Complaint
from blynk_gateway.upstream.routes.https.live import MAX_QUERY_BYTES
from blynk_gateway.upstream.routes.https.refused import HOLD_S, MAX_UNEXPLAINED
from blynk_gateway.upstream.routes.https.route import HttpsRoute
from tests.helpers.blynk_cloud import WRONG_TYPE, BlynkCloud, CloudDevice, Fault, Kind
from tests.helpers.clock import FakeClock
from tests.helpers.https_route import routed, setup_for

NO_STREAM = "Requested dataStream doesn't exist in the product Greenhouse"


def writes(*pairs: tuple[str, str]) -> list[Write]:
    return [Write(pin, tuple(text.split("\0"))) for pin, text in pairs]


def values(above: CloudDevice, pin: str) -> list[object]:
    return [told.value for told in above.told.get(pin, [])]


async def test_values_of_several_pins_are_one_message(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    some = writes(
        ("V1", "5"), ("V2", "21.50"), ("V3", "hello"), ("V4", "1"), ("V5", "13.4\x0052.5")
    )
    assert route.cost_of_live(some) == 1
    assert await route.send_live(some) == []
    assert above.values == {"V1": 5, "V2": 21.5, "V3": "hello", "V4": True, "V5": [13.4, 52.5]}
    assert [call.path for call in cloud.calls] == ["batch/update"]


async def test_two_values_of_a_pin_arrive_both_and_in_order(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    some = writes(("V1", "1"), ("V2", "2"), ("V1", "0"), ("V3", "x"), ("V1", "1"))
    assert route.cost_of_live(some) == 3
    assert await route.send_live(some) == []
    assert values(above, "V1") == [1, 0, 1]
    assert len(cloud.calls) == 3


async def test_long_values_are_parted_so_that_an_address_holds_them(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    above.streams = {f"V{pin}": Kind.STRING for pin in range(20)}
    some = writes(*[(f"V{pin}", "x" * 300) for pin in range(20)])
    assert route.cost_of_live(some) == 4
    assert await route.send_live(some) == []
    assert len(above.values) == 20
    assert len(cloud.calls) == 4
    for call in cloud.calls:
        assert sum(len(name) + len(texts[0]) + 2 for name, texts in call.query.items()) <= (
            MAX_QUERY_BYTES
        )


async def test_value_longer_than_that_goes_alone(route: HttpsRoute, above: CloudDevice) -> None:
    longest = "\N{SNOWMAN}" * 341
    some = writes(("V1", "1"), ("V3", longest), ("V2", "2"))
    assert route.cost_of_live(some) == 3
    assert await route.send_live(some) == []
    assert above.values == {"V1": 1, "V3": longest, "V2": 2}


async def test_value_that_no_datastream_takes_is_not_sent(
    route: HttpsRoute, cloud: BlynkCloud
) -> None:
    some = writes(("V3", "x" * 1025))
    assert route.cost_of_live(some) == 0
    assert await route.send_live(some) == [Refusal(0, "1025 bytes; expected at most 1024")]
    assert cloud.calls == []


async def test_bad_value_does_not_keep_others_from_arriving(
    route: HttpsRoute, above: CloudDevice
) -> None:
    some = writes(("V1", "5"), ("V2", "warm"), ("V3", "x"), ("V6", "1.5"), ("V4", "0"))
    assert await route.send_live(some) == [Refusal(1, WRONG_TYPE), Refusal(3, WRONG_TYPE)]
    assert above.values == {"V1": 5, "V3": "x", "V4": False}


async def test_pin_that_was_bad_goes_alone_until_it_is_good(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    await route.send_live(writes(("V1", "5"), ("V2", "warm")))
    cloud.calls.clear()
    some = writes(("V2", "cold"), ("V1", "6"), ("V3", "x"))
    assert route.cost_of_live(some) == 2
    assert await route.send_live(some) == [Refusal(0, WRONG_TYPE)]
    assert len(cloud.calls) == 2
    await route.send_live(writes(("V2", "21"), ("V1", "7")))
    assert above.values["V2"] == 21
    assert route.cost_of_live(writes(("V2", "22"), ("V1", "8"))) == 1


@pytest.mark.parametrize("texts", [("1", "2", "3"), ("warm", "2", "x"), ("1", "warm", "x")])
async def test_what_is_sent_twice_for_a_bad_value_is_spent_too(
    cloud: BlynkCloud, texts: tuple[str, str, str]
) -> None:
    spent: list[int] = []
    some = writes(*zip(("V1", "V2", "V3"), texts, strict=True))
    async with routed(replace(setup_for(cloud.port), spent_more=spent.append)) as route:
        cloud.calls.clear()
        cost = route.cost_of_live(some)
        await route.send_live(some)
    assert len(cloud.calls) == cost + sum(spent)


async def test_pin_that_is_not_there_costs_nothing_for_some_time(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice, clock: FakeClock
) -> None:
    some = writes(("V99", "1"), ("V1", "5"))
    assert await route.send_live(some) == [Refusal(0, NO_STREAM)]
    cloud.calls.clear()
    assert route.cost_of_live(some) == 1
    assert await route.send_live(some) == [Refusal(0, NO_STREAM)]
    assert len(cloud.calls) == 1
    clock.advance(HOLD_S)
    above.streams = {**above.streams, "V99": Kind.INTEGER}
    assert await route.send_live(some) == []
    assert above.values["V99"] == 1


async def test_unknown_complaint_about_everything_gives_nothing_up(
    route: HttpsRoute, cloud: BlynkCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.fault = Fault.COMPLAINT
    with pytest.raises(Complaint, match="Message quota is used up"):
        await route.send_live(writes(*[(f"V{pin}", "1") for pin in range(50)]))
    assert len(cloud.calls) < 50 // 2 + MAX_UNEXPLAINED


async def test_unknown_complaint_about_one_value_is_its_own(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    # The first request, its first half, which is V1 alone, and then no more.
    cloud.faults.extend([Fault.COMPLAINT, Fault.COMPLAINT])
    refusals = await route.send_live(writes(("V1", "1"), ("V2", "2"), ("V3", "x")))
    assert refusals == [Refusal(0, "Message quota is used up")]
    assert above.values == {"V2": 2, "V3": "x"}


async def test_flood_leaves_the_route_open(route: HttpsRoute, cloud: BlynkCloud) -> None:
    cloud.faults.append(Fault.FLOOD)
    with pytest.raises(TooFast):
        await route.send_live(writes(("V1", "1")))
    assert await route.send_live(writes(("V1", "1"))) == []


async def test_busy_server_says_when_to_come_back(route: HttpsRoute, cloud: BlynkCloud) -> None:
    cloud.faults.append(Fault.BUSY)
    with pytest.raises(TooFast) as caught:
        await route.send_live(writes(("V1", "1")))
    assert caught.value.retry_after_s == 7


async def test_rate_of_the_cloud_is_told_as_a_flood(
    route: HttpsRoute, cloud: BlynkCloud, above: CloudDevice
) -> None:
    await_more = writes(*[("V1", str(value)) for value in range(60)])
    with pytest.raises(TooFast):
        await route.send_live(await_more)
    assert len(values(above, "V1")) < 60


@pytest.mark.parametrize("fault", [Fault.PORTAL, Fault.PORTAL_REDIRECT, Fault.ERROR])
async def test_value_counts_as_arrived_only_by_the_server_s_own_word(
    route: HttpsRoute, cloud: BlynkCloud, fault: Fault
) -> None:
    cloud.fault = fault
    with pytest.raises(ServerDown):
        await route.send_live(writes(("V1", "1")))


async def test_nothing_to_send_is_no_request(route: HttpsRoute, cloud: BlynkCloud) -> None:
    assert await route.send_live([]) == []
    assert route.cost_of_live([]) == 0
    assert cloud.calls == []
