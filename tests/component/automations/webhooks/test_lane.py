"""One webhook, its interval, its retries and its end."""

import asyncio
import logging

import pytest

from blynk_gateway.automations.webhooks.lane import MAX_FAILURES, REPLACED, WebhookOff
from blynk_gateway.core.change import EventChange, EventKind
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.health import HealthState
from tests.component.automations.webhooks.conftest import World
from tests.helpers.particle import Reply

DOWN = Reply(503, "busy")


async def test_five_toggles_in_a_minute_end_in_the_last_state(world: World) -> None:
    await world.define(world.led())
    for value in ("1", "0", "1", "0", "1"):
        world.submit("led", value)
        world.pass_time(10)
    call = await world.particle.calls.get()
    assert call.body == b"args=1"
    assert call.headers["Authorization"] == "Bearer correct-horse"
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    told = [await world.results.get() for _ in range(4)]
    assert sorted(told) == [("HTTP 200 OK", False), *[(REPLACED, False)] * 3]
    world.pass_time(9.9)
    assert world.particle.calls.empty()
    world.pass_time(0.1)
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["1", "1"]
    (state,) = world.sender.states()
    assert (state.sent, state.merged, state.waiting, state.failures) == (2, 3, 0, 0)
    assert not [key for _, key in world.outbox.entries if ":" in key]


async def test_the_last_of_each_pin_goes_out(world: World) -> None:
    await world.define(world.led())
    for pin, value in (("V1", "first"), ("V1", "a"), ("V2", "b"), ("V1", "c"), ("V2", "d")):
        world.submit("led", value, pin=pin)
    for _ in range(3):
        await world.particle.calls.get()
        while (await world.results.get())[0] == REPLACED:
            pass
        world.pass_time(60)
    assert world.particle.functions["blynk_led"] == ["first", "c", "d"]


async def test_without_an_interval_each_goes_out_in_order(world: World) -> None:
    await world.define(world.led(min_interval_ms=0))
    values = [str(number) for number in range(20)]
    for value in values:
        world.submit("led", value)
    for _ in values:
        assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == values


async def test_of_too_many_the_oldest_is_dropped(world: World) -> None:
    world.particle.replies.append(Reply(None))
    await world.define(world.led(min_interval_ms=0))
    world.submit("led", "hangs")
    await world.particle.calls.get()
    for number in range(102):
        world.submit("led", str(number))
    assert world.results.qsize() == 2
    assert await world.results.get() == ("dropped: more than 100 wait", True)
    assert world.parts.health.counters["webhooks_dropped"] == 2
    assert world.sender.states()[0].waiting == 100
    assert len([key for _, key in world.outbox.entries if ":" in key]) == 101


async def test_a_server_that_is_down_is_asked_again_later_and_later(world: World) -> None:
    world.particle.replies.extend([DOWN, Reply(429, "", {"Retry-After": "200"}), Reply(408)])
    await world.define(world.led())
    world.submit("led", "1")
    for wait_s, at_least_s in ((0.0, 0.75), (1.25, 199.9), (0.2, 3.0), (5.0, 0.0)):
        world.pass_time(wait_s)
        await world.particle.calls.get()
        await _settled(world)
        if at_least_s:
            world.pass_time(at_least_s - 0.05)
            assert world.particle.calls.empty()
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["1"]


async def test_one_that_hangs_is_given_up_and_holds_nobody_up(world: World) -> None:
    world.particle.replies.append(Reply(None))
    await world.define(
        world.plain("slow", "slow", timeout_ms=300), world.led(name="quick", min_interval_ms=0)
    )
    world.submit("slow", "1")
    await world.particle.calls.get()
    world.submit("quick", "1")
    assert await world.results.get() == ("HTTP 200 OK", False)
    place = f"127.0.0.1:{world.particle.port}"
    assert await world.results.get() == (f"{place}: no answer within 0.3 s", True)


async def test_a_newer_value_takes_the_place_of_one_that_is_tried_again(world: World) -> None:
    world.particle.replies.append(DOWN)
    await world.define(world.led())
    world.submit("led", "old")
    await world.particle.calls.get()
    await _settled(world)
    world.submit("led", "new")
    assert await world.results.get() == (REPLACED, False)
    world.pass_time(1.3)
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["new"]


