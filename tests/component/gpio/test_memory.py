import asyncio
import json
import logging
import threading
from pathlib import Path

import pytest

from blynk_gateway.gpio import memory as memory_module
from blynk_gateway.gpio.memory import BOOT_ID, GpioMemory
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


class Machine:
    """A machine that boots, with the file of one daemon after another."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gpio.json"
        self.boot_id = folder / "boot_id"
        self.clock = FakeClock()
        self.boot("one")

    def boot(self, boot: str) -> None:
        self.boot_id.write_text(boot + "\n")

    def daemon(self, clock: FakeClock | None = None) -> GpioMemory:
        return GpioMemory(self.path, clock or self.clock, self.boot_id)

    def held(self) -> dict[str, object]:
        held: dict[str, object] = json.loads(self.path.read_text())
        return held

    async def written(self, name: str, *, is_on: bool) -> None:
        """Return when the file says so."""
        async with asyncio.timeout(PATIENCE_S):
            while (name in self.held()["on_since"]) != is_on:  # type: ignore[operator]  # noqa: ASYNC110  a file signals nothing
                await asyncio.sleep(0.002)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_start_is_no_crash(machine: Machine) -> None:
    assert machine.daemon().load() is Opening.START


def test_a_daemon_that_died_while_the_machine_ran_on_has_crashed(machine: Machine) -> None:
    machine.daemon().load()
    assert machine.daemon().load() is Opening.CRASH


def test_a_stop_is_no_crash(machine: Machine) -> None:
    first = machine.daemon()
    first.load()
    assert machine.held()["clean"] is False
    first.close()
    assert machine.held()["clean"] is True
    assert machine.daemon().load() is Opening.START


def test_a_power_cut_is_no_crash(machine: Machine) -> None:
    machine.daemon().load()
    machine.boot("two")
    assert machine.daemon().load() is Opening.START


def test_a_second_crash_is_one_too(machine: Machine) -> None:
    machine.daemon().load()
    machine.daemon().load()
    assert machine.daemon().load() is Opening.CRASH


def test_a_reload_is_no_crash(machine: Machine) -> None:
    daemon = machine.daemon()
    daemon.load()
    assert daemon.load() is Opening.START


def test_no_crash_is_told_where_the_boot_is_not_known(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.boot_id.unlink()
    machine.daemon().load()
    assert machine.daemon().load() is Opening.START
    assert "boot not known" in caplog.text


def test_this_machine_tells_its_boot() -> None:
    assert len(BOOT_ID.read_text().strip()) == 36


async def test_what_is_on_is_remembered_over_a_crash(machine: Machine) -> None:
    first = machine.daemon()
    first.load()
    first.switched_on("pump")
    assert first.on_for_ms("pump") == 0
    await machine.written("pump", is_on=True)
    machine.clock.advance(7)
    second = machine.daemon()
    second.load()
    assert second.on_for_ms("pump") == 7000
    assert second.on_for_ms("lamp") is None


async def test_on_again_does_not_begin_anew(machine: Machine) -> None:
    daemon = machine.daemon()
    daemon.load()
    daemon.switched_on("pump")
    machine.clock.advance(5)
    daemon.switched_on("pump")
    assert daemon.on_for_ms("pump") == 5000
    daemon.switched_off("pump")
    daemon.switched_on("pump")
    assert daemon.on_for_ms("pump") == 0
    daemon.close()


async def test_what_went_off_is_forgotten(machine: Machine) -> None:
    daemon = machine.daemon()
    daemon.load()
    daemon.switched_on("pump")
    await machine.written("pump", is_on=True)
    daemon.switched_off("pump")
    await machine.written("pump", is_on=False)
    assert daemon.on_for_ms("pump") is None


async def test_a_stop_has_everything_on_disk(machine: Machine) -> None:
    daemon = machine.daemon()
    daemon.load()
    daemon.switched_on("pump")
    await asyncio.to_thread(daemon.close)
    assert "pump" in machine.held()["on_since"]  # type: ignore[operator]
    assert machine.held()["clean"] is True


async def test_within_a_boot_a_wrong_wall_clock_does_no_harm(machine: Machine) -> None:
    first = machine.daemon()
    first.load()
    first.switched_on("pump")
    await asyncio.to_thread(first.close)
    # The same monotonic clock, but the wall clock was set back by a year.
    clock = FakeClock(start_ms=1_700_000_000_000 - 365 * 86_400_000)
    clock.advance(60)
    second = machine.daemon(clock)
    second.load()
    assert second.on_for_ms("pump") == 60_000


@pytest.mark.parametrize(("passed_ms", "on_for_ms"), [(90_000, 90_000), (-90_000, 0)])
async def test_over_a_boot_the_wall_clock_counts(
    machine: Machine, passed_ms: int, on_for_ms: int
) -> None:
    first = machine.daemon()
    first.load()
    machine.clock.advance(500)
    first.switched_on("pump")
    await asyncio.to_thread(first.close)
    machine.boot("two")
    second = machine.daemon(FakeClock(machine.clock.now_ms() + passed_ms))
    second.load()
    assert second.on_for_ms("pump") == on_for_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"boot": "one", "clean": false}',
        '{"boot": "one", "clean": false, "on_since": 3}',
        '{"boot": "one", "clean": false, "on_since": {"pump": {"boot": "one"}}}',
        '{"boot": "one", "clean": false, "on_since": {"pump": {"boot": 1, "monotonic_s": "x"}}}',
        '{"boot": "one", "clean": false, "on_since": {"pump":'
        ' {"boot": 1, "monotonic_s": NaN, "at_ms": 1}}, "effects": {}}',
        '{"boot": "one", "clean": false, "on_since": {"pump":'
        ' {"boot": 1, "monotonic_s": 1, "at_ms": 1e999}}, "effects": {}}',
        '{"boot": "one", "clean": false, "on_since": {}, "effects": {"pump": 1}}',
    ],
)
def test_a_damaged_file_counts_as_absent(
    machine: Machine, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    machine.path.write_text(text)
    daemon = machine.daemon()
    assert daemon.load() is Opening.START
    assert daemon.on_for_ms("pump") is None
    assert [r.levelname for r in caplog.records if "not readable" in r.message] == ["WARNING"]
    assert machine.held()["boot"] == "one"


def test_bytes_that_are_no_text_count_as_absent(machine: Machine) -> None:
    machine.path.write_bytes(b"\xff\xfe\x00")
    assert machine.daemon().load() is Opening.START


async def test_the_loop_does_not_wait_for_the_disk_and_the_newest_state_wins(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = machine.daemon()
    daemon.load()
    texts: list[str] = []
    may_go_on = threading.Event()
    original = memory_module._replace

    def slow(path: Path, text: str) -> None:
        texts.append(text)
        assert may_go_on.wait(PATIENCE_S)
        original(path, text)

    monkeypatch.setattr(memory_module, "_replace", slow)
    for turn in range(50):
        daemon.switched_on(f"pump{turn}")
    may_go_on.set()
    await machine.written("pump49", is_on=True)
    # One under way, and one for all that came meanwhile.
    assert len(texts) <= 2


async def test_nothing_is_written_when_nothing_changes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = machine.daemon()
    daemon.load()
    daemon.switched_on("pump")
    await machine.written("pump", is_on=True)
    writes: list[Path] = []
    monkeypatch.setattr(memory_module, "_replace", lambda path, text: writes.append(path))
    daemon.switched_on("pump")
    daemon.switched_off("lamp")
    await asyncio.sleep(0.02)
    assert writes == []


async def test_a_disk_that_is_full_is_told_and_costs_nothing_else(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    daemon = machine.daemon()
    daemon.load()
    machine.path.unlink()
    machine.path.mkdir()
    daemon.switched_on("pump")
    await asyncio.to_thread(daemon.close)
    assert daemon.on_for_ms("pump") == 0
    warned = [record for record in caplog.records if "not written" in record.message]
    assert warned
    assert warned[0].levelno == logging.WARNING


def test_a_torn_write_leaves_the_file_whole(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machine.daemon()
    first.load()
    before = machine.path.read_text()

    def cut(descriptor: int) -> None:
        raise OSError(5, "power cut")

    monkeypatch.setattr("os.fsync", cut)
    first.close()
    assert machine.path.read_text() == before


async def test_where_an_effect_ends_is_known_to_the_next_run_until_it_has_ended(
    machine: Machine,
) -> None:
    first = machine.daemon()
    first.load()
    first.effect_began("pump", ("0",))
    first.effect_began("lamp", ("5",))
    first.effect_ended("lamp")
    await asyncio.to_thread(first.close)
    machine.boot("two")
    second = machine.daemon()
    second.load()
    assert second.end_of_effect("pump") == ("0",)
    assert second.end_of_effect("lamp") is None
