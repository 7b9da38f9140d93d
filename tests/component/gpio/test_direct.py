from collections.abc import AsyncIterator

import pytest

from blynk_gateway.config.gpio.options import AnalogOptions
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import UnknownPin
from blynk_gateway.gpio.direct import DirectLines
from tests.helpers.gpio import API, SLUG, TOKEN, Rig

OPEN = frozenset({"D5", "D6", "D13", "A0", "A7"})
MCP3008 = AnalogOptions("mcp3008", every_ms=50)


class Bench:
    """Direct lines on simulated pins; `command` does what the adapter does with a change."""

    def __init__(self, rig: Rig, analog: AnalogOptions | None = MCP3008) -> None:
        self.rig = rig
        self.told = 0
        self.direct = DirectLines(rig.host, rig.store, analog, self._note)
        rig.parts.registry.redefine(
            DeviceDefinition(SLUG, "Pi", TOKEN, DeviceSource.GATEWAY, open_pins=OPEN), API
        )

    def _note(self) -> None:
        self.told += 1

    def command(self, pin: str, value: str) -> None:
        before = self.rig.store.find(SLUG, pin)
        change = self.rig.command(pin, value)
        if before is None or before.direct is None:
            state = self.rig.store.get(SLUG, pin)
            assert state.direct is not None
            self.direct.set_mode(pin, state.direct)
        self.direct.command(change)

    def mode(self, pin: str, mode: PinMode) -> None:
        self.rig.store.set_mode(SLUG, pin, DirectPin(mode), API)
        self.direct.set_mode(pin, DirectPin(mode))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    with Rig() as rig:
        bench = Bench(rig)
        bench.direct.open(OPEN)
        yield bench
        await bench.direct.close()


async def test_a_first_command_drives_the_line(bench: Bench) -> None:
    bench.command("D5", "1")
    line = bench.rig.line(5)
    assert (line.level, line.function, line.duty) == (1, "output", None)
    bench.command("D5", "0")
    assert bench.rig.level(5) == 0


async def test_pwm_counts_to_255(bench: Bench) -> None:
    bench.mode("D6", PinMode.PWM)
    bench.command("D6", "51")
    assert bench.rig.line(6).duty == pytest.approx(0.2)
    bench.command("D6", "255")
    assert bench.rig.line(6).duty == pytest.approx(1.0)


async def test_a_mode_that_cannot_have_the_value_starts_at_zero(bench: Bench) -> None:
    bench.mode("D6", PinMode.PWM)
    bench.command("D6", "200")
    bench.mode("D6", PinMode.OUT)
    assert bench.rig.level(6) == 0
    assert bench.rig.value("D6") == ("0",)


async def test_an_input_reports_its_level_and_every_edge(bench: Bench) -> None:
    bench.mode("D13", PinMode.PULL_UP)
    assert bench.rig.value("D13") == ("1",)
    bench.rig.drive(13, 0)
    bench.rig.drive(13, 1)
    await bench.rig.settled()
    assert bench.rig.values("D13") == ["1", "0", "1"]


@pytest.mark.parametrize(("mode", "level"), [(PinMode.PULL_UP, "1"), (PinMode.PULL_DOWN, "0")])
async def test_pulls_are_those_asked_for(bench: Bench, mode: PinMode, level: str) -> None:
    bench.mode("D13", mode)
    assert bench.rig.value("D13") == (level,)


async def test_reading_an_unused_line_makes_it_an_input(bench: Bench) -> None:
    bench.rig.drive(13, 1)
    assert await bench.direct.read("D13")
    assert bench.rig.value("D13") == ("1",)
    bench.rig.drive(13, 0)
    await bench.rig.settled()
    assert bench.rig.value("D13") == ("0",)
    assert await bench.direct.read("D13")
    # Only looked at: it may become an output.
    bench.command("D13", "1")
    assert bench.rig.line(13).function == "output"


async def test_a_line_that_is_not_open_is_not_read(bench: Bench) -> None:
    with pytest.raises(UnknownPin, match="pi/D7 is not open"):
        await bench.direct.read("D7")
    assert bench.rig.line(7).user is None


async def test_a_channel_is_read_at_once_and_then_followed(bench: Bench) -> None:
    bench.rig.simulation.set_adc(7, 1.0)
    assert await bench.direct.read("A7")
    assert bench.rig.value("A7") == ("1023",)
    bench.rig.simulation.set_adc(7, 0.5)
    await bench.rig.reached(lambda: bench.rig.value("A7") in (("511",), ("512",)))


async def test_without_a_converter_a_channel_is_a_fault() -> None:
    with Rig() as rig:
        bench = Bench(rig, analog=None)
        assert not await bench.direct.read("A0")
        assert "A0 has no converter" in bench.direct.faults["A0"]
        assert bench.told == 1
        await bench.direct.close()


