"""Converters on the SPI bus."""

from collections.abc import Iterator
from functools import partial

import pytest
from gpiozero import MCP3301
from gpiozero.exc import GPIOZeroError
from gpiozero.pins.mock import MockFactory

from blynk_gateway.config.gpio.common import Pull, Range
from blynk_gateway.config.gpio.inputs import AdcOptions, InputOptions
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import HardwareError, LineUnavailable
from blynk_gateway.gpio.inputs.adc import KINDS, Adc, open_converter
from blynk_gateway.gpio.inputs.input import Input
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.peripheral import Opening
from tests.helpers.gpio import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


def opened(rig: Rig, **options: object) -> Adc:
    given = {"name": "soil", "type": "mcp3008", "pin": "V4", "every_ms": 5} | options
    adc = Adc(AdcOptions(**given), rig.host)  # type: ignore[arg-type]  # each test's fit
    adc.open(Opening.START)
    return adc


def reads(adc: Adc, value: str) -> bool:
    return adc.actual == (value,)


async def test_channel_is_reported_in_terms_of_the_range(rig: Rig) -> None:
    rig.simulation.set_adc(3, 1.0)
    adc = opened(rig, channel=3, range=Range(-20, 50))
    await rig.reached(lambda: rig.values("V4") == ["50"])
    rig.simulation.set_adc(3, 0.0)
    await rig.reached(lambda: rig.values("V4") == ["50", "-20"])
    await adc.close()


async def test_value_follows_the_voltage_and_its_options(rig: Rig) -> None:
    adc = opened(rig, deadband=5.0, decimals=0)
    for percent in (25, 28, 31):
        rig.simulation.set_adc(0, percent / 100)
        await rig.reached(partial(reads, adc, str(percent)))
    assert rig.values("V4") == ["25", "31"]
    await adc.close()


@pytest.mark.parametrize("type_word", KINDS)
async def test_every_type_reads_from_nought_to_full_scale(rig: Rig, type_word: str) -> None:
    converter = open_converter(rig.board, type_word, 0)
    for channel in range(converter.kind.channels):
        rig.simulation.set_adc(channel, 0.0)
        assert converter.fraction(channel) == 0.0
        rig.simulation.set_adc(channel, 1.0)
        assert converter.read(channel) == converter.full_scale
        assert converter.fraction(channel) == 1.0
        rig.simulation.set_adc(channel, 0.25)
        assert converter.fraction(channel) == pytest.approx(0.25, abs=0.001)
    converter.close()


@pytest.mark.parametrize("type_word", ["mcp3302", "mcp3304"])
async def test_signed_type_reads_negative_differences(rig: Rig, type_word: str) -> None:
    converter = open_converter(rig.board, type_word, 0)
    rig.simulation.set_adc(0, 0.25)
    rig.simulation.set_adc(1, 0.75)
    assert converter.fraction(0, differential=True) == pytest.approx(-0.5, abs=0.001)
    assert converter.fraction(1, differential=True) == pytest.approx(0.5, abs=0.001)
    assert converter.fraction(0) == pytest.approx(0.25, abs=0.001)
    converter.close()


