import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import DrivenOptions, Level, Range
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError, InvalidValue, NotWritable
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import Levels, parse_levels
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig
from tests.helpers.patience import PATIENCE_S

FULL = Range(0, 255)


class Wires:
    """What several outputs did, in one history, and whether they still can."""

    def __init__(self) -> None:
        self.history: list[tuple[str, str, Levels]] = []
        self.present: Levels | None = None
        self.broken: set[str] = set()

    def did(self, name: str, what: str, levels: Levels) -> None:
        if name in self.broken:
            raise OSError(f"{name} burnt down")
        self.history.append((name, what, levels))

    def levels(self, name: str = "pump") -> list[float]:
        """What an output was driven to, in order."""
        return [levels[0] for who, what, levels in self.history if who == name and levels]

    def words(self, name: str = "pump") -> list[str]:
        return [what for who, what, _ in self.history if who == name]

    def assert_never_both(self) -> None:
        on: set[str] = set()
        for name, _, levels in self.history:
            if levels:
                (on.add if levels[0] else on.discard)(name)
            assert len(on) <= 1, self.history


class Dimmer(DrivenPeripheral[DrivenOptions]):
    """An output in memory, 0 to 255."""

    off = (0.0,)
    on = (255.0,)

    def __init__(self, options: DrivenOptions, rig: Rig, safety: Safety, wires: Wires) -> None:
        super().__init__(options, rig.host, safety)
        self.wires = wires
        self.reads: Levels | None = None

    def _claim(self, levels: Levels) -> None:
        self.wires.did(self.options.name, "claim", levels)

    def _drive(self, levels: Levels) -> None:
        self.wires.did(self.options.name, "drive", levels)

    def _release(self) -> None:
        self.wires.history.append((self.options.name, "release", ()))

    def _leave(self) -> None:
        self.wires.history.append((self.options.name, "leave", ()))

    def _parse(self, value: PinValue) -> Levels:
        return parse_levels(self.options.pin, value, FULL, 1)

    def _present(self) -> Levels | None:
        return self.wires.present

    def _read(self) -> Levels | None:
        if self.reads == (-1.0,):
            raise OSError("not even readable")
        return self.reads


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


