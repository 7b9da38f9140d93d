"""Ultrasonic distance sensors."""

import asyncio
import logging
from collections.abc import Iterator
from functools import partial

import pytest
from gpiozero.pins.pi import PiPin

from blynk_gateway.config.gpio.inputs import DistanceOptions
from blynk_gateway.errors import LineUnavailable, SensorSilent
from blynk_gateway.gpio.inputs import distance
from blynk_gateway.gpio.inputs.distance import Distance
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.gpio import Rig

TRIGGER, ECHO = 23, 24


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that a busy machine is not taken for a silent sensor.
    monkeypatch.setattr(distance, "BEGIN_WITHIN_S", 5.0)
    monkeypatch.setattr(distance, "END_WITHIN_S", 5.0)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def made(rig: Rig, **options: object) -> Distance:
    given = {
        "name": "tank",
        "type": "distance",
        "pin": "V5",
        "trigger": TRIGGER,
        "echo": ECHO,
        "every_ms": 10,
    }
    return Distance(DistanceOptions(**(given | options)), rig.host)  # type: ignore[arg-type]  # each test's fit


def chirps(rig: Rig) -> int:
    """How many trigger pulses have ended."""
    return rig.states(TRIGGER)[1:].count(0.0)


def has_chirped(rig: Rig, times: int) -> bool:
    return chirps(rig) == times


def echo(rig: Rig, seconds: float) -> None:
    """An echo of exactly this length, by the library's own time."""
    for ticks, state in ((50.0, 1), (50.0 + seconds, 0)):
        PiPin._call_when_changed(rig.pin(ECHO), ticks, state)


async def answer(rig: Rig, *seconds: float) -> None:
    """Answer one chirp after the other."""
    for number, length in enumerate(seconds, start=chirps(rig) + 1):
        await rig.reached(partial(has_chirped, rig, number))
        echo(rig, length)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What went wrong in a callback of the loop, which only its log tells."""
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


async def test_echo_time_becomes_centimetres(rig: Rig) -> None:
    sensor = made(rig)
    sensor.open(Opening.START)
    # To and fro by 343 m/s.
    await answer(rig, 0.01, 0.002)
    await rig.reached(lambda: rig.values("V5") == ["171.5", "34.3"])
    assert rig.states(TRIGGER)[:3] == [0.0, 1.0, 0.0]
    await sensor.close()


async def test_trigger_rests_low_from_the_first_moment(rig: Rig) -> None:
    sensor = made(rig)
    sensor.open(Opening.START)
    assert rig.line(TRIGGER).function == "output"
    assert rig.level(TRIGGER) == 0
    await sensor.close()


async def test_nothing_near_reads_as_the_maximum(rig: Rig) -> None:
    sensor = made(rig, max_distance=150.0)
    sensor.open(Opening.START)
    await answer(rig, 0.038, 0.005)
    await rig.reached(lambda: rig.values("V5") == ["150", "85.8"])
    await sensor.close()


async def test_next_chirp_waits_until_the_echo_has_ended(rig: Rig) -> None:
    sensor = made(rig, every_ms=1)
    sensor.open(Opening.START)
    await rig.reached(lambda: chirps(rig) == 1)
    PiPin._call_when_changed(rig.pin(ECHO), 1.0, 1)
    await asyncio.sleep(0.03)
    assert chirps(rig) == 1
    PiPin._call_when_changed(rig.pin(ECHO), 1.03, 0)
    await rig.reached(lambda: chirps(rig) == 2)
    await sensor.close()


async def test_first_echo_counts(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    sensor = made(rig, every_ms=3_600_000)
    sensor.open(Opening.START)
    await rig.reached(lambda: chirps(rig) == 1)
    for ticks, state in [(1.0, 0), (2.0, 1), (2.01, 0), (3.0, 1), (3.02, 0)]:
        PiPin._call_when_changed(rig.pin(ECHO), ticks, state)
    await rig.reached(lambda: rig.values("V5") == ["171.5"])
    assert complaints(caplog) == []
    await sensor.close()


async def test_edges_between_two_chirps_are_nothing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = made(rig, every_ms=50)
    sensor.open(Opening.START)
    await answer(rig, 0.01)
    await rig.reached(lambda: rig.value("V5") == ("171.5",))
    echo(rig, 0.002)
    await answer(rig, 0.005)
    await rig.reached(lambda: rig.values("V5") == ["171.5", "85.8"])
    assert complaints(caplog) == []
    await sensor.close()


async def test_sensor_that_never_answers_becomes_a_fault(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distance, "BEGIN_WITHIN_S", 0.005)
    sensor = made(rig)
    sensor.open(Opening.START)
    await rig.reached(lambda: bool(rig.failures))
    assert rig.failures[0][0] == "tank"
    assert isinstance(rig.failures[0][1], SensorSilent)
    assert "no echo on GPIO24 after a trigger on GPIO23" in str(rig.failures[0][1])
    assert rig.values("V5") == []
    assert chirps(rig) == 3
    await sensor.close()


async def test_echo_without_an_end_becomes_a_fault(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distance, "END_WITHIN_S", 0.005)
    sensor = made(rig)
    sensor.open(Opening.START)
    await rig.reached(lambda: chirps(rig) == 1)
    rig.drive(ECHO, 1)
    await rig.reached(lambda: bool(rig.failures))
    # The second and the third are not even tried: the line is high before them.
    assert chirps(rig) == 1
    assert "is high before the trigger" in str(rig.failures[0][1])
    await sensor.close()


async def test_echo_without_an_end_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distance, "END_WITHIN_S", 0.005)
    sensor = made(rig, every_ms=3_600_000)
    sensor.open(Opening.START)
    await answer(rig, 0.01)
    await rig.reached(lambda: rig.value("V5") == ("171.5",))
    reading = spawn(sensor.read(), name="reading")
    await rig.reached(lambda: chirps(rig) == 2)
    rig.drive(ECHO, 1)
    with pytest.raises(SensorSilent, match="stays high"):
        await reading
    await sensor.close()


async def test_reading_that_is_cancelled_leaves_the_trigger_low(rig: Rig) -> None:
    sensor = made(rig, every_ms=3_600_000)
    sensor.open(Opening.START)
    await answer(rig, 0.01)
    await rig.reached(lambda: rig.value("V5") == ("171.5",))
    reading = spawn(sensor.read(), name="reading")
    await rig.reached(lambda: chirps(rig) == 2)
    await cancel(reading)
    assert reading.cancelled()
    echo(rig, 0.005)
    await rig.settled()
    assert rig.level(TRIGGER) == 0
    await sensor.close()
    await sensor.close()


async def test_lines_in_use_are_refused_and_nothing_is_kept(rig: Rig) -> None:
    first = made(rig)
    first.open(Opening.START)
    with pytest.raises(LineUnavailable, match="GPIO23 cannot be the trigger"):
        made(rig, name="other", echo=25).open(Opening.START)
    with pytest.raises(LineUnavailable, match="GPIO24"):
        made(rig, name="other", trigger=25).open(Opening.START)
    await first.close()
    other = made(rig, name="other", trigger=25)
    other.open(Opening.START)
    await other.close()
