from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import Level, Range
from blynk_gateway.config.gpio.outputs import PwmOptions, TonalBuzzerOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs.pwm import Pwm
from blynk_gateway.gpio.outputs.tonal_buzzer import TonalBuzzer, find_tone
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig

LINE = 18
PIN = "V1"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def safety(rig: Rig, tmp_path: Path) -> Safety:
    return Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))


def buzzer(rig: Rig, safety: Safety, **options: object) -> TonalBuzzer:
    given: dict[str, Any] = {"name": "bell", "type": "tonal_buzzer", "pin": PIN, "line": LINE}
    return TonalBuzzer(TonalBuzzerOptions(**(given | options)), rig.host, safety)


def play(rig: Rig, bell: TonalBuzzer, *value: str) -> None:
    bell.command(rig.command(PIN, *value))


def tone_hz(rig: Rig) -> float:
    """What is to be heard on the line, 0 for silence."""
    pin = rig.pin(LINE)
    return 0.0 if pin.frequency is None or pin.state != 0.5 else float(pin.frequency)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A4", 440.0),
        ("a4", 440.0),
        ("A5", 880.0),
        ("A3", 220.0),
        ("C4", 261.626),
        ("C#5", 554.365),
        ("Db5", 554.365),
        ("C♯5", 554.365),
        ("D♭5", 554.365),
        ("bb3", 233.082),
        ("b3", 246.942),
        ("B#3", 261.626),
        ("C0", 16.352),
        ("G9", 12543.854),
        ("440", 440.0),
        (" 440.5 ", 440.5),
        ("1e3", 1000.0),
        ("0", 0.0),
        ("off", 0.0),
        ("OFF", 0.0),
    ],
)
def test_notes_and_numbers_are_tones(text: str, expected: float) -> None:
    assert find_tone((text,)) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("text", ["", "H4", "A", "4", "A10", "A##4", "A-1", "on", "A4 C5", "nan"])
def test_what_is_neither_is_no_tone(text: str) -> None:
    # 4 is a number: one that nobody can hear, which the range decides.
    assert find_tone((text,)) == (4.0 if text == "4" else None)


def test_two_values_are_no_tone() -> None:
    assert find_tone(("A4", "C5")) is None
    assert find_tone(()) is None


@pytest.mark.parametrize(("value", "expected"), [("A4", 440), ("220", 220), ("880", 880)])
async def test_a_tone_is_on_for_half_of_the_time(
    rig: Rig, safety: Safety, value: str, expected: float
) -> None:
    bell = buzzer(rig, safety)
    bell.open(Opening.START)
    play(rig, bell, value)
    assert tone_hz(rig) == expected
    assert bell.actual == (str(expected),)
    # The pin keeps the note as it was written.
    assert rig.value(PIN) == (value,)
    await bell.close()


@pytest.mark.parametrize("silence", ["0", "off"])
async def test_silence_ends_the_tone(rig: Rig, safety: Safety, silence: str) -> None:
    bell = buzzer(rig, safety)
    bell.open(Opening.START)
    play(rig, bell, "A4")
    play(rig, bell, silence)
    assert rig.pin(LINE).frequency is None
    assert rig.pin(LINE).state == 0
    assert bell.actual == ("0",)
    play(rig, bell, "A5")
    assert tone_hz(rig) == 880
    await bell.close()


async def test_a_buzzer_is_silent_when_opened_and_when_closed(rig: Rig, safety: Safety) -> None:
    bell = buzzer(rig, safety)
    bell.open(Opening.START)
    assert set(rig.states(LINE)) == {0}
    assert rig.pin(LINE).frequency is None
    play(rig, bell, "A4")
    pin = rig.pin(LINE)
    await bell.close()
    await bell.close()
    assert pin.function == "input"
    assert pin.states[-1].state == 0


@pytest.mark.parametrize(
    ("limits", "expected"), [(Range(220, 880), 440), (Range(100, 10_000), 1000)]
)
async def test_on_is_the_tone_in_the_middle(
    rig: Rig, safety: Safety, limits: Range, expected: float
) -> None:
    bell = buzzer(rig, safety, on_start=Level.ON, range=limits)
    bell.open(Opening.START)
    assert tone_hz(rig) == pytest.approx(expected)
    assert rig.values(PIN) == [str(expected)]
    await bell.close()


async def test_last_plays_the_note_it_played(rig: Rig, safety: Safety) -> None:
    rig.store.write(rig.host.slug, PIN, ("C#5",), Origin(OriginKind.RESTORE), Intent.SYNC)
    bell = buzzer(rig, safety, on_start=Level.LAST)
    bell.open(Opening.START)
    assert tone_hz(rig) == pytest.approx(554.365, abs=0.001)
    assert rig.reports(PIN) == []
    await bell.close()


@pytest.mark.parametrize("level", [Level.ON, Level.KEEP])
async def test_no_tone_outlasts_the_daemon(rig: Rig, safety: Safety, level: Level) -> None:
    bell = buzzer(rig, safety, on_stop=level)
    bell.open(Opening.START)
    play(rig, bell, "A4")
    pin = rig.pin(LINE)
    await bell.close()
    assert pin.frequency is None
    assert pin.state == 0


@pytest.mark.parametrize(
    "value", [("219",), ("881",), ("C9",), ("4",), ("-440",), ("x",), ("toggle",), ("A4", "C5")]
)
async def test_what_is_out_of_range_is_refused_and_the_tone_goes_on(
    rig: Rig, safety: Safety, value: tuple[str, ...]
) -> None:
    bell = buzzer(rig, safety)
    bell.open(Opening.START)
    play(rig, bell, "A4")
    with pytest.raises(InvalidValue, match="V1 was given"):
        play(rig, bell, *value)
    assert tone_hz(rig) == 440
    await bell.close()


async def test_the_longest_time_on_ends_a_tone(rig: Rig, safety: Safety) -> None:
    bell = buzzer(rig, safety, max_on_ms=50)
    bell.open(Opening.START)
    play(rig, bell, "A4")
    await rig.reached(lambda: tone_hz(rig) == 0)
    assert rig.value(PIN) == ("0",)
    await bell.close()


async def test_a_line_in_use_is_an_error_and_leaves_nothing_claimed(
    rig: Rig, safety: Safety
) -> None:
    lamp = Pwm(PwmOptions(name="lamp", type="pwm", pin="V2", line=LINE), rig.host, safety)
    lamp.open(Opening.START)
    bell = buzzer(rig, safety)
    with pytest.raises(rig.host.errors):
        bell.open(Opening.START)
    await lamp.close()
    bell.open(Opening.START)
    play(rig, bell, "A4")
    assert tone_hz(rig) == 440
    await bell.close()


async def test_a_tone_that_fails_at_the_start_leaves_nothing_claimed(
    rig: Rig, safety: Safety, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: object, _levels: object) -> None:
        raise OSError("gone")

    bell = buzzer(rig, safety, on_start=Level.ON)
    with monkeypatch.context() as patch:
        patch.setattr(TonalBuzzer, "_drive", refuse)
        with pytest.raises(OSError, match="gone"):
            bell.open(Opening.START)
    assert bell.actual == ()
    bell.open(Opening.START)
    await bell.close()
