"""Lines that are high or low."""

import asyncio
import threading
from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.inputs import InputOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.host import ORIGIN
from blynk_gateway.gpio.inputs.input import Input
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.clock import FakeClock
from tests.helpers.gpio import Rig

LINE = 17
WAKING = ("call_soon", "call_at", "call_soon_threadsafe")


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def opened(rig: Rig, **options: object) -> Input:
    given = {"name": "door", "type": "input", "pin": "V1", "line": LINE} | options
    one = Input(InputOptions(**given), rig.host)  # type: ignore[arg-type]  # each test's fit
    one.open(Opening.START)
    return one


@pytest.mark.parametrize(
    ("pull", "invert", "value"),
    [
        (Pull.UP, False, "1"),
        (Pull.UP, True, "0"),
        (Pull.DOWN, False, "0"),
        (Pull.DOWN, True, "1"),
        (Pull.NONE, False, "0"),
    ],
)
async def test_present_level_is_reported_at_open(
    rig: Rig, pull: Pull, invert: bool, value: str
) -> None:
    one = opened(rig, pull=pull, invert=invert)
    assert rig.values("V1") == [value]
    assert one.actual == (value,)
    await one.close()


async def test_level_that_the_pin_has_already_is_not_reported_again(rig: Rig) -> None:
    one = opened(rig, pull=Pull.UP)
    await one.close()
    one.open(Opening.START)
    await rig.settled()
    assert rig.values("V1") == ["1"]
    await one.close()


async def test_each_edge_is_reported_with_its_own_time(rig: Rig) -> None:
    one = opened(rig, pull=Pull.DOWN)
    first_ms = rig.clock.now_ms()
    # All before the loop has its turn.
    rig.drive(LINE, 1)
    rig.advance(0.25)
    rig.drive(LINE, 0)
    rig.advance(0.5)
    rig.drive(LINE, 1)
    await rig.settled()
    assert [(change.value, change.at_ms - first_ms) for change in rig.reports("V1")[1:]] == [
        (("1",), 0),
        (("0",), 250),
        (("1",), 750),
    ]
    assert {change.origin for change in rig.reports("V1")} == {ORIGIN}
    await one.close()


async def test_bounces_shorter_than_stable_ms_are_left_out(rig: Rig) -> None:
    one = opened(rig, pull=Pull.DOWN, stable_ms=20)
    began_ms = rig.clock.now_ms() + 7
    rig.drive(LINE, 1)
    rig.advance(0.003)
    rig.drive(LINE, 0)
    rig.advance(0.004)
    rig.drive(LINE, 1)
    await rig.reached(lambda: rig.value("V1") == ("1",))
    assert [change.at_ms for change in rig.reports("V1")][1:] == [began_ms]
    await one.close()


async def test_library_debounce_is_asked_for(rig: Rig) -> None:
    one = opened(rig, debounce_ms=25)
    assert rig.pin(LINE).bounce == 0.025
    await one.close()


async def test_changes_come_at_most_every_so_often_and_the_last_level_always(rig: Rig) -> None:
    one = opened(rig, pull=Pull.DOWN, every_ms=200)
    rig.drive(LINE, 1)
    rig.pulse(LINE, 5, rest=1)
    rig.drive(LINE, 0)
    await rig.settled()
    assert rig.values("V1") == ["0", "1"]
    assert one.actual == ("0",)
    await rig.reached(lambda: rig.value("V1") == ("0",))
    assert rig.values("V1") == ["0", "1", "0"]
    await one.close()


async def test_line_that_is_back_when_it_is_time_brings_no_report(rig: Rig) -> None:
    one = opened(rig, pull=Pull.DOWN, every_ms=10)
    rig.drive(LINE, 1)
    rig.pulse(LINE, rest=1)
    await rig.settled()
    await asyncio.sleep(0.03)
    assert rig.values("V1") == ["0", "1"]
    await one.close()


@pytest.mark.parametrize(
    ("options", "levels", "told"),
    [({"stable_ms": 100}, [1], ["0"]), ({"every_ms": 100}, [1, 0], ["0", "1"])],
)
async def test_closed_input_is_silent_and_its_line_free(
    rig: Rig, options: dict[str, int], levels: list[int], told: list[str]
) -> None:
    async def drive() -> None:
        for level in levels:
            rig.drive(LINE, level)
            await rig.settled()

    one = opened(rig, pull=Pull.DOWN, **options)
    await drive()
    await one.close()
    await one.close()
    assert one.actual == ()
    rig.drive(LINE, 0)
    # When one that saw the edges later has reported the last, the closed one would have, too.
    other = opened(rig, name="other", pin="V2", pull=Pull.DOWN, **options)
    await drive()
    await rig.reached(lambda: len(rig.values("V2")) == 1 + len(levels))
    assert rig.values("V1") == told
    await other.close()


async def test_line_in_use_is_refused_and_the_other_one_works_on(rig: Rig) -> None:
    one = opened(rig, pull=Pull.DOWN)
    with pytest.raises(LineUnavailable, match="GPIO17"):
        opened(rig, name="other", pin="V2")
    rig.drive(LINE, 1)
    await rig.settled()
    assert rig.value("V1") == ("1",)
    await one.close()


async def test_idle_inputs_wake_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    with Rig(FakeClock()) as rig:
        ones = [
            opened(
                rig,
                name=f"in{line}",
                line=line,
                pin=f"V{line}",
                pull=Pull.UP,
                debounce_ms=20,
                stable_ms=20,
                every_ms=50,
            )
            for line in range(4, 24)
        ]
        await rig.settled()
        threads = threading.active_count()
        with monkeypatch.context() as patch:
            spies = [Mock(wraps=getattr(loop, name)) for name in WAKING]
            for name, spy in zip(WAKING, spies, strict=True):
                patch.setattr(loop, name, spy)
            await asyncio.sleep(0.2)
        # The timer of the sleep itself, and what wakes its task.
        assert sum(spy.call_count for spy in spies) <= 3
        assert threading.active_count() == threads
        for one in ones:
            await one.close()


async def test_flood_of_edges_ends_with_the_last_level() -> None:
    with Rig(SystemClock()) as rig:
        one = opened(rig, pull=Pull.DOWN)

        def flood() -> None:
            rig.pulse(LINE, 2500)
            rig.drive(LINE, 1)

        await asyncio.to_thread(flood)
        await rig.reached(lambda: rig.value("V1") == ("1",))
        await rig.settled()
        assert rig.values("V1")[-1] == "1"
        await one.close()
