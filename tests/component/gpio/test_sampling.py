"""A peripheral that is read again and again, on a real loop."""

import asyncio
import itertools
import math
from collections.abc import Iterable, Iterator

import pytest

from blynk_gateway.config.gpio.common import SampledOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import SampledPeripheral
from tests.helpers.gpio import Rig

Reading = float | Exception

BAD = SensorSilent("no answer")


class Probe(SampledPeripheral[SampledOptions]):
    """Reads what the test says, and the last of it for ever."""

    def __init__(self, rig: Rig, readings: Iterable[Reading], **options: int) -> None:
        super().__init__(
            SampledOptions(name="probe", type="probe", pin="V1", **({"every_ms": 1} | options)),
            rig.host,
        )
        self.readings = list(readings)
        self.taken = 0
        self.block_s = 0.0

    async def read(self) -> float:
        await asyncio.sleep(self.block_s)
        reading = self.readings[min(self.taken, len(self.readings) - 1)]
        self.taken += 1
        if isinstance(reading, Exception):
            raise reading
        return reading


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


async def test_first_reading_is_taken_at_once(rig: Rig) -> None:
    probe = Probe(rig, [21.5], every_ms=3_600_000)
    probe.open(Opening.START)
    await rig.reached(lambda: rig.values("V1") == ["21.5"])
    assert probe.actual == ("21.5",)
    await probe.close()


async def test_readings_go_on_and_changes_are_reported(rig: Rig) -> None:
    probe = Probe(rig, [1, 1, 2, 3])
    probe.open(Opening.START)
    await rig.reached(lambda: probe.taken > 10)
    await probe.close()
    assert rig.values("V1") == ["1", "2", "3"]


async def test_closed_peripheral_reads_no_more_and_may_be_closed_twice(rig: Rig) -> None:
    probe = Probe(rig, [1])
    probe.open(Opening.START)
    await rig.reached(lambda: probe.taken > 1)
    await probe.close()
    taken = probe.taken
    await asyncio.sleep(0.02)
    assert probe.taken == taken
    assert probe.actual == ()
    await probe.close()


async def test_peripheral_that_is_opened_again_reports_an_equal_first_reading(rig: Rig) -> None:
    probe = Probe(rig, [7])
    probe.open(Opening.START)
    await rig.reached(lambda: len(rig.values("V1")) == 1)
    await probe.close()
    probe.open(Opening.START)
    await rig.reached(lambda: len(rig.values("V1")) == 2)
    await probe.close()
    assert rig.values("V1") == ["7", "7"]


async def test_slow_readings_never_overlap_nor_bunch(rig: Rig) -> None:
    probe = Probe(rig, range(100), every_ms=10)
    probe.block_s = 0.025
    probe.open(Opening.START)
    await rig.reached(lambda: probe.taken == 4)
    await probe.close()
    at_ms = [change.at_ms for change in rig.reports("V1")]
    # Each takes 25 ms, and the next slot of 10 ms comes after that.
    assert all(later - earlier >= 25 for earlier, later in itertools.pairwise(at_ms))


async def test_two_failed_readings_in_a_row_are_nothing(rig: Rig) -> None:
    probe = Probe(rig, [1, BAD, BAD, 2, BAD, BAD, 3])
    probe.open(Opening.START)
    await rig.reached(lambda: probe.taken > 8)
    await probe.close()
    assert rig.values("V1") == ["1", "2", "3"]
    assert rig.failures == []
    assert rig.health.counters["gpio_readings_failed"] == 4


@pytest.mark.parametrize("bad", [BAD, OSError("bus"), math.nan, math.inf])
async def test_three_failed_readings_in_a_row_are_a_fault_told_once(
    rig: Rig, bad: Exception | float
) -> None:
    probe = Probe(rig, [1, bad])
    probe.open(Opening.START)
    await rig.reached(lambda: bool(rig.failures))
    await asyncio.sleep(0.02)
    assert probe.taken == 4
    assert [name for name, _ in rig.failures] == ["probe"]
    assert isinstance(rig.failures[0][1], type(bad) if isinstance(bad, Exception) else SensorSilent)
    await probe.close()


async def test_sensor_that_stays_away_after_a_fault_is_a_fault_at_its_first_reading(
    rig: Rig,
) -> None:
    probe = Probe(rig, [BAD], every_ms=3_600_000)
    probe.open(Opening.RETRY)
    await rig.reached(lambda: bool(rig.failures))
    assert probe.taken == 1
    await probe.close()


async def test_sensor_that_is_back_after_a_fault_may_fail_twice_again(rig: Rig) -> None:
    probe = Probe(rig, [1, BAD, BAD, 2, BAD])
    probe.open(Opening.RETRY)
    await rig.reached(lambda: bool(rig.failures))
    assert probe.taken == 7
    assert rig.values("V1") == ["1", "2"]
    await probe.close()


async def test_failed_reading_of_a_slow_sensor_is_tried_again_soon(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.gpio.sampling.MAX_RETRY_S", 0.01)
    probe = Probe(rig, [BAD, 5, 6], every_ms=3_600_000)
    probe.open(Opening.START)
    await rig.reached(lambda: rig.values("V1") == ["5"])
    await asyncio.sleep(0.03)
    assert probe.taken == 2
    await probe.close()


async def test_heartbeat_repeats_an_unchanged_value(rig: Rig) -> None:
    probe = Probe(rig, [5], every_ms=3_600_000, heartbeat_ms=2)
    probe.open(Opening.START)
    await rig.reached(lambda: len(rig.values("V1")) > 3)
    await probe.close()
    assert set(rig.values("V1")) == {"5"}
