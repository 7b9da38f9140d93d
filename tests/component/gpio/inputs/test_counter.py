"""Pulse counters and frequencies."""

import asyncio
from collections.abc import Iterator

import pytest

from blynk_gateway.config.gpio.common import Edge, Pull
from blynk_gateway.config.gpio.inputs import CounterOptions, FrequencyOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.inputs.counter import Counter, Frequency
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.gpio import Rig

LINE = 22
EVERY_MS = 200
WINDOW_MS = 250


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def counter(rig: Rig, **options: object) -> Counter:
    given = {"name": "gas", "type": "counter", "pin": "V8", "line": LINE, "every_ms": EVERY_MS}
    one = Counter(CounterOptions(**(given | options)), rig.host)  # type: ignore[arg-type]  # each test's fit
    one.open(Opening.START)
    return one


def frequency(rig: Rig, **options: object) -> Frequency:
    given = {"name": "fan", "type": "frequency", "pin": "V9", "line": LINE, "every_ms": WINDOW_MS}
    one = Frequency(FrequencyOptions(**(given | options)), rig.host)  # type: ignore[arg-type]  # each test's fit
    one.open(Opening.START)
    return one


async def test_new_counter_reports_nought(rig: Rig) -> None:
    one = counter(rig)
    assert rig.values("V8") == ["0"]
    await one.close()


@pytest.mark.parametrize(
    ("edge", "count"), [(Edge.RISING, "2"), (Edge.FALLING, "3"), (Edge.BOTH, "5")]
)
async def test_chosen_edges_are_counted(rig: Rig, edge: Edge, count: str) -> None:
    one = counter(rig, edge=edge)
    rig.pulse(LINE, 2, rest=1)
    rig.drive(LINE, 0)
    await rig.settled()
    assert one.actual == (count,)
    assert rig.value("V8") == (count,)
    await one.close()


async def test_more_edges_than_are_kept_are_counted_exactly(rig: Rig) -> None:
    one = counter(rig)
    rig.pulse(LINE, 1000, rest=1)
    await rig.settled()
    assert one.actual == ("1000",)
    await one.close()


async def test_pulses_of_a_thread_are_counted_exactly_while_the_loop_runs() -> None:
    with Rig(SystemClock()) as rig:
        one = counter(rig, every_ms=5)
        await asyncio.to_thread(rig.pulse, LINE, 2500, rest=1)
        await rig.reached(lambda: rig.value("V8") == ("2500",))
        values = [int(value) for value in rig.values("V8")]
        assert values == sorted(values)
        await one.close()


async def test_count_is_told_at_most_every_so_often_and_the_last_always(rig: Rig) -> None:
    one = counter(rig)
    began_ms = rig.clock.now_ms()
    for _ in range(5):
        rig.pulse(LINE, rest=1)
        rig.advance(0.001)
        await rig.settled()
    assert rig.values("V8") == ["0", "1"]
    assert one.actual == ("5",)
    await rig.reached(lambda: rig.value("V8") == ("5",))
    assert rig.values("V8") == ["0", "1", "5"]
    # When the last pulse was, not when it was told.
    assert rig.reports("V8")[-1].at_ms == began_ms + 4
    await one.close()


async def test_close_tells_the_last_count(rig: Rig) -> None:
    one = counter(rig, every_ms=60_000)
    for _ in range(2):
        rig.pulse(LINE, rest=1)
        await rig.settled()
    await one.close()
    await one.close()
    assert rig.values("V8") == ["0", "1", "2"]


async def test_quiet_line_brings_no_report(rig: Rig) -> None:
    one = counter(rig, every_ms=1)
    rig.pulse(LINE, rest=1)
    await rig.settled()
    await asyncio.sleep(0.02)
    assert rig.values("V8") == ["0", "1"]
    await one.close()


async def test_count_goes_on_after_a_restart_without_a_report(rig: Rig) -> None:
    rig.command("V8", "1000.5")
    one = counter(rig, scale=0.5)
    assert rig.values("V8") == []
    rig.pulse(LINE, 3, rest=1)
    await rig.settled()
    assert rig.values("V8") == ["1002"]
    await one.close()


async def test_scaled_count_has_no_noise(rig: Rig) -> None:
    one = counter(rig, scale=0.1)
    rig.pulse(LINE, 3, rest=1)
    await rig.settled()
    assert one.actual == ("0.3",)
    await one.close()


async def test_command_sets_the_count_and_drops_what_was_to_be_told(rig: Rig) -> None:
    one = counter(rig, every_ms=10)
    for _ in range(2):
        rig.pulse(LINE, rest=1)
        await rig.settled()
    one.command(rig.command("V8", "0"))
    await asyncio.sleep(0.03)
    assert rig.value("V8") == ("0",)
    rig.advance(1.0)
    rig.pulse(LINE, 2, rest=1)
    await rig.settled()
    assert rig.values("V8") == ["0", "1", "2"]
    await one.close()


async def test_command_that_is_no_number_is_refused(rig: Rig) -> None:
    one = counter(rig)
    with pytest.raises(InvalidValue, match="gas: 'reset' is no count; expected a number"):
        one.command(rig.command("V8", "reset"))
    await one.close()


async def test_library_debounce_and_pull_are_asked_for(rig: Rig) -> None:
    one = counter(rig, debounce_ms=50, pull=Pull.DOWN)
    assert rig.pin(LINE).bounce == 0.05
    assert rig.pin(LINE).pull == "down"
    await one.close()


async def test_frequency_is_edges_a_second_times_scale(rig: Rig) -> None:
    # A fan of two pulses a turn, in turns a minute.
    one = frequency(rig, scale=30.0, heartbeat_ms=WINDOW_MS)
    await asyncio.sleep(0)
    rig.pulse(LINE, 40, rest=1)
    rig.advance(2.0)
    await rig.reached(lambda: rig.values("V9") == ["600"])
    rig.advance(1.0)
    await rig.reached(lambda: rig.values("V9") == ["600", "0"])
    await one.close()
    await one.close()


async def test_frequency_counts_the_chosen_edges(rig: Rig) -> None:
    one = frequency(rig, edge=Edge.BOTH)
    await asyncio.sleep(0)
    rig.pulse(LINE, 10, rest=1)
    rig.advance(1.0)
    await rig.reached(lambda: rig.values("V9") == ["20"])
    await one.close()


async def test_frequency_that_is_opened_again_begins_anew(rig: Rig) -> None:
    one = frequency(rig)
    await asyncio.sleep(0)
    rig.pulse(LINE, 40, rest=1)
    await rig.settled()
    await one.close()
    one.open(Opening.START)
    await asyncio.sleep(0)
    rig.pulse(LINE, 5, rest=1)
    rig.advance(1.0)
    await rig.reached(lambda: rig.values("V9") == ["5"])
    await one.close()