async def test_lowest_count_of_a_signed_type_is_full_scale(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter = open_converter(rig.board, "mcp3301", 0)
    monkeypatch.setattr(MCP3301, "raw_value", -4096)
    assert converter.fraction(0) == -1.0
    converter.close()


async def test_difference_below_nought_is_a_value_below_the_range(rig: Rig) -> None:
    rig.simulation.set_adc(1, 1.0)
    adc = opened(rig, type="mcp3304", differential=True)
    await rig.reached(lambda: rig.values("V4") == ["-100"])
    await adc.close()


async def test_unsigned_type_reads_differences_from_nought(rig: Rig) -> None:
    converter = open_converter(rig.board, "mcp3208", 0)
    rig.simulation.set_adc(0, 0.75)
    rig.simulation.set_adc(1, 0.25)
    assert converter.fraction(0, differential=True) == pytest.approx(0.5, abs=0.001)
    assert converter.fraction(1, differential=True) == 0.0
    converter.close()


async def test_channels_of_one_chip_have_users_of_their_own(rig: Rig) -> None:
    for channel in range(3):
        rig.simulation.set_adc(channel, 1.0 if channel else 0.0)
    users = [opened(rig, name=f"adc{n}", pin=f"V{n}", channel=n) for n in range(3)]
    twice = opened(rig, name="again", pin="V3", channel=2)
    direct = open_converter(rig.board, "mcp3008", 0)
    await rig.reached(lambda: [rig.value(f"V{n}") for n in range(4)] == [("0",)] + [("100",)] * 3)
    for user in users:
        await user.close()
    assert direct.fraction(2) == 1.0
    rig.simulation.set_adc(2, 0.0)
    await rig.reached(lambda: rig.value("V3") == ("0",))
    direct.close()
    await twice.close()


async def test_bus_is_free_when_its_last_user_is_gone(rig: Rig) -> None:
    first, second = (open_converter(rig.board, "mcp3008", 0) for _ in range(2))
    first.read(7)
    first.close()
    first.close()
    assert second.read(0) == 0
    with pytest.raises(LineUnavailable, match="already used as mcp3008"):
        open_converter(rig.board, "mcp3208", 0)
    clock_line = Input(
        InputOptions(name="in", type="input", pin="V1", line=11, pull=Pull.DOWN), rig.host
    )
    with pytest.raises(LineUnavailable):
        clock_line.open(Opening.START)
    second.close()
    clock_line.open(Opening.START)
    await clock_line.close()


async def test_two_chips_stand_side_by_side(rig: Rig) -> None:
    rig.simulation.set_adc(0, 1.0)
    first = open_converter(rig.board, "mcp3008", 0)
    second = open_converter(rig.board, "mcp3208", 1)
    assert (first.read(0), second.read(0)) == (1023, 4095)
    second.close()
    assert first.read(0) == 1023
    first.close()


async def test_one_chip_select_has_one_type(rig: Rig) -> None:
    first = open_converter(rig.board, "mcp3008", 0)
    with pytest.raises(LineUnavailable, match="CE0 is already used as mcp3008, found mcp3208"):
        open_converter(rig.board, "mcp3208", 0)
    assert first.read(0) == 0
    first.close()
    other = open_converter(rig.board, "mcp3208", 0)
    other.close()


async def test_line_in_use_is_named_and_nothing_is_kept(rig: Rig) -> None:
    line = Input(InputOptions(name="in", type="input", pin="V1", line=8), rig.host)
    line.open(Opening.START)
    with pytest.raises(LineUnavailable, match="CE0 cannot be used"):
        opened(rig)
    await line.close()
    adc = opened(rig)
    await adc.close()
    await adc.close()


async def test_unknown_type_and_channel_are_refused(rig: Rig) -> None:
    with pytest.raises(HardwareError, match="'mcp3009' is no known converter"):
        open_converter(rig.board, "mcp3009", 0)
    converter = open_converter(rig.board, "mcp3004", 0)
    for channel in (-1, 4):
        with pytest.raises(HardwareError, match=f"mcp3004 has no channel {channel}; expected 0"):
            converter.read(channel)
    converter.close()


async def test_closed_converter_cannot_be_read(rig: Rig) -> None:
    converter = open_converter(rig.board, "mcp3008", 0)
    converter.close()
    with pytest.raises(HardwareError, match="closed"):
        converter.read(0)


async def test_library_that_falls_back_to_software_is_refused() -> None:
    class WithoutSpi(MockFactory):  # type: ignore[misc]  # gpiozero has no types
        def _get_spi_class(self, shared: bool, hardware: bool) -> type[object]:
            if hardware:
                raise OSError("no /dev/spidev0.0")
            raise AssertionError("software SPI must not be tried")

    board = Board(Factory.MOCK, WithoutSpi(), "", "", (OSError, GPIOZeroError))
    with pytest.raises(LineUnavailable, match=r"no /dev/spidev0.0.*dtparam=spi=on"):
        open_converter(board, "mcp3008", 0)
