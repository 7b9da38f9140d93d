"""Push buttons."""

import asyncio
from collections.abc import Iterator

import pytest

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.inputs import ButtonOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.gpio.inputs.button import Button
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.gpio import Rig

LINE = 27


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def opened(rig: Rig, **options: object) -> Button:
    given = {"name": "door", "type": "button", "pin": "V3", "line": LINE} | options
    button = Button(ButtonOptions(**given), rig.host)  # type: ignore[arg-type]  # each test's fit
    button.open(Opening.START)
    return button


def press(rig: Rig, *, for_ms: int = 50) -> None:
    rig.drive(LINE, 0)
    rig.advance(for_ms / 1000)
    rig.drive(LINE, 1)


async def test_button_at_rest_is_reported_at_open_without_an_event(rig: Rig) -> None:
    button = opened(rig)
    await rig.settled()
    assert rig.values("V3") == ["0"]
    assert rig.events() == []
    at_rest = button.actual
    await button.close()
    assert (at_rest, button.actual) == (("0",), ())


async def test_press_and_release_in_one_batch_are_two_reports(rig: Rig) -> None:
    button = opened(rig)
    began_ms = rig.clock.now_ms()
    press(rig)
    await rig.settled()
    assert [(change.value[0], change.at_ms) for change in rig.reports("V3")[1:]] == [
        ("1", began_ms),
        ("0", began_ms + 50),
    ]
    assert rig.events() == [("door", "press"), ("door", "release")]
    await button.close()


@pytest.mark.parametrize(
    ("pull", "invert", "pressed_level"),
    [
        (Pull.UP, False, 0),
        (Pull.UP, True, 1),
        (Pull.DOWN, False, 1),
        (Pull.DOWN, True, 0),
        (Pull.NONE, False, 1),
        (Pull.NONE, True, 0),
    ],
)
async def test_pull_and_invert_tell_which_level_is_pressed(
    rig: Rig, pull: Pull, invert: bool, pressed_level: int
) -> None:
    button = opened(rig, pull=pull, invert=invert)
    for level in (not pressed_level, pressed_level):
        rig.drive(LINE, level)
    await rig.settled()
    assert rig.value("V3") == ("1",)
    rig.drive(LINE, not pressed_level)
    await rig.settled()
    assert rig.value("V3") == ("0",)
    await button.close()


async def test_press_that_lasts_becomes_a_hold(rig: Rig) -> None:
    button = opened(rig, hold_ms=20)
    began_ms = rig.clock.now_ms()
    rig.drive(LINE, 0)
    await rig.reached(lambda: rig.value("V3") == ("2",))
    assert rig.reports("V3")[-1].at_ms == began_ms + 20
    rig.drive(LINE, 1)
    await rig.settled()
    assert rig.values("V3") == ["0", "1", "2", "0"]
    assert rig.events() == [("door", "press"), ("door", "hold"), ("door", "release")]
    await button.close()


async def test_short_press_never_becomes_a_hold(rig: Rig) -> None:
    button = opened(rig, hold_ms=20)
    press(rig, for_ms=10)
    await rig.settled()
    await asyncio.sleep(0.04)
    assert rig.values("V3") == ["0", "1", "0"]
    await button.close()


async def test_hold_that_ended_while_the_loop_was_busy_is_told(rig: Rig) -> None:
    button = opened(rig, hold_ms=1000)
    began_ms = rig.clock.now_ms()
    press(rig, for_ms=3000)
    await rig.settled()
    assert [(change.value[0], change.at_ms - began_ms) for change in rig.reports("V3")[1:]] == [
        ("1", 0),
        ("2", 1000),
        ("0", 3000),
    ]
    await button.close()


async def test_second_press_in_time_is_a_double_press(rig: Rig) -> None:
    button = opened(rig, double_ms=400)
    press(rig, for_ms=50)
    rig.advance(0.3)
    press(rig, for_ms=50)
    await rig.settled()
    assert rig.values("V3") == ["0", "1", "0", "3", "0"]
    assert [what for _, what in rig.events()] == ["press", "release", "double_press", "release"]
    await button.close()


