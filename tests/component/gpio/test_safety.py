import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config.gpio.common import DrivenOptions, Level
from blynk_gateway.config.gpio.outputs import EnergenieOptions, OutputOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.errors import HardwareError, NotWritable
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.safety import Safety
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


class FakeOutput:
    """Meets `Guarded`."""

    def __init__(
        self,
        safety: Safety,
        name: str = "pump",
        max_on_ms: int | None = None,
        interlock: str | None = None,
        wait_ms: int = 0,
    ) -> None:
        self.safety = safety
        self.options: DrivenOptions = DrivenOptions(
            name=name,
            type="relay",
            pin="V1",
            max_on_ms=max_on_ms,
            interlock=interlock,
            interlock_wait_ms=wait_ms,
        )
        self.is_active = False
        self.is_stuck = False
        self.offs = 0
        safety.join(self)

    def go_off(self, cause: PinChange | None) -> None:
        self.offs += 1
        if not self.is_stuck:
            self.off()

    def on(self) -> None:
        self.is_active = True
        self.safety.is_on(self)

    def off(self) -> None:
        self.is_active = False
        self.safety.is_off(self)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def new(tmp_path: Path) -> Callable[[Clock], tuple[Safety, GpioMemory]]:
    def make(clock: Clock) -> tuple[Safety, GpioMemory]:
        memory = GpioMemory(tmp_path / "gpio.json", clock)
        memory.load()
        return Safety(clock, memory), memory

    return make


@pytest.fixture
def safety(new: Callable[[Clock], tuple[Safety, GpioMemory]], clock: FakeClock) -> Safety:
    return new(clock)[0]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals what is waited for
            await asyncio.sleep(0.002)


async def test_an_output_goes_off_after_its_longest_time(safety: Safety) -> None:
    pump = FakeOutput(safety, max_on_ms=30)
    began_s = asyncio.get_running_loop().time()
    pump.on()
    await until(lambda: not pump.is_active)
    assert asyncio.get_running_loop().time() - began_s >= 0.0299
    assert pump.offs == 1


async def test_on_again_does_not_extend_it(
    new: Callable[[Clock], tuple[Safety, GpioMemory]],
) -> None:
    pump = FakeOutput(new(SystemClock())[0], max_on_ms=100)
    async with asyncio.timeout(PATIENCE_S):
        while not pump.offs:
            pump.on()
            await asyncio.sleep(0.01)


async def test_going_off_in_time_ends_it(safety: Safety) -> None:
    pump = FakeOutput(safety, max_on_ms=20)
    pump.on()
    pump.off()
    await asyncio.sleep(0.05)
    assert pump.offs == 0


async def test_each_time_it_goes_on_it_has_its_whole_time(safety: Safety) -> None:
    pump = FakeOutput(safety, max_on_ms=40)
    pump.on()
    pump.on()
    await asyncio.sleep(0.02)
    pump.off()
    began_s = asyncio.get_running_loop().time()
    pump.on()
    await until(lambda: pump.offs == 1)
    assert asyncio.get_running_loop().time() - began_s >= 0.0399


async def test_an_output_without_a_longest_time_stays_on(safety: Safety) -> None:
    pump = FakeOutput(safety)
    pump.on()
    await asyncio.sleep(0.02)
    assert pump.is_active


async def test_the_time_before_a_crash_counts(
    new: Callable[[Clock], tuple[Safety, GpioMemory]], clock: FakeClock
) -> None:
    first, memory = new(clock)
    FakeOutput(first, max_on_ms=60_000).on()
    await asyncio.to_thread(memory.close)
    clock.advance(59.97)
    second, _ = new(clock)
    pump = FakeOutput(second, max_on_ms=60_000)
    assert not second.is_over(pump.options, Level.LAST, was_on=True)
    pump.on()
    await until(lambda: pump.offs == 1)


@pytest.mark.parametrize(
    ("level", "was_on", "stays_off"),
    [
        (Level.LAST, True, True),
        (Level.LAST, False, True),
        (Level.KEEP, True, True),
        (Level.ON, True, True),
        # It was off for a while: `on_start: on` means that it goes on now.
        (Level.ON, False, False),
    ],
)
async def test_an_output_whose_time_ran_out_unseen_stays_off(
    new: Callable[[Clock], tuple[Safety, GpioMemory]],
    clock: FakeClock,
    level: Level,
    was_on: bool,
    stays_off: bool,
) -> None:
    first, memory = new(clock)
    FakeOutput(first, max_on_ms=60_000).on()
    await asyncio.to_thread(memory.close)
    clock.advance(60)
    second, _ = new(clock)
    pump = FakeOutput(second, max_on_ms=60_000)
    assert second.is_over(pump.options, level, was_on=was_on) is stays_off
    # Either way the old time is over: what is switched on from here on has its whole time.
    pump.on()
    await asyncio.sleep(0.02)
    assert pump.offs == 0
    pump.off()


async def test_a_time_that_is_configured_later_begins_then(
    new: Callable[[Clock], tuple[Safety, GpioMemory]], clock: FakeClock
) -> None:
    first, memory = new(clock)
    FakeOutput(first, max_on_ms=60_000).on()
    await asyncio.to_thread(memory.close)
    clock.advance(100)
    second, memory = new(clock)
    assert not second.is_over(FakeOutput(second).options, Level.LAST, was_on=True)
    assert memory.on_for_ms("pump") is None


