"""Photo resistors at a capacitor."""

import asyncio
import logging
from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from blynk_gateway.config.gpio.common import Range
from blynk_gateway.config.gpio.inputs import LightOptions
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.inputs import light
from blynk_gateway.gpio.inputs.light import Light
from blynk_gateway.gpio.lines.edges import WatchedLine, watch
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.gpio import Rig

LINE = 18


@pytest.fixture(autouse=True)
def _short_discharge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(light, "DISCHARGE_S", 0.005)
    # So that a busy machine is not taken for a dark room.
    monkeypatch.setattr(light, "LATE_S", 5.0)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def opened(rig: Rig, **options: object) -> Light:
    given = {"name": "dusk", "type": "light", "pin": "V7", "line": LINE, "every_ms": 10}
    sensor = Light(LightOptions(**(given | options)), rig.host)  # type: ignore[arg-type]  # each test's fit
    sensor.open(Opening.START)
    return sensor


async def discharged(rig: Rig) -> None:
    """Return when the capacitor is being charged: the line was low and is an input now."""
    await rig.reached(lambda: rig.line(LINE).function == "output")
    assert rig.level(LINE) == 0
    # What was put on the line by `charge` before would charge it at once.
    rig.pin(LINE).outside = None
    await rig.reached(lambda: rig.line(LINE).function == "input")


async def charge(rig: Rig, seconds: float) -> None:
    """Charge once within so long by the gateway's clock."""
    await discharged(rig)
    rig.advance(seconds)
    rig.drive(LINE, 1)


async def test_time_of_the_charge_becomes_a_value(rig: Rig) -> None:
    sensor = opened(rig, charge_ms=40)
    await charge(rig, 0.01)
    await rig.reached(lambda: rig.values("V7") == ["75"])
    await charge(rig, 0.03)
    await rig.reached(lambda: rig.values("V7") == ["75", "25"])
    await sensor.close()


async def test_line_that_does_not_rise_is_dark(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(light, "LATE_S", 0.02)
    sensor = opened(rig, range=Range(5, 10))
    await rig.reached(lambda: rig.values("V7") == ["5"])
    await sensor.close()


async def test_rise_after_the_time_is_dark_too(rig: Rig) -> None:
    sensor = opened(rig, charge_ms=10)
    await charge(rig, 0.015)
    await rig.reached(lambda: rig.values("V7") == ["0"])
    await sensor.close()


async def test_edge_that_comes_late_counts_by_its_own_time(rig: Rig) -> None:
    sensor = opened(rig, charge_ms=10)
    await discharged(rig)
    rig.advance(0.002)
    rig.drive(LINE, 1)
    rig.advance(0.5)
    await rig.reached(lambda: rig.values("V7") == ["80"])
    await sensor.close()


async def test_first_rise_counts(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    sensor = opened(rig, charge_ms=10)
    await discharged(rig)
    rig.advance(0.002)
    rig.pulse(LINE)
    rig.advance(0.002)
    # Told before the reading goes on, as one batch and as another.
    await asyncio.sleep(0)
    rig.drive(LINE, 1)
    await rig.reached(lambda: rig.values("V7") == ["80"])
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
    await sensor.close()


async def test_line_that_is_high_before_it_is_watched_is_bright(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = opened(rig, charge_ms=10)

    def charged_at_once(*args: object, **kwargs: object) -> WatchedLine:
        rig.drive(LINE, 1)
        rig.advance(0.001)
        return watch(*args, **kwargs)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(light, "watch", charged_at_once)
    await rig.reached(lambda: rig.values("V7") == ["90"])
    await sensor.close()


async def test_edges_between_two_readings_are_nothing(rig: Rig) -> None:
    sensor = opened(rig, every_ms=3_600_000)
    await charge(rig, 0.005)
    await rig.reached(lambda: rig.values("V7") == ["50"])
    rig.pulse(LINE, 3, rest=1)
    await rig.settled()
    assert rig.values("V7") == ["50"]
    await sensor.close()


async def test_line_that_is_taken_while_it_is_read_becomes_a_fault(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = opened(rig)
    with monkeypatch.context() as patch:
        patch.setattr(light, "OutputDevice", Mock(side_effect=OSError("busy")))
        await rig.reached(lambda: bool(rig.failures))
    assert "GPIO18 cannot be driven low: busy" in str(rig.failures[0][1])
    await sensor.close()
    sensor.open(Opening.START)
    await charge(rig, 0.005)
    await rig.reached(lambda: rig.values("V7") == ["50"])
    await sensor.close()


async def test_line_with_a_fixed_pull_is_refused(rig: Rig) -> None:
    with pytest.raises(LineUnavailable, match="GPIO2"):
        opened(rig, line=2)


async def test_close_while_it_discharges_makes_the_line_an_input(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(light, "DISCHARGE_S", 60.0)
    sensor = opened(rig)
    await rig.reached(lambda: rig.line(LINE).function == "output")
    await sensor.close()
    await sensor.close()
    assert rig.line(LINE).function == "input"
    await asyncio.sleep(0.02)
    assert rig.values("V7") == []


async def test_line_in_use_is_refused(rig: Rig) -> None:
    sensor = opened(rig)
    with pytest.raises(LineUnavailable, match="GPIO18"):
        opened(rig, name="other")
    await sensor.close()