async def test_second_press_too_late_is_another_press(rig: Rig) -> None:
    button = opened(rig, double_ms=400)
    press(rig, for_ms=50)
    rig.advance(0.4)
    press(rig, for_ms=50)
    await rig.settled()
    assert rig.values("V3") == ["0", "1", "0", "1", "0"]
    await button.close()


async def test_third_press_begins_anew(rig: Rig) -> None:
    button = opened(rig, double_ms=400)
    for _ in range(4):
        press(rig, for_ms=50)
        rig.advance(0.05)
    await rig.settled()
    assert rig.values("V3") == ["0", "1", "0", "3", "0", "1", "0", "3", "0"]
    await button.close()


async def test_press_after_a_hold_is_no_double_press(rig: Rig) -> None:
    button = opened(rig, hold_ms=100, double_ms=1000)
    press(rig, for_ms=200)
    rig.advance(0.1)
    press(rig, for_ms=10)
    await rig.settled()
    assert rig.values("V3") == ["0", "1", "2", "0", "1", "0"]
    await button.close()


async def test_double_press_that_lasts_becomes_a_hold(rig: Rig) -> None:
    button = opened(rig, hold_ms=100, double_ms=1000)
    press(rig, for_ms=10)
    press(rig, for_ms=100)
    await rig.settled()
    assert rig.values("V3") == ["0", "1", "0", "3", "2", "0"]
    await button.close()


async def test_press_that_was_there_at_open_is_a_value_but_no_deed(rig: Rig) -> None:
    rig.drive(LINE, 0)
    button = opened(rig, hold_ms=5, double_ms=1000)
    await asyncio.sleep(0.03)
    assert rig.values("V3") == ["1"]
    assert rig.events() == []
    rig.drive(LINE, 1)
    press(rig, for_ms=1)
    await rig.settled()
    assert [what for _, what in rig.events()] == ["release", "press", "release"]
    await button.close()


async def test_state_before_a_restart_gives_way_to_the_present_one(rig: Rig) -> None:
    rig.command("V3", "2")
    button = opened(rig)
    assert rig.values("V3") == ["0"]
    await button.close()


async def test_released_button_is_not_reported_again_after_a_restart(rig: Rig) -> None:
    rig.command("V3", "0")
    button = opened(rig)
    assert rig.values("V3") == []
    await button.close()


async def test_bounces_within_stable_ms_are_one_press(rig: Rig) -> None:
    button = opened(rig, stable_ms=10, debounce_ms=0)
    for level in (0, 1, 0, 1, 0):
        rig.drive(LINE, level)
        rig.advance(0.001)
    await rig.reached(lambda: rig.value("V3") == ("1",))
    assert [what for _, what in rig.events()] == ["press"]
    await button.close()


async def test_library_debounce_is_asked_for(rig: Rig) -> None:
    button = opened(rig, debounce_ms=30)
    assert rig.pin(LINE).bounce == 0.03
    await button.close()


async def test_closed_button_tells_nothing_and_holds_nothing(rig: Rig) -> None:
    button = opened(rig, hold_ms=100)
    rig.drive(LINE, 0)
    await rig.settled()
    await button.close()
    await button.close()
    # When one that was pressed later is held, the closed one would have been.
    later = opened(rig, name="later", pin="V4", hold_ms=100)
    rig.drive(LINE, 1)
    rig.drive(LINE, 0)
    await rig.reached(lambda: ("later", "hold") in rig.events())
    assert [event for name, event in rig.events() if name == "door"] == ["press"]
    assert rig.values("V3") == ["0", "1"]
    await later.close()


async def test_flood_of_edges_ends_with_the_last_level() -> None:
    with Rig(SystemClock()) as rig:
        button = opened(rig, debounce_ms=0, hold_ms=60_000)

        def flood() -> None:
            rig.pulse(LINE, 2500, rest=1)
            rig.drive(LINE, 0)

        await asyncio.to_thread(flood)
        await rig.reached(lambda: button.actual == ("1",))
        await rig.settled()
        assert rig.values("V3")[-1] == "1"
        await button.close()
