import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from blynk_gateway.gpio.outputs.effect_runner import EffectRunner, _fade
from blynk_gateway.gpio.outputs.levels import Levels
from tests.helpers.patience import PATIENCE_S

ON = (1.0,)
OFF = (0.0,)


class Lamp:
    """What a runner drives, with the time of each level in seconds."""

    def __init__(self) -> None:
        self.levels: list[Levels] = []
        self.times: list[float] = []
        self.ended: list[Levels] = []
        self.over = asyncio.Event()
        self.runner = EffectRunner(self.drive, self.end)

    def drive(self, levels: Levels) -> None:
        self.levels.append(levels)
        self.times.append(asyncio.get_running_loop().time())

    def end(self, levels: Levels) -> None:
        assert not self.runner.is_running
        self.ended.append(levels)
        self.over.set()


@pytest.fixture
async def lamp() -> Lamp:
    return Lamp()


async def test_a_blink_with_a_count_ends_off(lamp: Lamp) -> None:
    lamp.runner.blink(ON, OFF, 10, 10, 3)
    assert lamp.levels == [ON]
    assert lamp.runner.is_running
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    assert lamp.levels == [ON, OFF] * 3
    assert lamp.ended == [OFF]


async def test_a_blink_without_a_count_goes_on_until_it_is_cancelled(lamp: Lamp) -> None:
    lamp.runner.blink(ON, OFF, 10, 10, 0)
    async with asyncio.timeout(PATIENCE_S):
        while len(lamp.levels) < 7:  # noqa: ASYNC110  nothing signals a step
            await asyncio.sleep(0.005)
    lamp.runner.cancel()
    count = len(lamp.levels)
    assert lamp.levels == ([ON, OFF] * count)[:count]
    await asyncio.sleep(0.05)
    assert len(lamp.levels) == count
    assert not lamp.ended


async def test_on_and_off_last_as_long_as_was_said(lamp: Lamp) -> None:
    lamp.runner.blink(ON, OFF, 60, 20, 2)
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    on, off = lamp.times[1] - lamp.times[0], lamp.times[2] - lamp.times[1]
    # Whatever else the machine does, neither is shorter: a relay gets its whole time.
    assert on >= 0.0599
    assert off >= 0.0199


async def test_a_pulse_goes_on_and_off_once(lamp: Lamp) -> None:
    lamp.runner.pulse(ON, OFF, 10)
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    assert lamp.levels == [ON, OFF]
    assert lamp.ended == [OFF]
    assert lamp.times[1] - lamp.times[0] >= 0.0099


async def test_a_fade_goes_evenly_and_ends_at_its_target(lamp: Lamp) -> None:
    lamp.runner.fade((0.0, 90.0), (100.0, 0.0), 100)
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    assert lamp.levels[0] == (0.0, 90.0)
    assert lamp.levels[-1] == (100.0, 0.0)
    assert lamp.ended == [(100.0, 0.0)]
    steps = [b[0] - a[0] for a, b in zip(lamp.levels, lamp.levels[1:], strict=False)]
    assert steps == pytest.approx([20.0] * 5)
    assert lamp.times[-1] - lamp.times[0] >= 0.0999


async def test_a_fade_that_was_held_up_catches_up(
    lamp: Lamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    plan, due_s = loop.call_at, list[float]()

    def planned(when: float, callback: Callable[..., object], *rest: Any) -> asyncio.TimerHandle:  # noqa: ANN401  of any type
        if callback == lamp.runner._step:
            due_s.append(when)
        return plan(when, callback, *rest)

    monkeypatch.setattr(loop, "call_at", planned)
    began_s = loop.time()
    lamp.runner.fade((0.0,), (1.0,), 100)
    while loop.time() < began_s + 0.1:
        pass  # the loop is busy with something else
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    # All five that follow were due; none of them waits for its turn again.
    assert len(due_s) == 5
    assert due_s[-1] - due_s[0] == pytest.approx(0.08)


async def test_a_blink_that_was_held_up_is_no_shorter(lamp: Lamp) -> None:
    began_s = asyncio.get_running_loop().time()
    lamp.runner.blink(ON, OFF, 10, 50, 2)
    while asyncio.get_running_loop().time() < began_s + 0.05:
        pass  # the loop is busy with something else
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    assert lamp.times[2] - lamp.times[1] >= 0.0499


async def test_a_fade_of_a_day_takes_a_thousand_steps() -> None:
    assert len(list(_fade(OFF, ON, 86_400))) == 1001
    assert len(list(_fade(OFF, ON, 0.01))) == 2


async def test_a_new_effect_replaces_the_old_one(lamp: Lamp) -> None:
    lamp.runner.blink(ON, OFF, 10, 10, 0)
    lamp.runner.pulse((0.5,), OFF, 10)
    async with asyncio.timeout(PATIENCE_S):
        await lamp.over.wait()
    assert lamp.levels == [ON, (0.5,), OFF]


async def test_nothing_runs_if_the_first_level_cannot_be_driven() -> None:
    def refuse(levels: Levels) -> None:
        raise OSError("no such line")

    runner = EffectRunner(refuse, lambda levels: None)
    with pytest.raises(OSError, match="no such line"):
        runner.blink(ON, OFF, 10, 10, 0)
    assert not runner.is_running


async def test_whoever_drives_may_cancel() -> None:
    seen: list[Levels] = []

    def drive(levels: Levels) -> None:
        seen.append(levels)
        if levels == OFF:
            runner.cancel()

    runner = EffectRunner(drive, lambda levels: None)
    runner.blink(ON, OFF, 10, 10, 0)
    async with asyncio.timeout(PATIENCE_S):
        while runner.is_running:  # noqa: ASYNC110  nothing signals a cancel
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.03)
    assert seen == [ON, OFF]


async def test_a_runner_without_an_effect_can_be_cancelled(lamp: Lamp) -> None:
    lamp.runner.cancel()
    assert not lamp.runner.is_running