class Bench:
    """Makes outputs that share wires and safety."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.folder = folder
        self.wires = Wires()
        self.memory = self.new_memory()
        self.safety = Safety(rig.clock, self.memory)
        self.outputs: list[Dimmer] = []

    def new_memory(self) -> GpioMemory:
        memory = GpioMemory(self.folder / "gpio.json", self.rig.clock)
        memory.load()
        return memory

    async def die(self) -> None:
        """Have the next outputs be those of another process."""
        await asyncio.to_thread(self.memory.close)
        for output in self.outputs:
            output._cancel()
            self.safety._stop_timer(output.options.name)
        self.memory = self.new_memory()
        self.safety = Safety(self.rig.clock, self.memory)

    def output(self, name: str = "pump", pin: str = "V1", **options: object) -> Dimmer:
        given: dict[str, Any] = {"name": name, "type": "pwm", "pin": pin, **options}
        output = Dimmer(DrivenOptions(**given), self.rig, self.safety, self.wires)
        self.outputs.append(output)
        return output

    def opened(self, name: str = "pump", pin: str = "V1", **options: object) -> Dimmer:
        output = self.output(name, pin, **options)
        output.open(Opening.START)
        return output


@pytest.fixture
async def bench(rig: Rig, tmp_path: Path) -> Bench:
    return Bench(rig, tmp_path)


# How it begins.


@pytest.mark.parametrize(
    ("level", "first"),
    [(Level.OFF, 0.0), (Level.ON, 255.0), (Level.LAST, 77.0), (Level.KEEP, 99.0)],
)
@pytest.mark.parametrize("opening", list(Opening))
async def test_an_output_begins_as_its_policy_says(
    rig: Rig, bench: Bench, level: Level, first: float, opening: Opening
) -> None:
    rig.command("V1", "77")
    bench.wires.present = (99.0,)
    bench.output(on_start=level).open(opening)
    # Claimed at this level, not driven to it afterwards.
    assert bench.wires.history == [("pump", "claim", (first,))]
    assert rig.value("V1") == (str(int(first)),)


@pytest.mark.parametrize(
    ("level", "first"),
    [(Level.OFF, 0.0), (Level.ON, 255.0), (Level.LAST, 77.0), (Level.KEEP, 99.0)],
)
async def test_after_a_crash_its_own_policy_counts(
    rig: Rig, bench: Bench, level: Level, first: float
) -> None:
    rig.command("V1", "77")
    bench.wires.present = (99.0,)
    start = Level.ON if level is Level.OFF else Level.OFF
    bench.output(on_start=start, on_crash=level).open(Opening.CRASH)
    assert bench.wires.levels() == [first]
    bench.wires.history.clear()
    bench.output(on_start=start, on_crash=level).open(Opening.START)
    assert bench.wires.levels() == [255.0 if start is Level.ON else 0.0]


@pytest.mark.parametrize("value", [(), ("blink",), ("300",), ("x",), ("1", "2")])
async def test_a_last_value_that_is_no_level_is_off(
    rig: Rig, bench: Bench, value: tuple[str, ...]
) -> None:
    if value:
        rig.command("V1", *value)
    bench.opened(on_start=Level.LAST)
    assert bench.wires.levels() == [0.0]
    assert rig.value("V1") == ("0",)


async def test_a_line_that_tells_nothing_is_kept_off(bench: Bench) -> None:
    bench.opened(on_start=Level.KEEP)
    assert bench.wires.levels() == [0.0]


async def test_a_level_is_reported_at_the_start_only_if_it_is_news(rig: Rig, bench: Bench) -> None:
    rig.command("V1", "77.0")
    bench.opened(on_start=Level.LAST)
    assert rig.reports("V1") == []
    bench.opened("lamp", "V2", on_start=Level.OFF)
    assert rig.values("V2") == ["0"]


async def test_a_claim_that_fails_says_so_and_can_be_tried_again(rig: Rig, bench: Bench) -> None:
    pump = bench.output()
    nothing: PinValue = ()
    bench.wires.broken.add("pump")
    with pytest.raises(OSError, match="burnt down"):
        pump.open(Opening.START)
    assert pump.actual == nothing
    assert rig.reports("V1") == []
    await pump.close()
    bench.wires.broken.clear()
    pump.open(Opening.START)
    assert pump.actual == ("0",)


# How it obeys.


async def test_a_command_is_driven_and_says_nothing_more(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    before = len(rig.reports("V1"))
    pump.command(rig.command("V1", "128.0"))
    assert bench.wires.levels() == [0.0, 128.0]
    assert pump.actual == ("128",)
    assert len(rig.reports("V1")) == before


@pytest.mark.parametrize("value", [("256",), ("x",), ("1", "2"), ("blink", "1"), ("fade", "256")])
async def test_nonsense_is_refused_and_changes_nothing(
    rig: Rig, bench: Bench, value: tuple[str, ...]
) -> None:
    pump = bench.opened()
    with pytest.raises(InvalidValue):
        pump.command(rig.command("V1", *value))
    assert bench.wires.levels() == [0.0]


async def test_an_effect_that_it_does_not_know_is_refused(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    pump.effects = frozenset()
    with pytest.raises(InvalidValue, match="V1 was given toggle; expected no effect"):
        pump.command(rig.command("V1", "toggle"))


async def test_a_closed_output_takes_no_command(rig: Rig, bench: Bench) -> None:
    with pytest.raises(HardwareError, match="pump is closed"):
        bench.output().command(rig.command("V1", "1"))


async def test_a_drive_that_fails_is_reported_as_the_level_before(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    change = rig.command("V1", "128")
    bench.wires.broken.add("pump")
    with pytest.raises(OSError, match="burnt down"):
        pump.command(change)
    report = rig.reports("V1")[-1]
    assert (report.value, report.cause) == (("0",), change.seq)
    assert pump.actual == ("0",)


async def test_a_drive_that_fails_is_reported_as_the_level_that_can_be_read(
    rig: Rig, bench: Bench
) -> None:
    pump = bench.opened()
    pump.reads = (64.0,)
    bench.wires.broken.add("pump")
    with pytest.raises(OSError, match="burnt down"):
        pump.command(rig.command("V1", "128"))
    assert rig.value("V1") == ("64",)


async def test_hardware_that_cannot_even_be_read_does_what_it_did(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    pump.reads = (-1.0,)
    assert pump.actual == ("0",)


# Effects.


async def test_toggle_goes_off_and_comes_back_to_where_it_was(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    values: list[PinValue] = []
    for value in ("toggle", "toggle", "90", "toggle", "toggle"):
        pump.command(rig.command("V1", value))
        values.append(rig.value("V1"))
    assert bench.wires.levels() == [0, 255, 0, 90, 0, 90]
    assert values == [("255",), ("0",), ("90",), ("0",), ("90",)]


async def test_toggle_reports_its_number_with_its_cause(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    change = rig.command("V1", "toggle")
    pump.command(change)
    report = rig.reports("V1")[-1]
    assert (report.value, report.cause) == (("255",), change.seq)


async def test_a_blink_reports_its_begin_and_its_end_and_nothing_between(
    rig: Rig, bench: Bench
) -> None:
    pump = bench.opened()
    change = rig.command("V1", "blink", "10", "10", "3")
    pump.command(change)
    assert rig.value("V1") == ("255",)
    await rig.reached(lambda: not pump.is_active)
    assert bench.wires.levels() == [0, 255, 0, 255, 0, 255, 0]
    assert [(one.value, one.cause) for one in rig.reports("V1")[1:]] == [
        (("255",), change.seq),
        (("0",), change.seq),
    ]


async def test_an_endless_blink_ends_with_the_next_command(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    pump.command(rig.command("V1", "blink", "10"))
    await rig.reached(lambda: len(bench.wires.levels()) > 4)
    pump.command(rig.command("V1", "30"))
    count = len(bench.wires.levels())
    await asyncio.sleep(0.04)
    assert len(bench.wires.levels()) == count
    assert bench.wires.levels()[-1] == 30
    assert rig.value("V1") == ("30",)


async def test_a_pulse_is_on_for_so_long_and_then_off(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(on_start=Level.ON)
    pump.command(rig.command("V1", "pulse", "20"))
    assert rig.value("V1") == ("255",)
    await rig.reached(lambda: rig.value("V1") == ("0",))
    assert bench.wires.levels() == [255, 255, 0]


async def test_a_fade_ends_at_its_target_and_says_so(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    change = rig.command("V1", "fade", "200", "60")
    pump.command(change)
    assert rig.value("V1") == ("0",)
    await rig.reached(lambda: rig.value("V1") == ("200",))
    assert bench.wires.levels() == sorted(bench.wires.levels())
    assert len(bench.wires.levels()) == 5
    assert rig.reports("V1")[-1].cause == change.seq
    pump.command(rig.command("V1", "fade", "0", "20"))
    await rig.reached(lambda: rig.value("V1") == ("0",))
    # Toggle comes back to where it was before the fade.
    pump.command(rig.command("V1", "toggle"))
    assert rig.value("V1") == ("200",)


async def test_a_fade_of_something_off_to_off_is_over_at_once(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    pump.command(rig.command("V1", "fade", "0", "10000"))
    assert not pump.is_active
    assert rig.value("V1") == ("0",)


async def test_toggle_during_a_blink_goes_off_in_either_half(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    for half in (0, 255):
        pump.command(rig.command("V1", "blink", "10", "10"))
        await rig.reached(lambda half=half: bench.wires.levels()[-1] == half)  # type: ignore[misc]
        pump.command(rig.command("V1", "toggle"))
        assert not pump.is_active
        assert rig.value("V1") == ("0",)


async def test_an_effect_that_cannot_begin_is_refused(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    bench.wires.broken.add("pump")
    with pytest.raises(OSError, match="burnt down"):
        pump.command(rig.command("V1", "blink"))
    assert rig.value("V1") == ("0",)
    assert not pump.is_active
    assert rig.failures == []


async def test_an_effect_that_fails_on_its_way_ends_with_a_failure(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    change = rig.command("V1", "blink", "10")
    pump.command(change)
    bench.wires.broken.add("pump")
    await rig.reached(lambda: bool(rig.failures))
    [(name, error)] = rig.failures
    assert (name, str(error)) == ("pump", "pump burnt down")
    assert (rig.reports("V1")[-1].value, rig.reports("V1")[-1].cause) == (("255",), change.seq)
    await asyncio.sleep(0.03)
    assert len(rig.failures) == 1


# How it ends.


@pytest.mark.parametrize(
    ("level", "words", "last"),
    [
        (Level.OFF, ["claim", "drive", "release"], 0.0),
        (Level.ON, ["claim", "drive", "leave"], 255.0),
        (Level.KEEP, ["claim", "leave"], 77.0),
    ],
)
async def test_a_stop_leaves_the_level_that_was_asked_for(
    rig: Rig, bench: Bench, level: Level, words: list[str], last: float
) -> None:
    rig.command("V1", "77")
    pump = bench.opened(on_start=Level.LAST, on_stop=level)
    await pump.close()
    await pump.close()
    assert bench.wires.words() == words
    assert bench.wires.levels()[-1] == last
    assert pump.actual == ()
    # So that `last` knows at the next start.
    assert rig.value("V1") == ("77",)


async def test_a_stop_ends_an_effect(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    pump.command(rig.command("V1", "blink", "10"))
    await pump.close()
    count = len(bench.wires.history)
    await asyncio.sleep(0.03)
    assert len(bench.wires.history) == count


async def test_hardware_that_does_not_go_off_is_given_up_nevertheless(bench: Bench) -> None:
    pump = bench.opened()
    bench.wires.broken.add("pump")
    with pytest.raises(OSError, match="burnt down"):
        await pump.close()
    assert bench.wires.words()[-1] == "release"
    await pump.close()


# max_on.


async def test_an_output_goes_off_after_its_longest_time_and_says_so(
    rig: Rig, bench: Bench
) -> None:
    pump = bench.opened(max_on_ms=40)
    pump.command(rig.command("V1", "128"))
    await rig.reached(lambda: rig.value("V1") == ("0",))
    assert bench.wires.levels() == [0, 128, 0]
    assert bench.memory.on_for_ms("pump") is None


async def test_other_levels_do_not_extend_it(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(max_on_ms=80)
    level = 0
    while not level or pump.is_active:
        level += 1
        assert level < 250
        pump.command(rig.command("V1", str(level)))
        await asyncio.sleep(0.005)


async def test_a_blink_as_a_whole_has_a_longest_time(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(max_on_ms=3000)
    pump.command(rig.command("V1", "blink", "10", "10"))
    await rig.reached(lambda: len(bench.wires.levels()) > 3)
    assert pump.is_active
    await rig.reached(lambda: not pump.is_active)
    assert rig.value("V1") == ("0",)
    await asyncio.sleep(0.03)
    assert bench.wires.levels()[-1] == 0


@pytest.mark.parametrize(
    ("passed_s", "first"), [(59.97, 128.0), (60.0, 0.0)], ids=["not yet over", "over"]
)
async def test_the_longest_time_holds_over_a_crash(
    tmp_path: Path, passed_s: float, first: float
) -> None:
    with Rig() as rig:
        bench = Bench(rig, tmp_path)
        bench.opened(max_on_ms=60_000, on_start=Level.LAST).command(rig.command("V1", "128"))
        rig.advance(passed_s)
        await bench.die()
        bench.output(max_on_ms=60_000, on_start=Level.LAST).open(Opening.CRASH)
        assert bench.wires.levels()[-1] == first
        # What is left of it passes in real time.
        await rig.reached(lambda: rig.value("V1") == ("0",))


async def test_after_a_crash_on_goes_on_and_does_not_begin_anew(tmp_path: Path) -> None:
    with Rig() as rig:
        bench = Bench(rig, tmp_path)
        bench.opened(max_on_ms=60_000, on_start=Level.ON)
        rig.advance(60)
        await bench.die()
        bench.output(max_on_ms=60_000, on_start=Level.ON).open(Opening.CRASH)
        assert bench.wires.levels() == [255, 0]
        assert rig.value("V1") == ("0",)


async def test_the_longest_time_holds_over_restarts(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(max_on_ms=80, on_start=Level.LAST)
    pump.command(rig.command("V1", "128"))
    async with asyncio.timeout(PATIENCE_S):
        while bench.outputs[-1].is_active:
            await bench.outputs[-1].close()
            await bench.die()
            bench.opened(max_on_ms=80, on_start=Level.LAST)
            await asyncio.sleep(0.01)
    assert rig.value("V1") == ("0",)


async def test_a_stop_that_switches_on_begins_the_time(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(max_on_ms=30, on_start=Level.KEEP, on_stop=Level.ON)
    await pump.close()
    await asyncio.sleep(0.04)
    await bench.die()
    bench.wires.present = (255.0,)
    bench.opened(max_on_ms=30, on_start=Level.KEEP, on_stop=Level.ON)
    assert bench.wires.levels()[-1] == 0


async def test_an_output_that_does_not_go_off_in_time_is_a_failure(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(max_on_ms=20)
    pump.command(rig.command("V1", "128"))
    bench.wires.broken.add("pump")
    await rig.reached(lambda: bool(rig.failures))
    assert rig.reports("V1")[-1].value == ("128",)


# Interlocks.


async def test_one_of_a_group_goes_on_after_the_other_went_off(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind")
    down = bench.opened("down", "V2", interlock="blind")
    up.command(rig.command("V1", "255"))
    change = rig.command("V2", "255")
    down.command(change)
    assert bench.wires.history[-2:] == [("up", "drive", (0.0,)), ("down", "drive", (255.0,))]
    report = rig.reports("V1")[-1]
    assert (report.value, report.cause) == (("0",), change.seq)
    bench.wires.assert_never_both()


async def test_the_pause_is_kept(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind", interlock_wait_ms=50)
    down = bench.opened("down", "V2", interlock="blind", interlock_wait_ms=50)
    up.command(rig.command("V1", "255"))
    await rig.reached(lambda: up.actual == ("255",))
    off_s = rig.clock.monotonic()
    down.command(rig.command("V2", "255"))
    assert down.actual == ("0",)
    # The same again does not prolong it.
    down.command(rig.command("V2", "255"))
    await rig.reached(lambda: down.actual == ("255",))
    assert rig.clock.monotonic() - off_s >= 0.0499
    assert rig.value("V2") == ("255",)
    bench.wires.assert_never_both()


async def test_a_newer_command_for_another_wins_during_the_pause(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind", interlock_wait_ms=40)
    down = bench.opened("down", "V2", interlock="blind", interlock_wait_ms=40)
    up.command(rig.command("V1", "255"))
    await rig.reached(lambda: up.actual == ("255",))
    down.command(rig.command("V2", "255"))
    up.command(rig.command("V1", "255"))
    assert rig.value("V2") == ("0",)
    await rig.reached(lambda: up.actual == ("255",))
    await asyncio.sleep(0.06)
    assert down.actual == ("0",)
    bench.wires.assert_never_both()


async def test_a_newer_off_wins_during_the_pause(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind", interlock_wait_ms=30)
    down = bench.opened("down", "V2", interlock="blind", interlock_wait_ms=30)
    up.command(rig.command("V1", "255"))
    await rig.reached(lambda: up.actual == ("255",))
    down.command(rig.command("V2", "255"))
    down.command(rig.command("V2", "0"))
    await asyncio.sleep(0.06)
    assert 255 not in bench.wires.levels("down")


async def test_an_effect_gives_way_and_another_waits_for_it(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind", interlock_wait_ms=20)
    down = bench.opened("down", "V2", interlock="blind", interlock_wait_ms=20)
    up.command(rig.command("V1", "blink", "10", "10"))
    await rig.reached(lambda: len(bench.wires.levels("up")) > 4)
    down.command(rig.command("V2", "blink", "10", "10"))
    assert (rig.value("V1"), rig.value("V2")) == (("0",), ("0",))
    await rig.reached(lambda: len(bench.wires.levels("down")) > 4)
    assert rig.value("V2") == ("255",)
    up.command(rig.command("V1", "pulse", "10"))
    await rig.reached(lambda: 255 in bench.wires.levels("up")[-2:] and not up.is_active)
    bench.wires.assert_never_both()


async def test_going_off_needs_no_one_elses_leave(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind")
    down = bench.opened("down", "V2", interlock="blind")
    up.command(rig.command("V1", "255"))
    for value in (("0",), ("fade", "0")):
        down.command(rig.command("V2", *value))
        assert up.actual == ("255",)


async def test_nothing_goes_on_while_the_other_is_stuck(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind")
    down = bench.opened("down", "V2", interlock="blind")
    up.command(rig.command("V1", "255"))
    bench.wires.broken.add("up")
    with pytest.raises(HardwareError, match="up did not go off"):
        down.command(rig.command("V2", "255"))
    assert (rig.value("V1"), rig.value("V2")) == (("255",), ("0",))
    assert [name for name, _ in rig.failures] == ["up"]
    assert 255 not in bench.wires.levels("down")


async def test_at_the_start_the_first_keeps_its_level(
    rig: Rig, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    rig.command("V2", "255")
    bench.opened("up", "V1", interlock="blind", on_start=Level.ON)
    bench.opened("down", "V2", interlock="blind", on_start=Level.LAST)
    assert bench.wires.levels() == []
    assert bench.wires.history == [("up", "claim", (255.0,)), ("down", "claim", (0.0,))]
    assert rig.value("V2") == ("0",)
    assert "output stays off: another one of its interlock is on" in caplog.text


async def test_the_pause_is_kept_at_the_start(rig: Rig, bench: Bench) -> None:
    """Nobody knows for how long the first one has been off."""
    rig.command("V2", "255")
    bench.opened("up", "V1", interlock="blind", interlock_wait_ms=30)
    down = bench.opened("down", "V2", interlock="blind", on_start=Level.LAST)
    assert bench.wires.levels("down") == [0]
    await rig.reached(lambda: down.actual == ("255",))
    await rig.reached(lambda: rig.value("V2") == ("255",))


async def test_a_stop_never_leaves_two_on(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    up = bench.opened("up", "V1", interlock="blind", on_stop=Level.ON)
    down = bench.opened("down", "V2", interlock="blind", on_stop=Level.ON)
    await up.close()
    await down.close()
    assert bench.wires.levels("up")[-1] == 255
    assert bench.wires.levels("down")[-1] == 0
    assert bench.wires.words("down")[-1] == "release"
    assert "output stays off" in caplog.text


async def test_nothing_goes_on_beside_one_that_could_not_be_given_up(
    rig: Rig, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = bench.opened("up", "V1", interlock="blind")
    down = bench.opened("down", "V2", interlock="blind")
    up.command(rig.command("V1", "255"))
    bench.wires.broken.add("up")
    monkeypatch.setattr(up, "_release", lambda: bench.wires.did("up", "release", ()))
    with pytest.raises(OSError, match="burnt down"):
        await up.close()
    with pytest.raises(NotWritable, match=r"up .* was left on"):
        down.command(rig.command("V2", "255"))
    assert bench.wires.levels("down") == [0.0]


# What comes in one burst, or is cut off.


async def test_the_pin_says_what_the_last_of_a_burst_did(rig: Rig, bench: Bench) -> None:
    pump = bench.opened()
    burst = [rig.command("V1", "toggle"), rig.command("V1", "0")]
    for change in burst:
        pump.command(change)
    assert bench.wires.levels()[-1] == 0.0
    assert rig.value("V1") == ("0",)


async def test_the_pins_of_a_group_say_what_the_last_of_a_burst_did(rig: Rig, bench: Bench) -> None:
    up = bench.opened("up", "V1", interlock="blind")
    down = bench.opened("down", "V2", interlock="blind")
    burst = [rig.command("V1", "255"), rig.command("V2", "255"), rig.command("V1", "255")]
    for output, change in zip((up, down, up), burst, strict=True):
        output.command(change)
    assert (up.actual, down.actual) == (("255",), ("0",))
    assert (rig.value("V1"), rig.value("V2")) == (("255",), ("0",))


@pytest.mark.parametrize(
    ("effect", "end"),
    [(("pulse", "60000"), 0.0), (("blink",), 0.0), (("fade", "9", "60000"), 9.0)],
)
@pytest.mark.parametrize("opening", list(Opening))
async def test_an_effect_that_was_cut_off_is_over(
    rig: Rig, bench: Bench, effect: tuple[str, ...], end: float, opening: Opening
) -> None:
    pump = bench.opened(on_start=Level.LAST)
    pump.command(rig.command("V1", *effect))
    if opening is Opening.CRASH:
        await bench.die()
    else:
        await pump.close()
    bench.wires.history.clear()
    bench.output(on_start=Level.LAST).open(opening)
    assert bench.wires.levels() == [end]
    assert rig.value("V1") == (f"{end:g}",)


async def test_a_command_after_an_effect_is_the_last(rig: Rig, bench: Bench) -> None:
    pump = bench.opened(on_start=Level.LAST)
    pump.command(rig.command("V1", "pulse", "60000"))
    pump.command(rig.command("V1", "5"))
    await pump.close()
    bench.wires.history.clear()
    bench.opened(on_start=Level.LAST)
    assert bench.wires.levels() == [5.0]


async def test_one_that_did_not_go_off_in_time_is_not_on_again_when_it_works_again(
    rig: Rig, bench: Bench
) -> None:
    pump = bench.opened(on_start=Level.ON, max_on_ms=20)
    bench.wires.broken.add("pump")
    await rig.reached(lambda: bool(rig.failures))
    with pytest.raises(OSError, match="burnt down"):
        await pump.close()
    bench.wires.broken.clear()
    bench.wires.history.clear()
    bench.output(on_start=Level.ON, max_on_ms=20).open(Opening.RETRY)
    assert bench.wires.levels() == [0.0]