async def test_one_that_came_while_the_older_failed_goes_out_in_its_place(world: World) -> None:
    world.particle.replies.append(DOWN)
    await world.define(world.led())
    world.submit("led", "old")
    world.submit("led", "new")
    assert await world.results.get() == (REPLACED, False)
    world.pass_time(1.3)
    assert await world.results.get() == ("HTTP 200 OK", False)
    assert world.particle.functions["blynk_led"] == ["new"]


async def test_what_is_refused_is_not_tried_again(world: World) -> None:
    await world.define(world.led(headers={}))
    world.submit("led", "1")
    result, is_failed = await world.results.get()
    assert is_failed
    assert result.startswith("HTTP 401 Unauthorized (")
    assert "invalid_token" in result
    assert world.sender.states()[0].failures == 1
    world.pass_time(100)
    assert world.particle.calls.qsize() == 1


async def test_ten_failures_switch_it_off_until_a_test_succeeds(world: World) -> None:
    mailbox = Mailbox(100, Overflow.CLOSE)
    world.parts.bus.subscribe(mailbox, origin=None, echo=True)
    await world.define(world.led(min_interval_ms=0, retries=0))
    world.particle.replies.extend([Reply(404)] * MAX_FAILURES)
    for number in range(MAX_FAILURES + 2):
        world.submit("led", str(number))
    told = [await world.results.get() for _ in range(MAX_FAILURES + 2)]
    assert told[:MAX_FAILURES] == [("HTTP 404 Not Found", True)] * MAX_FAILURES
    assert told[MAX_FAILURES:] == [("the webhook led is off: HTTP 404 Not Found", True)] * 2
    assert world.sender.states()[0].is_off
    with pytest.raises(WebhookOff, match="led is off after 10 failures"):
        world.submit("led", "1")
    health = world.parts.health.components["webhooks"]
    assert health.state is HealthState.DEGRADED
    assert "led" in health.detail
    assert "`blynk-gateway webhook test led`" in health.detail
    (event,) = [one for one in mailbox.drain() if isinstance(one, EventChange)]
    assert (event.device, event.kind, event.code) == ("pi", EventKind.SYSTEM, "webhook_off")
    assert "HTTP 404" in event.description
    assert not world.outbox.entries

    world.particle.replies.append(Reply(500))
    assert not (await world.sender.test("led", ("1",))).is_ok
    assert world.sender.states()[0].is_off
    assert (await world.sender.test("led", ("1",))).is_ok
    assert not world.sender.states()[0].is_off
    assert world.parts.health.components["webhooks"].state is HealthState.OK
    world.submit("led", "again")
    assert await world.results.get() == ("HTTP 200 OK", False)


async def test_values_that_were_tried_and_replaced_count_as_failures(world: World) -> None:
    world.particle.replies.extend([DOWN] * MAX_FAILURES)
    await world.define(world.led())
    for number in range(MAX_FAILURES):
        world.submit("led", str(number))
        if number:
            assert (await world.results.get())[0] == REPLACED
        world.pass_time(2)
        await world.particle.calls.get()
        await _settled(world)
    world.submit("led", "last")
    assert world.sender.states()[0].is_off


async def test_the_first_failure_is_a_warning_and_the_next_ones_are_not(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.particle.replies.extend([Reply(400), Reply(400)])
    await world.define(world.led(min_interval_ms=0))
    for value in ("1", "2", "3"):
        world.submit("led", value)
        await world.results.get()
    told = [(one.levelno, one.message) for one in caplog.records if "webhook" in one.message]
    assert told == [
        (logging.WARNING, "webhook did not arrive"),
        (logging.DEBUG, "webhook did not arrive"),
        (logging.INFO, "webhook arrives again"),
    ]


async def test_a_fault_of_ours_is_a_failure_and_does_not_end_the_lane(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError

    await world.define(world.led(min_interval_ms=0))
    with monkeypatch.context() as context:
        context.setattr(world.placeholders, "fill", broken)
        world.submit("led", "1")
        assert await world.results.get() == ("a fault of the gateway, see its log", True)
    assert "RuntimeError" in caplog.text
    world.submit("led", "2")
    assert await world.results.get() == ("HTTP 200 OK", False)


async def _settled(world: World) -> None:
    """Return when the request that the server has answered has ended here too."""
    running = [lane._task for lane in world.sender._lanes.values() if lane._task is not None]
    if running:
        await asyncio.wait(running)
