"""A gateway above another one, as processes: values go up, commands come down, and breaks."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bench.crash_load import current_values
from bench.upstream_world import (
    ABOVE_TOKENS,
    BELOW_TOKENS,
    OWN_SET_POINT,
    SET_POINT,
    SHARED,
    Device,
    World,
    ask,
    config_above,
    config_below,
    put,
    world,
)
from tests.helpers.bench import eventually
from tests.helpers.fault_proxy import Way
from tests.helpers.processes import GatewayProcess

IDLE_S = 1.0
LIVE_MS = 1000
"""A live value may take so long on a busy test machine."""


@pytest.fixture
async def the(tmp_path: Path) -> AsyncIterator[World]:
    # Pings would come within an idle second.
    async with world(tmp_path, heartbeat="60s") as found:
        await found.settled()
        yield found


async def above(the: World, slug: str, pin: str) -> list[str] | None:
    return (await current_values(the.above.control_path, slug)).get(pin)


async def below(the: World, slug: str, pin: str) -> list[str] | None:
    return (await current_values(the.below.control_path, slug)).get(pin)


async def points(gateway: GatewayProcess, slug: str, pin: str) -> list[list[Any]]:
    """Time and value of every point of a pin, oldest first."""
    answer = await ask(gateway.control_path, f"/api/v1/history/{slug}/{pin}?from=-1h&step=0")
    found: list[list[Any]] = answer["points"]
    return found


async def write(the: World, slug: str, **values: str) -> None:
    """Write pins as a device below."""
    async with Device(the.below.port, BELOW_TOKENS[slug]) as device:
        for pin, value in values.items():
            device.write(pin, value)
        await device.fence()


async def assert_idle(the: World) -> None:
    """Nothing is said any more: what came down does not go up again."""
    await the.settled()
    # The last commit, and what follows from it.
    await asyncio.sleep(IDLE_S / 2)
    before = dict(the.proxy.total)
    await asyncio.sleep(IDLE_S)
    assert the.proxy.total == before


async def test_values_go_up_under_their_names_there_and_commands_come_down(the: World) -> None:
    await write(the, "plant", V1="d1", V2="d2", V3="d3")
    await write(the, "shed", V2="d4")
    await eventually(lambda: above(the, "plant", "V13"), ["d3"])
    await eventually(lambda: above(the, "plant", "V1"), ["d1"])
    await eventually(lambda: above(the, "both", "V1"), ["d2"])
    await eventually(lambda: above(the, "both", "V2"), ["d4"])
    assert await above(the, "plant", "V3") is None

    async with Device(the.below.port, BELOW_TOKENS["plant"]) as device:
        await put(the.above.port, ABOVE_TOKENS["plant"], "V13", "a5")
        await eventually(lambda: below(the, "plant", "V3"), ["a5"])
        assert await device.next_write() == ("V3", "a5")
        # To a pin of two mappings: the other server's device hears of it as of any change.
        await put(the.above.port, ABOVE_TOKENS["both"], "V1", "a6")
        assert await device.next_write() == ("V2", "a6")
        await eventually(lambda: above(the, "plant", "V2"), ["a6"])
    await assert_idle(the)


async def test_live_values_go_up_each_with_the_time_of_its_arrival(the: World) -> None:
    async with Device(the.below.port, BELOW_TOKENS["plant"]) as device:
        for number in range(50):
            device.write("V1", f"d{number}")
            await device.fence()
    await the.settled()
    here, there = await points(the.below, "plant", "V1"), await points(the.above, "plant", "V1")
    assert [value for _, value in there] == [f"d{number}" for number in range(50)]
    assert all(0 <= at - was <= LIVE_MS for (was, _), (at, _) in zip(here, there, strict=True))


async def test_outage_costs_no_point_and_leaves_the_latest_value_standing(the: World) -> None:
    the.proxy.refuse()
    the.proxy.cut()
    async with Device(the.below.port, BELOW_TOKENS["plant"]) as device:
        for number in range(100):
            device.write("V1", f"d{number}")
            device.write("V3", f"d{number}")
            await device.fence()
    await put(the.below.port, BELOW_TOKENS["plant"], OWN_SET_POINT, "p1")
    before_ms = time.time() * 1000
    await the.proxy.accept()
    await the.settled()
    for pin, remote in (("V1", "V1"), ("V3", "V13")):
        here, there = (
            await points(the.below, "plant", pin),
            await points(the.above, "plant", remote),
        )
        missing = [point for point in here if point not in there]
        # The last one was told as what is so now.
        assert missing in ([], [here[-1]])
        new = [value for at_ms, value in there if at_ms >= before_ms]
        assert new == ["d99"]
    assert await above(the, "plant", OWN_SET_POINT) == ["p1"]
    await assert_idle(the)


async def test_break_is_settled_by_who_has_the_say(the: World) -> None:
    pins = (SET_POINT, OWN_SET_POINT, SHARED)
    for pin in pins:
        await put(the.below.port, BELOW_TOKENS["plant"], pin, "p0")
    await the.settled()
    the.proxy.refuse()
    the.proxy.cut()
    # `newest`: only one side changed it.
    await put(the.above.port, ABOVE_TOKENS["plant"], SHARED, "a3")
    await put(the.below.port, BELOW_TOKENS["shed"], SHARED, "p3")
    for pin in (SET_POINT, OWN_SET_POINT):
        await put(the.below.port, BELOW_TOKENS["plant"], pin, "p1")
        await put(the.above.port, ABOVE_TOKENS["plant"], pin, "a1")
    await the.proxy.accept()
    await the.settled()
    values = {pin: await above(the, "plant", pin) for pin in pins}
    assert values == {SET_POINT: ["a1"], OWN_SET_POINT: ["p1"], SHARED: ["a3"]}
    assert await above(the, "shed", SHARED) == ["p3"]
    # Who lost is in the history nonetheless.
    assert "p1" in [value for _, value in await points(the.above, "plant", SET_POINT)]
    await assert_idle(the)


async def test_both_sides_at_once_end_alike_and_silent(the: World) -> None:
    for number in range(20):
        for pin in (SET_POINT, OWN_SET_POINT, SHARED):
            await asyncio.gather(
                put(the.below.port, BELOW_TOKENS["plant"], pin, f"p{number}"),
                put(the.above.port, ABOVE_TOKENS["plant"], pin, f"a{number}"),
            )
    # Whoever crossed on the way is settled by the next connection at the latest.
    the.proxy.cut()
    await assert_idle(the)


async def test_messages_that_are_carried_twice_do_no_harm(the: World) -> None:
    for number in range(20):
        the.proxy.duplicate_frames(Way.UP)
        the.proxy.duplicate_frames(Way.DOWN)
        await write(the, "plant", V1=f"d{number}", V3=f"d{number}")
        await put(the.above.port, ABOVE_TOKENS["plant"], SET_POINT, f"a{number}")
    await eventually(lambda: below(the, "plant", SET_POINT), ["a19"])
    await assert_idle(the)
    found = [value for _, value in await points(the.above, "plant", "V1")]
    assert list(dict.fromkeys(found)) == [f"d{number}" for number in range(20)]
    assert the.proxy.accepted == len(the.slugs)


async def test_several_servers_above_and_each_is_on_its_own(tmp_path: Path) -> None:
    async with world(tmp_path / "first") as the:
        other_place = tmp_path / "other"
        other_place.mkdir()
        async with GatewayProcess(other_place, config_above()) as other:
            config = config_below(the.proxy.port)
            second = config_below(other.port, ["plant"])["upstream"]["above"]
            config["upstream"]["second"] = second
            the.below.write_config(config)
            the.below.reload()
            await the.settled()
            the.proxy.stall()
            await write(the, "plant", V1="d1")

            async def at_other(pin: str) -> list[str] | None:
                return (await current_values(other.control_path, "plant")).get(pin)

            await eventually(lambda: at_other("V1"), ["d1"])
            # What comes from one server goes up to the other.
            await put(other.port, ABOVE_TOKENS["plant"], SET_POINT, "a2")
            await eventually(lambda: below(the, "plant", SET_POINT), ["a2"])
            assert await above(the, "plant", "V1") is None
            await the.proxy.heal()
            await the.settled()
            assert await above(the, "plant", SET_POINT) == ["a2"]