async def test_a_closed_output_is_not_told_to_go_off_but_its_time_runs_on(
    new: Callable[[Clock], tuple[Safety, GpioMemory]], clock: FakeClock
) -> None:
    safety, memory = new(clock)
    pump = FakeOutput(safety, max_on_ms=20)
    pump.on()
    safety.part(pump, is_left_on=False)
    await asyncio.sleep(0.04)
    assert pump.offs == 0
    clock.advance(1)
    assert memory.on_for_ms("pump") == 1000


async def test_one_of_a_group_has_the_others_go_off(safety: Safety) -> None:
    up = FakeOutput(safety, "up", interlock="blind")
    down = FakeOutput(safety, "down", interlock="blind")
    lamp = FakeOutput(safety, "lamp", interlock="light")
    up.on()
    lamp.on()
    assert safety.is_taken(down.options)
    assert safety.make_way(down.options, None) == 0
    assert (up.is_active, lamp.is_active) == (False, True)
    assert not safety.is_taken(down.options)


async def test_outputs_without_a_group_are_nobodys_business(safety: Safety) -> None:
    one, two = FakeOutput(safety, "one"), FakeOutput(safety, "two")
    one.on()
    assert not safety.is_taken(two.options)
    assert safety.make_way(two.options, None) == 0
    assert one.is_active


async def test_the_pause_counts_from_when_the_other_went_off(
    safety: Safety, clock: FakeClock
) -> None:
    up = FakeOutput(safety, "up", interlock="blind", wait_ms=500)
    down = FakeOutput(safety, "down", interlock="blind", wait_ms=500)
    clock.advance(60)
    up.on()
    clock.advance(60)
    assert safety.make_way(down.options, None) == pytest.approx(0.5)
    clock.advance(0.2)
    assert safety.make_way(down.options, None) == pytest.approx(0.3)
    clock.advance(0.3)
    assert safety.make_way(down.options, None) == pytest.approx(0, abs=1e-6)
    # And it is no pause between an output and itself.
    clock.advance(0.1)
    assert safety.make_way(up.options, None) == 0


async def test_the_pause_holds_where_the_other_went_off_by_itself(
    safety: Safety, clock: FakeClock
) -> None:
    up = FakeOutput(safety, "up", interlock="blind")
    down = FakeOutput(safety, "down", interlock="blind", wait_ms=500)
    clock.advance(60)
    up.on()
    up.off()
    clock.advance(0.1)
    assert safety.make_way(down.options, None) == pytest.approx(0.4)
    # Hardware that needs a pause needs it in both directions.
    clock.advance(60)
    down.on()
    assert safety.make_way(up.options, None) == pytest.approx(0.5)


async def test_one_that_only_waited_does_not_make_others_wait(
    safety: Safety, clock: FakeClock
) -> None:
    up = FakeOutput(safety, "up", interlock="blind", wait_ms=500)
    down = FakeOutput(safety, "down", interlock="blind", wait_ms=500)
    clock.advance(60)
    up.is_active = True
    assert safety.make_way(down.options, None) == 0
    assert not up.is_active


async def test_nothing_goes_on_while_another_is_stuck(safety: Safety) -> None:
    up = FakeOutput(safety, "up", interlock="blind")
    down = FakeOutput(safety, "down", interlock="blind")
    up.on()
    up.is_stuck = True
    with pytest.raises(HardwareError, match="up did not go off; expected it to, before down"):
        safety.make_way(down.options, None)


async def test_one_that_was_left_on_keeps_its_group_taken_until_it_is_back(
    safety: Safety,
) -> None:
    up = FakeOutput(safety, "up", interlock="blind")
    down = FakeOutput(safety, "down", interlock="blind")
    up.on()
    safety.part(up, is_left_on=True)
    assert safety.is_taken(down.options)
    assert not safety.is_taken(up.options)
    FakeOutput(safety, "up", interlock="blind")
    assert not safety.is_taken(down.options)


async def test_nothing_goes_on_beside_one_that_was_left_on(safety: Safety) -> None:
    up = FakeOutput(safety, "up", interlock="blind")
    down = FakeOutput(safety, "down", interlock="blind")
    up.on()
    safety.part(up, is_left_on=True)
    with pytest.raises(NotWritable, match="up of the same interlock 'blind' was left on"):
        safety.make_way(down.options, None)


@pytest.mark.parametrize("interlock", [None, "other"])
async def test_one_that_left_its_group_does_not_keep_it_taken(
    safety: Safety, interlock: str | None
) -> None:
    up = FakeOutput(safety, "up", interlock="blind")
    down = FakeOutput(safety, "down", interlock="blind")
    up.on()
    safety.part(up, is_left_on=True)
    FakeOutput(safety, "up", interlock=interlock)
    assert not safety.is_taken(down.options)


async def test_one_that_was_left_on_is_back_under_another_name(safety: Safety) -> None:
    up, renamed = (
        OutputOptions(name=name, type="relay", pin="V1", line=17, interlock="blind")
        for name in ("up", "upward")
    )
    one, other = FakeOutput(safety), FakeOutput(safety)
    one.options, other.options = up, renamed
    safety.join(one)
    safety.part(one, is_left_on=True)
    assert not safety.is_taken(renamed)
    safety.join(other)
    down = FakeOutput(safety, "down", interlock="blind")
    assert not safety.is_taken(down.options)


async def test_a_socket_is_not_another_one_of_the_same_board(safety: Safety) -> None:
    one, other = (
        EnergenieOptions(name=f"s{n}", type="energenie", pin="V1", socket=n, interlock="heat")
        for n in (1, 2)
    )
    first, second = FakeOutput(safety), FakeOutput(safety)
    first.options, second.options = one, other
    safety.join(first)
    safety.part(first, is_left_on=True)
    safety.join(second)
    assert safety.is_taken(other)