async def test_outputs_of_the_last_run_take_their_value_again() -> None:
    with Rig() as rig:
        bench = Bench(rig)
        rig.command("D5", "1")
        rig.store.set_mode(SLUG, "D6", DirectPin(PinMode.PWM), API)
        rig.command("D6", "255")
        bench.direct.open(OPEN)
        # From the first moment on: the line was never driven low.
        assert 0 not in rig.states(5)[rig.states(5).index(1) :]
        assert rig.level(5) == 1
        assert rig.line(6).duty == pytest.approx(1.0)
        await bench.direct.close()
        assert (rig.level(5), rig.line(5).function) == (0, "input")


async def test_a_pin_that_is_open_no_more_is_given_up_and_the_others_stay(bench: Bench) -> None:
    bench.command("D5", "1")
    bench.command("D6", "1")
    await bench.direct.give_up(frozenset({"D6"}), MCP3008)
    assert bench.rig.line(5).function == "input"
    assert bench.rig.states(6)[-1] == 1
    assert bench.rig.line(6).function == "output"


async def test_a_line_that_is_taken_is_a_fault_until_it_is_free(bench: Bench) -> None:
    factory = bench.rig.board.pin_factory
    other = Rig  # another owner of the same line
    factory.reserve_pins(other, 5)
    bench.command("D5", "1")
    assert list(bench.direct.faults) == ["D5"]
    assert bench.rig.level(5) == 0
    factory.release_pins(other, 5)
    bench.command("D5", "1")
    assert bench.direct.faults == {}
    assert bench.rig.level(5) == 1


async def test_the_same_mode_again_touches_nothing(bench: Bench) -> None:
    bench.mode("D5", PinMode.OUT)
    bench.command("D5", "1")
    before = len(bench.rig.states(5))
    bench.mode("D5", PinMode.OUT)
    assert len(bench.rig.states(5)) == before


async def test_a_mode_that_was_declared_anew_is_obeyed(bench: Bench) -> None:
    bench.command("D5", "1")
    bench.rig.store.define(SLUG, {}, {"D5": DirectPin(PinMode.IN)}, OPEN)
    await bench.direct.give_up(OPEN, MCP3008)
    bench.direct.open(OPEN)
    assert bench.rig.line(5).function == "input"
    bench.rig.store.define(SLUG, {}, {"D5": DirectPin(PinMode.OUT)}, OPEN)
    await bench.direct.give_up(OPEN, MCP3008)
    bench.direct.open(OPEN)
    bench.command("D5", "1")
    assert bench.rig.level(5) == 1


async def test_another_converter_leaves_the_lines_as_they_are(bench: Bench) -> None:
    bench.command("D5", "1")
    await bench.direct.read("A0")
    before = len(bench.rig.states(5))
    await bench.direct.give_up(OPEN, None)
    bench.direct.open(OPEN)
    assert (bench.rig.level(5), len(bench.rig.states(5))) == (1, before)
    assert not await bench.direct.read("A0")


async def test_a_line_that_cannot_be_given_up_does_not_keep_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.command("D5", "1")
    bench.command("D6", "1")

    def fail(_: float) -> None:
        raise OSError("the chip is gone")

    monkeypatch.setattr(bench.rig.pin(5), "_set_state", fail)
    await bench.direct.close()
    assert (bench.rig.level(6), bench.rig.line(6).function) == (0, "input")


async def test_a_burst_to_a_fault_is_undone_as_a_whole(bench: Bench) -> None:
    bench.command("D5", "1")
    bench.command("D5", "0")
    bench.direct._release("D5")
    bench.rig.board.pin_factory.reserve_pins(Rig, 5)
    for change in [bench.rig.command("D5", "1") for _ in range(2)]:
        bench.direct.command(change)
    assert bench.rig.value("D5") == ("0",)


async def test_a_drive_that_fails_is_a_fault_until_one_works(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.command("D5", "0")

    def fail(_: float) -> None:
        raise OSError("the chip is gone")

    with monkeypatch.context() as broken:
        broken.setattr(bench.rig.pin(5), "_set_state", fail)
        bench.command("D5", "1")
    assert list(bench.direct.faults) == ["D5"]
    assert bench.rig.value("D5") == ("0",)
    bench.command("D5", "1")
    assert bench.direct.faults == {}


async def test_a_command_on_its_way_when_the_pin_was_read_counts(bench: Bench) -> None:
    bench.command("D5", "0")
    change = bench.rig.command("D5", "1")
    await bench.direct.read("D5")
    bench.direct.command(change)
    assert bench.rig.level(5) == 1
    assert bench.rig.value("D5") == ("1",)


async def test_a_command_on_its_way_when_the_pin_became_an_input_is_nothing(bench: Bench) -> None:
    bench.command("D5", "0")
    change = bench.rig.command("D5", "1")
    bench.mode("D5", PinMode.IN)
    bench.direct.command(change)
    assert bench.rig.line(5).function == "input"
