"""Peripherals as a whole, on simulated pins: faults, retries, reloads."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import Level, PeripheralOptions
from blynk_gateway.config.gpio.inputs import InputOptions
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.config.gpio.sensors import Gauge, HwmonOptions, SystemOptions
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio import roster as roster_module
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.roster import Roster
from blynk_gateway.gpio.safety import Safety
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.gpio import Rig

PUMP = OutputOptions(name="pump", type="relay", pin="V1", line=17)
LED = OutputOptions(name="led", type="led", pin="V2", line=22)
DOOR = InputOptions(name="door", type="input", pin="V3", line=27)
RIVAL = OutputOptions(name="rival", type="relay", pin="V4", line=17)
MISSING = HwmonOptions(name="fan", type="hwmon", pin="V5", device="nothing", channel="fan1")


class Bench:
    """A roster on simulated pins."""

    def __init__(self, rig: Rig, data_dir: Path) -> None:
        self.rig = rig
        self.changes = 0
        host = Host(rig.parts, "pi", self._fail, self._prove)
        host.use_board(rig.board)
        memory = GpioMemory(data_dir / "gpio.json", rig.clock)
        self.roster = Roster(host, Safety(rig.clock, memory), self._note)

    def _fail(self, name: str, error: Exception) -> None:
        self.roster.failed(name, error)

    def _prove(self, name: str) -> None:
        self.roster.proven(name)

    def _note(self) -> None:
        self.changes += 1

    async def apply(self, *wanted: PeripheralOptions) -> None:
        await self.roster.apply({one.name: one for one in wanted}, Opening.START)

    def command(self, pin: str, *value: str) -> None:
        self.roster.command(self.rig.command(pin, *value))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    with Rig() as rig:
        bench = Bench(rig, tmp_path)
        yield bench
        await bench.roster.close()


async def test_a_command_reaches_the_peripheral_of_its_pin(bench: Bench) -> None:
    await bench.apply(PUMP, LED)
    bench.command("V1", "1")
    bench.command("V9", "1")
    assert (bench.rig.level(17), bench.rig.level(22)) == (1, 0)


async def test_each_peripheral_is_shown_as_it_is(bench: Bench) -> None:
    await bench.apply(PUMP, DOOR)
    bench.command("V1", "1")
    pump, door = bench.roster.states()
    assert pump == ("pump", "relay", "pi/V1", (17,), "", ("1",), ("1",))
    assert (door.name, door.actual) == ("door", ("0",))


async def test_a_fault_is_named_and_the_others_go_on(bench: Bench) -> None:
    await bench.apply(PUMP, RIVAL, LED)
    assert list(bench.roster.faults) == ["rival"]
    assert "17" in bench.roster.faults["rival"]
    bench.command("V2", "1")
    assert bench.rig.level(22) == 1


async def test_a_command_to_a_fault_is_undone(bench: Bench) -> None:
    bench.rig.command("V4", "0")
    await bench.apply(PUMP, RIVAL)
    bench.command("V4", "1")
    assert bench.rig.value("V4") == ("0",)
    assert bench.rig.level(17) == 0


async def test_a_value_that_the_hardware_cannot_do_is_undone(bench: Bench) -> None:
    await bench.apply(PUMP)
    bench.command("V1", "much")
    assert bench.rig.value("V1") == ("0",)
    assert bench.roster.faults == {}


async def test_what_was_missing_is_opened_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_module, "FIRST_RETRY_S", 0.01)
    factory = bench.rig.board.pin_factory
    other = Rig  # another owner of the line
    factory.reserve_pins(other, 17)
    await bench.apply(PUMP)
    assert "pump" in bench.roster.faults
    factory.release_pins(other, 17)
    await bench.rig.reached(lambda: not bench.roster.faults)
    bench.command("V1", "1")
    assert bench.rig.level(17) == 1


async def test_a_retry_can_be_had_at_once(bench: Bench) -> None:
    factory = bench.rig.board.pin_factory
    other = Rig
    factory.reserve_pins(other, 17)
    await bench.apply(PUMP)
    factory.release_pins(other, 17)
    bench.roster.retry_now()
    await bench.rig.reached(lambda: not bench.roster.faults)


async def test_a_peripheral_that_fails_is_closed_and_opened_again(bench: Bench) -> None:
    await bench.apply(PUMP)
    bench.command("V1", "1")
    bench.roster.failed("pump", HardwareError("the wire is gone"))
    bench.roster.failed("nobody", HardwareError("ignored"))
    assert bench.roster.faults == {
        "pump": "the wire is gone. Run `blynk-gateway doctor` on the Pi."
    }
    await bench.rig.reached(lambda: bench.rig.line(17).function == "input")
    bench.roster.retry_now()
    await bench.rig.reached(lambda: not bench.roster.faults)
    # As at a start: off.
    assert bench.rig.level(17) == 0
    assert bench.rig.value("V1") == ("0",)


async def test_a_reload_leaves_what_did_not_change_untouched(bench: Bench) -> None:
    await bench.apply(PUMP, LED)
    bench.command("V1", "1")
    bench.command("V2", "1")
    states = len(bench.rig.states(17))
    moved = OutputOptions(name="led", type="led", pin="V2", line=23, on_start=Level.LAST)
    await bench.apply(moved, PUMP)
    assert len(bench.rig.states(17)) == states
    assert bench.rig.level(17) == 1
    assert bench.rig.line(22).function == "input"
    assert bench.rig.level(23) == 1
    assert [one.name for one in bench.roster.states()] == ["led", "pump"]


async def test_two_can_swap_their_lines(bench: Bench) -> None:
    await bench.apply(PUMP, LED)
    await bench.apply(
        OutputOptions(name="pump", type="relay", pin="V1", line=22),
        OutputOptions(name="led", type="led", pin="V2", line=17),
    )
    assert bench.roster.faults == {}


async def test_a_fault_that_is_configured_away_is_not_tried_again(bench: Bench) -> None:
    await bench.apply(PUMP, RIVAL)
    await bench.apply(PUMP)
    assert bench.roster.faults == {}
    assert bench.changes == 3  # two loads and the fault


async def test_a_close_that_fails_does_not_stop_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.apply(PUMP, LED)
    bench.command("V2", "1")
    pump: Any = bench.roster._slots["pump"].peripheral

    async def fail() -> None:
        raise HardwareError("the bus is gone")

    monkeypatch.setattr(pump, "close", fail)
    await bench.roster.close()
    assert "peripheral not closed cleanly" in caplog.text
    assert bench.rig.line(22).function == "input"


async def test_a_sensor_without_lines_works_beside(bench: Bench) -> None:
    await bench.apply(PUMP, MISSING)
    await bench.rig.reached(lambda: "fan" in bench.roster.faults)
    assert "pump" not in bench.roster.faults


async def test_a_burst_of_commands_to_a_fault_is_undone_as_a_whole(bench: Bench) -> None:
    bench.rig.command("V4", "0")
    await bench.apply(PUMP, RIVAL)
    for change in [bench.rig.command("V4", "1") for _ in range(2)]:
        bench.roster.command(change)
    assert bench.rig.value("V4") == ("0",)


@pytest.mark.parametrize("last", ["1", "nonsense"])
async def test_what_is_refused_leaves_the_pin_saying_what_is_so(bench: Bench, last: str) -> None:
    await bench.apply(PUMP)
    for change in [bench.rig.command("V1", value) for value in ("1", "much", last)]:
        bench.roster.command(change)
    assert bench.rig.level(17) == 1
    assert bench.rig.value("V1") == ("1",)


async def test_a_crash_is_not_forgotten_by_a_fault(bench: Bench) -> None:
    bench.rig.command("V1", "1")
    factory = bench.rig.board.pin_factory
    factory.reserve_pins(Rig, 17)
    pump = OutputOptions(
        name="pump", type="relay", pin="V1", line=17, on_start=Level.LAST, on_crash=Level.OFF
    )
    await bench.roster.apply({"pump": pump}, Opening.CRASH)
    factory.release_pins(Rig, 17)
    bench.roster.retry_now()
    await bench.rig.reached(lambda: not bench.roster.faults)
    assert bench.rig.level(17) == 0


async def test_one_that_is_slow_to_close_keeps_no_other_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.apply(DOOR, PUMP)
    bench.command("V1", "1")
    door: Any = bench.roster._slots["door"].peripheral
    close, is_slow = door.close, asyncio.Event()

    async def close_slowly() -> None:
        await is_slow.wait()
        await close()

    monkeypatch.setattr(door, "close", close_slowly)
    closing = spawn(bench.roster.close(), name="test close")
    await bench.rig.reached(lambda: bench.rig.line(17).function == "input")
    # A stop ends a reload, and closes what that had begun to close.
    await cancel(closing)
    is_slow.set()
    await bench.roster.close()
    assert door.actual == ()


async def test_an_error_that_nobody_expected_keeps_no_other_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.apply(DOOR, PUMP)
    bench.command("V1", "1")

    async def fail() -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(bench.roster._slots["door"].peripheral, "close", fail)
    with pytest.raises(KeyError, match="a bug"):
        await bench.roster.close()
    assert bench.rig.line(17).function == "input"


async def test_a_sensor_has_its_fault_until_it_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[float | None] = [None] * 4

    async def read(_self: object) -> float:
        reading = readings.pop(0) if readings else 21.5
        if reading is None:
            raise HardwareError("it does not answer")
        return reading

    monkeypatch.setattr("blynk_gateway.gpio.sensors.system.System.read", read)
    monkeypatch.setattr(roster_module, "FIRST_RETRY_S", 0.01)
    await bench.apply(SystemOptions(name="load", type=Gauge.CPU_LOAD, pin="V6", every_ms=10))
    await bench.rig.reached(lambda: "load" in bench.roster.faults)
    faulty = bench.changes
    await bench.rig.reached(lambda: bench.rig.value("V6") == ("21.5",))
    # It was opened once in vain meanwhile, which was no news to anyone.
    assert bench.roster.faults == {}
    assert bench.changes > faulty
    assert readings == []
