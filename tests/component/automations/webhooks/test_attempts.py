"""What a request tells a server, what its answer means, and where that goes."""

from dataclasses import replace

import pytest

from blynk_gateway import __version__
from blynk_gateway.config.webhooks.mixed import MixedText
from blynk_gateway.config.webhooks.options import JsonWord, ResponseOptions
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, OriginKind, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import MAX_DEPTH
from tests.component.automations.webhooks.conftest import World
from tests.helpers.particle import Reply

SAME = ResponseOptions(None)


async def result_of(world: World, reply: Reply, **changes: object) -> tuple[str, bool]:
    """What is told of a request that is answered like this."""
    await world.define(replace(world.plain("x"), **changes))  # type: ignore[arg-type]  # as given
    world.particle.replies.append(reply)
    world.submit("plain", "1")
    return await world.results.get()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 302])
async def test_success(world: World, status: int) -> None:
    _, is_failed = await result_of(world, Reply(status, headers={"Location": "/elsewhere"}))
    assert not is_failed
    assert world.particle.calls.qsize() == 1


@pytest.mark.parametrize("status", [301, 303, 307, 308])
async def test_a_redirect_is_not_followed(world: World, status: int) -> None:
    reply = Reply(status, headers={"Location": f"{world.particle.url}/elsewhere"})
    result, is_failed = await result_of(world, reply)
    assert is_failed
    assert result.endswith("it sends us elsewhere; expected its right address in `url`")
    assert world.particle.calls.qsize() == 1


async def test_a_page_is_no_reason(world: World) -> None:
    result = await result_of(world, Reply(404, "<html>" + "long " * 99))
    assert result == ("HTTP 404 Not Found", True)


async def test_a_request_says_who_we_are_and_keeps_no_cookies(world: World) -> None:
    await result_of(world, Reply(200, headers={"Set-Cookie": "a=b"}))
    await result_of(world, Reply(200))
    calls = [await world.particle.calls.get() for _ in range(2)]
    assert calls[0].headers["User-Agent"] == f"blynk-gateway/{__version__}"
    assert "Cookie" not in calls[1].headers


async def test_an_answer_becomes_the_value_of_the_pin(world: World) -> None:
    mailbox = Mailbox(10, Overflow.CLOSE)
    world.parts.bus.subscribe(mailbox, origin=None, echo=True)
    result = await result_of(world, Reply(200, "21.5\r\n"), response=SAME)
    assert result == ("HTTP 200 OK, greenhouse/V1 = 21.5", False)
    (change,) = [one for one in mailbox.drain() if isinstance(one, PinChange)]
    assert (change.pin, change.value) == ("V1", ("21.5",))
    assert (change.intent, change.cause, change.depth) == (Intent.COMMAND, 7, 1)
    assert change.origin == (OriginKind.AUTOMATION, "webhook:plain")


async def test_a_part_of_an_answer_becomes_the_value_of_another_pin(world: World) -> None:
    weather = '{"current": {"t": 21.50, "wind": [3, "N"], "is_day": true}}'
    for path, value in (("t", ("21.50",)), ("wind", ("3", "N")), ("is_day", ("1",))):
        response = ResponseOptions(PinAddress("pi", "V7"), ("current", path))
        _, is_failed = await result_of(world, Reply(200, weather), response=response)
        assert not is_failed
        state = world.parts.store.find("pi", "V7")
        assert state is not None
        assert state.value == value


@pytest.mark.parametrize(
    ("body", "response", "reason"),
    [
        (b"\xff", SAME, "the answer is no text; expected UTF-8"),
        (b"x" * 1001, ResponseOptions(None, max_bytes=1000), "has more than 1000 bytes"),
        (b"x" * 1025, SAME, "the value has 1025 bytes; expected at most 1024"),
        (b"a\0b", SAME, "a parameter holds a zero byte"),
        (b"<html>", ResponseOptions(None, ("a",)), "the answer is no JSON: "),
        (b"{}", ResponseOptions(None, ("a",)), "the answer has nothing at 'a'"),
        (b'{"a": {}}', ResponseOptions(None, ("a",)), "an object or a list at 'a'"),
        (b"1", ResponseOptions(PinAddress("gone", "V1")), "no device has the slug 'gone'"),
    ],
)
async def test_an_answer_that_cannot_be_written_is_a_failure(
    world: World, body: bytes, response: ResponseOptions, reason: str
) -> None:
    world.write("before")
    result, is_failed = await result_of(world, Reply(200, body), response=response)
    assert is_failed
    assert result.startswith("HTTP 200 OK, but ")
    assert reason in result
    assert world.value("V1") == ("before",)


async def test_an_answer_for_the_same_pin_needs_one(world: World) -> None:
    await world.define(world.plain("x", response=SAME))
    world.particle.replies.append(Reply(200, "1"))
    answer = await world.sender.test("plain", None)
    assert not answer.is_ok
    assert "the run is about no pin" in answer.result


async def test_a_circle_through_an_answer_ends(world: World) -> None:
    await world.define(world.plain("x", response=SAME))
    world.particle.replies.append(Reply(200, "1"))
    world.sender.submit("plain", world.cause("1", depth=MAX_DEPTH), world.done)
    result, is_failed = await world.results.get()
    assert is_failed
    assert "would be written as effect" in result


async def test_a_number_of_a_text_pin_stays_a_text_in_json(world: World) -> None:
    codes = {"V2": Datastream("V2", "Code", DatastreamType.STRING)}
    world.parts.store.define("greenhouse", codes)
    body = {"v": MixedText(("{value}",)), "n": JsonWord("1.0")}
    await world.define(world.plain("x", json=body))
    world.particle.replies.extend([Reply(200)] * 2)
    world.submit("plain", "007", pin="V1")
    world.submit("plain", "007", pin="V2")
    calls = [await world.particle.calls.get() for _ in range(2)]
    assert [call.body for call in calls] == [b'{"v": 7, "n": 1.0}', b'{"v": "007", "n": 1.0}']
    assert calls[0].headers["Content-Type"] == "application/json"
