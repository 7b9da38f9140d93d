from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import Level, Range
from blynk_gateway.config.gpio.outputs import RgbOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs.line import claim_digital
from blynk_gateway.gpio.outputs.rgb import Rgb
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig

LINES = (17, 27, 22)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def safety(rig: Rig, tmp_path: Path) -> Safety:
    return Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))


def strip(rig: Rig, safety: Safety, **options: object) -> Rgb:
    red, green, blue = LINES
    given: dict[str, Any] = {"name": "strip", "type": "rgb", "pin": "V1"}
    given |= {"red": red, "green": green, "blue": blue}
    return Rgb(RgbOptions(**(given | options)), rig.host, safety)


def duties(rig: Rig) -> list[float | None]:
    return [rig.line(line).duty for line in LINES]


async def test_three_values_are_three_duties(rig: Rig, safety: Safety) -> None:
    led = strip(rig, safety, frequency=200)
    led.open(Opening.START)
    assert rig.value("V1") == ("0", "0", "0")
    led.command(rig.command("V1", "255", "0", "51"))
    assert duties(rig) == [1, 0, 0.2]
    assert [rig.pin(line).frequency for line in LINES] == [200] * 3
    assert led.actual == ("255", "0", "51")
    await led.close()
    assert [rig.line(line).function for line in LINES] == ["input"] * 3


async def test_it_may_be_active_low_and_have_another_range(rig: Rig, safety: Safety) -> None:
    led = strip(rig, safety, active_high=False, range=Range(0, 100), on_start=Level.ON)
    led.open(Opening.START)
    assert rig.value("V1") == ("100", "100", "100")
    assert duties(rig) == [0, 0, 0]
    led.command(rig.command("V1", "25", "50", "0"))
    assert duties(rig) == [0.75, 0.5, 1]
    await led.close()


@pytest.mark.parametrize("value", [("255",), ("1", "2", "256"), ("a", "b", "c")])
async def test_anything_but_three_values_in_range_is_refused(
    rig: Rig, safety: Safety, value: tuple[str, ...]
) -> None:
    led = strip(rig, safety)
    led.open(Opening.START)
    with pytest.raises(InvalidValue, match="expected 3 numbers from 0 to 255"):
        led.command(rig.command("V1", *value))
    assert duties(rig) == [0, 0, 0]
    await led.close()


async def test_toggle_comes_back_to_the_colour(rig: Rig, safety: Safety) -> None:
    led = strip(rig, safety)
    led.open(Opening.START)
    led.command(rig.command("V1", "10", "20", "30"))
    led.command(rig.command("V1", "toggle"))
    assert rig.value("V1") == ("0", "0", "0")
    led.command(rig.command("V1", "toggle"))
    assert rig.value("V1") == ("10", "20", "30")
    await led.close()


async def test_a_fade_goes_to_a_brightness_and_keeps_the_colour(rig: Rig, safety: Safety) -> None:
    led = strip(rig, safety)
    led.open(Opening.START)
    led.command(rig.command("V1", "100", "50", "0"))
    for target, expected in [
        ("200", ("200", "100", "0")),
        ("0", ("0", "0", "0")),
        ("255", ("255", "127.5", "0")),
    ]:
        led.command(rig.command("V1", "fade", target, "40"))
        await rig.reached(lambda expected=expected: rig.value("V1") == expected)  # type: ignore[misc]
        assert led.actual == expected
    await led.close()


async def test_a_first_fade_is_white(rig: Rig, safety: Safety) -> None:
    led = strip(rig, safety)
    led.open(Opening.START)
    led.command(rig.command("V1", "fade", "51", "20"))
    await rig.reached(lambda: rig.value("V1") == ("51", "51", "51"))
    await led.close()


async def test_it_keeps_its_colour_over_a_reload(rig: Rig, safety: Safety) -> None:
    first = strip(rig, safety, on_stop=Level.KEEP)
    first.open(Opening.START)
    first.command(rig.command("V1", "255", "0", "51"))
    before = [rig.states(line) for line in LINES]
    await first.close()
    assert duties(rig) == [1, 0, 0.2]
    second = strip(rig, safety, on_start=Level.KEEP)
    second.open(Opening.START)
    assert second.actual == ("255", "0", "51")
    assert [rig.states(line) for line in LINES] == before
    await second.close()


async def test_all_three_lines_are_free_again_if_one_is_not(rig: Rig, safety: Safety) -> None:
    other = claim_digital(rig.board, LINES[2], active_high=True, is_on=False)
    led = strip(rig, safety)
    with pytest.raises(rig.host.errors, match="already in use"):
        led.open(Opening.START)
    assert [rig.line(line).function for line in LINES] == ["input", "input", "output"]
    other.release()
    led.open(Opening.START)
    await led.close()


async def test_a_line_that_fails_is_reported_as_it_is(
    rig: Rig, safety: Safety, monkeypatch: pytest.MonkeyPatch
) -> None:
    led = strip(rig, safety)
    led.open(Opening.START)
    broken = rig.pin(LINES[1])
    original = type(broken)._set_state

    def refuse(pin: object, value: float) -> None:
        if pin is broken:
            raise OSError(5, "Input/output error")
        original(pin, value)

    with monkeypatch.context() as patch:
        patch.setattr(type(broken), "_set_state", refuse)
        with pytest.raises(OSError, match="Input/output error"):
            led.command(rig.command("V1", "255", "255", "255"))
    # Red had been driven already.
    assert rig.value("V1") == ("255", "0", "0")
    await led.close()
